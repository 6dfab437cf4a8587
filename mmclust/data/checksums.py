"""Checksums of the files of a kept data set or cache entry, so that a damaged one is told and never trained on."""

import json
import zlib
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path

KEPT = "checksums.json"
LARGEST, MOST = 2**30, 100
"""Bytes and files of a folder up to which its files are compared: of more that would take longer than to use them."""
_BLOCK = 1 << 20


def write(folder: Path, *, leave_out: Collection[str] = ()) -> None:
    """Note the checksums of the files that a folder holds now, in the folder; of too large a one none.

    Args:
        folder: with the files, also in folders below it.
        leave_out: names of those that may change.
    """
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    if len(files) > MOST or sum(file.stat().st_size for file in files) > LARGEST:
        return
    names = {file.relative_to(folder).as_posix(): file for file in files}
    found = {name: of(file) for name, file in names.items() if name not in leave_out}
    (folder / KEPT).write_text(json.dumps(found, indent=2))


def of(file: Path) -> int:
    """The checksum of a file."""
    found = 0
    with file.open("rb") as opened:
        while block := opened.read(_BLOCK):
            found = zlib.crc32(block, found)
    return found


def damaged(folder: Path) -> list[str]:
    """Names of files that are not as `write` met them; none without checksums.

    A file is read once, as long as it does not change.
    """
    try:
        known = json.loads((folder / KEPT).read_text())
        return sorted(name for name, checksum in known.items() if checksum != _of_unchanged(folder / name))
    except FileNotFoundError:
        return []
    except (OSError, ValueError, AttributeError):
        return [KEPT]


def _of_unchanged(file: Path) -> int | None:
    try:
        about = file.stat()
    except FileNotFoundError:
        return None
    return _of_version(file, about.st_mtime_ns, about.st_size)


@lru_cache(maxsize=4096)
def _of_version(file: Path, changed: int, size: int) -> int:
    # Time and size are part of the key: a file that was written anew is read anew.
    return of(file)
