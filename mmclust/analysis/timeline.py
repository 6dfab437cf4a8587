"""The same samples at many epochs, laid out so that only what the training moved moves.

Shapes: n samples, D dimensions, F epochs.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from mmclust.analysis.projection import Progress, cached_projection
from mmclust.evaluation.snapshot import Snapshot

Kept = TypeVar("Kept")

MOST = 5_000
"""Samples of a t-SNE or UMAP through time, which take seconds an epoch; PCA shows all."""

FRAMES = 24
"""Epochs of a timeline at most."""


def shown_epochs(kept: Sequence[Kept]) -> list[Kept]:
    """The kept epochs that a timeline shows: all of few, else an even choice of them with the first and the last."""
    if len(kept) <= FRAMES:
        return list(kept)
    return [kept[round(place)] for place in np.linspace(0, len(kept) - 1, FRAMES)]


def common_samples(snapshots: Sequence[Snapshot], most: int | None = None) -> np.ndarray:
    """Ids (n,) of samples that all snapshots hold, ascending; a fixed random part of them where they are too many."""
    ids = snapshots[0].index
    for snapshot in snapshots[1:]:
        ids = np.intersect1d(ids, snapshot.index, assume_unique=True)
    if most is not None and len(ids) > most:
        ids = np.sort(np.random.default_rng(0).choice(ids, most, replace=False))
    return ids


def rows_of(snapshot: Snapshot, ids: np.ndarray) -> np.ndarray:
    """(n,) places of samples in the arrays of a snapshot that holds them."""
    order = np.argsort(snapshot.index, kind="stable")
    return order[np.searchsorted(snapshot.index, ids, sorter=order)]


def lay_out(
    codes: Sequence[np.ndarray], kind: str, *, folder: Path, progress: Progress | None = None, **options: Any
) -> list[np.ndarray]:
    """Layouts of the same samples at F epochs, on the same axes.

    All but PCA start each epoch from the layout of the one before; PCA, whose layouts grow and shrink with the codes,
    is scaled to the spread of the last epoch. Then each layout is turned and mirrored, never stretched, onto the one
    after it, the last one keeping its place.

    Args:
        codes: F arrays (n, D), the earliest first.
        kind: pca, tsne, umap or pacmap.
        folder: where layouts are kept on disk.
        progress: told how far the work is.
        **options: see `projection.project`.

    Returns:
        F arrays (n, 2) float32.
    """
    found: list[np.ndarray] = []
    tell = progress or (lambda share: None)
    for number, values in enumerate(codes):
        initial = found[-1] if found and kind != "pca" else None
        report = partial(_tell_share, tell, number, len(codes))
        found.append(cached_projection(folder, values, kind, progress=report, initial=initial, **options))
        report(1.0)
    if kind == "pca":
        found = [xy * np.float32(_spread(found[-1]) / (_spread(xy) or 1.0)) for xy in found]
    for number in range(len(found) - 2, -1, -1):
        found[number] = aligned(found[number], found[number + 1])
    return found


def _tell_share(tell: Progress, done: int, total: int, share: float) -> None:
    tell((done + share) / total)


def _spread(xy: np.ndarray) -> float:
    """Root mean square distance from the middle."""
    return float(np.sqrt(np.square(xy - xy.mean(axis=0)).sum(axis=1).mean()))


def aligned(xy: np.ndarray, target: np.ndarray) -> np.ndarray:
    """A layout (n, 2) turned, mirrored and moved onto another one as well as possible (orthogonal Procrustes)."""
    centred, wanted = xy - xy.mean(axis=0), target - target.mean(axis=0)
    left, _, right = np.linalg.svd(centred.T.astype(np.float64) @ wanted)
    return (centred @ (left @ right) + target.mean(axis=0)).astype(np.float32)
