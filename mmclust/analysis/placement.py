"""New samples on a map that is already drawn: each library's own transform, into the positions that are there.

Shapes: n samples of the map, m new ones, D dimensions.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import numpy as np

from mmclust import settings
from mmclust.analysis import pacmap_layouts, projection
from mmclust.loading import load_scikit_learn

KINDS = ("pca", "tsne", "umap", "pacmap")


Place = Callable[[np.ndarray], np.ndarray]
"""Positions (m, 2) float32 of new codes (m, D)."""


def place(
    values: np.ndarray, xy: np.ndarray, new: np.ndarray, kind: str, *, seed: int = 0, n_neighbors: int = 15
) -> np.ndarray:
    """Positions (m, 2) float32 of new samples.

    Args:
        values: (n, D) codes that the map was drawn of.
        xy: (n, 2) positions that `projection.project` gave them.
        new: (m, D) codes.
        kind: one of `KINDS`.
        seed: of the random parts.
        n_neighbors: UMAP's and PaCMAP's, as the map was drawn with.

    Raises:
        ValueError: another kind, or codes of another length.
    """
    return placer(values, xy, kind, seed=seed, n_neighbors=n_neighbors)(new)


def placer(values: np.ndarray, xy: np.ndarray, kind: str, *, seed: int = 0, n_neighbors: int = 15) -> Place:
    """What places new samples, prepared once for many of them; see `place`.

    Raises:
        ValueError: another kind.
    """
    if kind not in KINDS:
        raise ValueError(f"new samples have no place on a map of {kind}; choose one of {', '.join(KINDS)}")
    own = _flat(values)
    reduce: Place = _same
    if kind == "pca" or projection.is_linear(own):
        found = partial(_on_axes, own, xy)
    else:
        known = own
        if own.shape[1] > projection.WIDE:
            known = projection.pca(own, projection.REDUCED)
            reduce = partial(_on_axes, own, known)
        load_scikit_learn()
        with _quietly():
            if kind == "tsne":
                found = _tsne(known, xy, seed=seed)
            else:
                prepare = _umap if kind == "umap" else pacmap_layouts.placer
                found = prepare(known, xy, seed=seed, n_neighbors=n_neighbors)

    def placed(new: np.ndarray) -> np.ndarray:
        asked = _flat(new)
        if own.shape[1] != asked.shape[1]:
            raise ValueError(f"the new codes have {asked.shape[1]} numbers and those of the map {own.shape[1]}")
        with _quietly():
            return np.ascontiguousarray(found(reduce(asked)), np.float32)

    return placed


def _flat(codes: np.ndarray) -> np.ndarray:
    return np.asarray(codes, np.float32).reshape(len(codes), -1)


def _same(codes: np.ndarray) -> np.ndarray:
    return codes


@contextmanager
def _quietly() -> Iterator[None]:
    with warnings.catch_warnings(), projection.ONE_AT_A_TIME, projection.own_threads():
        warnings.simplefilter("ignore")
        yield


def _on_axes(own: np.ndarray, scores: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Scores of new rows along the axes that gave the scores of the map's rows: V = X' (X V) / |X V|^2."""
    mean = own.mean(axis=0, dtype=np.float64)
    sizes = (scores.astype(np.float64) ** 2).sum(axis=0)
    axes = (own - mean).T @ scores.astype(np.float64) / np.where(sizes > 0, sizes, 1.0)
    return ((new - mean) @ axes).astype(np.float32)


def _tsne(own: np.ndarray, xy: np.ndarray, *, seed: int) -> Place:
    from openTSNE import TSNEEmbedding

    perplexity = min(5, len(own) - 1)
    # Of the map's own affinities the transform takes the index alone.
    affinities = projection.tsne_affinities(own, perplexity=perplexity)
    drawn = TSNEEmbedding(xy.astype(np.float64), affinities, n_jobs=settings.n_threads(), random_state=seed)
    return lambda new: np.asarray(drawn.transform(new, perplexity=perplexity))


def _umap(own: np.ndarray, xy: np.ndarray, *, seed: int, n_neighbors: int) -> Place:
    model = projection.umap_model(own, n_neighbors=n_neighbors, n_epochs=1, init=xy, random_state=seed)
    model.fit(own)
    # The graph is what the transform needs of the fit; the positions are those that the map shows.
    model.embedding_, model.n_epochs = xy.astype(np.float32), None
    model._knn_search_index = projection.Search(own, model.n_neighbors)
    return lambda new: np.asarray(model.transform(new))
