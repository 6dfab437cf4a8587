"""Published image sets: digits of scikit-learn, and those that torchvision knows how to fetch and read."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from mmclust.data import readers
from mmclust.data.dataset import DataSpec, MultiViewDataset

Progress = Callable[[float, str], None]


def digits(spec: DataSpec, path: Path | None = None, progress: Progress | None = None) -> MultiViewDataset:
    """The 1,797 handwritten digits bundled with scikit-learn, 8x8 pixels of 17 levels, as bytes 0..16."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = bunch.images.astype(np.uint8)[:, None]
    return MultiViewDataset(spec=spec, views=(images,), labels=bunch.target.astype(np.int64))


def image_set(spec: DataSpec, path: Path | None, progress: Progress | None = None) -> MultiViewDataset:
    """An image set from the file or folder it was found at."""
    assert path is not None
    return readers.read(path, progress=progress)
