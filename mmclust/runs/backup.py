"""Copies of a store in SQLite, and putting one aside that cannot be read."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from mmclust import settings
from mmclust.runs.database import address, reason
from mmclust.runs.errors import StoreUnavailable
from mmclust.runs.store import RunStore

BESIDE = ("", "-wal", "-shm")
"""Endings of the files of a database."""


def copy(store: RunStore, file: Path) -> None:
    """Write a copy of the store as it is at one moment; it appears whole or not at all.

    Raises:
        StoreUnavailable: it is no SQLite store, or the file cannot be written.
    """
    source = store.file
    if source is None:
        raise StoreUnavailable("the run store is no SQLite file; back a PostgreSQL database up with pg_dump")
    if file.exists() and file.samefile(source):
        raise StoreUnavailable(f"{file} is the store itself; choose another file")
    temporary = file.with_name(file.name + ".tmp")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary.unlink(missing_ok=True)
        with closing(sqlite3.connect(source)) as known, closing(sqlite3.connect(temporary)) as made:
            known.backup(made)
            made.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
            (verdict,) = made.execute("PRAGMA quick_check").fetchone()
        if verdict != "ok":
            raise StoreUnavailable(f"the run store is damaged ({verdict}); `python -m mmclust check --repair` mends it")
        temporary.replace(file)
    except (OSError, sqlite3.Error) as error:
        raise StoreUnavailable(f"{file} cannot be written: {reason(error)}") from error
    finally:
        temporary.unlink(missing_ok=True)


def put_aside() -> bool:
    """Rename the files of an SQLite store that is no database any more; whether it was one."""
    path = address(settings.store_url()).database
    if not path or not Path(path).is_file() or _is_whole(Path(path)):
        return False
    name = f"{path}.damaged-{time.strftime('%Y%m%d-%H%M%S')}"
    for ending in BESIDE:
        if (file := Path(path + ending)).exists():
            file.replace(name + ending)
    return True


def _is_whole(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(path)) as known:
            return known.execute("PRAGMA quick_check").fetchone() == ("ok",)
    except sqlite3.DatabaseError as error:
        return error.sqlite_errorcode not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
