import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mmclust.runs.record import RunRecord
from mmclust.runs.store import RunStore
from mmclust.specs import validate
from mmclust.sweeps import record as sweeps
from mmclust.sweeps import runner
from mmclust.sweeps.outcome import SweepProgress
from mmclust.sweeps.runner import look_up, run_sweep
from mmclust.sweeps.sweep import Cell, Sweep, grid
from mmclust.worker import execute_when_free

ROOT = Path(__file__).parents[2]


class InBackground:
    """A sweep carried out in a thread, as a server would."""

    def __init__(self, store: RunStore, sweep: Sweep, n_workers: int) -> None:
        self.stop = threading.Event()
        self.states: list[SweepProgress] = []
        self.thread = threading.Thread(target=self._run, args=(store, sweep, n_workers))
        self.thread.start()

    def _run(self, store: RunStore, sweep: Sweep, n_workers: int) -> None:
        self.outcome = run_sweep(store, sweep, n_workers=n_workers, progress=self.states.append, stop=self.stop)

    def join(self):
        self.thread.join(280)
        assert not self.thread.is_alive()
        return self.outcome


def wait_until(reached: Callable[[], object], timeout_s: float = 90) -> None:
    deadline = time.monotonic() + timeout_s
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def records(store: RunStore, status: str) -> list[RunRecord]:
    return [r for r in store.list(examples=False) if r.status == status]


def pid(record: RunRecord, store: RunStore) -> int:
    """Process that executes a run."""
    from sqlalchemy import select

    from mmclust.runs.tables import RUNS

    with store.reading() as connection:
        owner = connection.scalar(select(RUNS.c.owner).where(RUNS.c.run_id == record.run_id))
    return int(str(owner).split("|")[2])


def workers() -> set[str]:
    """Living workers: what comes from a nursery below this process."""
    found = list[tuple[str, str]]()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
            command = stat.with_name("cmdline").read_text()
        except OSError:
            continue
        if "mmclust.sweeps.nursery" in command and fields[0] not in "ZX":
            found.append((stat.parent.name, fields[1]))
    nurseries = {name for name, parent in found if parent == str(os.getpid())}
    return {name for name, parent in found if parent in nurseries}


@pytest.mark.slow
def test_runs_are_trained_two_at_a_time_and_reused_when_asked_for_again(store: RunStore, base: Cell):
    sweep = grid(base, {"beta_mi": [0.0, 0.5]}, seeds=[0, 1])
    states: list[SweepProgress] = []
    first = run_sweep(store, sweep, n_workers=2, progress=states.append)
    assert (first.n_runs, first.n_reused, first.failures, first.stopped) == (4, 0, {}, False)
    assert {(r.device, r.environment["threads"]) for r in first.runs.values()} == {("cpu", "1")}
    assert max(len(state.running) for state in states) == 2
    assert states[-1].n_finished == 4
    assert not workers()
    spans = sorted((r.started or 0, r.ended or 0) for r in first.runs.values())
    assert any(end > start for (_, end), (start, _) in zip(spans, spans[1:], strict=False)), "none overlapped"
    assert len({pid(record, store) for record in first.runs.values()}) == 2, "a worker did not take a second run"

    wider = grid(base, {"beta_mi": [0.0, 0.5, 1.0]}, seeds=[0])
    second = run_sweep(store, wider, n_workers=2)
    assert (second.n_runs, second.n_reused) == (3, 2)
    assert [run.run_id for run in second.of_cell(0)] == [first.runs[0, 0].run_id]
    began = time.monotonic()
    again = run_sweep(store, sweep, n_workers=2)
    assert (again.n_reused, again.runs) == (4, first.runs)
    assert time.monotonic() - began < 2, "workers were started for nothing"
    assert {record.sweep_id for record in sweeps.listed(store)} == {sweep.id, wider.id}
    looked_at = look_up(store, grid(base, {"beta_mi": [0.5, 0.9]}, seeds=[0]))
    assert looked_at.runs == {(0, 0): second.runs[1, 0]}
    assert len(store.list(examples=False)) == 5, "looking up has made a run"
    kept = sweeps.get(store, wider.id)
    assert (kept.status, kept.n_runs, kept.sweep) == ("finished", 3, wider)
    assert kept.runs == {place: run.run_id for place, run in second.runs.items()}


@pytest.mark.slow
def test_a_run_of_the_command_line_gives_the_same_numbers_and_is_reused(store: RunStore, base: Cell):
    spec = replace(base.build_spec(0), launcher="command", title="By hand", n_snapshots=5)
    by_hand = execute_when_free(store, store.create(spec).id)
    outcome = run_sweep(store, Sweep(cells=(base,), seeds=(0, 1)), n_workers=1)
    assert outcome.runs[0, 0].run_id == by_hand.run_id
    alone = store.create(replace(base.build_spec(1), launcher="command"))
    assert execute_when_free(store, alone.id).metrics == outcome.runs[0, 1].metrics


