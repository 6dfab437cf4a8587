"""How finer clusters lie in coarser ones. Shapes: n samples, K clusters, R over-clusters."""

from dataclasses import dataclass

import numpy as np

from mmclust.evaluation.metrics import confusion


@dataclass(frozen=True, kw_only=True)
class OverClusters:
    """The table of both and what follows from it."""

    counts: np.ndarray
    """(K, R) samples."""
    owner: np.ndarray
    """(R,) the cluster that most of an over-cluster's samples lie in."""
    purity: np.ndarray
    """(R,) share of the over-cluster's samples in that cluster; 0 when it is empty."""
    order: np.ndarray
    """(R,) over-clusters by their cluster, the largest of a cluster first, empty ones last."""

    @property
    def empty(self) -> int:
        """How many over-clusters hold no sample."""
        return int((self.counts.sum(axis=0) == 0).sum())

    @property
    def mixed(self) -> int:
        """How many over-clusters have less than nine in ten samples in one cluster."""
        return int(((self.purity < 0.9) & (self.purity > 0)).sum())


def read(y_pred: np.ndarray, over: np.ndarray, n_clusters: int) -> OverClusters:
    """Over-clusters against clusters.

    Args:
        y_pred: (n,) clusters.
        over: (n, R) probabilities of the over-clusters.
        n_clusters: K.
    """
    counts = confusion(y_pred, over.argmax(axis=1), n_clusters, over.shape[1])
    sizes, owner = counts.sum(axis=0), counts.argmax(axis=0)
    purity = counts.max(axis=0) / np.maximum(sizes, 1)
    order = np.lexsort((-sizes, owner, sizes == 0))
    return OverClusters(counts=counts, owner=owner, purity=purity, order=order)
