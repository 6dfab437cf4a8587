"""Pictures of high-dimensional codes in the plane: PCA, t-SNE (openTSNE), UMAP and PaCMAP, cached on disk by content.

Shapes: n samples, D dimensions.
"""

import hashlib
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import numpy as np

from mmclust import neighbours, settings
from mmclust.analysis import disk_cache, pacmap_layouts
from mmclust.analysis.source import Source
from mmclust.loading import load_scikit_learn

Kind = Literal["pca", "tsne", "umap", "pacmap"]
KINDS: dict[str, str] = {"pca": "PCA", "tsne": "t-SNE", "umap": "UMAP", "pacmap": "PaCMAP"}
"""Key -> the name people know."""

SOURCES = {
    "pca": Source(alone=(__name__,)),
    "tsne": Source(alone=(__name__, neighbours.__name__), packages=("openTSNE",)),
    "umap": Source(alone=(__name__, neighbours.__name__), packages=("umap-learn",)),
    "pacmap": Source(alone=(__name__, neighbours.__name__, pacmap_layouts.__name__), packages=("pacmap",)),
}
"""Key -> the code that a layout depends on."""

Progress = Callable[[float], None]
"""Called with the finished share in [0, 1]; an exception it raises ends the work and reaches the caller."""

MANIFOLD_NEIGHBORS = 15
"""UMAP's own number of neighbours."""

_FEW = 8
"""Below this many samples a neighbour graph says nothing: PCA is drawn instead."""

WIDE = 100
REDUCED = 50
"""Wider spaces are first reduced to so many principal components, as is usual for t-SNE and UMAP."""

_SEARCH = 0.15
"""Share of the time until the neighbours are found."""

ONE_AT_A_TIME = threading.Lock()
"""UMAP and PaCMAP run on numba's threads, which two callers may not share; PaCMAP keeps its seed in a global."""


def _unheard(share: float) -> None:
    """Progress that nobody asked for."""


def project(
    values: np.ndarray,
    kind: str = "tsne",
    *,
    seed: int = 0,
    perplexity: float = 30.0,
    n_neighbors: int = 15,
    min_dist: float = 0.1,
    mid_near: float = 0.5,
    further: float = 2.0,
    initial: np.ndarray | None = None,
    progress: Progress | None = None,
) -> np.ndarray:
    """Positions (n, 2) float32 of samples in the plane.

    Args:
        values: (n, D) codes.
        kind: pca, tsne, umap or pacmap.
        seed: of the random parts; PCA has none.
        perplexity: t-SNE's number of effective neighbours; lowered where there are too few samples.
        n_neighbors: neighbours of UMAP and PaCMAP; lowered likewise.
        min_dist: how close UMAP may draw points.
        mid_near: PaCMAP's pairs of middling distance for each neighbour: what holds the picture together.
        further: PaCMAP's pairs of far points for each neighbour: what pushes groups apart.
        initial: (n, 2) positions to start from, such as the layout of the epoch before: points then keep their
            place as far as the data allow.
        progress: told how far the work is.

    Raises:
        ValueError: an unknown kind, no samples or dimensions, or numbers that are not finite.
    """
    _check(kind)
    values = np.ascontiguousarray(np.asarray(values, dtype=np.float32).reshape(len(values), -1))
    if not values.size:
        raise ValueError(f"values of shape {values.shape} came; a projection needs samples with at least one dimension")
    if not np.isfinite(values).all():
        raise ValueError("some codes are not finite numbers; the run has diverged, choose an earlier epoch")
    report = progress or _unheard
    report(0.0)
    if kind == "pca" or is_linear(values):
        xy = pca(values)
    else:
        if values.shape[1] > WIDE:
            values = pca(values, REDUCED)
            report(0.02)
        if kind == "tsne":
            xy = _tsne(values, seed=seed, perplexity=perplexity, initial=initial, report=report)
        else:
            with ONE_AT_A_TIME, own_threads(), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # parts of a graph, TensorFlow that is not needed, a seed that is set
                about: dict[str, Any] = {"seed": seed, "n_neighbors": n_neighbors, "initial": initial}
                if kind == "umap":
                    xy = _umap(values, min_dist=min_dist, report=_later(report), **about)
                else:
                    xy = pacmap_layouts.lay_out(
                        values, mid_near=mid_near, further=further, report=_later(report), **about
                    )
    report(1.0)
    return np.ascontiguousarray(xy, dtype=np.float32)


def is_linear(values: np.ndarray) -> bool:
    """Whether codes (n, D) are too few or too alike for a neighbour graph, so that PCA is drawn instead."""
    return len(values) < _FEW or bool((values == values[0]).all())


def _check(kind: str) -> None:
    if kind not in KINDS:
        raise ValueError(f"projection {kind!r} is not known; choose one of {', '.join(KINDS)}")


