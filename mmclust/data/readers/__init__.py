"""Readers of users' files: one module per format, and one sentence for whatever is wrong with a file."""

from collections.abc import Callable
from pathlib import Path

from mmclust.data.dataset import DataSpec, MultiViewDataset
from mmclust.data.readers import npz, tree

Progress = Callable[[float, str], None]


def read(path: Path, *, progress: Progress | None = None) -> MultiViewDataset:
    """Read a user's file or folder, by its ending.

    Without labels, `spec.n_clusters` is 0: how many clusters to look for must then be said.

    Raises:
        ValueError: an ending that is not known, or what is wrong with the file.
    """
    return npz.read(path) if _is_npz(path) else tree.read(path, progress=progress)


def describe(path: Path) -> DataSpec:
    """What a file or folder holds; of pictures the headers are read alone.

    Raises:
        ValueError: as `read`.
    """
    return npz.read(path).spec if _is_npz(path) else tree.describe(path)


def _is_npz(path: Path) -> bool:
    if path.is_file() and path.name.lower().endswith(".npz"):
        return True
    if tree.is_tree(path):
        return False
    allowed = ", ".join((".npz", *tree.ARCHIVES))
    raise ValueError(f"{path.name} is of no kind that is read; give a folder of images or a file ending in {allowed}")
