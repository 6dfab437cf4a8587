"""Mutual information: lower bounds of it, and its value between two soft assignments.

Shapes: B batch, K clusters, V views, P pairs of views.
"""

import torch
import torch.nn.functional as F  # noqa: N812
from jaxtyping import Float, Int
from torch import Tensor


def jensen_shannon_bce(joint_logits: Float[Tensor, " b"], marginal_logits: Float[Tensor, " b"]) -> Float[Tensor, ""]:
    """Cross-entropy of telling joint pairs (label 1) from shuffled pairs (label 0), in nats, mean over both.

    DCCS Eq. 6; the smaller, the more the pair's halves tell of each other.
    Published formula: sum of the two expectations. Published code, followed here: their mean.

    Returns:
        Scalar, 0 or more; ln 2 at chance.
    """
    return 0.5 * (F.softplus(-joint_logits).mean() + F.softplus(marginal_logits).mean())


def view_pairs(n_views: int) -> tuple[Int[Tensor, " p"], Int[Tensor, " p"]]:
    """All pairs i < j of views, the first ones and the second ones."""
    first, second = torch.triu_indices(n_views, n_views, offset=1)
    return first, second


def joint(probs: Float[Tensor, "*p b k"], others: Float[Tensor, "*p b k"]) -> Float[Tensor, "*p k k"]:
    """Joint distribution of two soft assignments of the same samples, made symmetric.

    Ji et al., IIC, ICCV 2019, Eq. 2-3; DMIM, AAAI 2021, Eq. 2; MSDIB, AAAI 2025, Eq. 15.

    Args:
        probs: non-negative; many pairs at once along leading dimensions.
        others: the other view's, row by row the same samples.

    Returns:
        Entries of at least 1e-12; each matrix is symmetric and sums to 1.
    """
    together = probs.transpose(-2, -1) @ others
    together = together + together.transpose(-2, -1)
    return (together / together.sum(dim=(-2, -1), keepdim=True)).clamp_min(1e-12)


def assignment_information(joint: Float[Tensor, "*p k k"], entropy_weight: float = 1.0) -> Float[Tensor, " *p"]:
    """Mutual information in nats of the two sides of a joint distribution: sum p_ab (log p_ab - log p_a - log p_b).

    DMIM Eq. 1, MSDIB Eq. 14.

    Args:
        joint: as `joint` gives it.
        entropy_weight: factor of the two marginal terms; above 1 it rewards equally used clusters more.

    Returns:
        One value for each matrix; with weight 1 from 0 (independent) to log K (one to one, equal clusters).
    """
    rows = joint.sum(dim=-1, keepdim=True).log()
    columns = joint.sum(dim=-2, keepdim=True).log()
    return (joint * (joint.log() - entropy_weight * (rows + columns))).sum(dim=(-2, -1))
