"""A disk that is full, said in a sentence: which one, what did not fit, and what to do."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FULL = (errno.ENOSPC, errno.EDQUOT)


class DiskFull(OSError):
    """Something could not be written as the disk has no room for it."""

    def __str__(self) -> str:
        return self.strerror or ""


@contextmanager
def room_for(what: str, folder: Path, *, remedy: str = "free some space and try again") -> Iterator[None]:
    """Turn the error of a full disk into a sentence, also one that hides behind another error.

    Args:
        what: is written, e.g. "the snapshot".
        folder: where to.
        remedy: what to do about it.

    Raises:
        DiskFull: the disk is full; it has the errno of what was met.
    """
    try:
        yield
    except Exception as error:
        if (found := _full(error)) is None:
            raise
        sentence = f"the disk with {folder} is full, {_free_mib(folder)} MiB are left and {what} does not fit; {remedy}"
        raise DiskFull(found.errno, sentence) from error


def require(what: str, folder: Path, n_bytes: int) -> None:
    """Refuse to begin what will not fit.

    Args:
        what: is to be written, e.g. "the export".
        folder: where to; it need not be there yet.
        n_bytes: about how much.

    Raises:
        DiskFull: there is less room.
    """
    place = next((parent for parent in (folder, *folder.absolute().parents) if parent.exists()), None)
    try:
        free = shutil.disk_usage(place or folder).free
    except OSError:
        return
    if free < n_bytes:
        sentence = (
            f"the disk with {folder} has {free / 2**20:,.1f} MiB left and {what} takes about {n_bytes / 2**20:,.1f}; "
            "free some space or write elsewhere"
        )
        raise DiskFull(errno.ENOSPC, sentence)


def size(folder: Path) -> int:
    """Bytes in the files of a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def is_full(error: BaseException) -> bool:
    """Whether a full disk is what an error comes from."""
    return _full(error) is not None


def is_short(folder: Path, reserve_mib: int) -> bool:
    """Whether less than a reserve is left on the disk of a folder."""
    try:
        return shutil.disk_usage(folder).free < reserve_mib * 2**20
    except OSError:
        return False


def _full(error: BaseException) -> OSError | None:
    """The error of a full disk among those that led to this one; torch raises an own error for it."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.errno in FULL:
            return seen
        seen = seen.__cause__ or seen.__context__
    return None


def _free_mib(folder: Path) -> str:
    try:
        return f"{shutil.disk_usage(folder).free / 2**20:,.1f}"
    except OSError:
        return "0"
