"""Results that take seconds to work out, kept on disk beside the run they belong to."""

import hashlib
import logging
import os
from collections.abc import Callable, Hashable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mmclust import disk
from mmclust.analysis.source import Source
from mmclust.evaluation.snapshot import DAMAGE

log = logging.getLogger(__name__)

Arrays = dict[str, np.ndarray]


def arrays(folder: Path, key: Hashable, work: Callable[[], Arrays], *, source: Source) -> Arrays:
    """Named arrays from the folder, else worked out and put there.

    Args:
        folder: made when it is not there. A folder that can't be written costs only time.
        key: everything the result depends on; its `repr` must be the same in every process.
        work: works it out.
        source: the code that works it out: after a change of it the result is made again.
    """
    digest = hashlib.blake2b(repr((source.version, key)).encode(), digest_size=12).hexdigest()
    path = folder / f"{digest}.npz"
    if (known := read(path)) is not None:
        return known
    found = work()
    keep(path, found, "a result")
    return found


def keep(path: Path, found: Mapping[str, Any], what: str) -> None:
    """Write arrays with their checksums; the file appears whole or not at all.

    Where there is no room that is logged: what was worked out is shown, and worked out again another time.

    Args:
        path: of the `.npz`; its folder is made, but not the one around that: a run may have been deleted meanwhile.
        found: the arrays by their names.
        what: they are, in words.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with disk.room_for(what, path.parent, remedy="free some space, or it is worked out again each time"):
            path.parent.mkdir(exist_ok=True)
            with temporary.open("wb") as file:
                np.savez(file, allow_pickle=False, **found)
            temporary.replace(path)
    except OSError as error:
        log.warning("%s was not kept: %s", what, error)
        _remove(temporary)


def read(path: Path) -> Arrays | None:
    """The arrays that `keep` has written; None where there are none, or others than those, as their checksums tell."""
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (*DAMAGE, MemoryError):  # a damaged size may be any
        return None


def _remove(file: Path) -> None:
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        log.warning("%s was left behind: %s", file, error)


def content(values: np.ndarray) -> str:
    """A name for an array by its numbers: equal arrays have equal names."""
    digest = hashlib.blake2b(repr((values.shape, values.dtype.str)).encode(), digest_size=12)
    digest.update(np.ascontiguousarray(values).data)
    return digest.hexdigest()
