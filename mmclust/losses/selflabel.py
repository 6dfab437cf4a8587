"""Targets that a clustering makes for itself. Shapes: S sources of one sample's assignment, B batch, K clusters."""

import torch
from jaxtyping import Float
from torch import Tensor

from mmclust.losses.balance import sinkhorn

N_ROUNDS = 5


@torch.no_grad()
def shared_target(
    log_probs: Float[Tensor, "s b k"], sharpness: float, *, balanced: bool = True
) -> Float[Tensor, "b k"]:
    """One target for all sources: their mean assignment to a power, with equally used clusters; without gradient.

    Args:
        log_probs: logarithms of the assignments, e.g. of the fused code and of every view's.
        sharpness: the power tau; 1 leaves the mean as it is.
        balanced: scale by Sinkhorn rounds so that columns sum to B/K; otherwise only normalise the rows.

    Returns:
        Rows that sum to 1.
    """
    scores = log_probs.exp().mean(dim=0) ** sharpness
    if balanced:
        return sinkhorn(scores, N_ROUNDS)
    return scores / scores.sum(dim=1, keepdim=True)


def target_divergence(target: Float[Tensor, "b k"], log_probs: Float[Tensor, "*s b k"]) -> Float[Tensor, " *s"]:
    """KL(T || P) in nats, mean over the batch; leading dimensions stay.

    Returns:
        0 or more; 0 where the assignments equal the target.
    """
    return (torch.xlogy(target, target) - target * log_probs).sum(dim=-1).mean(dim=-1)
