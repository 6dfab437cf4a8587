"""Baselines that are explored like a run: what they assign to each sample, how surely, and where the samples lie.

They take any views, of numbers or of pixels, a single one as well as several side by side, and never labels.

Shapes: N samples, D columns of all views, K clusters, d dimensions of a space.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mmclust.loading import load_scikit_learn

MANIFOLD_DIMS = 10
"""Dimensions that UMAP gives the mixture; fewer where the data have fewer columns."""
MOST_COLUMNS = 512
"""A space of more columns is kept as its principal axes, or every snapshot would be a copy of the data."""

Views = Sequence[np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """What a baseline found."""

    logits: np.ndarray
    """(N, K) log-probabilities of the clusters, up to a constant for each sample."""
    spaces: dict[str, np.ndarray]
    """Where it looked for them: named arrays (N, d)."""


@dataclass(frozen=True, kw_only=True)
class Explored:
    """A baseline whose clusters pages can show."""

    title: str
    about: str
    fit: Callable[[Views, int, int], Fitted]
    """(prepared views, number of clusters, seed) -> what it found."""


def k_means(views: Views, n_clusters: int, seed: int) -> Fitted:
    """k-means on all columns side by side.

    A cluster is as sure as the mixture says that k-means is the limit of: round Gaussians of one variance, which is the
    mean squared distance from the centres per column (Bishop, Pattern Recognition and Machine Learning, Sec. 9.3.2).
    """
    from mmclust.baselines import classic

    columns = _columns(views)
    clustering = classic.fitted_k_means(columns, n_clusters, seed)
    squares = clustering.transform(columns).astype(np.float64) ** 2
    variance = max(float(squares.min(axis=1).mean()) / columns.shape[1], 1e-12)
    return Fitted(logits=-squares / (2 * variance), spaces=_spaces(columns, seed))


def mixture(views: Views, n_clusters: int, seed: int) -> Fitted:
    """A mixture of full Gaussians on the leading principal axes of all columns."""
    from mmclust.baselines import classic

    axes = classic.principal(views, seed)
    return Fitted(logits=_likelihoods(axes, n_clusters, seed), spaces={"principal axes": axes})


def manifold_mixture(views: Views, n_clusters: int, seed: int) -> Fitted:
    """A mixture of full Gaussians on the dimensions that UMAP lays the samples out in."""
    from mmclust.analysis.projection import manifold

    columns = _columns(views)
    n_dims = min(MANIFOLD_DIMS, columns.shape[1], max(1, (len(columns) - 1) // 2))
    if n_dims < 2:
        raise ValueError(f"UMAP needs 2 columns or more and {columns.shape[1]} came; take k-means or the mixture")
    laid_out = manifold(columns, n_dims, seed=seed)
    spaces = {"UMAP": laid_out} | _spaces(columns, seed)
    return Fitted(logits=_likelihoods(laid_out, n_clusters, seed), spaces=spaces)


def _columns(views: Views) -> np.ndarray:
    return np.ascontiguousarray(np.concatenate(views, axis=1), np.float32)


def _spaces(columns: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    from mmclust.baselines import classic

    if columns.shape[1] <= MOST_COLUMNS:
        return {"columns": columns}
    return {"principal axes": classic.principal([columns], seed)}


def _likelihoods(values: np.ndarray, n_clusters: int, seed: int) -> np.ndarray:
    """(N, K) logarithms of weight and density of the components at each sample."""
    from mmclust.baselines import classic

    fitted = classic.fitted_mixture(values, n_clusters, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the logarithm of an empty component
        shared = np.log(fitted.predict_proba(values.astype(np.float64)))
    return np.maximum(shared, np.log(np.finfo(np.float32).tiny))


def fit(name: str, views: Views, n_clusters: int, seed: int) -> Fitted:
    """What a baseline of a name finds in prepared views, each (N, D)."""
    load_scikit_learn()
    return EXPLORED[name].fit(views, n_clusters, seed)


EXPLORED: dict[str, Explored] = {
    "kmeans": Explored(
        title="k-means", about="k-means on all columns, prepared to [0, 1]; the best of 10 starts.", fit=k_means
    ),
    "gmm": Explored(
        title="Gaussian mixture",
        about="The likeliest of K full Gaussians on the 50 leading principal axes; the best of 3 starts.",
        fit=mixture,
    ),
    "umap-gmm": Explored(
        title="UMAP + Gaussian mixture",
        about="A mixture of K full Gaussians on 10 UMAP dimensions; finds clusters of any shape.",
        fit=manifold_mixture,
    ),
}
"""Key, which is the method of their runs -> baseline."""
