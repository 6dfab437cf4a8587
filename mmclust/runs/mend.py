"""Compares the store with the folders of its runs, and mends what one of them knows and the other has lost."""

import json
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, insert, select, update

from mmclust.evaluation.snapshot import Snapshot
from mmclust.runs import beside, checkpoints, columns, journal, seals
from mmclust.runs.record import LOST, unreadable
from mmclust.runs.records import RunRecords
from mmclust.runs.spec import RunSpec
from mmclust.runs.tables import METRICS, RUNS

Repair = Literal["", "add", "replace", "curves", "beside"]
LACKED = {"annotations.json": "annotations", "sweeps.json": "places in sweeps"}
REBUILT = "Its record was lost and is made from its folder; resume to complete it."


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something that is not as it should be with a run."""

    run_id: str
    sentence: str
    """In words that follow the name of the run."""
    repair: Repair = ""
    """What can be done about it here; empty for nothing."""
    file: str = ""
    """What knows the rows of other tables that the store lacks."""


def lost(store: RunRecords) -> list[str]:
    """Names of folders of runs that the store does not know."""
    with store.reading() as connection:
        known = set(connection.scalars(select(RUNS.c.run_id)))
    try:
        names = os.listdir(store.home / "runs")
    except OSError:
        return []
    return sorted(name for name in names if name not in known and (store.folder(name) / "spec.json").exists())


def faults(store: RunRecords) -> Iterable[Fault]:
    """Everything that is wrong; reads all files of all runs."""
    for name in lost(store):
        yield Fault(run_id=name, sentence="is not in the store", repair="add")
    for row in store.rows():
        run_id, folder = row["run_id"], store.folder(row["run_id"])
        if not folder.is_dir():
            yield Fault(run_id=run_id, sentence="has lost its folder, with its snapshots and weights")
            continue
        if (damage := unreadable(row)) is not None:
            good = _readable(folder)
            yield Fault(run_id=run_id, sentence=f"cannot be read ({damage.reason})", repair="replace" if good else "")
        elif row["status"] != "running":
            yield from _gaps(store, row)
        yield from _damaged_files(run_id, folder)
    for path, n_rows in beside.lacking(store):
        of_run = path.name in LACKED
        sentence = f"lacks {n_rows:,} of its {LACKED[path.name]}" if of_run else "is not in the store"
        name = path.parent.name if of_run else path.stem
        yield Fault(run_id=name, sentence=sentence, repair="beside", file=str(path))


def repair(store: RunRecords, fault: Fault) -> None:
    """Mend a fault that can be mended."""
    if fault.file:
        return beside.restore(store, Path(fault.file))
    folder = store.folder(fault.run_id)
    entries = journal.read(folder)
    with store.writing() as connection:
        if fault.repair == "replace":
            connection.execute(update(RUNS).where(RUNS.c.run_id == fault.run_id).values(**rebuilt(folder)))
        if fault.repair == "add":
            connection.execute(insert(RUNS).values(**rebuilt(folder)))
        _mend_curves(connection, fault.run_id, entries, keep_metrics=fault.repair != "curves")


def _mend_curves(connection: Connection, run_id: str, entries: Sequence[journal.Entry], *, keep_metrics: bool) -> None:
    """Let a run have the curves that store and journal know together; points that neither knows any more are counted.

    Args:
        connection: of the caller's transaction.
        run_id: the run.
        entries: of its journal.
        keep_metrics: whether its row is known to have those of its last evaluation.
    """
    row = connection.execute(select(RUNS).where(RUNS.c.run_id == run_id)).mappings().one()
    before = row["n_points"] or seals.n_points(connection, run_id)
    after = journal.mend(connection, run_id, entries)
    values: dict[str, Any] = {"n_points": after if row["ended"] else None}
    if not keep_metrics and (metrics := journal.last_metrics(journal.entries_of(connection, run_id))):
        values["metrics"] = json.dumps(metrics)
    if (n_lost := before - after) > 0:
        environment = json.loads(row["environment"])
        values["environment"] = json.dumps(environment | {LOST: str(n_lost + int(environment.get(LOST, 0)))})
    seals.seal(connection, run_id, **values)


def rebuilt(folder: Path) -> dict[str, Any]:
    """The row of a run as its folder tells it.

    Raises:
        ValueError: the folder has no spec that can be read.
    """
    try:
        spec = RunSpec.from_json((folder / "spec.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{folder} has no spec.json that can be read; the run is lost") from error
    kept = {name: value for name, value in journal.read_record(folder).items() if name in RUNS.c}
    row = _of_spec(folder, spec) | (kept or _of_files(folder)) | journal.read_words(folder)
    if row["status"] in ("running", "queued"):
        row |= {"status": "interrupted", "error": REBUILT}
    row |= {"seal": None}  # of the row before
    return row | {"run_id": folder.name, "token": None, "owner": None, "request": "", "waiting_for": ""}


def _of_spec(folder: Path, spec: RunSpec) -> dict[str, Any]:
    created = (folder / "spec.json").stat().st_mtime
    row = {"spec": spec.to_json(), "title": spec.title, "launcher": spec.launcher, "status": "interrupted"}
    return row | {"created": created, "queued": created, "error": REBUILT}


def _of_files(folder: Path) -> dict[str, Any]:
    """What snapshots and curves tell of a run of a version that kept no record beside them."""
    entries = journal.read(folder)
    metrics = journal.last_metrics(entries)
    row: dict[str, Any] = {"metrics": json.dumps(metrics)} if metrics else {}
    for file in sorted((folder / "snapshots").glob("epoch_*.npz"), reverse=True):
        try:
            last = Snapshot.load(file, scores_only=True)
        except ValueError:
            continue
        return (
            row
            | {"step": last.step, "epoch": float(last.epoch), "n_samples": len(last.index)}
            | {
                "n_clusters": last.n_clusters,
                "ended": time.time(),
            }
        )
    return row


def _readable(folder: Path) -> bool:
    try:
        row = columns.defaults(RUNS) | rebuilt(folder)
    except ValueError:
        return False
    return unreadable(row) is None


def _gaps(store: RunRecords, row: dict[str, Any]) -> Iterable[Fault]:
    """Points and metrics that the folder of a run knows and the store does not."""
    run_id = row["run_id"]
    entries = journal.read(store.folder(run_id))
    with store.reading() as connection:
        n_missing = len(journal.missing(connection, run_id, journal.points(run_id, entries)))
        stored = journal.entries_of(connection, run_id)
        n_damaged = max(seals.n_points(connection, run_id), row["n_points"] or 0) - sum(len(e.values) for e in stored)
    # The journal may have lost lines of its end: both together know the last evaluation.
    last = journal.last_metrics(stored) if entries else {}
    if n_damaged > n_missing:
        yield Fault(run_id=run_id, sentence=f"has {n_damaged:,} damaged points in its curves", repair="curves")
    elif n_missing:
        yield Fault(run_id=run_id, sentence=f"lacks {n_missing:,} points of its curves", repair="curves")
    elif last and last != json.loads(row["metrics"] or "{}"):
        yield Fault(run_id=run_id, sentence="has metrics of another evaluation than its last", repair="curves")
    elif row["status"] == "finished" and not _ends_evaluated(store, row):
        yield Fault(run_id=run_id, sentence="is finished without an evaluation at its end; train it again")


def _ends_evaluated(store: RunRecords, row: dict[str, Any]) -> bool:
    """Whether a run has an evaluation at its last step; one without any curve was not trained here."""
    this = METRICS.c.run_id == row["run_id"]
    with store.reading() as connection:
        last = connection.scalar(select(METRICS.c.step).where(this).order_by(METRICS.c.step.desc()).limit(1))
        signal = (this, METRICS.c.step == last, METRICS.c.name.startswith("signal/"))
        return last is None or connection.scalar(select(METRICS.c.id).where(*signal).limit(1)) is not None


def _damaged_files(run_id: str, folder: Path) -> Iterable[Fault]:
    for name in (checkpoints.NEWEST, checkpoints.BEFORE):
        try:
            checkpoints.check(folder / name)
        except FileNotFoundError:
            continue
        except checkpoints.DamagedState as error:
            yield Fault(run_id=run_id, sentence=f"has damaged weights: {error}")
    for file in sorted((folder / "snapshots").glob("epoch_*.npz")):
        try:
            Snapshot.load(file)
        except ValueError as error:
            yield Fault(run_id=run_id, sentence=f"has damaged codes: {error}")
