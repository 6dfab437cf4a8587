"""How far a picture of codes may be trusted: which neighbours it invents, and which it tears apart.

Trustworthiness and continuity after Venna and Kaski (ICANN 2001), and for every sample the share of its neighbours that
are false or missing, marks on a map as in Lespinats and Aupetit (CheckViz, Computer Graphics Forum 2011).

Shapes: n samples, D dimensions, R references, k neighbours, m samples asked about.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmclust.analysis import disk_cache
from mmclust.analysis.source import Source

SOURCE = Source(alone=(__name__,))
"""The code that computes all of this, for what is kept on disk."""
NEIGHBOURS = 15
"""Neighbours that are compared, fewer where there are few samples."""
WIDE = 10
"""A neighbour on one side counts as wrong when it is not among this many times k on the other."""
REFERENCES = 5_000
"""Samples that neighbours are looked for among; a random part of more."""
_BLOCK = 500

Progress = Callable[[float], None]


@dataclass(frozen=True, kw_only=True)
class ProjectionQuality:
    """How well a layout keeps the neighbourhoods of a space."""

    trustworthiness: float
    """1: who is near in the layout is near in the space; about 0.5 for a random layout."""
    continuity: float
    """1: who is near in the space is near in the layout."""
    trustworthiness_error: float
    """Standard error, where it was measured on some of the samples; else 0."""
    continuity_error: float
    """Likewise."""
    false_share: float
    """Mean share of a sample's k nearest in the layout that are not among its WIDE * k nearest in the space."""
    missing_share: float
    """Mean share of a sample's k nearest in the space that are not among its WIDE * k nearest in the layout."""
    false: np.ndarray
    """(n,) that share of each sample; (0,) where only some were asked about."""
    missing: np.ndarray
    """(n,) likewise."""
    neighbours: int
    """k."""
    references: int
    """R: neighbours were looked for among so many samples."""

    @property
    def is_of_each(self) -> bool:
        """Whether every sample's own shares are known."""
        return len(self.false) > 0


