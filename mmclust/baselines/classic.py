"""Classical clustering: k-means and variants, mixtures, trees, graphs, and k-means on what views have in common.

All take views that are prepared alike, never labels, and give one cluster per sample.

Shapes: N samples, D columns of a view, K clusters.
"""

import warnings
from collections.abc import Sequence

import numpy as np
from sklearn.cluster import AgglomerativeClustering, KMeans, SpectralClustering
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import silhouette_score
from sklearn.mixture import GaussianMixture

N_STARTS = 10
"""Random starts of k-means; the one of lowest inertia is kept, which needs no labels."""
SILHOUETTE_SAMPLES = 2000
N_NEIGHBOURS = 10
MOST_SPECTRAL = 20_000
"""Samples of the graph whose eigenvectors are found within minutes and a few GB."""
MOST_AGGLOMERATIVE = 20_000
"""Samples whose n (n - 1) / 2 distances still fit into memory."""
PCA_DIMS = 50
"""Principal axes that PCA + k-means and the mixture work on."""
GMM_STARTS = 3
CCA_DIMS = 100
"""Principal directions of a view that canonical correlation may use."""
CCA_RIDGE = 1e-3
"""Share of the largest variance that is added to all: directions of nearly no variance correlate by chance."""

Views = Sequence[np.ndarray]


def k_means(view: np.ndarray, n_clusters: int, seed: int) -> np.ndarray:
    """Clusters (N,) of one view (N, D)."""
    return np.asarray(fitted_k_means(view, n_clusters, seed).labels_)


def fitted_k_means(view: np.ndarray, n_clusters: int, seed: int) -> KMeans:
    """k-means fitted to one view (N, D)."""
    clustering = KMeans(n_clusters, n_init=N_STARTS, random_state=seed)  # pyright: ignore[reportArgumentType]
    return clustering.fit(_float(view))


def k_means_concatenation(views: Views, n_clusters: int, seed: int) -> np.ndarray:
    """Clusters (N,) of all columns of all views side by side."""
    return k_means(np.concatenate(views, axis=1), n_clusters, seed)


def k_means_best_view(views: Views, n_clusters: int, seed: int) -> np.ndarray:
    """Clusters (N,) of the view whose k-means clusters have the largest mean silhouette.

    Papers report the view of highest accuracy, which only labels can tell. Inertia is no choice either: it depends on
    the number and range of columns. The silhouette compares distances within a view and is free of its scale.
    """
    found = [k_means(view, n_clusters, seed) for view in views]
    return max(zip(views, found, strict=True), key=lambda pair: silhouette(*pair))[1]


def silhouette(view: np.ndarray, clusters: np.ndarray) -> float:
    """Mean silhouette of a sample of 2000, in [-1, 1]; -1 for a single cluster. The sample is always the same."""
    if len(np.unique(clusters)) < 2:
        return -1.0
    chosen = np.random.default_rng(0).permutation(len(view))[:SILHOUETTE_SAMPLES]
    if not 2 <= len(np.unique(clusters[chosen])) < len(chosen):
        return -1.0
    return float(silhouette_score(_float(view)[chosen], clusters[chosen]))


def pca_k_means(views: Views, n_clusters: int, seed: int) -> np.ndarray:
    """Clusters (N,) of the leading principal axes of all columns side by side."""
    return k_means(principal(views, seed), n_clusters, seed)


def gaussian_mixture(views: Views, n_clusters: int, seed: int) -> np.ndarray:
    """Clusters (N,) by the likeliest component of a mixture of full Gaussians on the leading principal axes.

    Covariances of many columns are singular, which the axes and a small ridge prevent.
    """
    axes = principal(views, seed)
    return fitted_mixture(axes, n_clusters, seed).predict(axes.astype(np.float64))


