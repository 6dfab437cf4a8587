"""A store that lost what its runs' folders know is mended from them; deleted runs come back whole."""

import json
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import delete, select, update

from mmclust.evaluation.snapshot import Snapshot
from mmclust.runs import backup, checkpoints, journal, mend, seals, trash
from mmclust.runs.annotations import Annotations
from mmclust.runs.errors import StoreUnavailable, UnknownRun, UnreadableRun
from mmclust.runs.run import Run
from mmclust.runs.spec import RunSpec
from mmclust.runs.store import RunStore
from mmclust.runs.tables import ANNOTATIONS, METRICS, RUNS, SWEEP_RUNS, SWEEPS
from mmclust.sweeps import record as sweeps
from mmclust.sweeps.sweep import Cell, grid

COLUMNS = ["step", "epoch", "name", "value"]
EVALUATION = {"eval/acc": 0.5, "eval/nmi": 0.4, "eval/ari": 0.3, "signal/usage_entropy": 1.0}


@pytest.fixture
def store() -> RunStore:
    return RunStore()


@pytest.fixture
def run(store: RunStore) -> Run:
    """A finished run with a title, a note and an annotation."""
    created = store.create(RunSpec(dataset="digits", method="dccs", config={}, epochs=2))
    active = store.claim(created.id)
    assert active is not None
    active.begin(n_samples=3, n_train=3, n_clusters=3, environment={"torch": "2"})
    logits = np.eye(3, dtype=np.float32)
    for epoch in (1, 2):
        active.log({"loss/a": float("nan")} | EVALUATION, step=epoch, epoch=epoch)
        active.snapshot(Snapshot(epoch=epoch, step=epoch, index=np.arange(3), logits=logits, spaces={"z": logits}))
        active.progress(step=epoch, total_steps=2, epoch=epoch)
        active.checkpoint({"step": epoch, "method": {}})
    active.finish("finished")
    created.rename("Mine")
    created.write_note("a *note*")
    created.name_clusters({1: "ones"})
    Annotations(store).create(created.id, "by eye", epoch=2)
    return created


def wiped(store: RunStore) -> None:
    """The store as new, with the runs' folders where they were."""
    with store.writing() as connection:
        connection.execute(delete(METRICS))
        connection.execute(delete(RUNS))


def test_all_is_well_with_a_run_as_it_was_trained(store: RunStore, run: Run):
    assert list(mend.faults(store)) == [] and mend.lost(store) == []


def test_a_run_that_the_store_lost_comes_back_from_its_folder(store: RunStore, run: Run):
    record, points = run.record(), run.metrics()[COLUMNS]
    wiped(store)
    assert mend.lost(store) == [run.id]
    (fault,) = mend.faults(store)
    mend.repair(store, fault)
    assert run.record() == record
    assert run.metrics()[COLUMNS].equals(points)
    assert list(mend.faults(store)) == []


def test_a_run_of_a_version_without_records_comes_back_as_resumable(store: RunStore, run: Run):
    wiped(store)
    for name in ("record.json", "words.json", "journal.txt"):
        (run.folder / name).unlink()
    for fault in mend.faults(store):
        mend.repair(store, fault)
    record = store.record(run.id)
    assert (record.status, record.epoch, record.step, record.n_samples, record.n_clusters) == (
        "interrupted",
        2,
        2,
        3,
        3,
    )
    assert record.error == mend.REBUILT and record.resumable


def test_curves_and_figures_are_mended(store: RunStore, run: Run):
    points = run.metrics()[COLUMNS]
    with store.writing() as connection:
        connection.execute(delete(METRICS).where(METRICS.c.step == 2, METRICS.c.name == "eval/acc"))
        seals.seal(connection, run.id, metrics=json.dumps(dict.fromkeys(("acc", "nmi", "ari"), 0.1)))
    (fault,) = mend.faults(store)
    assert fault.sentence == "lacks 1 points of its curves"
    mend.repair(store, fault)
    assert run.record().metrics == {"acc": 0.5, "nmi": 0.4, "ari": 0.3}
    mended = run.metrics()[COLUMNS]
    assert sorted(map(str, mended.to_numpy().tolist())) == sorted(map(str, points.to_numpy().tolist()))
    assert list(mend.faults(store)) == []


def test_a_row_that_cannot_be_read_is_made_anew(store: RunStore, run: Run):
    record = run.record()
    with store.writing() as connection:
        connection.execute(update(RUNS).values(spec="{", metrics="7"))
    (fault,) = mend.faults(store)
    assert fault.repair == "replace"
    mend.repair(store, fault)
    assert run.record() == record


