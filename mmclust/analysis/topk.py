"""Which samples stand for a cluster, and of which the method is least confident.

Everything here gives rows of the snapshot; `snapshot.index[rows]` are the sample ids in the data set.
Shapes: n samples in the snapshot, K clusters.
"""

import numpy as np

from mmclust.evaluation.metrics import NO_CLASS, is_right
from mmclust.evaluation.snapshot import Snapshot


def log_odds(snapshot: Snapshot) -> np.ndarray:
    """(n, K) log-odds of each cluster against all others together.

    They rank samples as the probabilities do, and go on where probabilities round to 1: a trained run has
    thousands of such ties.
    """
    logits = snapshot.logits.astype(np.float64)
    if logits.shape[1] == 1:
        return logits
    odds = np.empty_like(logits)
    for k in range(logits.shape[1]):
        odds[:, k] = logits[:, k] - _logsumexp(np.delete(logits, k, axis=1))
    return odds


def top_k(snapshot: Snapshot, k: int) -> np.ndarray:
    """(K, min(k, n)) rows of the most probable samples of each cluster, the most confident first.

    All samples compete for every cluster, also those assigned to another: an empty cluster has a row too.
    """
    return np.argsort(-log_odds(snapshot), axis=0, kind="stable")[:k].T


def most_confident(snapshot: Snapshot, k: int) -> list[np.ndarray]:
    """For each cluster at most k rows of its own samples, the most confident first; empty clusters give none.

    They rank by the log-odds of their own cluster, as `top_k` does, at a cost of n K instead of n K².
    """
    logits, own = snapshot.logits.astype(np.float64), snapshot.y_pred[:, None]
    others = logits.copy()
    np.put_along_axis(others, own, -np.inf, axis=1)
    odds = np.take_along_axis(logits, own, axis=1)[:, 0] - _logsumexp(others)
    return [_ranked(-odds, snapshot.y_pred == c, k) for c in range(snapshot.n_clusters)]


def least_confident(snapshot: Snapshot, k: int) -> list[np.ndarray]:
    """For each cluster at most k rows of its own samples, the least confident first; empty clusters give none."""
    odds, y_pred = log_odds(snapshot), snapshot.y_pred
    return [_ranked(odds[:, c], y_pred == c, k) for c in range(snapshot.n_clusters)]


def typical(snapshot: Snapshot, y_true: np.ndarray, k: int, *, right: bool) -> list[np.ndarray]:
    """For each cluster at most k rows of its most confident samples that are right, or wrong.

    Args:
        snapshot: codes of an epoch.
        y_true: (n,) class of each of the snapshot's samples; clusters are matched to classes (Hungarian).
        k: samples per cluster.
        right: choose samples of the cluster's class, or of any other.
    """
    odds, y_pred = log_odds(snapshot), snapshot.y_pred
    wanted = (is_right(y_true, y_pred) == right) & (y_true != NO_CLASS)
    return [_ranked(-odds[:, c], wanted & (y_pred == c), k) for c in range(snapshot.n_clusters)]


def _ranked(key: np.ndarray, member: np.ndarray, k: int) -> np.ndarray:
    rows = np.flatnonzero(member)
    return rows[np.argsort(key[rows], kind="stable")[:k]]


def _logsumexp(logits: np.ndarray) -> np.ndarray:
    """(n,) logarithm of the summed exponentials of each row.

    SciPy's looks for tensors among its arguments, which fails while another thread loads torch: pages are shown then.
    """
    return np.logaddexp.reduce(logits, axis=1)
