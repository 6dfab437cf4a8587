"""A database that breaks down in the middle of a sweep."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from postgresql import PostgreSQL

from mmclust.runs.errors import StoreUnavailable
from mmclust.runs.store import RunStore
from mmclust.sweeps import record as sweeps
from mmclust.sweeps import runner
from mmclust.sweeps.outcome import SweepOutcome, SweepProgress
from mmclust.sweeps.runner import run_sweep
from mmclust.sweeps.sweep import Cell, Sweep


@pytest.fixture
def store(postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> RunStore:
    monkeypatch.setenv("MMCLUST_STORE", postgresql_url)
    return RunStore()


@pytest.fixture
def broken(postgresql: PostgreSQL) -> Iterator[PostgreSQL]:
    """A server that the test may stop; it runs again afterwards."""
    yield postgresql
    if not postgresql.runs:
        postgresql.start()


class StopsIt:
    """Stops the database as soon as a run trains, and starts it again some seconds later."""

    def __init__(self, store: RunStore, database: PostgreSQL, seconds: float) -> None:
        self.store, self.database, self.seconds = store, database, seconds
        self.troubles: list[str] = []
        self.back: threading.Timer | None = None

    def __call__(self, state: SweepProgress) -> None:
        if state.trouble:
            self.troubles.append(state.trouble)
        elif self.back is None and any(record.step > 20 for record in self.store.list(examples=False)):
            self.database.stop()
            self.back = threading.Timer(self.seconds, self.database.start)
            self.back.start()


def numbers(outcome: SweepOutcome) -> list[dict[str, float] | None]:
    return [run.metrics for _, run in sorted(outcome.runs.items())]


@pytest.mark.slow
def test_a_sweep_waits_for_its_database_and_loses_nothing(store: RunStore, broken: PostgreSQL, base: Cell):
    whole = run_sweep(RunStore(store.home / "alone"), Sweep(cells=(replace(base, epochs=60),), seeds=(0, 1, 2)))
    told = StopsIt(store, broken, 3.0)
    outcome = run_sweep(store, whole.sweep, n_workers=2, progress=told)
    assert told.troubles and "does not answer" in told.troubles[0] and "\n" not in told.troubles[0]
    assert outcome.failures == {} and not outcome.stopped
    assert numbers(outcome) == numbers(whole)
    assert len(store.list(examples=False)) == 3
    assert sweeps.get(store, whole.sweep.id).status == "finished"


@pytest.mark.slow
def test_after_its_patience_a_sweep_ends_with_a_sentence_and_goes_on_later(
    store: RunStore, broken: PostgreSQL, base: Cell, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(runner, "STORE_TIMEOUT_S", 0.5)
    sweep = Sweep(cells=(replace(base, epochs=2000),), seeds=(0, 1))
    with pytest.raises(StoreUnavailable, match="start it again to go on") as caught:
        run_sweep(store, sweep, n_workers=2, progress=StopsIt(store, broken, 5.0))
    assert "\n" not in str(caught.value)
    deadline = time.monotonic() + 60
    while not broken.runs:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    before = {record.run_id: record.step for record in store.list(examples=False)}
    assert any(before.values())
    shorter = Sweep(cells=(replace(base, epochs=20),), seeds=(0, 1))
    assert len(run_sweep(store, shorter, n_workers=2).runs) == 2
    resumed: list[int] = []
    stop = threading.Event()

    def goes_on(state: SweepProgress) -> None:
        known = {record.run_id: record for record in store.list(examples=False)}
        resumed.extend(known[i].step for i in state.running if known[i].step > before.get(i, 0) > 0)
        if resumed:
            stop.set()

    run_sweep(store, sweep, n_workers=2, progress=goes_on, stop=stop)
    assert resumed
    assert set(before) <= {record.run_id for record in store.list(examples=False)}
