"""Holding a training at a clustering that it starts from. Shapes: B batch, K clusters."""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

TERM, FIT = "start", "start_fit"
"""Names of the term and of the fraction that is watched, in a method's terms."""


def start_terms(logits: Float[Tensor, "b k"], start: Int[Tensor, " b"] | None) -> dict[str, Tensor]:
    """Cross-entropy of assignments to the clusters of a start, and how many samples lie there already.

    Of no paper here: preset auto begins with a clustering that needs no network.

    Args:
        logits: scores of samples for clusters.
        start: cluster of each sample in the start, -1 where it has none; None without a start.

    Returns:
        `start` in nats, 0 or more, and `start_fit` in [0, 1]; empty without a start.
    """
    if start is None:
        return {}
    known = start >= 0
    n_known = known.sum().clamp_min(1)
    each = F.cross_entropy(logits.float(), start.clamp_min(0), reduction="none")
    right = (logits.argmax(dim=1) == start) & known
    return {TERM: torch.where(known, each, 0.0).sum() / n_known, FIT: right.sum() / n_known}
