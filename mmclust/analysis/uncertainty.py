"""How sure assignments are, beyond their largest probability: entropy, margin, and the cluster that came second.

Shapes: n samples, K clusters.
"""

import numpy as np


def entropy(log_probs: np.ndarray) -> np.ndarray:
    """(n,) entropy in nats of each row of log-probabilities (n, K): from 0, all in one cluster, to ln K, all alike."""
    return np.maximum(0.0, -(np.exp(log_probs) * log_probs).sum(axis=1))


def runner_up(logits: np.ndarray) -> np.ndarray:
    """(n,) cluster with the second largest score of each row (n, K); the first one where there is no other."""
    if logits.shape[1] == 1:
        return np.zeros(len(logits), np.int64)
    best = logits.argmax(axis=1)
    rest = logits.copy()
    rest[np.arange(len(logits)), best] = -np.inf
    return rest.argmax(axis=1)


def margin(logits: np.ndarray) -> np.ndarray:
    """(n,) log-odds of the two largest of each row of scores (n, K); infinite with one cluster."""
    if logits.shape[1] == 1:
        return np.full(len(logits), np.inf)
    two = np.partition(logits, -2, axis=1)[:, -2:]
    return two[:, 1] - two[:, 0]


def mean_by_cluster(values: np.ndarray, y_pred: np.ndarray, n_clusters: int) -> np.ndarray:
    """(K,) mean of values (n,) over the samples of each cluster; 0 where it is empty."""
    sizes = np.bincount(y_pred, minlength=n_clusters)
    return np.bincount(y_pred, weights=values, minlength=n_clusters) / np.maximum(sizes, 1)
