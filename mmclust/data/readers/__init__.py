"""Readers of users' files: one module per format, and one sentence for whatever is wrong with a file."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from mmclust.data.dataset import DataSpec, MultiViewDataset
from mmclust.data.progress import Progress
from mmclust.data.readers import archives, cache, file_names, folder, hdf, leftovers, market, mat, packed, table, tree
from mmclust.data.readers.reading import Reading, document

LONGEST = 500
"""Letters of a refusal."""
ENDINGS = (
    ".npz",
    ".npy",
    ".mat",
    *table.ENDINGS,
    *table.TEXT_ENDINGS,
    *hdf.ENDINGS,
    *market.ENDINGS,
    ".gz",
    *archives.ARCHIVES,
)
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


def describe(path: Path, answers: Mapping[str, str] | None = None) -> tuple[DataSpec, int]:
    """What a file or folder holds, and how many samples.

    Of pictures the headers are read alone, other files whole, but only once.

    Args:
        path: of the file or folder.
        answers: to what it leaves open.

    Raises:
        ValueError: as `read`.
    """
    with _sentences(path):
        if _reader(path) is None:
            return tree.describe(path, Reading(answers))
    parts = folder.files(path) if path.is_dir() else [path]
    return _described(path, tuple(sorted((answers or {}).items())), tuple(cache.stamp(part) for part in parts))


def look(path: Path, reading: Reading) -> dict[str, Any]:
    """What is understood of a file or folder, as a document; of pictures from names and headers alone.

    Raises:
        ValueError: as `read`.
    """
    with _sentences(path):
        if _reader(path) is None:
            return tree.look(path, reading)
    return document(read(path, reading), reading)


def previews(path: Path, reading: Reading) -> dict[str, dict[str, str]]:
    """For each open question what every answer would make of the file: question -> answer -> a sentence."""
    found: dict[str, dict[str, str]] = {}
    for question in reading.open:
        found[question.name] = {}
        for option in question.options:
            own = Reading(reading.answers | {question.name: option})
            try:
                found[question.name][option] = look(path, own)["understood"]
            except ValueError as error:
                found[question.name][option] = str(error)
    return found


def forget(path: Path, answers: Mapping[str, str] | None = None) -> None:
    """Remove what reading a path with such answers has left in the cache; nothing happens where that is nothing."""
    if path.exists() and tree.is_tree(path):
        tree.forget(path, Reading(answers))


@lru_cache(maxsize=32)
def _described(path: Path, answers: tuple[tuple[str, str], ...], stamps: tuple[object, ...]) -> tuple[DataSpec, int]:
    # `stamps` is part of the key: a file that changed is read anew.
    found = read(path, Reading(dict(answers)))
    return found.spec, found.n_samples


def _reader(path: Path) -> Callable[[Path, Reading | None], MultiViewDataset] | None:
    """What reads a file or folder of numbers; None for pictures."""
    name = path.name.lower()
    if path.is_dir():
        return folder.read if folder.is_folder(path) else None
    with open(path, "rb") as file:
        leftovers.refuse_placeholder(file.read(64), path.name)
    if name.endswith(archives.ARCHIVES):
        if name.endswith(".zip") and mat.is_zipped(path):
            return mat.read
        return packed.read if packed.holds_data(path) else None
    if file_names.is_data(path.name) or name.endswith(table.TEXT_ENDINGS):
        return folder.single
    if leftovers.is_pickle(name):
        raise ValueError(
            f"{path.name} is a pickle, which may run any program when it is opened, so none is read; save its arrays "
            "with numpy.savez"
        )
    if (remedy := leftovers.remedy(path.name)) is not None:
        raise ValueError(f"{path.name} {remedy}")
    if folder.is_table_of_numbers(path):
        return folder.single
    raise ValueError(
        f"{path.name} is of no kind that is read; give a folder of images or views, or a file ending in "
        f"{', '.join(ENDINGS)}"
    )
