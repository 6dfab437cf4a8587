"""From one array, a sample a row, to a view's values: pictures, vectors, or the images whose pixels are its columns.

Shapes: N samples, D columns, C channels, H x W pixels.
"""

import math
import re
from typing import Any, cast

import numpy as np

from mmclust import settings
from mmclust.data.dataset import ViewSpec
from mmclust.data.readers import words
from mmclust.data.readers.pairing import is_sparse
from mmclust.data.readers.reading import Reading
from mmclust.data.readers.samples import (
    channels_asked,
    channels_first,
    opaque,
    pixel_range,
    series_asked,
    three_of_many,
)
from mmclust.data.readers.words import plain

NUMBERS, BY_ROWS, BY_COLUMNS = "numbers", "images, row by row", "images, column by column"
BY_PIXELS = "images, three colours of each pixel together"
ROUGHNESS = 0.5
"""Columns are taken for pixels where neighbours differ by less than this share of what columns far apart differ by."""


def view(name: str, value: Any, where: str, reading: Reading, *, single: bool = False) -> tuple[ViewSpec, np.ndarray]:
    """Spec and values of a view: pictures as they are, anything flat as float32."""
    source = f"{name} in {where}"
    if isinstance(value, np.ndarray) and value.ndim > 2 and sum(size > 1 for size in value.shape[1:]) < 2:
        value = value.reshape(len(value), -1)  # (N, 1, D) is a row of numbers for each sample
    if isinstance(value, np.ndarray):
        value = series_asked(name, _as_asked(name, value, reading), reading)
    if value.ndim > 2:
        value = three_of_many(name, opaque(channels_asked(name, value, reading), reading), reading)
    if value.ndim > 2:
        images, low, high = pixel_range(channels_first(value, source), source)
        shown = "image" if single and re.sub(r"\d+$", "", plain(name)) in (*words.IMAGES, "x", "arr") else name
        return ViewSpec(name=shown, kind="image", shape=images.shape[1:], low=low, high=high), images
    if is_sparse(value):
        mib, most = 4 * value.shape[0] * value.shape[1] / 2**20, settings.limit("DENSE_MIB")
        if mib > most:
            raise ValueError(
                f"{source} is sparse with {value.shape[0]:,} x {value.shape[1]:,} places, which take {mib:,.0f} MiB "
                f"where {most:,} are allowed; reduce its columns first (e.g. by scikit-learn's TruncatedSVD), or raise "
                "MMCLUST_MAX_DENSE_MIB"
            )
        # In its last type at once: pages of memory that hold zeros alone are then never taken from the system.
        matrix = cast(Any, value)
        with np.errstate(over="ignore"):
            value = (matrix if matrix.dtype.kind == "c" else matrix.astype(np.float32)).toarray(order="C")
    if value.dtype.kind == "c":
        raise ValueError(f"{source} holds complex numbers; give their parts or amounts as a view each")
    with np.errstate(over="ignore"):  # beyond float32 becomes infinite, which is refused by name before training
        vectors = np.ascontiguousarray(value, dtype=np.float32)
    return ViewSpec(name=name, kind="vector", shape=vectors.shape[1:]), vectors


def _as_asked(name: str, value: np.ndarray, reading: Reading) -> np.ndarray:
    """Flat columns that may be pixels, which a file does not say, as images (N, H, W) or (N, 3, H, W) where wanted."""
    if value.ndim != 2 or value.dtype.kind not in "buif":
        return value
    n_columns = value.shape[1]
    channels = next((c for c in (1, 3) if n_columns % c == 0 and math.isqrt(n_columns // c) ** 2 == n_columns // c), 0)
    side = math.isqrt(n_columns // channels) if channels else 0
    some = value[:: max(1, len(value) // 256)]
    is_bytes = some.min() >= 0 and 1 < some.max() <= 255 and bool((some == np.round(some)).all())
    if side < 8 or not (is_bytes or (some.min() >= 0 and some.max() <= 1)):
        return value
    text = f"{name} has {n_columns:,} columns, which may be the pixels of {side} x {side} images."
    # Bytes in three planes whose neighbours are alike are pictures as CIFAR stores them; gray ones are often vectors.
    is_named = plain(name) in words.IMAGES or plain(name) == "pixels"
    by_plane, by_pixel = (_roughness(some, side), _roughness(_in_planes(some, side), side)) if channels == 3 else (1, 1)
    together = is_bytes and by_pixel < min(ROUGHNESS, by_plane)
    planes = value.dtype == np.uint8 and by_plane < ROUGHNESS
    guess = BY_PIXELS if together else BY_ROWS if planes or (is_named and value.dtype == np.uint8) else NUMBERS
    options = (NUMBERS, BY_ROWS, BY_COLUMNS, *([BY_PIXELS] if channels == 3 else []))
    answer = reading.ask(f"pixels of {name}", text, options, guess)
    if answer == NUMBERS:
        return value
    if answer == BY_PIXELS:
        return np.moveaxis(value.reshape(len(value), side, side, 3), -1, 1)
    images = value.reshape(len(value), *((side, side) if channels == 1 else (channels, side, side)))
    return images.swapaxes(-1, -2) if answer == BY_COLUMNS else images


def _in_planes(some: np.ndarray, side: int) -> np.ndarray:
    """Columns (n, H W 3), the colours of each pixel together, as planes (n, 3 H W)."""
    return np.moveaxis(some.reshape(len(some), side * side, 3), 2, 1).reshape(len(some), -1)


def _roughness(some: np.ndarray, side: int) -> float:
    """How much columns (n, 3 H W) in planes of pixels differ from their neighbours, beside from others far away."""
    planes = some.reshape(len(some), 3, side, side).astype(np.float32)
    near = np.abs(np.diff(planes, axis=3)).mean() + np.abs(np.diff(planes, axis=2)).mean()
    far = (
        np.abs(planes - np.roll(planes, side // 2, axis=3)).mean()
        + np.abs(planes - np.roll(planes, side // 2, axis=2)).mean()
    )
    return float(near / max(far, np.finfo(np.float32).tiny))