@pytest.mark.slow
def test_the_run_of_a_killed_worker_goes_on_in_another(store: RunStore, base: Cell):
    sweep = Sweep(cells=(replace(base, epochs=150),), seeds=(0, 1))
    background = InBackground(store, sweep, 2)
    wait_until(lambda: [r for r in records(store, "running") if r.step > 20])
    victim = next(r for r in records(store, "running") if r.step > 20)
    os.kill(pid(victim, store), signal.SIGKILL)
    outcome = background.join()
    assert (outcome.failures, len(outcome.runs)) == ({}, 2)
    assert victim.run_id in {run.run_id for run in outcome.runs.values()}
    assert len(store.list(examples=False)) == 2, "the broken-off run was begun anew"


@pytest.mark.slow
def test_a_cancelled_sweep_leaves_resumable_runs_and_no_process_and_goes_on_later(store: RunStore, base: Cell):
    sweep = Sweep(cells=(replace(base, epochs=250),), seeds=(0, 1, 2))
    background = InBackground(store, sweep, 2)
    wait_until(lambda: [r for r in records(store, "running") if r.step > 20])
    background.stop.set()
    outcome = background.join()
    assert outcome.stopped and len(outcome.runs) < 3
    assert not workers()
    assert not records(store, "running") and not records(store, "queued")
    assert sweeps.get(store, sweep.id).status == "stopped"
    assert (0, 2) in outcome.unfinished and not outcome.failures
    steps = {r.run_id: r.step for r in records(store, "stopped")}
    assert steps
    later = run_sweep(store, sweep, n_workers=2)
    assert len(later.runs) == 3
    assert set(steps) <= {run.run_id for run in later.runs.values()}


@pytest.mark.slow
def test_another_process_can_stop_a_sweep_through_the_store(
    store: RunStore, base: Cell, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("mmclust.sweeps.runner.BEAT_EVERY_S", 0.2)
    sweep = Sweep(cells=(replace(base, epochs=5000),))
    background = InBackground(store, sweep, 1)
    wait_until(lambda: [r for r in records(store, "running") if r.step > 0])
    sweeps.ask_to_stop(store, sweep.id)
    assert background.join().stopped
    with pytest.raises(ValueError, match="is stopped; only a running sweep"):
        sweeps.ask_to_stop(store, sweep.id)


@pytest.mark.slow
def test_a_failing_run_and_an_impossible_setting_are_sentences_and_the_others_go_on(
    store: RunStore, base: Cell, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(runner, "refusals", lambda specs, _: [validate(spec) for spec in specs])  # no look at samples
    cells = (
        base,
        replace(base, changes={"width": 0.125, "batch_size": 512}),  # fails in training: 192 samples
        replace(base, changes={"width": 0.125, "input": "rgb"}),  # refused by the method
        replace(base, changes={"width": 99}),  # refused by the plan
        replace(base, dataset="nothing"),
    )
    outcome = run_sweep(store, Sweep(cells=cells), n_workers=2)
    assert list(outcome.runs) == [(0, 0)]
    assert "exceeds the 192 samples" in outcome.failures[1, 0]
    assert "colour images" in outcome.failures[2, 0]
    assert "out of range" in outcome.failures[3, 0]
    assert "neither a known data set" in outcome.failures[4, 0]
    assert len(store.list(examples=False)) == 2, "refused settings leave no run behind"
    assert set(sweeps.get(store, outcome.sweep.id).failures) == {(n, 0) for n in (1, 2, 3, 4)}


@pytest.mark.slow
def test_equal_cells_are_trained_once(store: RunStore, base: Cell):
    outcome = run_sweep(store, Sweep(cells=(base, replace(base, label="the same"))), n_workers=2)
    assert outcome.n_runs == 1
    assert outcome.runs[0, 0].run_id == outcome.runs[1, 0].run_id


ENDLESS = """
from mmclust.runs.store import RunStore
from mmclust.sweeps.runner import run_sweep
from mmclust.sweeps.sweep import Cell, Sweep
cell = Cell(dataset="digits", method="dccs", preset="paper", changes={"width": 0.125}, epochs=5000, limit=192)
run_sweep(RunStore(), Sweep(cells=(cell,)), n_workers=1)
"""


@pytest.mark.slow
def test_workers_of_a_killed_sweep_end_and_leave_an_interrupted_run(store: RunStore):
    parent = subprocess.Popen([sys.executable, "-c", ENDLESS], cwd=ROOT)
    wait_until(lambda: [r for r in records(store, "running") if r.step > 0])
    worker = pid(records(store, "running")[0], store)
    parent.kill()
    parent.wait()
    wait_until(lambda: not Path(f"/proc/{worker}").exists())
    record = records(store, "interrupted")[0]
    assert record.resumable and "resume to" in record.error.lower()
    assert sweeps.listed(store)[0].status == "interrupted"


@pytest.mark.slow
def test_several_methods_and_data_sets_go_through_one_sweep(store: RunStore):
    base = Cell(dataset="digits-2view", method="dmim", preset="paper", epochs=1, limit=260)
    values = {"method": ["dmim", "msdib", "dmid-uic"], "dataset": ["digits-2view", "digits"]}
    outcome = run_sweep(store, grid(base, values), n_workers=2)
    done = {(cell.method, cell.dataset) for n, cell in enumerate(outcome.sweep.cells) if (n, 0) in outcome.runs}
    assert done == {(name, "digits-2view") for name in values["method"]}
    assert len(outcome.failures) == 3, "one view is refused by all three"
    assert {run.n_samples for run in outcome.runs.values()} == {260}
