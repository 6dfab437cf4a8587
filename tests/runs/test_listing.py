"""The kept list of runs is the list that a new store reads."""

import time
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from mmclust.runs import listing, record, seals
from mmclust.runs.store import RunStore
from mmclust.runs.tables import RUNS
from mmclust.specs import build_spec
from tests.runs.test_damaged_rows import finished


@pytest.fixture
def store() -> RunStore:
    return RunStore()


def assert_as_read_anew(store: RunStore) -> None:
    assert store.list(examples=False) == RunStore(store.home, store.url).list(examples=False)


def write(store: RunStore, run_id: str, **values: Any) -> None:
    with store.writing() as connection:
        connection.execute(update(RUNS).where(RUNS.c.run_id == run_id).values(**values))


def test_what_has_not_changed_is_not_read_again(store: RunStore):
    one, other = finished(store, 0), finished(store, 1)
    before = {found.run_id: found for found in store.list(examples=False)}
    one.rename("another name")
    after = {found.run_id: found for found in store.list(examples=False)}
    assert after[other.id] is before[other.id]
    assert after[one.id].title == "another name" and before[one.id].title != "another name"


def test_every_change_is_seen_at_once(store: RunStore):
    one, other = finished(store, 0), finished(store, 1)
    assert_as_read_anew(store)
    one.rename("a")
    assert_as_read_anew(store)
    one.write_note("b")
    assert_as_read_anew(store)
    waiting = store.create(build_spec("digits", "dccs", preset="paper", epochs=1, seed=2))
    assert [found.run_id for found in store.list(examples=False)] == [waiting.id, other.id, one.id]
    store.request(waiting.id, "stop")
    assert_as_read_anew(store)
    store.delete(other.id)
    assert [found.run_id for found in store.list(examples=False)] == [waiting.id, one.id]


def test_another_program_that_writes_is_noticed_also_after_a_quiet_time(store: RunStore, monkeypatch):
    run = finished(store)
    monkeypatch.setattr(listing, "_QUIET_S", 0.0)  # the clock of the file system is trusted here
    store.list(examples=False)
    time.sleep(0.05)
    RunStore(store.home, store.url).get(run.id).rename("by another")
    assert [found.title for found in store.list(examples=False)] == ["by another"]


def test_a_run_falls_silent_without_a_write(store: RunStore, monkeypatch):
    run = finished(store)
    write(store, run.id, status="running", heartbeat=time.time(), owner="")
    monkeypatch.setattr(record, "HEARTBEAT_LIMIT_S", 1e9)
    assert [found.status for found in store.list(examples=False)] == ["running"]
    monkeypatch.setattr(record, "HEARTBEAT_LIMIT_S", 0.0)
    assert [found.status for found in store.list(examples=False)] == ["interrupted"]


def test_a_row_that_becomes_unreadable_and_readable_again(store: RunStore):
    run = finished(store)
    seal = RunStore().rows()[0]["seal"]
    write(store, run.id, seal="00000000")
    assert store.list(examples=False) == [] and [found.run_id for found in store.unreadable()] == [run.id]
    write(store, run.id, seal=seal)
    assert [found.run_id for found in store.list(examples=False)] == [run.id] and not store.unreadable()


def test_more_runs_than_are_asked_for_by_name(store: RunStore, monkeypatch):
    monkeypatch.setattr(listing, "_AT_ONCE", 3)
    run = finished(store)
    with store.writing() as connection:
        row = dict(connection.execute(select(RUNS).where(RUNS.c.run_id == run.id)).mappings().one())
        rows = [seals.sealed(row | {"run_id": f"run-{number}", "created": float(number)}) for number in range(8)]
        connection.execute(insert(RUNS), rows)
    names = [found.run_id for found in store.list(examples=False)]
    assert names == [run.id, *(f"run-{number}" for number in reversed(range(8)))]
    assert_as_read_anew(store)
