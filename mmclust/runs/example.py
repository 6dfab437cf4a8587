"""The bundled runs, an example and those of the lessons: plain files, read like any other store, never written to.

The folder of one is a run's folder (`spec.json`, `snapshots/`, `checkpoint.pt`) with `record.json` (the row of the
runs table) and `metrics.csv` beside them.
"""

import csv
import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from mmclust.runs.run import Run
from mmclust.runs.tables import METRICS, RUNS

if TYPE_CHECKING:
    from mmclust.runs.store import RunStore

FOLDER = Path(__file__).resolve().parents[2] / "assets" / "example"
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


def open_example(home: Path, folder: Path = FOLDER) -> "RunStore | None":
    """The store over the example's files, None where they are not shipped.

    Its database is a cache below `home`, made anew when the files change.
    """
    return _opened(home, [folder])


def open_lessons(home: Path, folder: Path = LESSONS) -> "RunStore | None":
    """The store over the finished runs of the lessons, None where they are not shipped; see `open_example`."""
    return _opened(home, sorted(record.parent for record in folder.glob("*/record.json")))


def _opened(home: Path, folders: Sequence[Path]) -> "RunStore | None":
    from mmclust.runs.store import RunStore

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
        temporary = cached.with_name(f"{cached.name}.{os.getpid()}")
        cached.parent.mkdir(parents=True, exist_ok=True)
        temporary.unlink(missing_ok=True)
        making = RunStore(home, url=f"sqlite:///{temporary}")
        points = [
            {
                "run_id": row["run_id"],
                "name": point["name"],
                "step": int(point["step"]),
                "epoch": float(point["epoch"]),
                "value": float(point["value"] or "nan"),
            }
            for row, (_, curves) in zip(rows, texts, strict=True)
            for point in csv.DictReader(curves.decode().splitlines())
        ]
        with making.writing() as connection:
            connection.execute(insert(RUNS), rows)
            connection.execute(insert(METRICS), points)
        making.close()
        temporary.replace(cached)
    owners = {row["run_id"]: folder for row, folder in zip(rows, folders, strict=True)}
    return RunStore(home, url=f"sqlite:///{cached}", example=owners)
