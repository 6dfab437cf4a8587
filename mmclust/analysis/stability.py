"""How far runs agree with each other: pairs of assignments, and the samples that runs share.

Shapes: R assignments of the same n samples; each has clusters numbered from 0, in an order of its own.
"""

from collections.abc import Sequence

import numpy as np

from mmclust.evaluation.metrics import ari


def pairwise_ari(assignments: Sequence[np.ndarray]) -> np.ndarray:
    """(R, R) adjusted Rand index of every two assignments; 1 on the diagonal."""
    found = np.eye(len(assignments))
    for i, left in enumerate(assignments):
        for j in range(i):
            found[i, j] = found[j, i] = ari(left.astype(np.int64), assignments[j].astype(np.int64))
    return found


def on_shared(runs: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, list[np.ndarray]]:
    """Ids of the samples (n,) that all runs have, ascending, and their cluster (n,) in each run.

    Args:
        runs: sample ids and clusters of each run, in any order and of any number.
    """
    ids = np.unique(runs[0][0])
    for own, _ in runs[1:]:
        ids = np.intersect1d(ids, own)
    found = []
    for own, clusters in runs:
        order = np.argsort(own)
        found.append(clusters[order[np.searchsorted(own, ids, sorter=order)]] if len(ids) else clusters[:0])
    return ids, found


def with_others(assignments: Sequence[np.ndarray]) -> np.ndarray:
    """(R,) mean adjusted Rand index of each assignment with the others; NaN for one alone."""
    pairs = pairwise_ari(assignments)
    return (pairs.sum(axis=1) - 1) / (len(pairs) - 1) if len(pairs) > 1 else np.full(len(pairs), np.nan)