def test_damaged_files_and_a_missing_folder_are_told(store: RunStore, run: Run):
    (run.folder / checkpoints.NEWEST).write_bytes(b"none")
    (run.folder / "snapshots" / "epoch_0001.npz").write_bytes(b"none")
    assert [fault.sentence.partition(":")[0] for fault in mend.faults(store)] == [
        "has damaged weights",
        "has damaged codes",
    ]
    run.folder.rename(run.folder.with_name("elsewhere"))
    (run.folder.with_name("elsewhere") / "spec.json").unlink()
    (fault,) = mend.faults(store)
    assert "has lost its folder" in fault.sentence and not fault.repair


def test_a_finished_run_without_an_evaluation_at_its_end_is_told(store: RunStore, run: Run):
    with store.writing() as connection:
        connection.execute(delete(METRICS).where(METRICS.c.step == 2, METRICS.c.name != "loss/a"))
        connection.execute(update(RUNS).values(n_points=None))
    (run.folder / "journal.txt").unlink()
    (fault,) = mend.faults(store)
    assert "finished without an evaluation at its end" in fault.sentence


def test_a_deleted_run_comes_back_whole(store: RunStore, run: Run):
    record, points, files = run.record(), run.metrics()[COLUMNS], {p.name for p in run.folder.rglob("*")}
    (run.folder / "layouts").mkdir()
    store.delete(run.id)
    with pytest.raises(UnknownRun):
        store.record(run.id)
    assert not run.folder.exists() and Annotations(store).of(run.id) == [] and mend.lost(store) == []
    (deleted,) = trash.listed(store)
    assert (deleted.run_id, deleted.title) == (run.id, "Mine") and deleted.n_bytes > 0
    trash.restore(store, run.id)
    assert run.record() == record
    assert run.metrics()[COLUMNS].equals(points)
    assert [one.name for one in Annotations(store).of(run.id)] == ["by eye"]
    assert {p.name for p in run.folder.rglob("*")} == files
    assert trash.listed(store) == [] and list(mend.faults(store)) == []


def test_a_run_is_removed_for_good_from_the_trash_alone(store: RunStore, run: Run):
    with pytest.raises(ValueError, match="is not in the trash"):
        trash.drop(store, run.id)
    store.delete(run.id)
    trash.drop(store, run.id)
    assert trash.listed(store) == [] and not (store.home / "trash" / run.id).exists()
    with pytest.raises(ValueError, match="is not in the trash"):
        trash.restore(store, "../runs")


@pytest.mark.parametrize("name", ["..", "../runs/{}/snapshots"])
def test_a_damaged_id_leads_to_no_other_folder(store: RunStore, run: Run, name: str):
    damaged = name.format(run.id)
    with store.writing() as connection:
        connection.execute(delete(METRICS))
        connection.execute(update(RUNS).values(run_id=damaged))
    store.delete(damaged)
    assert store.list(examples=False) == [] and len(list(run.folder.glob("snapshots/*.npz"))) == 2


def test_a_backup_is_whole_while_a_run_is_written(store: RunStore, run: Run, tmp_path: Path):
    if store.file is None:
        with pytest.raises(StoreUnavailable, match="back a PostgreSQL database up with pg_dump"):
            backup.copy(store, tmp_path / "b")
        return
    target = tmp_path / "deep" / "copy.sqlite"
    with store.writing() as connection:
        connection.execute(update(RUNS).values(title="not yet"))
        backup.copy(store, target)
    assert [path.name for path in target.parent.iterdir()] == ["copy.sqlite"]
    other = RunStore(tmp_path / "other", f"sqlite:///{target}")
    assert [record.title for record in other.list(examples=False)] == ["Mine"]
    with pytest.raises(StoreUnavailable, match="is the store itself"):
        backup.copy(store, store.file)
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreUnavailable, match="cannot be written"):
        backup.copy(store, tmp_path / "folder")


def test_a_journal_that_lost_its_end_takes_no_metrics_back(store: RunStore, run: Run):
    last = {"acc": 0.9, "nmi": 0.4, "ari": 0.3}
    with store.writing() as connection:
        this = (METRICS.c.name == "eval/acc", METRICS.c.step == 2)
        connection.execute(update(METRICS).where(*this).values(value=0.9, checksum=None))
        seals.seal(connection, run.id, metrics=json.dumps(last))
    lines = (run.folder / "journal.txt").read_bytes().splitlines(keepends=True)
    (run.folder / "journal.txt").write_bytes(b"".join(lines[:-1]))
    assert not list(mend.faults(store))
    with store.writing() as connection:
        connection.execute(delete(METRICS).where(METRICS.c.name == "eval/nmi", METRICS.c.step == 1))
    (fault,) = mend.faults(store)
    mend.repair(store, fault)
    assert run.record().metrics == last and not list(mend.faults(store))


