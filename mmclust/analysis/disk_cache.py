"""Results that take seconds to work out, kept on disk beside the run they belong to."""

import hashlib
import logging
import os
from collections.abc import Callable, Hashable
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from mmclust.analysis.source import Source

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
    if (known := _read(path)) is not None:
        return known
    found = work()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        with temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **found)
        temporary.replace(path)
    except OSError as error:
        log.warning("a result was not kept: %s", error)
    return found


def content(values: np.ndarray) -> str:
    """A name for an array by its numbers: equal arrays have equal names."""
    digest = hashlib.blake2b(repr((values.shape, values.dtype.str)).encode(), digest_size=12)
    digest.update(np.ascontiguousarray(values).data)
    return digest.hexdigest()


def _read(path: Path) -> Arrays | None:
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, BadZipFile):  # absent, or cut short by a full disk
        return None
