"""Dense regions of a map at several scales: each sample belongs to the peak of density that it lies under.

Density is counted in cells and smoothed; every cell leads uphill to one peak (Koontz, Narendra and Fukunaga, A
Graph-Theoretic Approach to Nonparametric Cluster Analysis, IEEE Trans. Computers 25(9), 1976).

Shapes: n samples, R regions, V values of a column.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

SIDE = 128
"""Cells on a side of the map."""
SCALES = (0.05, 0.025, 0.0125)
"""Widths of smoothing as fractions of the map's side, the coarsest first."""
SMALLEST = 0.002
"""Fraction of the samples below which a region is none."""
FEWEST = 5
MOST_HAVE, MORE_THAN_ELSEWHERE = 0.5, 0.25
"""A value is typical of a region where this share of its samples has it, and so much more than of all samples."""


@dataclass(frozen=True, kw_only=True)
class Regions:
    """The dense regions at one scale, the largest first."""

    peaks: np.ndarray
    """(R, 2) the densest place of each, in the coordinates of the map."""
    of_sample: np.ndarray
    """(n,) region of each sample, -1 outside of all."""
    sizes: np.ndarray
    """(R,) samples."""


def find(xy: np.ndarray, scales: Sequence[float] = SCALES) -> list[Regions]:
    """The dense regions of a map, for each scale.

    Args:
        xy: (n, 2) positions; those that are no numbers lie in no region.
        scales: widths of smoothing as fractions of the map's side.
    """
    good = np.flatnonzero(np.isfinite(xy).all(axis=1))
    if not len(good):
        return [Regions(peaks=np.empty((0, 2)), of_sample=np.full(len(xy), -1), sizes=np.empty(0, int)) for _ in scales]
    low, high = xy[good].min(axis=0), xy[good].max(axis=0)
    side = max(float((high - low).max()), 1e-12)
    cells = np.minimum(((xy[good] - low) / side * SIDE).astype(np.int64), SIDE - 1)
    place = cells[:, 0] * SIDE + cells[:, 1]
    counts = np.bincount(place, minlength=SIDE * SIDE).reshape(SIDE, SIDE).astype(np.float64)
    found = []
    for scale in scales:
        peak = _uphill(gaussian_filter(counts, scale * SIDE, mode="constant"))[place]
        of_good, sizes, peaks = _numbered(peak, max(FEWEST, SMALLEST * len(good)))
        of_sample = np.full(len(xy), -1)
        of_sample[good] = of_good
        centres = np.stack(np.divmod(peaks, SIDE), axis=1) + 0.5
        found.append(Regions(peaks=low + centres / SIDE * side, of_sample=of_sample, sizes=sizes))
    return found


def typical_values(of_sample: np.ndarray, n_regions: int, codes: np.ndarray, n_values: int) -> list[tuple[int, float]]:
    """The value of a column that tells each region from the others, and by how much its share exceeds that of all.

    Args:
        of_sample: (n,) region of each sample, -1 outside of all.
        n_regions: R.
        codes: (n,) value of each sample from 0, -1 for those without one.
        n_values: V.

    Returns:
        R pairs; the value is -1 where none is typical.
    """
    inside = (of_sample >= 0) & (codes >= 0)
    counts = np.bincount(of_sample[inside] * n_values + codes[inside], minlength=n_regions * n_values)
    sizes = np.bincount(of_sample[of_sample >= 0], minlength=n_regions)
    share = counts.reshape(n_regions, n_values) / np.maximum(sizes, 1)[:, None]
    everywhere = np.bincount(codes[codes >= 0], minlength=n_values) / max(1, len(codes))
    excess = np.where(share >= MOST_HAVE, share - everywhere, 0.0)
    best = excess.argmax(axis=1)
    most = excess[np.arange(n_regions), best]
    return [(int(v), float(m)) if m >= MORE_THAN_ELSEWHERE else (-1, 0.0) for v, m in zip(best, most, strict=True)]


def _uphill(density: np.ndarray) -> np.ndarray:
    """(cells,) the peak that each cell leads to, by its highest neighbour again and again."""
    height, width = density.shape
    padded = np.pad(density, 1, constant_values=-1.0)
    steps = [(0, 0), *((i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j)]  # a cell itself comes first in a tie
    around = np.stack([padded[1 + i : 1 + i + height, 1 + j : 1 + j + width] for i, j in steps])
    rows, columns = np.array(steps).T[:, around.argmax(axis=0)]
    cells = np.arange(density.size).reshape(density.shape)
    leads = (cells + rows * width + columns).ravel()
    while (further := leads[leads] != leads).any():
        leads[further] = leads[leads[further]]
    return leads


def _numbered(peak: np.ndarray, fewest: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Region of each sample (n,), sizes (R,) and peaks (R,) of those that are large enough, the largest first."""
    peaks, of_sample, sizes = np.unique(peak, return_inverse=True, return_counts=True)
    order = np.argsort(-sizes, kind="stable")
    order = order[sizes[order] >= fewest]
    number = np.full(len(peaks), -1)
    number[order] = np.arange(len(order))
    return number[of_sample], sizes[order], peaks[order]
