"""A row of the store that says anything harms nobody but itself: SQLite keeps any value in any column."""

import json
from typing import Any

import pytest
from sqlalchemy import Table

from mmclust.cli.main import main
from mmclust.evaluation.annotation import Rename
from mmclust.runs import mend
from mmclust.runs.annotations import Annotations
from mmclust.runs.errors import UnreadableRun
from mmclust.runs.run import Run
from mmclust.runs.store import RunStore
from mmclust.runs.tables import ANNOTATIONS, LEASES, PENDING_CHANGES, RUNS
from mmclust.specs import build_spec
from mmclust.sweeps import record as sweeps
from mmclust.sweeps.sweep import Cell, grid

TEXTS = ("x", "{", "[]", "null", '{"a": null}', "9" * 400, b"\xff\x00")
NUMBERS = ("x", float("inf"), -1e300, b"\xff\x00")


@pytest.fixture(autouse=True)
def store_url() -> str:
    """PostgreSQL keeps what fits a column, and nothing else."""
    return ""


@pytest.fixture
def store() -> RunStore:
    return RunStore()


def finished(store: RunStore, seed: int = 0) -> Run:
    run = store.create(build_spec("digits", "dccs", preset="paper", epochs=1, seed=seed))
    active = store.claim(run.id)
    assert active is not None
    with active:
        active.begin(n_samples=9, n_train=9, n_clusters=3, environment={"threads": "1"})
        active.log({"loss/aug": 0.5, "signal/confidence": 0.9}, step=1, epoch=1.0)
        active.finish("finished")
    return run


def spoil(store: RunStore, table: Table, name: str, value: Any, run_id: str) -> None:
    """Write a value as an earlier version would have, without a checksum."""
    with store.writing() as connection:
        connection.exec_driver_sql("UPDATE runs SET seal = NULL")
        connection.exec_driver_sql(f"UPDATE {table.name} SET {name} = ? WHERE run_id = ?", (value, run_id))


def assert_only_itself_is_harmed(store: RunStore, bad: str, good: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert good in [record.run_id for record in store.list(examples=False)]
    told = [found.run_id for found in store.unreadable()]
    assert told in ([], [bad])
    if told:
        with pytest.raises(UnreadableRun, match="cannot be read"):
            store.record(bad)
    for arguments in (["runs"], ["runs", "--json"]):
        assert main(arguments) == 0
        assert "The program failed" not in (out := capsys.readouterr()).out + out.err
    assert next((fault for fault in mend.faults(store) if fault.run_id == good), None) is None
    store.delete(bad)
    assert bad not in {row["run_id"] for row in store.rows()}


@pytest.mark.parametrize("column", [column.name for column in RUNS.c if column.name not in ("run_id", "seal")])
def test_a_damaged_column_of_a_run(store: RunStore, column: str, capsys: pytest.CaptureFixture[str]):
    bad, good = finished(store, 0), finished(store, 1)
    for value in NUMBERS if RUNS.c[column].type.python_type is not str else TEXTS:
        spoil(store, RUNS, column, value, bad.id)
        assert good.id in [record.run_id for record in store.list(examples=False)]
        store.unreadable()
    assert_only_itself_is_harmed(store, bad.id, good.id, capsys)


def test_a_text_that_is_none_is_found_with_its_row_alone(store: RunStore, capsys: pytest.CaptureFixture[str]):
    bad, good = finished(store, 0), finished(store, 1)
    with store.writing() as connection:  # as a flipped bit in the file makes it: a text, but not of letters
        connection.exec_driver_sql("UPDATE runs SET title = CAST(x'ff41' AS TEXT), spec = CAST(x'ff41' AS TEXT)")
        restored = {"spec": good.spec.to_json(), "title": ""}
        connection.execute(RUNS.update().where(RUNS.c.run_id == good.id).values(**restored))
    assert [found.run_id for found in store.unreadable()] == [bad.id]
    assert_only_itself_is_harmed(store, bad.id, good.id, capsys)


@pytest.mark.parametrize(("column", "value"), [("step", "x"), ("epoch", b"\xff"), ("value", "x"), ("name", b"\xff")])
def test_a_damaged_point_is_told_and_mended(store: RunStore, column: str, value: Any):
    run = finished(store)
    with store.writing() as connection:
        connection.exec_driver_sql(f"UPDATE metrics SET {column} = ?, checksum = NULL WHERE id = 1", (value,))
    with pytest.raises(UnreadableRun, match="1 of 2 points"):
        run.metrics()
    (fault,) = mend.faults(store)
    mend.repair(store, fault)
    assert len(run.metrics()) == 2 and list(mend.faults(store)) == []


@pytest.mark.parametrize("value", ["x", "{", b"\xff", 5.5])
def test_a_damaged_wish_is_left_out(store: RunStore, value: Any):
    run = store.create(build_spec("digits", "dccs", preset="paper", epochs=1))
    store.submit_changes(run.id, {"temperature": 0.3})
    store.submit_changes(run.id, {"weight_balance": 0.5})
    with store.writing() as connection:
        connection.exec_driver_sql(f"UPDATE {PENDING_CHANGES.name} SET value = ? WHERE id = 1", (value,))
    assert store.pending_changes(run.id)["weight_balance"] == 0.5
    active = store.claim(run.id)
    assert active is not None
    with active:
        active.begin(n_samples=9, n_train=9, n_clusters=3, environment={})
        assert active.asked()["weight_balance"] == 0.5
        active.finish("stopped")


@pytest.mark.parametrize("value", ["x", "[{}]", '[{"step": "rename", "cluster": "x"}]', b"\xff"])
def test_a_damaged_annotation_leaves_the_others(store: RunStore, value: Any):
    run, annotations = finished(store), Annotations(store)
    bad = annotations.create(run.id, "bad", epoch=1)
    good = annotations.add(annotations.create(run.id, "good", epoch=1), Rename(cluster=0, name="one"))
    with store.writing() as connection:
        this = (value, bad.annotation_id)
        connection.exec_driver_sql(f"UPDATE {ANNOTATIONS.name} SET steps = ? WHERE annotation_id = ?", this)
    assert annotations.of(run.id) == [good]
    with pytest.raises(ValueError, match="cannot be read .* delete it"):
        annotations.get(bad.annotation_id)
    annotations.delete(bad.annotation_id)


def test_a_damaged_lease_is_taken_away(store: RunStore):
    first, second = (store.create(build_spec("digits", "dccs", preset="paper", epochs=1, seed=s)) for s in (0, 1))
    assert store.claim(first.id) is not None
    with store.writing() as connection:
        connection.exec_driver_sql(f"UPDATE {LEASES.name} SET heartbeat = 'x', owner = 'a|b|c|d'")
    assert store.claim(second.id) is not None
    assert first.record().status == "interrupted"


@pytest.mark.parametrize("value", ["x", '{"cells": [1], "seeds": [0]}', '{"cells": 5}', json.dumps([[]]), b"\xff"])
def test_a_damaged_sweep_leaves_the_others(store: RunStore, value: Any):
    base = Cell(dataset="digits", method="dccs", preset="paper", epochs=2)
    bad, good = (grid(base, {"temperature": (0.1, last)}) for last in (0.2, 0.3))
    for sweep in (bad, good):
        sweeps.begin(store, sweep, n_runs=2)
    with store.writing() as connection:
        connection.exec_driver_sql("UPDATE sweeps SET spec = ? WHERE sweep_id = ?", (value, bad.id))
    assert [sweep.sweep_id for sweep in sweeps.listed(store)] == [good.id]
