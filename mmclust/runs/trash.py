"""Deleted runs: out of the store, with all that is needed to bring them back, until they are dropped for good."""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from mmclust import audit
from mmclust.runs import caches, columns, journal, seals
from mmclust.runs.database import Database
from mmclust.runs.record import unreadable
from mmclust.runs.tables import ANNOTATIONS, METRICS, PENDING_CHANGES, RUNS, SWEEP_RUNS, SWEEPS

RELATED = "related.json"
"""What other tables had of a run that was deleted: its annotations, and its places in sweeps."""


@dataclass(frozen=True)
class Deleted:
    """A run in the trash."""

    run_id: str
    title: str
    deleted: float
    """When, in seconds since 1970."""
    n_bytes: int


def folder(store: Database) -> Path:
    """Where deleted runs lie."""
    return store.home / "trash"


def put(store: Database, connection: Connection, row: Mapping[str, Any]) -> None:
    """Take a run out of the store, and move its folder into the trash.

    Args:
        store: it is in.
        connection: of the transaction in which it leaves.
        row: of the runs table.

    Raises:
        OSError: its folder cannot be moved.
    """
    run_id = row["run_id"]
    this = {table: table.c.run_id == run_id for table in (METRICS, PENDING_CHANGES, ANNOTATIONS, SWEEP_RUNS, RUNS)}
    source, target = store.folder(run_id), folder(store) / run_id
    has_folder = Path(os.path.normpath(source)).parent == store.home / "runs"  # a damaged id leads elsewhere
    if has_folder:
        source.mkdir(parents=True, exist_ok=True)
        journal.mend(connection, run_id, journal.read(source))  # it may know what is damaged here
        journal.replace(source, journal.entries_of(connection, run_id))
        related = {t.name: [dict(r) for r in _rows(connection, t, this[t])] for t in (ANNOTATIONS, SWEEP_RUNS)}
        journal.write_whole(source / RELATED, json.dumps(related).encode())
        journal.write_record(source, {name: value for name, value in row.items() if not isinstance(value, bytes)})
        for name in caches.OF_RUNS:
            shutil.rmtree(source / name, ignore_errors=True)
    for table, rows in this.items():
        connection.execute(delete(table).where(rows))
    if has_folder:
        shutil.rmtree(target, ignore_errors=True)
        target.parent.mkdir(exist_ok=True)
        source.replace(target)


def listed(store: Database) -> list[Deleted]:
    """The deleted runs, the last one first."""
    found = []
    for place in folder(store).glob("*/"):
        record = place / journal.RECORD
        if record.exists():
            size = sum(file.stat().st_size for file in place.rglob("*") if file.is_file())
            title = str(journal.read_record(place).get("title") or "")
            found.append(Deleted(place.name, title, record.stat().st_mtime, size))
    return sorted(found, key=lambda run: -run.deleted)


def restore(store: Database, run_id: str) -> None:
    """Bring a deleted run back, with its curves, annotations and places in sweeps.

    Raises:
        ValueError: it is not in the trash, or its record is damaged.
    """
    source = _place(store, run_id)
    kept = {name: value for name, value in journal.read_record(source).items() if name in RUNS.c}
    row = columns.defaults(RUNS) | kept | {"run_id": run_id, "seal": None}
    if (damage := unreadable(row)) is not None:
        raise ValueError(f"run {run_id} cannot be restored as its record cannot be read ({damage.reason})")
    try:
        related = json.loads((source / RELATED).read_bytes())
    except (OSError, ValueError):
        related = {}
    with store.writing() as connection:
        if connection.scalar(select(RUNS.c.run_id).where(RUNS.c.run_id == run_id)) is not None:
            raise ValueError(f"there is a run {run_id} already; delete it before the one in the trash is restored")
        connection.execute(insert(RUNS).values(**seals.sealed(row)))
        journal.mend(connection, run_id, journal.read(source))
        if related.get(ANNOTATIONS.name):
            connection.execute(insert(ANNOTATIONS), related[ANNOTATIONS.name])
        for place in related.get(SWEEP_RUNS.name, []):
            if connection.scalar(select(SWEEPS.c.sweep_id).where(SWEEPS.c.sweep_id == place["sweep_id"])):
                connection.execute(insert(SWEEP_RUNS).values(**place))
        source.replace(store.folder(run_id))
    audit.note(store.home, "restore", run_id)
    (store.folder(run_id) / RELATED).unlink(missing_ok=True)


def drop(store: Database, run_id: str) -> None:
    """Remove a deleted run for good.

    Raises:
        ValueError: it is not in the trash.
    """
    shutil.rmtree(_place(store, run_id), ignore_errors=True)
    audit.note(store.home, "remove", run_id)


def _place(store: Database, run_id: str) -> Path:
    if run_id not in {run.run_id for run in listed(store)}:
        raise ValueError(f"run {run_id!r} is not in the trash; `python -m mmclust runs --trash` lists what is")
    return folder(store) / run_id


def _rows(connection: Connection, table: Any, this: Any) -> list[Mapping[str, Any]]:
    return [dict(row) for row in connection.execute(select(table).where(this)).mappings()]
