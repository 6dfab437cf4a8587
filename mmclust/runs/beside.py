"""What the folders of a home keep of annotations and sweeps, so that a store that lost them is made whole.

runs/ID/annotations.json  the annotations of a run
runs/ID/sweeps.json       its places in sweeps
sweeps/ID.json            what a sweep asked for, and how it ended
"""

import json
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, insert, select

from mmclust.runs import journal
from mmclust.runs.database import Database
from mmclust.runs.tables import ANNOTATIONS, RUNS, SWEEP_RUNS, SWEEPS

Rows = Sequence[dict[str, Any]]
OF_RUNS = {"annotations.json": ANNOTATIONS, "sweeps.json": SWEEP_RUNS}
"""Files in the folder of a run, and whose rows they hold."""
KEYS: dict[str, tuple[tuple[str, ...], ...]] = {
    ANNOTATIONS.name: (("annotation_id",), ("run_id", "name")),
    SWEEP_RUNS.name: (("sweep_id", "cell", "seed"),),
    SWEEPS.name: (("sweep_id",),),
}
"""Columns by which a row is there already."""

log = logging.getLogger(__name__)


def keep_of_run(store: Database, run_id: str) -> None:
    """Write what the store has of a run's annotations and places into its folder; none for the bundled examples."""
    folder = store.home / "runs" / run_id
    if not folder.is_dir():
        return
    for name, table in OF_RUNS.items():
        with store.reading() as connection:
            rows = connection.execute(select(table).where(table.c.run_id == run_id)).mappings().all()
        if rows or (folder / name).exists():
            _keep(folder / name, [dict(row) for row in rows])


def keep_sweep(store: Database, sweep_id: str) -> None:
    """Write what the store has of a sweep, but for its runs, into the folder of sweeps."""
    with store.reading() as connection:
        rows = connection.execute(select(SWEEPS).where(SWEEPS.c.sweep_id == sweep_id)).mappings().all()
    path = _folder(store) / f"{sweep_id}.json"
    try:
        path.parent.mkdir(exist_ok=True)
    except OSError as error:
        log.warning("%s: %s", path, error)
        return
    _keep(path, [dict(row) for row in rows])


def lacking(store: Database) -> Iterator[tuple[Path, int]]:
    """Each file that knows rows which the store lacks, and how many; sweeps first, as places refer to them."""
    paths = sorted(_folder(store).glob("*.json"))
    for name in OF_RUNS:
        paths += sorted((store.home / "runs").glob(f"*/{name}"))
    for path in paths:
        rows = _kept(path)
        with store.reading() as connection:
            n_lost = sum(_is_lost(connection, _table(path), row) for row in rows)
        if n_lost:
            yield path, n_lost


def restore(store: Database, path: Path) -> None:
    """Put the rows back that a file knows and the store lacks."""
    table = _table(path)
    with store.writing() as connection:
        for row in _kept(path):
            if _is_lost(connection, table, row):
                connection.execute(insert(table).values(**row))


def _table(path: Path) -> Table:
    return OF_RUNS.get(path.name, SWEEPS)


def _folder(store: Database) -> Path:
    return store.home / "sweeps"


def _keep(path: Path, rows: Rows) -> None:
    text = json.dumps(list(rows))
    try:
        journal.write_whole(path, json.dumps({"rows": list(rows), "checksum": journal.checksum(text)}).encode())
    except OSError as error:  # the store has them
        log.warning("%s: %s", path, error)


def _kept(path: Path) -> list[dict[str, Any]]:
    """The rows in a file; none where it is not as it was written."""
    try:
        document = json.loads(path.read_bytes())
        rows = document["rows"]
        if document["checksum"] != journal.checksum(json.dumps(rows)):
            raise ValueError("its checksum differs")
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("%s is not used: %s", path, error)
        return []
    return rows


def _is_lost(connection: Connection, table: Table, row: dict[str, Any]) -> bool:
    """Whether a row can be put back: it is not there, and what it refers to is."""
    if table is SWEEP_RUNS and not (
        _has(connection, SWEEPS, row, "sweep_id") and _has(connection, RUNS, row, "run_id")
    ):
        return False
    return not any(_has(connection, table, row, *names) for names in KEYS[table.name])


def _has(connection: Connection, table: Table, row: dict[str, Any], *names: str) -> bool:
    this = [table.c[name] == row[name] for name in names]
    return connection.execute(select(table).where(*this).limit(1)).first() is not None