def quality(
    values: np.ndarray,
    xy: np.ndarray,
    *,
    neighbours: int = NEIGHBOURS,
    references: int = REFERENCES,
    of_each: bool = True,
    seed: int = 0,
    progress: Progress | None = None,
) -> ProjectionQuality:
    """Compare the neighbours of every sample in a space with those in a layout, by exact Euclidean distances.

    With at most `references` samples this is the definition; of more, neighbours are looked for among a random part,
    which compares neighbourhoods n / R times as wide.

    Args:
        values: (n, D) codes.
        xy: (n, 2) their layout.
        neighbours: k; lowered where there are fewer than five times as many samples.
        references: R at most.
        of_each: whether every sample is asked about; else, of more than R, the references alone: that takes R / n of
            the time, and the means then have an error.
        seed: which samples are the references.
        progress: told the finished share, 0 to 1.

    Raises:
        ValueError: fewer than four samples, or two numbers of samples.
    """
    if len(values) != len(xy):
        raise ValueError(f"{len(values)} codes and {len(xy)} positions came; lay out just these codes first")
    if len(values) < 4:
        raise ValueError(f"{len(values)} samples have no neighbourhoods to compare; at least 4 are needed")
    n = len(values)
    values = _centred(np.asarray(values).reshape(n, -1))
    xy = _centred(np.asarray(xy))
    chosen = np.arange(n)
    if n > references:
        chosen = np.sort(np.random.default_rng(seed).choice(n, references, replace=False))
    asked = np.arange(n) if of_each else chosen
    own = np.full(n, -1)
    own[chosen] = np.arange(len(chosen))
    k = max(1, min(neighbours, (len(chosen) - 1) // 5))
    found = _compared(values, xy, asked, chosen, own[asked], k, progress or (lambda share: None))
    (intruding, false), (extruding, missing) = found
    part = 1 - len(asked) / n  # nothing is left to chance where all were asked
    errors = [float(penalty.std() * np.sqrt(part / len(asked))) for penalty in (intruding, extruding)]
    none = np.empty(0, np.float32)
    return ProjectionQuality(
        trustworthiness=1 - float(intruding.mean()),
        continuity=1 - float(extruding.mean()),
        trustworthiness_error=errors[0],
        continuity_error=errors[1],
        false_share=float(false.mean()),
        missing_share=float(missing.mean()),
        false=false if len(asked) == n else none,
        missing=missing if len(asked) == n else none,
        neighbours=k,
        references=len(chosen),
    )


_Compared = tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def _compared(
    values: np.ndarray,
    xy: np.ndarray,
    asked: np.ndarray,
    chosen: np.ndarray,
    own: np.ndarray,
    k: int,
    report: Progress,
) -> _Compared:
    """Of each sample asked about its penalty and its share of false neighbours, and the same of missing ones.

    Args:
        values: (n, D) codes.
        xy: (n, 2) their layout.
        asked: (m,) places of the samples asked about.
        chosen: (R,) places of the references.
        own: (m,) place of each sample among the references; -1 for the others.
        k: neighbours.
        report: told the finished share.
    """
    wide = min(WIDE * k, len(chosen) // 2)
    penalties, shares = np.empty((2, len(asked))), np.empty((2, len(asked)), np.float32)
    for start in range(0, len(asked), _BLOCK):
        rows = slice(start, min(len(asked), start + _BLOCK))
        high, low = (_distances(space[asked[rows]], space[chosen]) for space in (values, xy))
        inside = np.flatnonzero(own[rows] >= 0)  # nobody is a neighbour of himself
        high[inside, own[rows][inside]] = low[inside, own[rows][inside]] = np.inf
        candidates = len(chosen) - (own[rows] >= 0)
        scale = 2.0 / (k * (2 * candidates - 3 * k + 1))
        for side, (there, here) in enumerate(((high, low), (low, high))):
            ranks = _ranks(there, _nearest(here, k))
            penalties[side, rows] = scale * np.maximum(ranks - k, 0).sum(axis=1)
            shares[side, rows] = (ranks > wide).mean(axis=1)
        report(rows.stop / len(asked))
    return (penalties[0], shares[0]), (penalties[1], shares[1])


def cached_quality(
    folder: Path, values: np.ndarray, xy: np.ndarray, *, of_each: bool = True, progress: Progress | None = None
) -> ProjectionQuality:
    """`quality` with its other defaults, remembered in `folder` by the content of codes and layout, and by the code."""
    of_each = of_each or len(values) <= REFERENCES
    digest = hashlib.blake2b(repr((values.shape, of_each, SOURCE.version)).encode(), digest_size=12)
    for array in (values, xy):
        digest.update(np.ascontiguousarray(array, dtype=np.float32).data)
    path = folder / f"quality-{digest.hexdigest()}.npz"
    known = _read(path, len(values) if of_each else 0)
    if known is not None:
        return known
    found = quality(values, xy, references=REFERENCES, of_each=of_each, progress=progress)
    disk_cache.keep(path, vars(found), "a comparison of neighbours")
    return found


def _read(path: Path, n_marked: int) -> ProjectionQuality | None:
    found = disk_cache.read(path)
    if found is None or set(found) != set(ProjectionQuality.__dataclass_fields__):
        return None
    if found["false"].shape != (n_marked,) or found["missing"].shape != (n_marked,):
        return None
    values: dict[str, Any] = {name: value if value.ndim else value.item() for name, value in found.items()}
    return ProjectionQuality(**values)


def _centred(values: np.ndarray) -> np.ndarray:
    """Float32 around zero: squared distances lose fewest digits there."""
    return (values - values.mean(axis=0, dtype=np.float64)).astype(np.float32)


def _distances(rows: np.ndarray, references: np.ndarray) -> np.ndarray:
    """(b, R) squared distances, less the square of each row's own length: the order within a row is the same."""
    return (references**2).sum(axis=1) - 2 * rows @ references.T


def _nearest(distances: np.ndarray, k: int) -> np.ndarray:
    """(b, k) columns of the smallest entries of each row, in any order."""
    return np.argpartition(distances, k - 1, axis=1)[:, :k]


def _ranks(distances: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """(b, k) rank of some columns in each row, 1 for the nearest: one more than there are nearer ones."""
    limits = np.take_along_axis(distances, columns, axis=1)
    nearer = [np.count_nonzero(distances < limit[:, None], axis=1) for limit in limits.T]
    return np.stack(nearer, axis=1) + 1
