"""Targets and penalties that keep clusters equally large. Shapes: B batch, K clusters."""

import torch
from jaxtyping import Float
from torch import Tensor

FLOOR = 1e-12
"""Scores below this count as this, so that no row or column is empty."""


@torch.no_grad()
def sinkhorn(scores: Float[Tensor, "*v b k"], n_rounds: int = 5, *, floor: float = FLOOR) -> Float[Tensor, "*v b k"]:
    """Soft assignments that follow the scores and use all clusters equally; they carry no gradient.

    Sinkhorn-Knopp scaling (Cuturi 2013; as self-labels: Asano et al., ICLR 2020): each round scales the columns to B/K
    and then the rows to 1. With scores exp(s / e) and many rounds this is the optimal transport plan of value s under
    entropy of weight e.

    Args:
        scores: non-negative, e.g. probabilities to a power; any number of leading dimensions is treated at once.
        n_rounds: rounds of scaling, 1 or more; after few the rows are exact and the columns nearly so.
        floor: scores below this count as this.

    Returns:
        Non-negative; each row sums to 1.
    """
    matrix = scores.clamp_min(floor)
    n_samples, n_clusters = matrix.shape[-2:]
    transposed = matrix.transpose(-2, -1)
    rows = matrix.new_ones((*matrix.shape[:-1], 1))
    columns = rows
    # Only the factors of rows and columns change from round to round: two products of matrix and vector each.
    for _ in range(n_rounds):
        columns = n_samples / n_clusters / (transposed @ rows)
        rows = 1 / (matrix @ columns)
    return rows * matrix * columns.transpose(-2, -1)


def cross_entropy(codes: Float[Tensor, "*v b k"], log_probs: Float[Tensor, "*v b k"]) -> Float[Tensor, " *v"]:
    """Cross entropy of soft targets and assignments in nats, mean over the batch; leading dimensions stay.

    Args:
        codes: targets; each row sums to 1.
        log_probs: logarithms of assignments.

    Returns:
        At least the mean entropy of the targets.
    """
    return -(codes * log_probs).sum(dim=-1).mean(dim=-1)
