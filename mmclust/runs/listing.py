"""All runs of a store as records that are made once and kept: a list of thousands is asked for at every click.

Rows are compared by what a change of them shows in, without the long texts. A row that has changed is read whole, and
so is one that trains or waits: what it is depends on the time too.
"""

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, LargeBinary, cast, func, select

from mmclust.runs.database import POSTGRESQL, Database
from mmclust.runs.errors import UnreadableRun
from mmclust.runs.record import RunRecord, Unreadable, from_row, unreadable
from mmclust.runs.spec import RunSpec
from mmclust.runs.tables import RUNS

ACTIVE = ("queued", "running")
_LONG = ("spec", "metrics", "environment")
_UNSEEN = (
    *_LONG,
    *("waiter_seen", "waiting_for", "token", "owner", "request", "heartbeat", "device", "samples_per_s"),
    *("launcher", "n_points", "creator"),
)
"""Columns that change of active runs alone, or together with others; the length of the long ones is looked at."""
_AT_ONCE = 500
"""Rows at most that are asked for by name; of more, all are read."""
_QUIET_S = 0.1
"""Two writes within the clock tick of a file system leave the same time: a file this young may have changed unseen."""

_State = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class _Known:
    """A run as it was when it was read."""

    look: tuple[Any, ...]
    row: dict[str, Any] | None
    """Of one that trains or waits."""
    found: RunRecord | Unreadable

    def spec_of(self, row: Mapping[str, Any]) -> RunSpec | None:
        """The spec of the row as it is now, if it is still the same."""
        is_same = self.row is not None and self.row["spec"] == row["spec"]
        return self.found.spec if is_same and isinstance(self.found, RunRecord) else None


@dataclass(frozen=True)
class _Kept:
    """All runs as they were at one look."""

    runs: Mapping[str, _Known]
    """By id, newest first."""
    state: _State | None
    """Of the files before the look."""


class Listing:
    """The records of all runs of a store, newest first.

    Args:
        database: of the store.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept = _Kept({}, None)

    def read(self) -> list[RunRecord | Unreadable]:
        """Each run, or why it cannot be read."""
        state = _state(self._database.file)
        if state is None or state != self._kept.state:
            kept = self._kept = _Kept(self._looked(self._kept.runs), state)
            return [known.found for known in kept.runs.values()]
        return [self._current(known) for known in self._kept.runs.values()]

    def _current(self, known: _Known) -> RunRecord | Unreadable:
        return known.found if known.row is None else self._made(known.row, known)

    def _made(self, row: Mapping[str, Any], before: _Known | None) -> RunRecord | Unreadable:
        spec = before.spec_of(row) if before is not None else None
        with suppress(UnreadableRun):
            return from_row(row, example=self._database.read_only, spec=spec)
        damage = unreadable(row)
        assert damage is not None, "a row cannot be read and can"
        return damage

    def _looked(self, before: Mapping[str, _Known]) -> dict[str, _Known]:
        with self._database.reading() as connection:
            looks = _looks(connection)
            changed = [name for name, look in looks.items() if not _is_same(before.get(name), look)]
            rows = _rows(connection, changed)
        found = {name: before.get(name) for name in looks}  # in the order of the look
        for name in changed:
            row = rows.get(name)
            if row is not None:
                made = self._made(row, before.get(name))
                found[name] = _Known(looks[name], row if row["status"] in ACTIVE else None, made)
        return {name: known for name, known in found.items() if known is not None}


def _is_same(before: _Known | None, look: tuple[Any, ...]) -> bool:
    return before is not None and before.row is None and before.look == look


def _looks(connection: Connection) -> dict[str, tuple[Any, ...]]:
    """What changes of each run show in, newest first."""
    is_sqlite = connection.dialect.name != POSTGRESQL
    size = (lambda text: func.length(cast(text, LargeBinary))) if is_sqlite else func.octet_length
    columns = [column for column in RUNS.c if column.name not in (*_UNSEEN, "run_id")]
    query = select(RUNS.c.run_id, *columns, *(size(RUNS.c[name]) for name in _LONG)).order_by(RUNS.c.created.desc())
    if not is_sqlite:
        return {row[0]: tuple(row) for row in connection.execute(query)}
    return {row[0].decode(errors="replace"): row for row in _undecoded(connection, str(query.compile(connection)))}


def _undecoded(connection: Connection, query: str) -> list[tuple[Any, ...]]:
    """Rows of SQLite whose texts stay bytes: these are compared as well, and take no call of Python each."""
    driver: Any = connection.connection.driver_connection
    before, driver.text_factory = driver.text_factory, bytes
    try:
        return driver.execute(query).fetchall()
    finally:
        driver.text_factory = before


def _rows(connection: Connection, names: list[str]) -> dict[str, dict[str, Any]]:
    """The whole rows of some runs, maybe among others."""
    query = select(RUNS)
    if len(names) <= _AT_ONCE:
        query = query.where(RUNS.c.run_id.in_(names))
    return {row["run_id"]: dict(row) for row in connection.execute(query).mappings()}


def _state(file: Path | None) -> _State | None:
    """What changes with every write into an SQLite store; None where that cannot be told."""
    if file is None:
        return None
    try:
        found = [os.stat(path) for path in (file, file.with_name(file.name + "-wal")) if path.exists()]
    except OSError:
        return None
    if not found or time.time() - max(one.st_mtime for one in found) < _QUIET_S:
        return None
    return tuple((one.st_ino, one.st_size, one.st_mtime_ns) for one in found)
