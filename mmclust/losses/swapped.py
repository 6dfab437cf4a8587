"""Losses of IMC-SwAV: codes predicted from other views, and information between clusters and prototypes.

Shapes: V views, H of them of high resolution, B batch, P prototypes, K clusters.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from mmclust.losses.balance import FLOOR, sinkhorn

TINY = 1e-30
"""Entries of a plan below this count as this; the published code has no bound."""


@torch.no_grad()
def prototype_targets(scores: Float[Tensor, "h b p"], epsilon: float, n_rounds: int) -> Float[Tensor, "h b p"]:
    """Codes q of each view, with all prototypes used equally over the batch; they carry no gradient.

    SwAV, Caron et al., NeurIPS 2020, Eq. 3-4; IMC-SwAV, Sec. 3.1. Rounds scale the prototypes to 1/P and then the
    samples to 1/B; the last step makes rows sum to 1.

    Args:
        scores: cosines of projections and prototypes, in [-1, 1], float32.
        epsilon: softness of the codes; smaller is harder.
        n_rounds: rounds of Sinkhorn scaling.

    Returns:
        Rows sum to 1.
    """
    # Subtracting the largest score changes no row and no column after scaling, and keeps exp from overflowing.
    plan = torch.exp((scores - scores.amax(dim=(1, 2), keepdim=True)) / epsilon)
    return sinkhorn(plan, n_rounds, floor=TINY)


def swapped_prediction(codes: Float[Tensor, "h b p"], log_probs: Float[Tensor, "v b p"]) -> Float[Tensor, ""]:
    """Cross entropy of each high view's codes and every other view's prediction, mean over the H (V - 1) pairs.

    IMC-SwAV Eq. 1. Published formula: the two swapped terms of a pair; published code, followed here: all pairs.

    Args:
        codes: of the first H views.
        log_probs: log softmax of the scores of all views, the same H views first.
    """
    n_high, n_views = len(codes), len(log_probs)
    # Summing the other views first leaves H products instead of H (V - 1).
    others = log_probs.sum(dim=0, keepdim=True) - log_probs[:n_high]
    return -(codes * others).sum(dim=2).mean() / (n_views - 1)


def conditional_entropy_balance(
    clusters: Float[Tensor, "v b k"], prototypes: Float[Tensor, "w b p"], beta: float
) -> Float[Tensor, ""]:
    """H(Y|U) - beta H(Y) in nats, mean over all ordered pairs of a view of Y and a view of U.

    IMC-SwAV Eq. 5, with the conditional term as in the published code.

    Args:
        clusters: probabilities Y of the classifier.
        prototypes: probabilities U over prototypes; constants.
        beta: weight of the marginal entropy; above 1 it pushes towards equal clusters.

    Returns:
        -(beta - 1) log K for independent outputs, -beta log K at best, 0 for a single cluster.
    """
    n_clusters, n_prototypes = clusters.shape[2], prototypes.shape[2]
    # One product for all pairs: (V K, B) times (B, W P).
    y = clusters.permute(0, 2, 1).reshape(-1, clusters.shape[1])
    u = prototypes.permute(1, 0, 2).reshape(prototypes.shape[1], -1)
    joint = (y @ u).view(len(clusters), n_clusters, len(prototypes), n_prototypes).transpose(1, 2)
    joint = (joint / joint.sum(dim=(2, 3), keepdim=True)).clamp_min(FLOOR)
    by_prototype, by_cluster = joint.sum(dim=2, keepdim=True), joint.sum(dim=3)
    conditional = (joint * (by_prototype.log() - joint.log())).sum(dim=(2, 3))
    return (conditional + beta * (by_cluster * by_cluster.log()).sum(dim=2)).mean()


def logit_excess(logits: Float[Tensor, "v b k"], bound: float = 5.0) -> Float[Tensor, ""]:
    """How far logits leave [-bound, bound], summed over clusters, mean over samples and views (published code)."""
    return (logits.abs() - bound).relu().sum(dim=2).mean()
