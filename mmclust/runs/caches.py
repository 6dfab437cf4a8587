"""What can be worked out again takes no more than so much of the disk: the longest unused goes first.

That is all below `cache` in the home but the selections that links name and the bundled examples, and the layouts,
analyses and saliency maps in the folders of runs.
"""

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mmclust import settings

OF_RUNS = ("layouts", "analysis", "heat")
"""Folders of a run with what can be worked out again."""
KEPT = ("selections", "example-")
"""Beginnings of names below `cache` that stay: a link would lead nowhere, a store that is open would be empty."""
LEFT_BEHIND_S = 24 * 3600.0
"""From when an unfinished file counts as left behind by a process that was killed."""
DOWN_TO = 0.9
"""Fraction of the limit that is left, so that not every new file means a cleaning."""


@dataclass(frozen=True)
class Cached:
    """Something that was worked out: a file, or a folder that belongs together."""

    path: Path
    n_bytes: int
    used: float
    """When it was last read or written, in seconds since 1970."""


def found(home: Path) -> list[Cached]:
    """Everything that can be worked out again, the longest unused first."""
    return sorted((entry for path in _paths(home) if (entry := _of(path)) is not None), key=lambda one: one.used)


def clean(home: Path, *, at_most: float | None = None) -> int:
    """Remove what is left behind, and the longest unused until the rest fits.

    Args:
        home: the folder of runs and caches.
        at_most: bytes that may stay; None for `MMCLUST_MAX_CACHE_GIB`.

    Returns:
        How many bytes were removed.
    """
    limit = settings.limit("CACHE_GIB") * 2**30 if at_most is None else at_most
    entries, now = found(home), time.time()
    removed = [one for one in entries if one.path.name.endswith(".tmp") and now - one.used > LEFT_BEHIND_S]
    rest = [one for one in entries if one not in removed]
    size = sum(one.n_bytes for one in rest)
    if size > limit:
        for one in rest:
            if size <= DOWN_TO * limit:
                break
            removed.append(one)
            size -= one.n_bytes
    for one in removed:
        if one.path.is_dir():
            shutil.rmtree(one.path, ignore_errors=True)
        else:
            one.path.unlink(missing_ok=True)
    return sum(one.n_bytes for one in removed)


def _paths(home: Path) -> Iterator[Path]:
    for path in (home / "cache").glob("*"):
        if path.name == "thumbnails":  # a folder for each view of a data set
            yield from path.iterdir()
        elif not path.name.startswith(KEPT):
            yield path
    for name in OF_RUNS:
        yield from (home / "runs").glob(f"*/{name}/*")


def _of(path: Path) -> Cached | None:
    """Size and last use; None for what has gone meanwhile."""
    try:
        files = [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
        stats = [file.stat() for file in files] or [path.stat()]
    except OSError:
        return None
    return Cached(path, sum(one.st_size for one in stats), max(max(one.st_atime, one.st_mtime) for one in stats))
