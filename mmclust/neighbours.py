"""Nearest neighbours by Euclidean distance, for everything that asks for them; faiss looks for them.

They are exact up to `EXACT` points. Among more, an inverted file is searched in as many of its cells as give `RECALL`,
which is measured on some of the points asked about.

Shapes: n points, m asked about, D dimensions, k neighbours.
"""

import hashlib
import threading
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

EXACT = 200_000
RECALL = 0.98
"""Share of the true neighbours that are found at least, where not all of them are."""
CELLS_PER_ROOT, PROBED_CELLS = 4, 12
"""Cells are so many times the root of the known points; so many nearest ones are looked through at first. Of 70,000
that finds all neighbours in ten dimensions and 96 of 100 in sixty, in a seventh of the time."""
SHARED = 101
"""Neighbours, the point itself among them, that are looked for where several will ask: t-SNE takes 90 by default,
PaCMAP 60 and UMAP 15, and how many there are hardly changes what an exact search costs."""
KEPT = 64 * 2**20
"""Bytes of neighbours that are kept for them."""
_MEASURED = 500
"""Points that the recall is measured on, to 0.002."""
_ROUNDS, _PER_CELL = 4, 40
"""Rounds and points for each cell of the k-means that places the cells; more find no more."""
_MORE_CELLS = 1.5
"""So many times as many cells are looked through where the recall is not reached."""
_OFF_CENTRE = 4.0
"""So many times as far from zero as points are from each other, squared, their distances begin to lose digits."""


@dataclass(frozen=True, kw_only=True)
class Nearest:
    """Neighbours of each point that was asked about, the nearest first."""

    found: np.ndarray
    """(m, k) places among the known points."""
    distances: np.ndarray
    """(m, k) float32."""
    recall: float = 1.0
    """Share of the true neighbours among them, measured; 1 where the search is exact."""


def among(asked: np.ndarray, known: np.ndarray, n_neighbours: int, *, exact: int = EXACT) -> Nearest:
    """The nearest of some points to others, or to themselves: then each is its own nearest.

    Args:
        asked: (m, D), or more axes that count as one.
        known: (n, D), likewise.
        n_neighbours: k; fewer where fewer are known.
        exact: up to so many known points nothing is missed, nor for so few that are asked about.
    """
    itself = asked is known
    known = _flat(known)
    asked, known = _centred(known if itself else _flat(asked), known)
    n_neighbours = min(n_neighbours, len(known))
    if len(known) <= exact or len(asked) <= exact:
        return _of(*_exactly(asked, known, n_neighbours))
    return _by_cells(asked, known, n_neighbours)


def of_each(points: np.ndarray, n_neighbours: int, *, exact: int = EXACT) -> Nearest:
    """The nearest others of each point.

    Args:
        points: (n, D), or more axes that count as one.
        n_neighbours: k; fewer where there are fewer others.
        exact: up to so many points nothing is missed.
    """
    nearest = among(points, points, n_neighbours + 1, exact=exact)
    found, distances = _without_self(nearest.found, nearest.distances)
    return Nearest(found=found, distances=distances, recall=nearest.recall)


def of_all(points: np.ndarray, n_neighbours: int, *, itself: bool = False) -> Nearest:
    """As `of_each`, for those who ask about the same points again: layouts of one space, each with its own k.

    The last points asked about are kept with `SHARED` neighbours or more, as long as these take no more than `KEPT`.

    Args:
        points: (n, D), or more axes that count as one.
        n_neighbours: k; fewer where there are fewer others.
        itself: count each point as its own nearest.
    """
    wanted = n_neighbours + (not itself)
    digest = hashlib.blake2b(repr(points.shape).encode(), digest_size=16)
    digest.update(np.ascontiguousarray(points, np.float32).data)
    with _kept.lock:  # two that ask at once look once
        found = _kept.found
        if _kept.key != digest.digest() or found is None or _lacks(found, wanted, len(points)):
            found = among(points, points, max(wanted, SHARED))
            found = replace(found, found=found.found.astype(np.int32))
            fits = found.found.nbytes + found.distances.nbytes <= KEPT
            _kept.key, _kept.found = (digest.digest(), found) if fits else (b"", None)
    near, distances = found.found[:, :wanted], found.distances[:, :wanted]
    if not itself:
        near, distances = _without_self(near, distances)
    return Nearest(found=np.ascontiguousarray(near), distances=np.ascontiguousarray(distances), recall=found.recall)


