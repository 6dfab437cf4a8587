"""The baselines by name: what each does, how its data are prepared, and its clusters, computed once.

Deep baselines are settings of our own methods: runs like any other, so they differ from them in the loss alone.
"""

import importlib.util
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from mmclust.data import catalogue
from mmclust.data import preprocessing as preparation
from mmclust.data.readers import cache
from mmclust.evaluation.metrics import score
from mmclust.loading import load_scikit_learn
from mmclust.methods import card

STEPS = ("flatten", "minmax")
"""Preparation where none is asked for: every column to [0, 1]."""
VERSION = 1
"""Raised when a baseline changes, so that earlier clusters are not taken for its own."""


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """A way to cluster prepared views without training a network."""

    title: str
    about: str
    clusters: Callable[[Sequence[np.ndarray], int, int], np.ndarray]
    """(views, number of clusters, seed) -> (N,)."""
    several_views: bool = False
    """Whether it says nothing new of data with one view."""
    package: str = ""
    """An optional package that it needs."""


@dataclass(frozen=True, kw_only=True)
class DeepBaseline:
    """An earlier method as a setting of one of ours."""

    title: str
    about: str
    method: str
    ablation: str
    """Row of the method's ablations that leaves its loss alone."""
    preset: str

    @property
    def changes(self) -> Mapping[str, Any]:
        """Hyper-parameters to set."""
        return card(self.method).ablations[self.ablation]


@dataclass(frozen=True, kw_only=True)
class BaselineResult:
    """What a baseline gave."""

    clusters: np.ndarray
    """(N,) cluster of each sample."""
    metrics: dict[str, float] | None
    """Fractions; None without labels."""
    seconds: float


def _classic(name: str) -> Callable[[Sequence[np.ndarray], int, int], np.ndarray]:
    def clusters(views: Sequence[np.ndarray], n_clusters: int, seed: int) -> np.ndarray:
        load_scikit_learn()
        from mmclust.baselines import classic  # scikit-learn takes a second to import

        return getattr(classic, name)(views, n_clusters, seed)

    return clusters


def _views(name: str) -> Callable[[Sequence[np.ndarray], int, int], np.ndarray]:
    def clusters(views: Sequence[np.ndarray], n_clusters: int, seed: int) -> np.ndarray:
        load_scikit_learn()
        from mmclust.baselines import views as of_views

        return getattr(of_views, name)(views, n_clusters, seed)

    return clusters


def _autoencoder(views: Sequence[np.ndarray], n_clusters: int, seed: int) -> np.ndarray:
    from mmclust.baselines.autoencoder import autoencoder_k_means  # torch comes late

    return autoencoder_k_means(views, n_clusters, seed)


def fitting(n_views: int) -> list[str]:
    """Names of the baselines for data with so many views, less those whose package is not installed."""
    here = {name: one for name, one in BASELINES.items() if not one.package or importlib.util.find_spec(one.package)}
    return [name for name, one in here.items() if n_views > 1 or not one.several_views]


BASELINES: dict[str, Baseline] = {
    "kmeans-best-view": Baseline(
        title="k-means, best view",
        about="k-means on each view; the view whose clusters have the largest mean silhouette, chosen without labels.",
        clusters=_classic("k_means_best_view"),
        several_views=True,
    ),
    "kmeans": Baseline(
        title="k-means, all views",
        about="k-means on the columns of all views side by side.",
        clusters=_classic("k_means_concatenation"),
    ),
    "spectral": Baseline(
        title="spectral clustering",
        about="Leading eigenvectors of the graph of 10 nearest neighbours, all views side by side; 20,000 samples at "
        "most.",
        clusters=_classic("spectral"),
    ),
    "pca-kmeans": Baseline(
        title="PCA + k-means",
        about="k-means on the 50 leading principal axes of all views side by side.",
        clusters=_classic("pca_k_means"),
    ),
    "gmm": Baseline(
        title="Gaussian mixture",
        about="The likeliest of K full Gaussians on the 50 leading principal axes; three random starts.",
        clusters=_classic("gaussian_mixture"),
    ),
    "agglomerative": Baseline(
        title="agglomerative (Ward)",
        about="Ward's tree of all views side by side, cut at K clusters; 20,000 samples at most.",
        clusters=_classic("agglomerative"),
    ),
    "ae-kmeans": Baseline(
        title="autoencoder + k-means",
        about="k-means on the 10 codes of an autoencoder (500-500-2000, as in DEC) trained for 20 epochs.",
        clusters=_autoencoder,
    ),
    "cca-kmeans": Baseline(
        title="CCA + k-means",
        about="k-means on the directions in which the views correlate most, as many as there are clusters.",
        clusters=_classic("cca_k_means"),
        several_views=True,
    ),
    "aligned-kmeans": Baseline(
        title="alignment + k-means",
        about="k-means on features in which a sample's views find each other (InfoNCE, 150 steps); no clustering "
        "objective.",
        clusters=_views("aligned_k_means"),
        several_views=True,
    ),
    "cotraining-spectral": Baseline(
        title="spectral co-training",
        about="Kumar and Daume (2011): each view's graph is projected on the others' eigenvectors; polyview, 10 "
        "nearest neighbours; 6,000 samples at most.",
        clusters=_views("cotraining_spectral"),
        several_views=True,
        package="polyview",
    ),
    "coregularised-spectral": Baseline(
        title="co-regularised spectral",
        about="Kumar, Rai and Daume (2011): the views' eigenvectors are drawn to each other; polyview, 10 nearest "
        "neighbours; 6,000 samples at most.",
        clusters=_views("coregularised_spectral"),
        several_views=True,
        package="polyview",
    ),
    "umap-gmm": Baseline(
        title="UMAP + Gaussian mixture",
        about="A mixture of K full Gaussians on 10 UMAP dimensions of all views side by side; 20,000 samples at most.",
        clusters=_views("umap_mixture"),
    ),
    "evoc": Baseline(
        title="EVoC",
        about="Embedding vector oriented clustering, told about K; its outliers are one more cluster.",
        clusters=_views("evoc"),
        package="evoc",
    ),
}

