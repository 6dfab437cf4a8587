"""Readers of users' files: one module per format, and one sentence for whatever is wrong with a file."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from mmclust.data.dataset import DataSpec, MultiViewDataset
from mmclust.data.readers import archives, cache, folder, hdf, leftovers, mat, table, tree
from mmclust.data.readers.reading import Reading

Progress = Callable[[float, str], None]

LONGEST = 500
"""Letters of a refusal."""
ENDINGS = (".npz", ".npy", ".mat", *table.ENDINGS, *hdf.ENDINGS, ".gz", *archives.ARCHIVES)
"""How a file that is read may end."""


def read(path: Path, reading: Reading | None = None, *, progress: Progress | None = None) -> MultiViewDataset:
    """Read a user's file or folder, by its ending.

    Without labels, `spec.n_clusters` is 0: how many clusters to look for must then be said.

    Args:
        path: of the file or folder.
        reading: answers what the file leaves open, and takes down what was asked and understood.
        progress: called with a fraction 0..1 and what is being done.

    Raises:
        ValueError: an ending that is not known, or what is wrong with the file.
    """
    with _sentences(path):
        reader = _reader(path)
        return tree.read(path, reading, progress=progress) if reader is None else reader(path, reading)


@contextmanager
def _sentences(path: Path) -> Iterator[None]:
    """Keep refusals readable: names inside damaged files may be long or hold anything."""
    try:
        yield
    except UnicodeError as error:
        raise ValueError(f"{path.name} is damaged ({getattr(error, 'reason', error)}); copy it again") from None
    except MemoryError:
        raise ValueError(f"{path.name} needs more memory than there is; give a part of it") from None
    except ValueError as error:
        text = "".join(c if c.isprintable() else "?" for c in str(error))
        if text == str(error) and len(text) <= LONGEST:
            raise
        cut = text if len(text) <= LONGEST else f"{text[: LONGEST // 2]} ... {text[-LONGEST // 2 :]}"
        raise ValueError(cut) from None


def describe(path: Path) -> tuple[DataSpec, int]:
    """What a file or folder holds, and how many samples.

    Of pictures the headers are read alone, other files whole, but only once.

    Raises:
        ValueError: as `read`.
    """
    with _sentences(path):
        if _reader(path) is None:
            return tree.describe(path)
    parts = folder.files(path) if path.is_dir() else [path]
    return _described(path, tuple(cache.stamp(part) for part in parts))


def forget(path: Path) -> None:
    """Remove what reading a path has left in the cache; nothing happens where that is nothing."""
    if path.exists() and tree.is_tree(path):
        tree.forget(path)


@lru_cache(maxsize=32)
def _described(path: Path, stamps: tuple[object, ...]) -> tuple[DataSpec, int]:
    # `stamps` is part of the key: a file that changed is read anew.
    found = read(path)
    return found.spec, found.n_samples


def _reader(path: Path) -> Callable[[Path, Reading | None], MultiViewDataset] | None:
    """What reads a file or folder of numbers; None for pictures."""
    name = path.name.lower()
    if path.is_dir():
        return folder.read if folder.is_folder(path) else None
    if name.endswith(archives.ARCHIVES):
        if name.endswith(".zip") and mat.is_zipped(path):
            return mat.read
        return folder.read_archive if folder.holds_data(path) else None
    if folder.is_data(path.name):
        return folder.single
    if name.endswith(leftovers.PICKLES):
        raise ValueError(
            f"{path.name} is a pickle, which may run any program when it is opened, so none is read; save its arrays "
            "with numpy.savez"
        )
    raise ValueError(
        f"{path.name} is of no kind that is read; give a folder of images or views, or a file ending in "
        f"{', '.join(ENDINGS)}"
    )
