"""Stronger baselines: spectral clustering of several views, UMAP with a mixture, EVoC, k-means of aligned views.

Libraries that are heavy or rarely needed are optional (`requirements-baselines.txt`). Shapes: N samples, D columns, K
clusters.
"""

import importlib
import importlib.util
import warnings
from collections.abc import Sequence
from types import ModuleType

import numpy as np

from mmclust.analysis.projection import manifold
from mmclust.baselines.classic import N_NEIGHBOURS, k_means, refuse_many

Views = Sequence[np.ndarray]
MOST_GRAPH = 6_000
"""Samples whose graph is kept as a full matrix for each view."""
ITERATIONS = 10
"""Of co-training; more of them make the views' eigenvectors alike and lose what tells clusters apart."""
COREGULARISATION = 0.01
"""Weight of the agreement in co-regularised spectral clustering, as Kumar et al. suggest and polyview has it."""
ALIGN_NOISE = 0.3
UMAP_DIMS, UMAP_MIN_DIST = 10, 0.1
MOST_UMAP = 20_000


def cotraining_spectral(views: Views, n_clusters: int, seed: int) -> np.ndarray:
    """Clusters (N,) of Kumar and Daume, ICML 2011: views correct each other's graphs in turn.

    Raises:
        ValueError: too many samples, one view, or polyview is missing.
    """
    model = _polyview(views).MultiViewCoTrainSpectralClustering(
        n_clusters, affinity="precomputed", max_iter=ITERATIONS, random_state=seed
    )
    return model.fit_predict(_graphs(views))


def coregularised_spectral(views: Views, n_clusters: int, seed: int) -> np.ndarray:
    """Clusters (N,) of Kumar, Rai and Daume, NIPS 2011: the views' eigenvectors are drawn to each other.

    Raises:
        ValueError: too many samples, one view, or polyview is missing.
    """
    model = _polyview(views).MultiViewCoRegSpectralClustering(
        n_clusters, affinity="precomputed", v_lambda=COREGULARISATION, random_state=seed
    )
    return model.fit_predict(_graphs(views))


def umap_mixture(views: Views, n_clusters: int, seed: int) -> np.ndarray:
    """Clusters (N,) of a Gaussian mixture on 10 UMAP dimensions of all columns side by side, the likelier of two.

    Raises:
        ValueError: more than `MOST_UMAP` samples.
    """
    return max(umap_mixtures(views, n_clusters, seed, n_mixtures=2), key=lambda found: found[1])[0]


def umap_mixtures(views: Views, n_clusters: int, seed: int, *, n_mixtures: int) -> list[tuple[np.ndarray, float]]:
    """Clusters (N,) of several mixtures on one layout, and their mean log likelihoods: each ends in another optimum.

    Raises:
        ValueError: more than `MOST_UMAP` samples.
    """
    refuse_many(len(views[0]), MOST_UMAP, "a repeatable UMAP takes one thread and many minutes")
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    together = np.concatenate(views, axis=1)
    n_dims = max(2, min(UMAP_DIMS, len(together) - 2))
    points = np.asarray(manifold(together, n_dims, seed=seed, min_dist=UMAP_MIN_DIST), np.float64)
    found = []
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=ConvergenceWarning)
        for number in range(n_mixtures):
            mixture = GaussianMixture(n_clusters, reg_covar=1e-3, random_state=seed + number)
            found.append((mixture.fit_predict(points).astype(np.int64), float(mixture.lower_bound_)))
    return found


def evoc(views: Views, n_clusters: int, seed: int) -> np.ndarray:
    """Clusters (N,) of EVoC on all columns side by side, told about how many there are; outliers are one more.

    Raises:
        ValueError: evoc is missing.
    """
    columns = np.ascontiguousarray(np.concatenate(views, axis=1), np.float32)
    found = _optional("evoc").EVoC(approx_n_clusters=n_clusters, random_state=seed).fit_predict(columns)
    return np.unique(found, return_inverse=True)[1]


def aligned_k_means(views: Views, n_clusters: int, seed: int) -> np.ndarray:
    """Clusters (N,) of features in which a sample's views find each other (InfoNCE), without a clustering objective.

    Raises:
        ValueError: one view.
    """
    from mmclust.baselines.alignment import align

    _several(views)
    return k_means(align([view - view.mean(axis=0) for view in views], ALIGN_NOISE, seed), n_clusters, seed)


def is_installed(package: str) -> bool:
    """Whether an optional package is there."""
    return importlib.util.find_spec(package) is not None


def _optional(package: str) -> ModuleType:
    if not is_installed(package):
        raise ValueError(f"{package} is not installed; run pip install -r requirements-baselines.txt")
    return importlib.import_module(package)


def _polyview(views: Views) -> ModuleType:
    _several(views)
    refuse_many(len(views[0]), MOST_GRAPH, "each view's graph is a full matrix")
    _optional("polyview")
    return importlib.import_module("polyview.cluster")


def _several(views: Views) -> None:
    if len(views) < 2:
        raise ValueError("views are compared with each other, and there is one; take spectral clustering or k-means")


def _graphs(views: Views) -> list[np.ndarray]:
    """Graphs (N, N) of each view's nearest neighbours, as plain spectral clustering has them."""
    from sklearn.neighbors import kneighbors_graph

    n_neighbours = min(N_NEIGHBOURS, len(views[0]))
    graphs = [kneighbors_graph(view, n_neighbours, include_self=True).toarray() for view in views]
    return [(graph + graph.T) / 2 for graph in graphs]
