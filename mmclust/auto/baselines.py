"""Simple clusterings on the same preparation as a run, so that a result can be weighed against them.

Shapes: N samples, D columns of a view, K clusters.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mmclust.auto import graphs, starts
from mmclust.auto.evidence import Evidence
from mmclust.baselines.views import umap_mixtures

Views = Sequence[np.ndarray]
MOST_SAMPLES, MOST_SAMPLES_SLOW = 10_000, 3_000
"""Samples that are clustered, and of methods that take long; the others follow their nearest neighbours."""
N_MIXTURES = 6
PER_CLUSTER = 30
"""Samples for each cluster that methods that take long need, up to `MOST_SAMPLES`."""


def k_means_all_views(views: Views, n_clusters: int, seed: int) -> np.ndarray:
    """Clusters (N,) of all columns of all views side by side."""
    return starts.k_means(np.concatenate(views, axis=1), n_clusters, seed, n_init=10)


def cca_k_means(views: Views, n_clusters: int, seed: int) -> np.ndarray:
    """Clusters (N,) of the directions that the views share most."""
    return starts.k_means(
        starts.shared_directions(views, n_clusters, starts.CCA_RIDGES[1]), n_clusters, seed, n_init=10
    )


def spectral_mean_graph(views: Views, n_clusters: int, seed: int) -> np.ndarray:
    """Clusters (N,) of the mean of the views' graphs of nearest neighbours."""
    embedding = graphs.spectral_embedding(starts.mean_graph(views, starts.GRAPH_NEIGHBOURS[0]), n_clusters)
    return starts.k_means(embedding, n_clusters, seed, n_init=10)


def umap_mixture(views: Views, n_clusters: int, seed: int) -> np.ndarray:
    """Clusters (N,) of the mixture on a UMAP layout that has most evidence.

    The likeliest of a few mixtures depends on the draws: on one set 0.68, 0.68 and 0.83 in accuracy with three seeds,
    where the one of most evidence had 0.85, 0.83 and 0.88.
    """
    measure = Evidence(views, n_clusters, seed)
    found = umap_mixtures(views, n_clusters, seed, n_mixtures=N_MIXTURES)
    return max((clusters for clusters, _ in found), key=measure.of)


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """A simple method."""

    title: str
    clusters: Callable[[Views, int, int], np.ndarray]
    """(views, K, seed) -> (N,)."""
    slow: bool = False
    """Whether it takes longer than the start of a run, so that it is computed after the run has finished."""


BASELINES: dict[str, Baseline] = {
    "kmeans": Baseline(title="k-means, all views", clusters=k_means_all_views),
    "cca": Baseline(title="CCA + k-means", clusters=cca_k_means),
    "mean-graph": Baseline(title="spectral clustering of the mean graph", clusters=spectral_mean_graph),
    "umap": Baseline(title="UMAP + Gaussian mixture", clusters=umap_mixture, slow=True),
}


def partitions(views: Views, n_clusters: int, seed: int, *, slow: bool) -> dict[str, np.ndarray]:
    """Clusters (N,) by each of `BASELINES` that is slow or that is not, by its title.

    Args:
        views: each (N, D), prepared.
        n_clusters: K.
        seed: of all draws.
        slow: which of them.
    """
    most = min(MOST_SAMPLES, max(MOST_SAMPLES_SLOW, PER_CLUSTER * n_clusters)) if slow else MOST_SAMPLES
    rows = np.sort(np.random.default_rng(seed).permutation(len(views[0]))[:most])
    some = views if len(rows) == len(views[0]) else [view[rows] for view in views]
    found = {one.title: one.clusters(some, n_clusters, seed) for one in BASELINES.values() if one.slow == slow}
    if some is views:
        return found
    return {title: starts.followed(views, rows, clusters) for title, clusters in found.items()}