@pytest.mark.parametrize("column", ["value", "step", "epoch", "name"])
def test_a_damaged_point_is_told_on_reading_and_mended_from_the_folder(store: RunStore, run: Run, column: str):
    points = run.metrics()[COLUMNS]
    changed = {"value": 0.51, "step": 1, "epoch": 1.5, "name": "eval/abc"}[column]
    with store.writing() as connection:
        this = (METRICS.c.name == "eval/acc", METRICS.c.step == 2)
        connection.execute(update(METRICS).where(*this).values({column: changed}))
    for read in (run.metrics, lambda: run.metrics([changed if column == "name" else "eval/acc"])):
        with pytest.raises(UnreadableRun, match=r"damaged in the store \(1 of .*check --repair"):
            read()
    (fault,) = mend.faults(store)
    mend.repair(store, fault)
    mended = run.metrics()[COLUMNS]
    assert sorted(map(str, mended.to_numpy().tolist())) == sorted(map(str, points.to_numpy().tolist()))
    assert list(mend.faults(store)) == [] and run.record().measured("lost_points") is None


def test_points_that_are_gone_are_told_and_counted_where_no_journal_has_them(store: RunStore, run: Run):
    (run.folder / journal.JOURNAL).unlink()
    with store.writing() as connection:
        connection.execute(delete(METRICS).where(METRICS.c.name == "loss/a", METRICS.c.step == 1))
    with pytest.raises(UnreadableRun, match="1 of 9 points"):
        run.metrics()
    (fault,) = mend.faults(store)
    assert fault.sentence == "has 1 damaged points in its curves"
    mend.repair(store, fault)
    assert len(run.metrics()) == 9 and run.record().measured("lost_points") == 1
    assert list(mend.faults(store)) == []


@pytest.mark.parametrize("column", ["metrics", "spec", "environment", "n_clusters", "epoch"])
def test_a_damaged_row_is_told_and_made_anew(store: RunStore, run: Run, column: str):
    record = run.record()
    with store.reading() as connection:
        value = connection.execute(select(RUNS.c[column])).scalar_one()
    changed = value.replace("2", "3").replace("0.5", "0.6") if isinstance(value, str) else value + 1
    assert changed != value
    with store.writing() as connection:
        connection.execute(update(RUNS).values({column: changed}))
    with pytest.raises(UnreadableRun, match="differs from its checksum"):
        run.record()
    (fault,) = mend.faults(store)
    mend.repair(store, fault)
    assert run.record() == record and list(mend.faults(store)) == []


def test_a_damaged_record_beside_a_run_is_not_used(store: RunStore, run: Run):
    file = run.folder / journal.RECORD
    file.write_text(file.read_text().replace('"finished"', '"stopped"'))
    assert journal.read_record(run.folder) == {}


def test_deleting_a_run_keeps_what_its_journal_knows_of_damaged_curves(store: RunStore, run: Run):
    with store.writing() as connection:
        connection.execute(update(METRICS).where(METRICS.c.step == 2).values(value=7.0))
    store.delete(run.id)
    trash.restore(store, run.id)
    assert set(run.metrics(["eval/acc"])["value"]) == {0.5}


def test_a_store_of_this_version_reads_points_without_checksums(store: RunStore, run: Run):
    with store.writing() as connection:
        connection.execute(update(METRICS).values(checksum=None))
        connection.execute(update(RUNS).values(seal=None, n_points=None))
    assert len(run.metrics()) == 10 and run.record().metrics and list(mend.faults(store)) == []


def test_annotations_and_sweeps_come_back_from_the_folders(store: RunStore, run: Run):
    sweep = grid(Cell(dataset="digits", method="dccs", epochs=2), {}, seeds=(0, 1), title="mine")
    sweeps.begin(store, sweep, n_runs=2)
    sweeps.attach(store, sweep.id, [(0, 0), (0, 1)], run.id)
    sweeps.end(store, sweep.id, "finished", {})
    annotations = Annotations(store)
    annotations.delete(annotations.create(run.id, "not wanted", epoch=2).annotation_id)
    known, asked = annotations.of(run.id), sweeps.listed(store)
    assert list(mend.faults(store)) == []
    with store.writing() as connection:
        for table in (SWEEP_RUNS, SWEEPS, ANNOTATIONS, METRICS, RUNS):
            connection.execute(delete(table))
    for fault in mend.faults(store):
        mend.repair(store, fault)
    assert annotations.of(run.id) == known and sweeps.listed(store) == asked
    assert [one.name for one in known] == ["by eye"] and asked[0].runs == {(0, 0): run.id, (0, 1): run.id}
    assert list(mend.faults(store)) == []


def test_damaged_annotations_beside_a_run_are_not_used(store: RunStore, run: Run):
    file = run.folder / "annotations.json"
    file.write_text(file.read_text().replace("by eye", "by ear"))
    with store.writing() as connection:
        connection.execute(delete(ANNOTATIONS))
    assert list(mend.faults(store)) == []
