"""Scenes whose pixels are the samples: a cube (H, W, D) of bands, other layers (H, W), and a map (H, W) of classes.

Hyperspectral sets come so, several sensors of one place side by side. Shapes: H x W pixels, D bands.
"""

from collections.abc import Mapping

import numpy as np

from mmclust.data.readers import words
from mmclust.data.readers.pairing import Value
from mmclust.data.readers.reading import Reading

PIXELS, NOT_PIXELS = "pixels", "rows of the arrays"
MIN_SIDE = 8
MOST_CLASSES = 256


def pixels_as_samples(arrays: Mapping[str, Value], reading: Reading) -> dict[str, Value]:
    """The arrays with a row for each pixel, where a map of classes lies on a cube, and nobody says otherwise."""
    maps = {key: value for key, value in arrays.items() if words.may_be_labels(key) and _is_map(value)}
    for key, found in maps.items():
        height, width = found.shape
        layers = {
            name: value
            for name, value in arrays.items()
            if isinstance(value, np.ndarray) and value.ndim in (2, 3) and value.shape[:2] == (height, width)
        }
        if not any(value.ndim == 3 for value in layers.values()):
            continue
        others = ", ".join(name[:40] for name in layers if name != key)
        text = (
            f"{key[:60]} has a number for each of {height} x {width} places of {others}: the samples may be the pixels "
            "of one scene."
        )
        if reading.ask("samples of a scene", text, (PIXELS, NOT_PIXELS), PIXELS) == NOT_PIXELS:
            return dict(arrays)
        reading.tell(f"the {height} x {width} pixels of a scene are the samples")
        flat = {name: np.reshape(value, (height * width, -1)) for name, value in layers.items()}
        return dict(arrays) | flat | {key: _labels(found, reading)}
    return dict(arrays)


def _is_map(value: Value) -> bool:
    """Whether a matrix holds few whole numbers at places that have two axes."""
    if not isinstance(value, np.ndarray) or value.ndim != 2 or min(value.shape) < MIN_SIDE:
        return False
    if value.dtype.kind not in "buif" or (value != np.round(value)).any() or value.min() < 0:
        return False
    found = np.unique(value)
    return 1 < len(found) <= min(MOST_CLASSES, value.size // 3)


def _labels(found: np.ndarray, reading: Reading) -> np.ndarray:
    """The classes of all pixels (H W,); 0 stands for none where people have marked some of the pixels alone."""
    labels = found.ravel().astype(np.float64)
    n_without = int((labels == 0).sum())
    if not n_without or len(np.unique(labels)) < 3:
        return labels
    text = f"{n_without:,} pixels have the label 0, which often stands for no class."
    options = ("samples without a class", "a class of its own")
    if reading.ask("label 0", text, options, options[0]) == options[0]:
        labels[labels == 0] = np.nan
    return labels
