"""Nearest samples in a space: of every cluster, of others, of all.

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


def _distances(values: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """(Q, n) squared distances, up to a constant in each row."""
    flat = values.reshape(len(values), -1)
    return np.einsum("nd,nd->n", flat, flat) - 2 * flat[asked] @ flat.T
