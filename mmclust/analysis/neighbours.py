"""Nearest samples in a space: of every cluster, of others, of all, around the middle of several.

Shapes: n samples, D dimensions, Q samples asked about, K clusters.
"""

import numpy as np


def nearest_of_each_cluster(
    values: np.ndarray, asked: np.ndarray, y_pred: np.ndarray, clusters: np.ndarray
) -> np.ndarray:
    """Place (Q, K') of the nearest sample in each of some clusters; the asked one itself in its own, -1 in empty ones.

    In a space of style, a row shows the same style through all clusters.

    Args:
        values: (n, D) codes.
        asked: (Q,) places of the samples asked about.
        y_pred: (n,) clusters.
        clusters: (K',) which of them.
    """
    distances = _distances(values, asked)
    found = np.full((len(asked), len(clusters)), -1, np.int64)
    for column, cluster in enumerate(clusters):
        members = np.flatnonzero(y_pred == cluster)
        if len(members):
            found[:, column] = members[distances[:, members].argmin(axis=1)]
    own = y_pred[asked][:, None] == clusters
    return np.where(own, asked[:, None], found)


def nearest(values: np.ndarray, asked: int, count: int, *, among: np.ndarray | None = None) -> np.ndarray:
    """Places (count,) of the samples nearest to one, the nearest first, without itself.

    Args:
        values: (n, D) codes.
        asked: place of the sample.
        count: how many; fewer where there are fewer.
        among: (n,) which samples may be named; by default all.
    """
    allowed = np.ones(len(values), bool) if among is None else among.copy()
    allowed[asked] = False
    rows = np.flatnonzero(allowed)
    distances = _distances(values, np.array([asked]))[0, rows]
    count = min(count, len(rows))
    closest = np.argpartition(distances, count - 1)[:count] if count else np.empty(0, np.int64)
    return rows[closest[np.argsort(distances[closest], kind="stable")]]


def nearest_to_mean(values: np.ndarray, members: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Samples by their Euclidean distance from the mean of some samples, those samples left out.

    Args:
        values: (n, ...) codes; each sample's are taken as one vector.
        members: (m,) places of the samples whose mean is asked about; one for the neighbours of one sample.
        count: neighbours at most.

    Returns:
        Places (k,), the nearest first, and their distances (k,).

    Raises:
        ValueError: no members.
    """
    if not len(members):
        raise ValueError("no samples came whose neighbours are asked for; select at least one")
    flat = values.reshape(len(values), -1)
    squared = np.square(flat - flat[members].mean(axis=0)).sum(axis=1)
    squared[members] = np.inf
    count = min(count, len(flat) - len(np.unique(members)))
    found = np.argpartition(squared, count - 1)[:count] if count else np.empty(0, np.intp)
    found = found[np.argsort(squared[found], kind="stable")]
    return found, np.sqrt(squared[found])


def _distances(values: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """(Q, n) squared distances, up to a constant in each row."""
    flat = values.reshape(len(values), -1)
    return np.einsum("nd,nd->n", flat, flat) - 2 * flat[asked] @ flat.T
