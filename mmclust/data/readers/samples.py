"""What every reader asks of images and labels, whatever file they came from."""

from collections.abc import Sequence

import numpy as np

from mmclust.data.readers import words
from mmclust.data.readers.reading import Reading


def channels_first(images: np.ndarray, where: str) -> np.ndarray:
    """Images (N, H, W), (N, H, W, C) or (N, C, H, W) as (N, C, H, W), C = 1 or 3.

    Raises:
        ValueError: another shape, or no image at all.
    """
    if images.ndim == 3:
        images = images[:, None]
    elif images.ndim == 4 and images.shape[1] not in (1, 3) and images.shape[3] in (1, 3):
        images = images.transpose(0, 3, 1, 2)
    if images.ndim != 4 or images.shape[1] not in (1, 3):
        flat = f"; or give (N, {int(np.prod(images.shape[1:])):,}) to cluster by the numbers" if images.ndim > 2 else ""
        raise ValueError(
            f"images in {where} have shape {images.shape}; (N, H, W), (N, C, H, W) or (N, H, W, C) with 1 or 3 "
            f"channels C is needed{flat}"
        )
    if 0 in images.shape:
        raise ValueError(f"images in {where} have shape {images.shape}; at least one image with pixels is needed")
    return images if isinstance(images, np.memmap) else np.ascontiguousarray(images)


def series_asked(name: str, values: np.ndarray, reading: Reading) -> np.ndarray:
    """Arrays (N, T, C) of long and narrow samples, such as series of sensors, as rows (N, T C) or as images (N, T, C).

    Bytes, and what is called images, are images.
    """
    if values.ndim != 3 or values.dtype == np.uint8 or words.plain(name).rstrip("0123456789") in words.IMAGES:
        return values
    short, long = sorted(values.shape[1:])
    if short >= NARROW or long < SLIM * short:
        return values
    shape = " x ".join(map(str, values.shape))
    text = f"{name} has the shape {shape}: its samples may be series of {short} numbers each time, or narrow images."
    answer = reading.ask(f"samples of {name}", text, (NUMBERS, IMAGES), NUMBERS)
    return values if answer == IMAGES else values.reshape(len(values), -1)


NARROW, SLIM = 10, 3
IMAGES = "images"


def channels_asked(name: str, images: np.ndarray, reading: Reading) -> np.ndarray:
    """Images (N, 3, H, 3) and the like, of which the second or the last axis may be the channels, as they are meant."""
    if images.ndim != 4 or images.shape[1] not in (1, 3) or images.shape[3] not in (1, 3):
        return images
    if images.shape[1] == 1 and images.shape[3] == 1:
        return images
    shape = " x ".join(map(str, images.shape))
    text = f"{name} has the shape {shape}: its second or its last axis may be the channels."
    if reading.ask(f"channels of {name}", text, (SECOND, LAST), LAST) == LAST:
        return np.ascontiguousarray(images.transpose(0, 3, 1, 2))
    return images


def three_of_many(name: str, images: np.ndarray, reading: Reading) -> np.ndarray:
    """Images of 2 channels or of 4 and more, as sensors give them, with those that are wanted; others as they are.

    Methods take one channel or three. Returns (N, C, H, W) with C 1 or 3, or the numbers (N, D) where these are wanted.
    """
    if images.ndim != 4 or images.dtype.kind not in "buif" or {1, 3} & {images.shape[1], images.shape[3]}:
        return images
    axis = 3 if images.shape[3] <= images.shape[1] else 1
    n_channels, sides = images.shape[axis], [images.shape[other] for other in (1, 2, 3) if other != axis]
    if not 2 <= n_channels <= MOST_CHANNELS or n_channels >= min(sides):
        return images
    shape = " x ".join(map(str, images.shape))
    text = f"{name} has the shape {shape}: {n_channels} channels, and methods take one or three."
    options = (*([COLOURS] if n_channels > 3 else []), MEAN, FIRST, NUMBERS)
    answer = reading.ask(f"channels of {name}", text, options, options[0])
    if answer == NUMBERS:
        return images.reshape(len(images), -1)
    first = images if axis == 1 else images.transpose(0, 3, 1, 2)
    if answer == MEAN:
        is_bytes = images.dtype.kind in "bui"
        mean = first.mean(axis=1, keepdims=True, dtype=np.float32)
        return np.round(mean).astype(images.dtype if images.dtype.kind != "b" else np.uint8) if is_bytes else mean
    kept = 3 if answer == COLOURS else 1
    rest = f"channel {n_channels}" if kept + 1 == n_channels else f"channels {kept + 1} to {n_channels}"
    reading.leave_out(f"{rest} of {name}", answer)
    return np.ascontiguousarray(first[:, :kept])


MOST_CHANNELS = 16
"""More are planes of a volume."""
COLOURS, MEAN, FIRST, NUMBERS = "the first three as colours", "their mean, in gray", "the first, in gray", "numbers"


