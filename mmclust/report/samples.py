"""Samples of a report as pictures: a strip for every view of the data, images as images and numbers as profiles.

Shapes: n samples, H x W pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmclust.data.dataset import MultiViewDataset
from mmclust.plots import images as pictures
from mmclust.plots import profiles

IMAGE_PX = 72
PAPER = (233, 237, 239)
"""Behind profiles; their ink is readable on it, whatever the page's own colour."""


@dataclass(frozen=True)
class Picture:
    """An image of a page, which carries its bytes in its address."""

    address: str
    alt: str


def is_image(dataset: MultiViewDataset, view: int) -> bool:
    """Whether a view is drawn as an image: it is one, or its columns are the pixels of one."""
    spec = dataset.spec.views[view]
    return spec.kind == "image" or spec.image_shape is not None


def drawn(dataset: MultiViewDataset, view: int, ids: np.ndarray) -> np.ndarray:
    """Pictures (n, H, W, 3) uint8 of samples in one view."""
    spec, values = dataset.spec.views[view], dataset.views[view]
    rows = np.stack([values[i] for i in ids]) if len(ids) else values[:0]
    if is_image(dataset, view):
        shape = spec.image_shape or spec.shape
        return pictures.thumbnails(rows.reshape(-1, *shape), IMAGE_PX, low=spec.low, high=spec.high)
    low, high = profiles.column_ranges(values)
    bars = profiles.profiles(rows, low, high, width=IMAGE_PX, height=IMAGE_PX * 5 // 8)
    return np.where(bars[..., 3:] > 0, bars[..., :3], np.array(PAPER, np.uint8))


def picture(pixels: np.ndarray, alt: str) -> Picture:
    """A picture (H, W, 3) uint8 for a template."""
    return Picture(address=pictures.data_uri(pictures.png(pixels)), alt=alt)


def strips(
    dataset: MultiViewDataset, ids: np.ndarray, alt: str, *, columns: int, borders: Sequence[str | None] | None = None
) -> list[Picture]:
    """A picture of samples for each view, the same sample in the same column; none without samples.

    Args:
        dataset: where they are from.
        ids: (n,) samples.
        alt: what they are.
        columns: samples in a row.
        borders: (n,) hex colour around each sample, None for none.
    """
    if not len(ids):
        return []
    several = len(dataset.views) > 1
    return [
        picture(
            pictures.sheet(drawn(dataset, view, ids), columns, borders=borders),
            f"{alt}, {spec.name}" if several else alt,
        )
        for view, spec in enumerate(dataset.spec.views)
    ]
