"""Divergences between clusters, and of features from a standard normal.

Deep divergence-based clustering (DDC): Kampffmeyer et al., Neural Networks 2019, as used by MSDIB (AAAI 2025, Eq. 2-4).
Shapes: B batch, H hidden units, K clusters, D features.
"""

import torch
from jaxtyping import Float
from torch import Tensor


def gaussian_kernel(hidden: Float[Tensor, "b h"], width: float = 0.15) -> Float[Tensor, "b b"]:
    """Similarity exp(-d / 2s) of all pairs of rows, d their squared distance, s a share of the batch's median distance.

    Args:
        hidden: features that the clusters shall be compact in.
        width: s as a share of the median of the squared distances of different rows; s itself has no gradient.

    Returns:
        Symmetric, in (0, 1], ones on the diagonal.
    """
    squares = hidden.square().sum(dim=1)
    distances = (squares[:, None] + squares[None, :] - 2 * hidden @ hidden.T).clamp_min(0)
    distances = distances * (1 - torch.eye(len(hidden), device=hidden.device, dtype=hidden.dtype))
    pairs = torch.triu_indices(len(hidden), len(hidden), offset=1, device=hidden.device)
    scale = (width * distances.detach()[pairs[0], pairs[1]].median()).clamp_min(1e-9)
    return torch.exp(-distances / (2 * scale))


def cluster_similarity(
    columns: Float[Tensor, "b k"], kernel: Float[Tensor, "b b"], *, divisor: str = "pairs"
) -> Float[Tensor, ""]:
    """Cauchy-Schwarz similarity of all pairs of clusters: how much they lie in the same places.

    MSDIB Eq. 2, DDC Eq. 4: sum_{i<j} a_i' E a_j / sqrt(a_i' E a_i a_j' E a_j), over the number of pairs or of clusters.

    Args:
        columns: column i says how much each sample belongs to cluster i.
        kernel: similarities E of the samples.
        divisor: "pairs" K(K-1)/2, which makes it a mean (DDC), or "clusters" K (MSDIB as printed).

    Returns:
        Scalar from 0 (clusters apart) to 1; with K as divisor to (K-1)/2.
    """
    overlaps = columns.T @ kernel @ columns
    own = overlaps.diagonal()
    ratios = overlaps.clamp_min(1e-9) / (own[:, None] * own[None, :]).clamp_min(1e-18).sqrt()
    n_clusters = len(own)
    total = ratios.triu(diagonal=1).sum()
    return total / n_clusters if divisor == "clusters" else 2 / (n_clusters * (n_clusters - 1)) * total


def assignment_overlap(probs: Float[Tensor, "b k"], *, between: str = "samples") -> Float[Tensor, ""]:
    """How far assignments are from orthogonal: the strict upper triangle's mean of Y Y' (samples) or Y' Y (clusters).

    MSDIB Eq. 4, first part. DDC's own form takes pairs of samples; MSDIB prints the one of clusters, and no divisor:
    "clusters-sum" is that sum, K(K-1)/2 times the mean.

    Returns:
        Scalar, 0 or more. Over samples at most 1; over clusters at most B / K.
    """
    gram = probs @ probs.T if between == "samples" else probs.T @ probs
    total = gram.triu(diagonal=1).sum()
    return total if between == "clusters-sum" else 2 / (len(gram) * (len(gram) - 1)) * total


def corner_closeness(probs: Float[Tensor, "b k"]) -> Float[Tensor, "b k"]:
    """exp(-|y_a - e_b|^2) of each assignment and each corner of the simplex (MSDIB Eq. 4, DDC Eq. 7)."""
    squares = probs.square().sum(dim=1, keepdim=True)
    return torch.exp(-(squares - 2 * probs + 1))


def normal_divergence(mean: Float[Tensor, "*v b d"], scale: Float[Tensor, "*v b d"]) -> Float[Tensor, " *v"]:
    """KL(N(mean, scale^2) || N(0, 1)) in nats, summed over features, mean over the batch; leading dimensions stay.

    Returns:
        0 or more; 0 for mean 0 and scale 1.
    """
    each = 0.5 * (mean.square() + scale.square() - 1) - scale.log()
    return each.sum(dim=-1).mean(dim=-1)


def softmax_divergence(prior: Float[Tensor, "*v b d"], features: Float[Tensor, "*v b d"]) -> Float[Tensor, ""]:
    """KL(softmax(prior) || softmax(features)) in nats, averaged over all elements, as DMIM's released demo does it.

    The mean over elements is 1/D of a mean over samples.
    """
    log_prior = prior.log_softmax(dim=-1)
    return (log_prior.exp() * (log_prior - features.log_softmax(dim=-1))).mean()
