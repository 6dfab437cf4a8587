"""Readers of users' files: one module per format, each error one sentence."""

from collections.abc import Callable
from pathlib import Path

from mmclust.data.dataset import DataSpec, MultiViewDataset
from mmclust.data.readers import npz

Progress = Callable[[float, str], None]


def read(path: Path, *, progress: Progress | None = None) -> MultiViewDataset:
    """Read a file or folder of a user, by its ending."""
    if path.suffix.lower() == ".npz":
        return npz.read(path)
    raise ValueError(f"{path.name} is not a kind of file that is read; give an .npz")


def describe(path: Path) -> DataSpec:
    """What a file holds."""
    return read(path).spec
