"""Checksums of the files of a kept data set, so that a damaged one is told and never trained on."""

import json
import zlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

KEPT = "checksums.json"
_BLOCK = 1 << 20


def write(folder: Path) -> None:
    """Note the checksums of all files that a folder holds now, in the folder."""
    found = {file.name: of(file) for file in sorted(folder.iterdir())}
    (folder / KEPT).write_text(json.dumps(found, indent=2))


def of(file: Path) -> int:
    """The checksum of a file."""
    found = 0
    with file.open("rb") as opened:
        while block := opened.read(_BLOCK):
            found = zlib.crc32(block, found)
    return found


def damaged(folder: Path, names: Iterable[str]) -> list[str]:
    """Which of these files are not as they were written; those of a folder without checksums count as good.

    A file is read once, as long as it does not change.

    Args:
        folder: that `write` was called for.
        names: of its files.
    """
    try:
        known = json.loads((folder / KEPT).read_text())
        return [name for name in names if name in known and known[name] != _of_unchanged(folder / name)]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError):
        return [KEPT]


def _of_unchanged(file: Path) -> int | None:
    try:
        about = file.stat()
    except FileNotFoundError:
        return None
    return _of_version(file, about.st_mtime_ns, about.st_size)


@lru_cache(maxsize=1024)
def _of_version(file: Path, changed: int, size: int) -> int:
    # Time and size are part of the key: a file that was written anew is read anew.
    return of(file)
