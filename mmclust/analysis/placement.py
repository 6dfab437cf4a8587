"""New samples on a map that is already drawn: each library's own transform, into the positions that are there.

Shapes: n samples of the map, m new ones, D dimensions.
"""

import warnings
from typing import Any

import numpy as np

from mmclust import settings
from mmclust.analysis import projection
from mmclust.loading import load_scikit_learn

KINDS = ("pca", "tsne", "umap")
"""PaCMAP's transform is only defined together with the trees of its fit, which no layout keeps."""


def place(
    values: np.ndarray,
    xy: np.ndarray,
    new: np.ndarray,
    kind: str,
    *,
    seed: int = 0,
    perplexity: float = 30.0,
    n_neighbors: int = 15,
) -> np.ndarray:
    """Positions (m, 2) float32 of new samples.

    Args:
        values: (n, D) codes that the map was drawn of.
        xy: (n, 2) positions that `projection.project` gave them.
        new: (m, D) codes.
        kind: one of `KINDS`.
        seed: of the random parts.
        perplexity: t-SNE's, as the map was drawn with.
        n_neighbors: UMAP's, likewise.

    Raises:
        ValueError: another kind, or codes of another length.
    """
    if kind not in KINDS:
        raise ValueError(f"new samples have no place on a map of {kind}; choose one of {', '.join(KINDS)}")
    own, asked = (np.asarray(codes, np.float32).reshape(len(codes), -1) for codes in (values, new))
    if own.shape[1] != asked.shape[1]:
        raise ValueError(f"the new codes have {asked.shape[1]} numbers and those of the map {own.shape[1]}")
    if kind == "pca" or projection.is_linear(own):
        return _on_axes(own, xy, asked)
    if own.shape[1] > projection.WIDE:
        reduced = projection.pca(own, projection.REDUCED)
        own, asked = reduced, _on_axes(own, reduced, asked)
    load_scikit_learn()
    with warnings.catch_warnings(), projection.ONE_AT_A_TIME:
        warnings.simplefilter("ignore")
        if kind == "tsne":
            found = _tsne(own, xy, asked, seed=seed, perplexity=perplexity)
        else:
            found = _umap(own, xy, asked, seed=seed, n_neighbors=n_neighbors)
    return np.ascontiguousarray(found, np.float32)


def _on_axes(own: np.ndarray, scores: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Scores of new rows along the axes that gave the scores of the map's rows: V = X' (X V) / |X V|^2."""
    mean = own.mean(axis=0, dtype=np.float64)
    sizes = (scores.astype(np.float64) ** 2).sum(axis=0)
    axes = (own - mean).T @ scores.astype(np.float64) / np.where(sizes > 0, sizes, 1.0)
    return ((new - mean) @ axes).astype(np.float32)


def _tsne(own: np.ndarray, xy: np.ndarray, new: np.ndarray, *, seed: int, perplexity: float) -> np.ndarray:
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PerplexityBasedNN

    effective: Any = max(1.0, min(perplexity, (len(own) - 1) / 3))
    affinities = PerplexityBasedNN(own, perplexity=effective, n_jobs=settings.n_threads(), random_state=seed)
    drawn = TSNEEmbedding(xy.astype(np.float64), affinities, n_jobs=settings.n_threads(), random_state=seed)
    return np.asarray(drawn.transform(new, perplexity=min(5, len(own) - 1)))


def _umap(own: np.ndarray, xy: np.ndarray, new: np.ndarray, *, seed: int, n_neighbors: int) -> np.ndarray:
    from umap import UMAP

    start: Any = xy
    model: Any = UMAP(
        n_neighbors=max(2, min(n_neighbors, len(own) - 1)), n_epochs=1, init=start, random_state=seed, n_jobs=1
    )
    model.fit(own)
    # The graph is what the transform needs of the fit; the positions are those that the map shows.
    model.embedding_, model.n_epochs = xy.astype(np.float32), None
    return np.asarray(model.transform(new))