def fitted_mixture(values: np.ndarray, n_clusters: int, seed: int) -> GaussianMixture:
    """A mixture of full Gaussians fitted to values (N, D)."""
    mixture = GaussianMixture(n_clusters, n_init=GMM_STARTS, reg_covar=1e-3, random_state=seed)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=ConvergenceWarning)  # its clusters are taken as they are
        return mixture.fit(values.astype(np.float64))


def agglomerative(views: Views, n_clusters: int, seed: int) -> np.ndarray:
    """Clusters (N,) of Ward's tree of all columns side by side; no seed has an influence.

    Raises:
        ValueError: more than `MOST_AGGLOMERATIVE` samples.
    """
    refuse_many(len(views[0]), MOST_AGGLOMERATIVE, "agglomerative clustering compares all pairs of samples")
    return AgglomerativeClustering(n_clusters, linkage="ward").fit_predict(_float(np.concatenate(views, axis=1)))


def principal(views: Views, seed: int) -> np.ndarray:
    """(N, d) of all columns side by side along their d leading principal axes, d at most `PCA_DIMS`."""
    columns = _float(np.concatenate(views, axis=1))
    return PCA(min(PCA_DIMS, *columns.shape), random_state=seed).fit_transform(columns)


def refuse_many(n_samples: int, most: int, why: str) -> None:
    """Refuse too many samples.

    Raises:
        ValueError: there are more than the most, with the reason.
    """
    if n_samples > most:
        raise ValueError(
            f"{n_samples:,} samples are too many: {why}, and {most:,} are the most; use a smaller data set, or k-means"
        )


def spectral(views: Views, n_clusters: int, seed: int) -> np.ndarray:
    """Clusters (N,) of the graph of nearest neighbours of all columns side by side, by its leading eigenvectors.

    Raises:
        ValueError: more than `MOST_SPECTRAL` samples.
    """
    refuse_many(len(views[0]), MOST_SPECTRAL, "spectral clustering finds eigenvectors of a graph of all samples")
    clustering = SpectralClustering(
        n_clusters,
        affinity="nearest_neighbors",
        n_neighbors=min(N_NEIGHBOURS, len(views[0]) - 1),
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Graph is not fully connected")  # separate parts are clusters, too
        return clustering.fit_predict(_float(np.concatenate(views, axis=1)))


def cca_k_means(views: Views, n_clusters: int, seed: int) -> np.ndarray:
    """Clusters (N,) of the K directions that the views share most.

    Raises:
        ValueError: fewer than two views.
    """
    return k_means(shared_directions(views, n_clusters), n_clusters, seed)


def shared_directions(views: Views, n_directions: int) -> np.ndarray:
    """Scores (N, n) of canonical correlation analysis for two views or more.

    Kettenring (Biometrika 1971), MAXVAR: the leading left singular vectors of all whitened views side by side. For two
    views these are the sums of the classical canonical variates, in the order of their correlation. Written out
    because scikit-learn has two views only and iterates over the full, often singular covariance of pixels.

    Raises:
        ValueError: fewer than two views.
    """
    if len(views) < 2:
        raise ValueError("canonical correlation needs two views or more; take k-means for data with one view")
    whitened = np.concatenate([_whitened(view) for view in views], axis=1)
    left, singular, _ = np.linalg.svd(whitened, full_matrices=False)
    n = min(n_directions, left.shape[1])
    return (left[:, :n] * singular[:n]).astype(np.float32)


def _whitened(view: np.ndarray) -> np.ndarray:
    centred = view - view.mean(axis=0, dtype=np.float64)
    variances, directions = np.linalg.eigh(centred.T @ centred / len(view))
    variances, directions = variances[::-1][:CCA_DIMS], directions[:, ::-1][:, :CCA_DIMS]
    kept = variances > 1e-12 * variances[0]
    variances, directions = variances[kept], directions[:, kept]
    return centred @ (directions / np.sqrt(variances + CCA_RIDGE * variances[0]))


def _float(view: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(view, dtype=np.float32)