def manifold(
    values: np.ndarray, n_components: int, *, seed: int = 0, min_dist: float = 0.0, n_epochs: int | None = None
) -> np.ndarray:
    """Positions (n, n_components) float32 that UMAP gives samples, for clustering rather than for looking at.

    Args:
        values: (n, D) codes, finite, more samples than twice the components.
        n_components: of the positions, at most D.
        seed: of the random parts.
        min_dist: how close points may come to each other.
        n_epochs: passes over the graph's edges; None for UMAP's own number, 500 or, of more than 10,000 samples, 200.
    """
    values = np.ascontiguousarray(values, np.float32)
    about: dict[str, Any] = {"seed": seed, "n_neighbors": MANIFOLD_NEIGHBORS, "min_dist": min_dist, "initial": None}
    # with more threads sums are taken in another order, distances differ in their last digits, and UMAP in all of them
    with ONE_AT_A_TIME, own_threads(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as in `project`
        found = _umap(values, **about, n_components=n_components, n_epochs=n_epochs, shared=False)
    return np.ascontiguousarray(found, np.float32)


@contextmanager
def own_threads(most: int | None = None) -> Iterator[None]:
    """Keep to so many threads, those of MMCLUST_THREADS where none are given, and leave behind the number set before.

    When numba starts its threads it raises the number of all others in the process. A training that was to use one
    thread would then go on with all cores, and where other programs use these its threads wait for each other: an
    update took 30 times the processor time.
    """
    from threadpoolctl import threadpool_limits

    load_scikit_learn()
    import_module("faiss")  # what is loaded later would not be limited
    with threadpool_limits(most or settings.n_threads()):
        yield


def pca(values: np.ndarray, n_components: int = 2) -> np.ndarray:
    """(n, n_components) float32 principal components, padded with zeros where the data have fewer.

    The sign of each axis is fixed: its largest loading is positive.
    """
    centred = values - values.mean(axis=0, dtype=np.float64).astype(np.float32)
    if centred.shape[1] <= centred.shape[0]:
        axes = np.linalg.eigh(centred.T.astype(np.float64) @ centred)[1][:, ::-1].T
    else:
        axes = np.linalg.svd(centred.astype(np.float64), full_matrices=False)[2]
    axes = axes[:n_components]
    axes = axes * np.where(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)] < 0, -1.0, 1.0)[:, None]
    found = centred @ axes.T.astype(np.float32)
    return np.pad(found, ((0, 0), (0, n_components - found.shape[1])))


def cached_projection(
    folder: Path,
    values: np.ndarray,
    kind: str = "tsne",
    *,
    progress: Progress | None = None,
    initial: np.ndarray | None = None,
    **options: Any,
) -> np.ndarray:
    """`project`, remembered in `folder`: the same codes and settings are laid out once.

    Args:
        folder: where layouts are kept; made when it is not there. A folder that can't be written costs only time.
        values: (n, D) codes.
        kind: pca, tsne, umap or pacmap.
        progress: told how far the work is.
        initial: (n, 2) positions to start from.
        **options: `seed` and the settings of `project`.
    """
    path = layout_path(folder, values, kind, initial=initial, **options)
    known = _read(path, len(values))
    if known is not None:
        return known
    xy = project(values, kind, progress=progress, initial=initial, **options)
    disk_cache.keep(path, {"xy": xy}, "a layout")
    return xy


def is_cached(
    folder: Path, values: np.ndarray, kind: str, *, initial: np.ndarray | None = None, **options: Any
) -> bool:
    """Whether `cached_projection` would answer at once."""
    return _read(layout_path(folder, values, kind, initial=initial, **options), len(values)) is not None


def layout_path(
    folder: Path,
    values: np.ndarray,
    kind: str,
    *,
    initial: np.ndarray | None = None,
    seed: int = 0,
    perplexity: float = 30.0,
    n_neighbors: int = 15,
    min_dist: float = 0.1,
    mid_near: float = 0.5,
    further: float = 2.0,
) -> Path:
    """The file a layout is kept in: its name holds a hash of codes, start, the settings that matter, and the code."""
    _check(kind)
    matters = {
        "tsne": (seed, float(perplexity)),
        "umap": (seed, int(n_neighbors), float(min_dist)),
        "pacmap": (seed, int(n_neighbors), float(mid_near), float(further)),
    }.get(kind, ())
    digest = hashlib.blake2b(repr((kind, values.shape, matters, SOURCES[kind].version)).encode(), digest_size=12)
    digest.update(np.ascontiguousarray(values, dtype=np.float32).data)
    if initial is not None and kind != "pca":
        digest.update(np.ascontiguousarray(initial, dtype=np.float32).data)
    return folder / f"{kind}-{digest.hexdigest()}.npz"


def _read(path: Path, n_samples: int) -> np.ndarray | None:
    xy = (disk_cache.read(path) or {}).get("xy")
    return xy if xy is not None and xy.shape == (n_samples, 2) else None


def _later(report: Progress) -> Progress:
    """Progress of the iterations, which begin after the neighbours are found and end before the end."""
    return lambda share: report(_SEARCH + (0.99 - _SEARCH) * share)