DEEP: dict[str, DeepBaseline] = {
    "simvc-like": DeepBaseline(
        title="SiMVC-like",
        about="MSDIB with its divergence-based clustering loss on the fused branch alone, as SiMVC has it.",
        method="msdib",
        ablation="DDC",
        preset="paper",  # without the warm-up and input noise that MSDIB's other presets add
    ),
    "iic-like": DeepBaseline(
        title="IIC-like",
        about="DMIM with the mutual information of the views' clusters alone, as IIC has it.",
        method="dmim",
        ablation="I(Z1; Z2) only",
        preset="paper",
    ),
}


def find(name: str) -> Baseline:
    """The baseline of a name; `kmeans-view-2` is k-means on the second view.

    Raises:
        ValueError: there is none; the message lists the known ones.
    """
    if name in BASELINES:
        return BASELINES[name]
    number = name.removeprefix("kmeans-view-")
    if number != name and number.isdigit() and int(number) > 0:
        view = int(number) - 1
        return Baseline(
            title=f"k-means, view {number}",
            about=f"k-means on view {number} alone.",
            clusters=lambda views, n_clusters, seed: _view_alone(views, view, n_clusters, seed),
        )
    known = ", ".join((*BASELINES, "kmeans-view-1", "kmeans-view-2"))
    raise ValueError(f"baseline {name!r} is not known; known are {known} and so on")


def result(
    name: str,
    dataset: str,
    *,
    steps: Sequence[str] = STEPS,
    seed: int = 0,
    limit: int | None = None,
    n_clusters: int | None = None,
) -> BaselineResult:
    """Clusters and figures of a baseline, computed where that was not done before.

    Args:
        name: see `find`.
        dataset: catalogue name or path.
        steps: preparation of the data, as in a run spec.
        seed: of all random starts.
        limit: a random sample of this many; None for all.
        n_clusters: None for as many as there are classes.

    Raises:
        ValueError: the baseline or the data set is not known or cannot be used, in one sentence.
    """
    baseline, steps = find(name), preparation.parse(steps)

    def fill(folder: Path) -> None:
        data = preparation.prepare(catalogue.load(dataset, limit=limit), steps)
        flat = [view.name for view in data.spec.views if view.kind == "image"]
        if flat:
            raise ValueError(f"{', '.join(flat)} of {dataset} is an image; put flatten into the steps")
        preparation.check(data)
        began = time.perf_counter()
        with threadpool_limits(1):  # threads that wait for each other crawl where other programs use the cores
            clusters = baseline.clusters(data.views, n_clusters or data.spec.n_clusters, seed)
        seconds = time.perf_counter() - began
        metrics = None if data.labels is None else score(data.labels, clusters.astype(np.int64))
        np.save(folder / "clusters.npy", clusters.astype(np.int32))
        (folder / "figures.json").write_text(json.dumps({"seconds": seconds, "metrics": metrics}))

    folder = cache.entry(_key(name, dataset, steps, seed, limit, n_clusters), fill)
    figures = json.loads((folder / "figures.json").read_text())
    return BaselineResult(clusters=np.load(folder / "clusters.npy"), **figures)


def is_known(name: str, dataset: str, *, steps: Sequence[str] = STEPS, seed: int = 0, limit: int | None = None) -> bool:
    """Whether the clusters of a baseline were computed already, on all samples or a random part of so many."""
    return cache.find(_key(name, dataset, preparation.parse(steps), seed, limit, None)) is not None


def _key(name: str, dataset: str, steps: tuple[str, ...], seed: int, limit: int | None, n_clusters: int | None) -> str:
    """Name of the cache entry: of all that the clusters depend on, a changed file among it."""
    place = Path(dataset).expanduser()
    source = cache.stamp(place) if catalogue.find(dataset) is None and place.exists() else dataset
    return cache.key("baseline", VERSION, name, source, steps, seed, limit, n_clusters)


def _view_alone(views: Sequence[np.ndarray], view: int, n_clusters: int, seed: int) -> np.ndarray:
    from mmclust.baselines import classic

    if view >= len(views):
        raise ValueError(f"view {view + 1} was asked for, but the data set has {len(views)}; choose a lower number")
    return classic.k_means(views[view], n_clusters, seed)
