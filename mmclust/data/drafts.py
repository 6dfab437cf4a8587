"""What has arrived from users and is not kept yet: drafts, in a folder of their owner, looked at and soon removed."""

import contextlib
import re
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from mmclust import audit, disk, settings

LOCAL = audit.LOCAL
"""The owner where nobody signs in."""
DRAFT_HOURS = 24
"""How old a draft may become that nobody keeps."""
DRAFTS = ".drafts"
_OWNER = re.compile(r"[a-z0-9]{1,32}")


@contextlib.contextmanager
def draft(owner: str = LOCAL) -> Iterator[Path]:
    """A folder for what is being made; gone afterwards."""
    folder = folder_of(owner) / DRAFTS / uuid.uuid4().hex
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise ValueError(
            f"{settings.home()} cannot be written ({error.strerror}); set MMCLUST_HOME elsewhere"
        ) from None
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def receive(files: Iterable[tuple[str, IO[bytes]]], owner: str = LOCAL) -> Path:
    """Put files that arrive into a draft, and give what a reader should open: the file, or the folder of several.

    Raises:
        ValueError: a name that is none, two files of one name, too much, or no room on the disk.
    """
    folder = folder_of(owner) / DRAFTS / uuid.uuid4().hex / "upload"
    room = settings.limit("UPLOADS_GIB") * 2**30 - n_bytes(folder_of(owner))
    try:
        with disk.room_for("an upload", settings.home()):
            folder.mkdir(parents=True)
            names = _written(files, folder, room)
    except OSError as error:
        shutil.rmtree(folder.parent, ignore_errors=True)
        full = isinstance(error, disk.DiskFull)
        told = str(error) if full else f"the files could not be written below {settings.home()} ({error.strerror})"
        raise ValueError(told) from None
    except ValueError:
        shutil.rmtree(folder.parent, ignore_errors=True)
        raise
    if not names:
        shutil.rmtree(folder.parent, ignore_errors=True)
        raise ValueError("no file has arrived; choose one or more")
    return folder / names[0] if len(names) == 1 else folder


def _written(files: Iterable[tuple[str, IO[bytes]]], folder: Path, room: float) -> list[str]:
    """Names of the files that were written into a folder.

    Args:
        files: name and content of each.
        folder: where to.
        room: bytes that are left to their owner.

    Raises:
        ValueError: as for `receive`.
    """
    limit = settings.limit("UPLOAD_MIB") * 2**20
    n_bytes, names = 0, []
    for name, content in files:
        plain = _plain_name(name)
        if plain in names:
            raise ValueError(f"two of the files are called {plain}; rename one")
        names.append(plain)
        with open(folder / plain, "xb") as target:
            while chunk := content.read(1 << 20):
                n_bytes += len(chunk)
                if n_bytes > limit:
                    raise ValueError(
                        f"the files have more than {limit >> 20:,} MiB; put larger ones into the folder that "
                        "MMCLUST_DATA names, or raise MMCLUST_MAX_UPLOAD_MIB"
                    )
                if n_bytes > room:  # drafts count: who never keeps one could fill the disk
                    raise ValueError(
                        "the files do not fit into what is left to you; delete a data set, or raise "
                        "MMCLUST_MAX_UPLOADS_GIB"
                    )
                target.write(chunk)
    return names


def discard(path: Path) -> None:
    """Remove the draft that `receive` made."""
    folder = path if path.name == "upload" else path.parent
    if folder.parent.parent.name == DRAFTS:
        shutil.rmtree(folder.parent, ignore_errors=True)


def sweep() -> None:
    """Remove the drafts that were left behind, by a killed server or a visitor who went away."""
    for folder in (settings.home() / "uploads").glob(f"*/{DRAFTS}/*"):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > 3600 * DRAFT_HOURS:
                shutil.rmtree(folder, ignore_errors=True)


def _plain_name(name: str) -> str:
    """The last part of a name, in letters that are safe on every disk."""
    last = PurePosixPath(name.replace("\\", "/")).name
    plain = re.sub(r"[^\w.() -]+", "_", last).lstrip(". ")[-100:]
    if not plain or plain in (".", ".."):
        raise ValueError(f"a file is called {last[:40]!r}, which is no name; rename it")
    return plain


def is_owner(owner: str) -> bool:
    """Whether a text can be the key of an owner."""
    return _OWNER.fullmatch(owner) is not None


def folder_of(owner: str) -> Path:
    """Folder of the data sets and drafts of an owner, there or not."""
    assert is_owner(owner), owner
    return settings.home() / "uploads" / owner


def n_bytes(folder: Path) -> int:
    """Size of all files of a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
