"""The bundled runs, an example and those of the lessons: plain files, read like any other store, never written to.

The folder of one is a run's folder (`spec.json`, `snapshots/`, `checkpoint.pt`) with `record.json` (the row of the
runs table) and `metrics.csv` beside them.
"""

import csv
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from mmclust.runs import seals
from mmclust.runs.database import Database
from mmclust.runs.run import Run
from mmclust.runs.tables import RUNS
from mmclust.settings import ASSETS

FOLDER = ASSETS / "example"
LESSONS = FOLDER.with_name("lessons")
"""A folder for each run of the lessons."""
POINT = ("step", "epoch", "name", "value")


def save_example(run: Run, folder: Path = FOLDER) -> None:
    """Write a finished run as the example, in place of the one before.

    The row loses what belongs to one machine; the checkpoint is copied by the caller.

    Raises:
        ValueError: the run is not finished.
    """
    if (status := run.record().status) != "finished":
        raise ValueError(f"run {run.id} is {status}; only a finished run can become the example")
    with run.store.reading() as connection:
        row = dict(connection.execute(select(RUNS).where(RUNS.c.run_id == run.id)).mappings().one())
    row |= {"token": None, "owner": None, "heartbeat": None, "waiter_seen": None}
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "snapshots").mkdir(parents=True)
    (folder / "spec.json").write_text(run.spec.to_json() + "\n")
    (folder / "record.json").write_text(json.dumps(row, indent=2) + "\n")
    with (folder / "metrics.csv").open("w", newline="") as file:
        run.metrics()[list(POINT)].to_csv(file, index=False)
    for _, file in run.snapshots():
        shutil.copy(file, folder / "snapshots" / file.name)


@dataclass(frozen=True)
class Bundled:
    """Where bundled runs are read from."""

    url: str
    """Address of their database."""
    folders: dict[str, Path]
    """The folder of each run, by its id."""


def read(home: Path, folders: Sequence[Path]) -> Bundled | None:
    """The bundled runs of these folders, None where they are not shipped.

    Their database is a cache below `home`, made anew when the files change.
    """
    try:
        texts = [[(folder / name).read_bytes() for name in ("record.json", "metrics.csv")] for folder in folders]
    except OSError:
        return None
    if not texts:
        return None
    rows = [json.loads(record) for record, _ in texts]
    digest = hashlib.sha256(b"".join(part for parts in texts for part in parts)).hexdigest()
    cached = home / "cache" / f"example-{digest[:16]}.sqlite"
    if not cached.exists():
        _write_database(home, cached, rows, [curves for _, curves in texts])
    owners = {row["run_id"]: folder for row, folder in zip(rows, folders, strict=True)}
    return Bundled(f"sqlite:///{cached}", owners)


def _write_database(home: Path, file: Path, rows: Sequence[dict[str, Any]], curves: Sequence[bytes]) -> None:
    temporary = file.with_name(f"{file.name}.{os.getpid()}")
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary.unlink(missing_ok=True)
    database = Database(home, f"sqlite:///{temporary}")
    with database.writing() as connection:
        for row in rows:  # one by one: those of an earlier version lack columns that came later
            connection.execute(insert(RUNS), seals.sealed(row))
        seals.add_points(connection, chain.from_iterable(map(_points, rows, curves)))
    database.close()
    temporary.replace(file)


def _points(row: dict[str, Any], curves: bytes) -> Iterator[dict[str, Any]]:
    for point in csv.DictReader(curves.decode().splitlines()):
        yield {
            "run_id": row["run_id"],
            "name": point["name"],
            "step": int(point["step"]),
            "epoch": float(point["epoch"]),
            "value": float(point["value"] or "nan"),
        }
