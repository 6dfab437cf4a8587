"""Nearest neighbours within a view, how many of them views share, and clusters of the views' mean graph.

Shapes: N samples, D columns, k neighbours, K clusters.
"""

import numpy as np
from scipy import sparse

from mmclust import neighbours as search

LOCAL_SCALE = 7
"""The neighbour whose distance is a sample's own length scale (Zelnik-Manor and Perona, NIPS 2004)."""
EXACT_NEIGHBOURS = 10_000
"""Samples up to which neighbours are exact."""
DENSE_SPECTRUM = 600
"""Samples up to which all eigenvectors are computed, which takes less time than some."""


def neighbours(points: np.ndarray, n_neighbours: int) -> tuple[np.ndarray, np.ndarray]:
    """Each sample's nearest others and their distances, both (N, k), the nearest first.

    Exact up to `EXACT_NEIGHBOURS` samples; beyond, some neighbours may be missed, which graphs of thousands forgive.

    Args:
        points: (N, D) single precision.
        n_neighbours: k, at most N - 1.
    """
    nearest = search.of_each(points, n_neighbours, exact=EXACT_NEIGHBOURS)
    return nearest.found, nearest.distances


def overlap(first: np.ndarray, second: np.ndarray) -> float:
    """Fraction of neighbours that two views share, corrected for chance: 0 for unrelated views, 1 for equal ones.

    Args:
        first: (N, k) neighbours of each sample in one view.
        second: the same of another view.
    """
    n_samples, n_neighbours = first.shape
    shared = _n_shared(first, second) / (n_samples * n_neighbours)
    chance = n_neighbours / max(n_samples - 1, 1)
    return (shared - chance) / (1 - chance) if chance < 1 else 0.0


def overlap_by_chance(first: np.ndarray, second: np.ndarray, *, n_shuffles: int = 20, seed: int = 0) -> np.ndarray:
    """Overlaps (n,) after the second view's neighbour lists were dealt to other samples: what unrelated views share.

    Who is a neighbour of many stays as it is. In views of counts a few samples are everybody's neighbours; where two
    views have one of them in common by chance, they share more neighbours than with another order of the samples.
    """
    random = np.random.default_rng(seed)
    return np.array([overlap(first, random.permutation(second)) for _ in range(n_shuffles)])


def _n_shared(first: np.ndarray, second: np.ndarray) -> int:
    """How many (sample, neighbour) pairs occur in both."""
    n_samples = len(first)
    pairs = [(np.arange(n_samples, dtype=np.int64)[:, None] * n_samples + view).ravel() for view in (first, second)]
    return len(np.intersect1d(*pairs, assume_unique=True))


def affinity(points: np.ndarray, n_neighbours: int) -> sparse.csr_matrix:
    """The `weighted` graph (N, N) of the nearest neighbours of points (N, D), at most N - 1 of them."""
    return weighted(*neighbours(points, min(n_neighbours, len(points) - 1)))


def weighted(found: np.ndarray, distances: np.ndarray) -> sparse.csr_matrix:
    """Symmetric graph (N, N) of nearest neighbours with self-tuning weights exp(-d_ij^2 / (s_i s_j)).

    s_i is the distance of sample i to its `LOCAL_SCALE`-th neighbour, so that dense and thin regions count alike.

    Args:
        found: (N, k) neighbours, the nearest first.
        distances: (N, k) of these.
    """
    n_samples, n_neighbours = found.shape
    scale = np.maximum(distances[:, min(LOCAL_SCALE, n_neighbours) - 1], 1e-12)
    weights = np.exp(-(distances**2) / (scale[:, None] * scale[found]))
    rows = np.repeat(np.arange(n_samples), n_neighbours)
    graph = sparse.csr_matrix((weights.ravel(), (rows, found.ravel())), shape=(n_samples, n_samples))
    return (graph + graph.T) / 2


def spectral_embedding(graph: sparse.csr_matrix, n_directions: int) -> np.ndarray:
    """Leading eigenvectors (N, d) of the normalised graph, rows of unit length (Ng, Jordan and Weiss, NIPS 2001)."""
    degree = np.maximum(np.asarray(graph.sum(axis=1), np.float64).ravel(), 1e-12)
    scale = sparse.diags(1 / np.sqrt(degree))
    normalised = (scale @ graph @ scale).astype(np.float64)
    n_samples = len(degree)
    if n_samples <= DENSE_SPECTRUM or n_directions >= n_samples - 1:
        vectors = np.linalg.eigh(normalised.toarray())[1][:, ::-1][:, :n_directions]
    else:
        from scipy.sparse.linalg import eigsh

        start = np.random.default_rng(0).standard_normal(n_samples)
        # Shifted by 1 no eigenvalue is negative, and the iteration for the largest ones converges sooner. A graph in
        # several parts has equal eigenvalues, which a coarse tolerance or a small basis would miss.
        shifted = normalised + sparse.identity(n_samples)
        basis = min(n_samples, max(2 * n_directions + 20, 40))
        values, vectors = eigsh(shifted, k=n_directions, which="LM", v0=start, ncv=basis)
        vectors = vectors[:, np.argsort(-values)]
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.maximum(length, 1e-12)).astype(np.float32)