def _tsne(
    values: np.ndarray, *, seed: int, perplexity: float, initial: np.ndarray | None, report: Progress
) -> np.ndarray:
    load_scikit_learn()
    from openTSNE import TSNE

    # with a start near the answer, exaggeration would only tear it apart and gather it again
    early, late = (250, 500) if initial is None else (0, 250)
    start = initial
    if start is None:
        start = pca(values).astype(np.float64)
        # as openTSNE does it: small, so that points are free to move; the noise parts points that coincide
        start = 1e-4 * start / start[:, 0].std() + np.random.default_rng(seed).normal(0, 1e-6, start.shape)
    report(0.03)
    every = 10
    done = 0

    def tell(iteration: int, error: float, embedding: np.ndarray) -> None:
        nonlocal done
        done += every
        _later(report)(min(1.0, done / (early + late)))

    model = TSNE(
        early_exaggeration_iter=early,
        n_iter=late,
        # the interpolation scheme wins from a few thousand samples on, well below openTSNE's own 10,000
        negative_gradient_method="bh" if len(values) < 2500 else "fft",
        n_jobs=settings.n_threads(),
        random_state=seed,
        callbacks=tell,
        callbacks_every_iters=every,
    )
    positions: Any = start.astype(np.float64)
    return np.asarray(model.fit(affinities=tsne_affinities(values, perplexity=perplexity), initialization=positions))


def _umap(
    values: np.ndarray,
    *,
    seed: int,
    n_neighbors: int,
    min_dist: float,
    initial: np.ndarray | None,
    report: Progress = _unheard,
    n_components: int = 2,
    n_epochs: int | None = None,
    shared: bool = True,
) -> np.ndarray:
    n = len(values)
    # its spectral start needs more samples than it has components to find
    few = n <= max(20, 2 * n_components)
    first = pca(values, n_components) if initial is None else initial
    start: Any = "spectral" if initial is None and not few else _spread(first)
    shape: dict[str, Any] = {"n_components": n_components, "min_dist": min_dist, "init": start, "n_epochs": n_epochs}
    bar = {"disable": False, "file": _Bar(report), "mininterval": 0.2, "bar_format": _Bar.FORMAT}
    model = umap_model(values, n_neighbors=n_neighbors, shared=shared, random_state=seed, tqdm_kwds=bar, **shape)
    return np.asarray(model.fit_transform(values))


def umap_model(values: np.ndarray, *, n_neighbors: int, shared: bool = True, **options: Any) -> Any:
    """UMAP that is given the neighbours of the codes (n, D) it is about to be fitted to.

    They may be those of an earlier search, by another number of threads, unless they are not `shared`.

    These are found sooner than by its own approximate search, which is compiled for 35 s when it is first used.
    """
    load_scikit_learn()
    from umap import UMAP

    count = max(2, min(n_neighbors, len(values) - 1))
    near = neighbours.of_all(values, count, itself=True) if shared else neighbours.among(values, values, count)
    return UMAP(
        n_neighbors=near.found.shape[1],
        precomputed_knn=(near.found, near.distances),
        force_approximation_algorithm=True,  # else small data go without these neighbours
        n_jobs=1,  # what a fixed seed allows
        **options,
    )


class _Bar:
    """The file that UMAP draws its progress into, every fifth of a second; an exception of `report` ends its work."""

    FORMAT = "{n}/{total}"

    def __init__(self, report: Progress) -> None:
        self.report = report

    def write(self, text: str) -> None:
        done, _, total = text.strip().partition("/")
        if done.isdigit() and total.isdigit():
            self.report(int(done) / max(1, int(total)))

    def flush(self) -> None:
        """What is written is told at once."""


class Search:
    """Nearest neighbours as openTSNE and UMAP ask for them.

    Args:
        points: (n, D) codes of a layout.
        k: neighbours of each.
    """

    _angular_trees = False

    def __init__(self, points: np.ndarray, k: int) -> None:
        self.points, self.n_samples, self.k = points, len(points), k

    def build(self) -> tuple[np.ndarray, np.ndarray]:
        """Places and distances (n, k) of each point's nearest others."""
        near = neighbours.of_all(self.points, self.k)
        return near.found, near.distances

    def query(self, asked: np.ndarray, k: int, epsilon: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
        """Places and distances (m, k) of the points that are nearest to new ones (m, D)."""
        near = neighbours.among(asked, self.points, k)
        return near.found, near.distances


def tsne_affinities(values: np.ndarray, *, perplexity: float) -> Any:
    """How near codes (n, D) are to each other, as openTSNE takes it; the perplexity is lowered for few samples."""
    load_scikit_learn()
    from openTSNE.affinity import PerplexityBasedNN

    effective: Any = max(1.0, min(perplexity, (len(values) - 1) / 3))
    search: Any = Search(values, min(len(values) - 1, int(3 * effective)))
    with own_threads():
        return PerplexityBasedNN(knn_index=search, perplexity=effective, n_jobs=settings.n_threads())


def _spread(xy: np.ndarray) -> np.ndarray:
    """Positions scaled to the 10 units that UMAP starts from."""
    size = float(np.ptp(xy, axis=0).max())
    return (10.0 * (xy - xy.mean(axis=0)) / (size or 1.0)).astype(np.float32)
