"""PaCMAP's pictures: with our neighbours, with its progress, and with new samples placed on them.

Shapes: n samples, m new ones, D dimensions, k neighbours.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np

from mmclust import neighbours, settings
from mmclust.loading import load_scikit_learn

CANDIDATES = 50
"""Neighbours beyond those that are drawn together, among which its scaled distance chooses; its own number."""
_TOLD_EVERY = 10
"""Iterations between two things that it says."""
_ITERATIONS = (100, 100, 250)
"""Its three phases."""

Progress = Callable[[float], None]


def lay_out(
    values: np.ndarray,
    *,
    seed: int,
    n_neighbors: int,
    mid_near: float,
    further: float,
    initial: np.ndarray | None,
    report: Progress,
) -> np.ndarray:
    """Positions (n, 2) of codes (n, D); one caller at a time.

    Args:
        values: at least two samples.
        seed: of the random pairs.
        n_neighbors: k; lowered where there are too few samples.
        mid_near: pairs of middling distance for each neighbour.
        further: pairs of far points for each neighbour.
        initial: (n, 2) positions to start from, else two principal components.
        report: told the finished share of the iterations.
    """
    model, values = _model(values, seed=seed, n_neighbors=n_neighbors, MN_ratio=mid_near, FP_ratio=further)
    with _told(report):
        return np.asarray(model.fit_transform(values, init="pca" if initial is None else initial))


def placer(values: np.ndarray, xy: np.ndarray, *, seed: int, n_neighbors: int) -> Callable[[np.ndarray], np.ndarray]:
    """What gives new codes (m, D) their places (m, 2) on the picture of others; one caller at a time.

    Args:
        values: (n, D) codes that the picture was drawn of.
        xy: (n, 2) it.
        seed: of the random pairs.
        n_neighbors: as the picture was drawn with.
    """
    import faiss

    model, known = _model(values, seed=seed, n_neighbors=n_neighbors, MN_ratio=0.5, FP_ratio=2.0)
    # Its fit prepares the transform; the positions are those that the picture shows.
    model.num_iters = (0, 0, 0)
    model.fit(known, init=xy, save_pairs=False)
    model.num_iters, model.embedding_ = _ITERATIONS, np.ascontiguousarray(xy, np.float32)
    index: Any = faiss.IndexFlatL2(known.shape[1])
    index.add(np.ascontiguousarray((known - model.xmin) / model.xmax - model.xmean, np.float32))  # its own scale
    model.tree = index
    return lambda new: np.asarray(model.transform(_two_wide(new)))


def _model(values: np.ndarray, *, seed: int, n_neighbors: int, **ratios: Any) -> tuple[Any, np.ndarray]:
    """The library's model, which knows who is near, and the codes as it takes them."""
    import numba

    logging.getLogger("pacmap").setLevel(logging.ERROR)  # it warns that its seed is set
    load_scikit_learn()
    from pacmap import PaCMAP

    numba.set_num_threads(min(settings.n_threads(), numba.get_num_threads()))
    values = _two_wide(values)
    # every sample needs its neighbours, its mid-near and its further pairs among the others
    most = int((len(values) - 1) / (1 + sum(ratios.values())))
    model: Any = PaCMAP(n_neighbors=max(1, min(n_neighbors, most)), random_state=seed, num_iters=_ITERATIONS, **ratios)
    model.decide_num_pairs(len(values))
    model.pair_neighbors = _pairs(values, model.n_neighbors)
    return model, values


def _two_wide(values: np.ndarray) -> np.ndarray:
    """Codes with at least two dimensions: it starts from two principal components."""
    return np.pad(values, ((0, 0), (0, 1))) if values.shape[1] == 1 else values


def _pairs(values: np.ndarray, k: int) -> np.ndarray:
    """(n k, 2) int32 pairs of each sample with its nearest by PaCMAP's scaled distance.

    Wang et al., Understanding How Dimension Reduction Tools Work, JMLR 2021, Sec. 5: squared distances are divided by
    the local scales of both samples, which are the mean distances to their fourth to sixth neighbours.
    """
    near = neighbours.of_all(values, k + CANDIDATES)
    scales = np.maximum(near.distances[:, 3:6].mean(axis=1) if near.distances.shape[1] > 3 else 1.0, 1e-10)
    scales = np.broadcast_to(scales, len(values))
    scaled = near.distances**2 / scales[:, None] / scales[near.found]
    chosen = np.take_along_axis(near.found, np.argsort(scaled, axis=1, kind="stable")[:, :k], axis=1)
    own = np.repeat(np.arange(len(values)), chosen.shape[1])
    return np.stack([own, chosen.ravel()], axis=1).astype(np.int32)


@contextmanager
def _told(report: Progress) -> Iterator[None]:
    """Hear what the library would say every tenth iteration, which is the only sign of life it gives."""
    from pacmap import pacmap

    done = 0

    def hear(message: object, verbose: bool, **about: Any) -> None:
        nonlocal done
        if str(message).startswith("Iteration"):
            done += _TOLD_EVERY
            report(min(1.0, done / sum(_ITERATIONS)))

    with patch.object(pacmap, "print_verbose", hear):
        yield
