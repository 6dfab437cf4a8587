"""Pictures described without a network: edges, texture, colour.

Shapes: N samples, C channels, H x W pixels, D columns.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from mmclust import settings
from mmclust.data.dataset import ViewSpec
from mmclust.data.progress import Progress
from mmclust.features.extractors import Extractor, Options

SMALLEST_PX = 16
"""Smaller pictures are enlarged first, so that cells hold some pixels."""
_BLOCK = 256


def hog(
    extractor: Extractor, images: np.ndarray, spec: ViewSpec | None, options: Options, progress: Progress
) -> np.ndarray:
    """Histograms of oriented gradients (N, 324): 4 x 4 cells of 9 directions, in blocks of 2 x 2 cells."""
    from skimage.feature import hog as of_image

    def one(gray: np.ndarray) -> np.ndarray:
        height, width = gray.shape
        cells = (height // 4, width // 4)
        cut = gray[: 4 * cells[0], : 4 * cells[1]]
        return of_image(cut, orientations=9, pixels_per_cell=cells, cells_per_block=(2, 2))

    return _each(one, images, spec, extractor, progress)


def lbp(
    extractor: Extractor, images: np.ndarray, spec: ViewSpec | None, options: Options, progress: Progress
) -> np.ndarray:
    """Uniform local binary patterns (N, 112): histograms at radius 1 and 2 in each quarter of a picture."""
    from skimage.feature import local_binary_pattern

    def one(gray: np.ndarray) -> np.ndarray:
        height, width = (size // 2 for size in gray.shape)
        parts = []
        for n_points, radius in ((8, 1), (16, 2)):
            codes = local_binary_pattern((255 * gray).astype(np.uint8), n_points, radius, "uniform").astype(int)
            quarters = (codes[:height, :width], codes[:height, width:], codes[height:, :width], codes[height:, width:])
            parts += [np.bincount(part.ravel(), minlength=n_points + 2) / part.size for part in quarters]
        return np.concatenate(parts)

    return _each(one, images, spec, extractor, progress)


def colours(
    extractor: Extractor, images: np.ndarray, spec: ViewSpec | None, options: Options, progress: Progress
) -> np.ndarray:
    """Shares (N, 64) of 4 x 4 x 4 colours; of gray pictures only the four grays occur."""
    assert spec is not None
    found = np.empty((len(images), extractor.n_columns), np.float32)
    for start in range(0, len(images), _BLOCK):
        unit = (images[start : start + _BLOCK].astype(np.float32) - spec.low) / (spec.high - spec.low)
        levels = np.minimum((4 * unit).astype(np.int64), 3)
        levels = np.repeat(levels, 3, axis=1) if levels.shape[1] == 1 else levels
        codes = (16 * levels[:, 0] + 4 * levels[:, 1] + levels[:, 2]).reshape(len(unit), -1)
        codes += 64 * np.arange(len(unit))[:, None]
        counts = np.bincount(codes.ravel(), minlength=64 * len(unit)).reshape(len(unit), 64)
        found[start : start + _BLOCK] = counts / codes.shape[1]
        progress(min(1.0, (start + _BLOCK) / len(images)), extractor.title)
    return found


def _each(
    work: Callable[[np.ndarray], np.ndarray],
    images: np.ndarray,
    spec: ViewSpec | None,
    extractor: Extractor,
    progress: Progress,
) -> np.ndarray:
    """Features of gray pictures (H, W) in [0, 1], one by one."""
    assert spec is not None
    found = np.empty((len(images), extractor.n_columns), np.float32)
    with ThreadPoolExecutor(settings.n_threads()) as pool:
        for start in range(0, len(images), _BLOCK):
            mean = images[start : start + _BLOCK].mean(axis=1, dtype=np.float64)
            gray = (mean - spec.low) / (spec.high - spec.low)
            times = -(-SMALLEST_PX // min(gray.shape[1:]))
            gray = np.repeat(np.repeat(gray, times, axis=1), times, axis=2)
            found[start : start + len(gray)] = list(pool.map(work, gray))
            progress(min(1.0, (start + _BLOCK) / len(images)), f"{extractor.title}: {start:,} of {len(images):,}")
    return found