def opaque(images: np.ndarray, reading: Reading) -> np.ndarray:
    """Images (N, H, W, 4) or (N, 4, H, W) of bytes on a ground that shows what is in them; others as they are."""
    if images.ndim != 4 or 4 not in (images.shape[1], images.shape[3]) or images.dtype != np.uint8:
        return images
    if {1, 3} & {images.shape[1], images.shape[3]}:
        return images
    last = images if images.shape[3] == 4 else images.transpose(0, 2, 3, 1)
    ground = best_ground([tones(one) for one in last[:: max(1, len(last) // 256)]])
    reading.tell(f"transparent parts on {GROUNDS[ground]}")
    share = last[..., 3:].astype(np.float32) / 255
    return np.round(last[..., :3] * share + ground * (1 - share)).astype(np.uint8)


SECOND, LAST = "the second axis", "the last axis"
GROUNDS = {255: "white", 0: "black", 128: "gray"}
"""What transparent parts are laid on, by its tone."""


def tones(pixels: np.ndarray) -> tuple[float, float] | None:
    """The mean tone (0..255) of what is visible in a picture (H, W, 4) and its share; None where all or nothing is."""
    share = pixels[..., 3].astype(np.float64) / 255
    if share.min() > 0.99 or share.max() < 0.01:
        return None
    tone = pixels[..., :3].astype(np.float64) @ np.array([0.299, 0.587, 0.114])
    return float((tone * share).sum() / share.sum()), float(share.mean())


def best_ground(found: Sequence[tuple[float, float] | None]) -> int:
    """The ground that differs most from what is visible in pictures, in the tenth where it differs least."""
    seen = np.array([tone for tone, _ in filter(None, found)])
    if not len(seen):
        return 255
    return max(GROUNDS, key=lambda ground: (round(float(np.quantile(np.abs(seen - ground), 0.1))), ground == 255))


HALF_OF_BYTES = 127


def pixel_range(images: np.ndarray, where: str) -> tuple[np.ndarray, float, float]:
    """Images in a type to train on, with the smallest and the largest value a pixel may have.

    Integers within 0..255 are or become bytes, others and floating point become float32. The range is taken from the
    data: 0..255 for bytes, 0..1, -1..1 or 0..255 for others, and what is there where these would waste more than half
    of it: gray levels 0..16 are not a set of dark images.

    Raises:
        ValueError: not numbers, not finite, or all pixels alike.
    """
    if images.dtype.kind not in "buif":
        raise ValueError(f"images in {where} are of type {images.dtype}; bytes or floating-point numbers are needed")
    low, high = float(images.min()), float(images.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ValueError(f"images in {where} hold NaN or infinite pixels; replace them by numbers")
    if low == high:
        raise ValueError(f"all pixels of the images in {where} are {low:g}; there is nothing to tell them apart")
    if images.dtype.kind in "bui" and low >= 0 and high <= 255:
        return images.astype(np.uint8, copy=False), 0.0, 255.0 if high > HALF_OF_BYTES else high
    usual = [(0.0, 1.0), (-1.0, 1.0)] + [(0.0, 255.0)] * (high > HALF_OF_BYTES)
    low, high = next(((a, b) for a, b in usual if a <= low and high <= b), (low, high))
    return images.astype(np.float32, copy=False), low, high


def class_ids(
    labels: np.ndarray, n_samples: int, names: tuple[str, ...], where: str
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Labels of any numbering as ids (N,) int64 from 0, and the names of the classes.

    With given `names`, labels must be indices into them; without, the distinct labels are numbered in order.

    Raises:
        ValueError: wrong number of labels, missing ones, or an index without a name.
    """
    labels = labels.ravel()
    if len(labels) != n_samples:
        raise ValueError(f"{where} has {len(labels)} labels for {n_samples} images; one label per image is needed")
    if labels.dtype.kind == "f":
        if not np.isfinite(labels).all() or (labels != np.round(labels)).any() or np.abs(labels).max() > 2**53:
            raise ValueError(f"labels in {where} hold fractions or NaN; whole numbers or names are needed")
        labels = labels.astype(np.int64)
    if labels.dtype.kind not in "buiUS":
        raise ValueError(f"labels in {where} are of type {labels.dtype}; whole numbers or names are needed")
    if names and labels.dtype.kind in "bui":
        if labels.min() < 0 or labels.max() >= len(names):
            raise ValueError(
                f"labels in {where} run from {labels.min()} to {labels.max()}, but there are {len(names)} class names; "
                f"number the classes from 0 to {len(names) - 1}"
            )
        return labels.astype(np.int64), names
    values, ids = np.unique(labels, return_inverse=True)
    return ids.reshape(-1).astype(np.int64), tuple(
        str(v.decode() if isinstance(v, bytes) else v) for v in values.tolist()
    )
