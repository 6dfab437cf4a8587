"""Which axis of the views counts the samples, once their number is known; asked where the shapes leave it open."""

from collections.abc import Mapping

import numpy as np

from mmclust.data.readers.pairing import Value
from mmclust.data.readers.reading import Reading

FIRST_AXIS, LAST_AXIS = "first axis", "last axis"


def samples_first(views: Mapping[str, Value], n_samples: int, has_labels: bool, reading: Reading) -> dict[str, Value]:
    """The views with their samples on the first axis, which is asked for where a matrix could be read either way."""
    flat = [value.shape for value in views.values() if value.ndim == 2]
    square = [key for key, value in views.items() if value.ndim == 2 and value.shape[0] == value.shape[1] == n_samples]
    either = not has_labels and len(flat) == len(views) and len({tuple(sorted(shape)) for shape in flat}) == 1
    if square or either:
        shape = " x ".join(map(str, flat[0]))
        guess = "rows" if square or flat[0][0] == n_samples else "columns"
        text = f"The file does not say whether samples are the rows or the columns of {shape} numbers."
        answer = reading.ask("samples", text, ("rows", "columns"), guess)
        if answer == "columns":
            return {
                key: value.T if key in square or either else _first(value, n_samples) for key, value in views.items()
            }
        if either:
            return dict(views)
    if not has_labels and all(
        value.ndim == 3 and value.shape[0] == value.shape[1] != value.shape[2] for value in views.values()
    ):
        shape = " x ".join(map(str, next(iter(views.values())).shape))
        text = (
            f"The file does not say which axis of {shape} numbers counts the samples; the first two look like pixels."
        )
        if reading.ask("samples", text, (FIRST_AXIS, LAST_AXIS), LAST_AXIS) == LAST_AXIS:
            return {key: np.moveaxis(value, -1, 0) for key, value in views.items()}
    turned = {key: _first(value, n_samples) for key, value in views.items()}
    if any(turned[key] is not value for key, value in views.items()):
        reading.tell("samples in columns")
    return turned


def is_surely_first(views: Mapping[str, Value], n_samples: int) -> bool:
    """Whether all views are arrays of images, as NumPy has them, that surely count samples by their first axis."""
    return all(
        value.ndim > 2
        and value.shape[0] == n_samples
        and not (value.ndim == 3 and value.shape[0] == value.shape[1] != value.shape[2])  # pixels come first
        for value in views.values()
    )


def _first(value: Value, n_samples: int) -> Value:
    if value.shape[0] == n_samples:
        return value
    return value.T if value.ndim == 2 else np.moveaxis(value, -1, 0)
