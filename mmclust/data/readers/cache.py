"""Arrays that are costly to make are made once, kept as `.npy` under the cache folder and memory-mapped afterwards.

An entry is a folder named by a key of path, size and time of change, so a changed file is read anew. It is filled under
another name and renamed when complete: a killed process leaves nothing half done.
"""

import errno
import hashlib
import json
import shutil
import uuid
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mmclust import settings


def key(*parts: object) -> str:
    """A name for what was made from `parts`."""
    return hashlib.sha256(json.dumps([str(part) for part in parts]).encode()).hexdigest()[:24]


def stamp(path: Path) -> tuple[str, int, int]:
    """Path, size and time of change of a file: what its content is recognised by."""
    stat = path.stat()
    return str(path.resolve()), stat.st_size, stat.st_mtime_ns


def entry(name: str, fill: Callable[[Path], None]) -> Path:
    """The folder of a cache entry; `fill(folder)` makes it where it does not exist yet.

    Raises:
        ValueError: no space or no permission to write it.
    """
    folder = settings.home() / "cache" / name
    if folder.is_dir():
        return folder
    draft = folder.with_name(f"{name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        draft.mkdir(parents=True)
        fill(draft)
        if not folder.is_dir():  # another process may have been faster
            draft.rename(folder)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ValueError(f"the disk with {folder.parent} is full; free some space or set MMCLUST_HOME elsewhere") from None
        if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
            raise ValueError(f"{folder.parent} cannot be written; set MMCLUST_HOME to a folder of yours") from None
        if not folder.is_dir():
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def unpacked(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray:
    """A large `.npy` member of a zip, memory-mapped from the cache."""

    def fill(folder: Path) -> None:
        with archive.open(info) as source, open(folder / "array.npy", "wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)

    return np.load(entry(key("member", *stamp(path), info.filename), fill) / "array.npy", mmap_mode="r")


def save_meta(folder: Path, **values: Any) -> None:
    """Write what belongs to a cache entry beside its arrays."""
    (folder / "meta.json").write_text(json.dumps(values))


def load_meta(folder: Path) -> dict[str, Any]:
    """Read what `save_meta` wrote."""
    return json.loads((folder / "meta.json").read_text())