def _lacks(found: Nearest, wanted: int, n_points: int) -> bool:
    return found.found.shape[1] < min(wanted, n_points)


class _Kept:
    """Neighbours of the points that `of_all` was last asked about."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.key = b""
        self.found: Nearest | None = None


_kept = _Kept()


def _flat(points: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(points.reshape(len(points), -1), np.float32)


def _centred(asked: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mean = known.mean(axis=0, dtype=np.float64)
    if (mean**2).sum() <= _OFF_CENTRE * known.var(axis=0, dtype=np.float64).sum():
        return asked, known
    moved = (known - mean).astype(np.float32)
    return (moved if asked is known else (asked - mean).astype(np.float32)), moved


def _of(squared: np.ndarray, found: np.ndarray, recall: float = 1.0) -> Nearest:
    return Nearest(found=found, distances=np.sqrt(np.maximum(squared, 0)), recall=recall)


def _exactly(asked: np.ndarray, known: np.ndarray, n_neighbours: int) -> tuple[np.ndarray, np.ndarray]:
    import faiss

    return faiss.knn(asked, known, n_neighbours)


def _by_cells(asked: np.ndarray, known: np.ndarray, n_neighbours: int) -> Nearest:
    import faiss

    n_cells = CELLS_PER_ROOT * int(np.sqrt(len(known)))
    index: Any = faiss.IndexIVFFlat(faiss.IndexFlatL2(known.shape[1]), known.shape[1], n_cells)
    index.nprobe = PROBED_CELLS
    index.cp.niter, index.cp.max_points_per_centroid, index.cp.min_points_per_centroid = _ROUNDS, _PER_CELL, 1
    index.train(known)
    index.add(known)
    some = asked[np.linspace(0, len(asked) - 1, min(_MEASURED, len(asked))).astype(np.int64)]
    true = _exactly(some, known, n_neighbours)[1]
    while (recall := _recall(true, index.search(some, n_neighbours)[1])) < RECALL and index.nprobe < n_cells:
        index.nprobe = min(int(_MORE_CELLS * index.nprobe) + 1, n_cells)
    squared, found = _cell_by_cell(index, asked, n_neighbours)
    if len(lacking := np.flatnonzero(found[:, -1] < 0)):  # the cells hold too few, as where many points are equal
        squared[lacking], found[lacking] = _exactly(asked[lacking], known, n_neighbours)
    return _of(squared, found, recall)


def _cell_by_cell(index: Any, asked: np.ndarray, n_neighbours: int) -> tuple[np.ndarray, np.ndarray]:
    """Points of one cell one after the other, as they look through the same cells, which then are in the cache."""
    order = index.quantizer.search(asked, 1)[1][:, 0].argsort(kind="stable")
    squared, found = index.search(asked[order], n_neighbours)
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return squared[back], found[back]


def _recall(true: np.ndarray, found: np.ndarray) -> float:
    """Share of the true neighbours (m, k) that were found."""
    return float(np.mean([len(np.intersect1d(*rows)) for rows in zip(true, found, strict=True)]) / true.shape[1])


def _without_self(found: np.ndarray, distances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The point itself taken out of its neighbours, or the last one where many equal points hide it."""
    own = found == np.arange(len(found))[:, None]
    own[~own.any(axis=1), -1] = True
    shape = (len(found), found.shape[1] - 1)
    return found[~own].reshape(shape), distances[~own].reshape(shape)
