import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from programs import Program
from sqlalchemy import select

from mmclust import launch, worker
from mmclust.engine import trainer
from mmclust.launch import process
from mmclust.runs.record import RunRecord
from mmclust.runs.run import Run
from mmclust.runs.store import RunStore
from mmclust.runs.tables import RUNS
from mmclust.specs import build_spec


@pytest.fixture
def store() -> Iterator[RunStore]:
    yield RunStore()
    assert launch.shutdown(30.0)


def queued(store: RunStore, epochs: int = 2) -> Run:
    return store.create(
        build_spec("digits", "dccs", preset="paper", changes={"width": 0.125}, epochs=epochs, limit=192)
    )


def wait_until(store: RunStore, run_id: str, reached: Callable[[RunRecord], bool], timeout_s: float = 240) -> RunRecord:
    deadline = time.monotonic() + timeout_s
    while not reached(record := store.record(run_id)):
        assert time.monotonic() < deadline, record
        time.sleep(0.05)
    return record


def ended(record: RunRecord) -> bool:
    return not record.active


def trains(record: RunRecord) -> bool:
    return record.step > 0


def test_a_thread_trains_a_run_and_ends_when_there_is_nothing_left(store: RunStore):
    run = queued(store)
    launch.submit(store, run.id, "thread")
    assert wait_until(store, run.id, ended).status == "finished"
    deadline = time.monotonic() + 10
    while [t for t in threading.enumerate() if t.name.startswith(("mmclust-queue", "train-"))]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_runs_of_one_device_take_turns_in_the_order_they_came(store: RunStore):
    runs = [queued(store, epochs=2000), queued(store), queued(store)]
    for run in runs:
        launch.submit(store, run.id, "thread")
    wait_until(store, runs[0].id, trains)
    wait_until(store, runs[2].id, lambda r: runs[0].id in r.waiting_for and "one more is before it" in r.waiting_for)
    runs[0].request("stop")
    records = [wait_until(store, run.id, ended) for run in runs]
    assert [r.status for r in records] == ["stopped", "finished", "finished"]
    spans = [(r.started or 0, r.ended or 0) for r in records]
    assert all(before[1] <= after[0] for before, after in zip(spans, spans[1:], strict=False))


def test_a_paused_run_frees_the_device_and_goes_on_when_resumed(store: RunStore):
    long, short = queued(store, epochs=2000), queued(store)
    launch.submit(store, long.id, "thread")
    wait_until(store, long.id, trains)
    launch.submit(store, short.id, "thread")
    long.request("pause")
    assert wait_until(store, short.id, ended).status == "finished"
    paused = store.record(long.id)
    assert paused.status == "paused"
    launch.resume(store, long.id)
    wait_until(store, long.id, lambda r: r.step > paused.step)
    long.request("stop")
    assert wait_until(store, long.id, ended).status == "stopped"


def test_shutdown_joins_training_and_leaves_an_interrupted_run_that_resumes(store: RunStore):
    run, waiting = queued(store, epochs=2000), queued(store)
    for one in (run, waiting):
        launch.submit(store, one.id, "thread")
    wait_until(store, run.id, trains)
    assert launch.shutdown(30.0)
    record = store.record(run.id)
    assert (record.status, record.error) == ("interrupted", "The server was shut down; resume to go on.")
    assert (run.folder / "checkpoint.pt").exists()
    assert store.record(waiting.id).status == "queued"
    launch.start(store)
    assert wait_until(store, waiting.id, ended).status == "finished"
    launch.resume(store, run.id)
    wait_until(store, run.id, lambda r: r.step > record.step)


def test_shutdown_without_any_run_is_quick():
    began = time.monotonic()
    assert launch.shutdown(20.0)
    assert time.monotonic() - began < 1


def test_an_unknown_launcher_and_an_ended_run_are_refused(store: RunStore):
    run = queued(store)
    with pytest.raises(ValueError, match="choose one of thread, process"):
        launch.submit(store, run.id, "cluster")
    with pytest.raises(ValueError, match="choose one of thread, process"):
        launch.resume(store, run.id, "cluster")
    run.request("stop")
    with pytest.raises(ValueError, match="is stopped; resume it instead"):
        launch.submit(store, run.id, "thread")


def test_a_failing_run_does_not_stop_the_queue(store: RunStore, monkeypatch: pytest.MonkeyPatch):
    fit = trainer.Trainer.fit

    def fail_once(self, *args, **named):
        monkeypatch.setattr(trainer.Trainer, "fit", fit)
        raise RuntimeError("broken")

    monkeypatch.setattr(trainer.Trainer, "fit", fail_once)
    first, second = queued(store), queued(store)
    for run in (first, second):
        launch.submit(store, run.id, "thread")
    assert wait_until(store, second.id, ended).status == "finished"
    assert store.record(first.id).status == "failed"


SERVER = """
import sys, time
from mmclust import launch, worker
from mmclust.runs.store import RunStore
store = RunStore()
launch.start(store)
print("started", flush=True)
sys.stdin.readline()
if sys.argv[1] == "shutdown":
    print(launch.shutdown(30.0), flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("way", ["shutdown", "end"])
def test_a_server_that_ends_while_it_trains_neither_aborts_nor_hangs(store: RunStore, way: str):
    run = queued(store, epochs=2000)
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, way],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(store, run.id, trains)
    output, complaints = server.communicate("\n", timeout=60)
    assert (server.returncode, complaints) == (0, ""), complaints
    assert store.record(run.id).status == "interrupted"
    assert store.record(run.id).error == "The server was shut down; resume to go on."


@pytest.mark.slow
def test_a_child_process_trains_a_run_and_its_death_is_noticed(store: RunStore):
    first = queued(store, epochs=2000)
    launch.submit(store, first.id, "process")
    wait_until(store, first.id, trains)
    with store.reading() as connection:
        holder = connection.scalar(select(RUNS.c.owner).where(RUNS.c.run_id == first.id))
    assert holder is not None
    child = int(holder.split("|")[2])
    assert os.getpgid(child) == child, "a child in the server's process group would get its Ctrl-C"
    os.kill(child, signal.SIGKILL)
    record = wait_until(store, first.id, lambda r: "signal 9" in r.error, 20)
    assert record.status == "interrupted"
    second = queued(store)
    launch.submit(store, second.id, "process")
    assert wait_until(store, second.id, ended).status == "finished"
    deadline = time.monotonic() + 60  # the child writes its last line after it has stored how it ended
    while "finished" not in (second.folder / "worker.log").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.slow
def test_a_child_that_was_made_ready_trains_the_next_run(store: RunStore):
    launch.prepare(store, "thread")
    assert not process._ready
    launch.prepare(store, "process")
    launch.prepare(store, "process")
    (waiting,) = process._ready.values()
    run = queued(store)
    launch.submit(store, run.id, "process")
    assert not process._ready
    assert wait_until(store, run.id, ended).status == "finished"
    assert waiting.wait(60) == 0 and "finished" in (run.folder / "worker.log").read_text()
    launch.prepare(store, "process")
    (another,) = process._ready.values()
    process.release()
    assert another.returncode is not None and not process._ready


@pytest.mark.slow
def test_a_child_that_is_told_to_end_leaves_a_resumable_run(store: RunStore, tmp_path: Path):
    run = queued(store, epochs=2000)
    said = tmp_path / "worker.log"
    child = Program("from mmclust.worker import main; main()", run.id, output=said, complaints=said)
    wait_until(store, run.id, trains)
    child.terminate()
    assert child.wait(30) == 0
    record = store.record(run.id)
    assert (record.status, record.resumable) == ("interrupted", True)
    assert "received SIGTERM" in record.error


def executed(store: RunStore, run_id: str, meanwhile: Callable[[], object]) -> RunRecord:
    """Train a run here, and do something in another thread meanwhile."""
    other = threading.Thread(target=meanwhile)
    other.start()
    record = worker.execute_when_free(store, run_id)
    other.join(60)
    assert not other.is_alive()
    return record


def helpers() -> list[psutil.Process]:
    """Processes that help this one in a training."""
    return [process for process in psutil.Process().children() if "mmclust.helper" in process.cmdline()]


def test_a_training_by_two_processes_survives_the_death_of_one_and_goes_on_by_one_alone(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(trainer, "CHECKPOINT_EVERY_S", 0.0)
    settings = {"changes": {"width": 0.125}, "epochs": 5000, "limit": 192}
    run = store.create(build_spec("digits", "dccs", preset="paper", n_devices=2, launcher="command", **settings))
    killed: list[int] = []

    def kill_then_stop() -> None:
        at = wait_until(store, run.id, lambda record: record.step > 10).step
        for helper in helpers():
            killed.append(helper.pid)
            helper.kill()
        wait_until(store, run.id, lambda record: record.step > at + 10)
        store.request(run.id, "stop")

    def stop() -> None:
        wait_until(store, run.id, lambda record: record.step > stopped.step)
        store.request(run.id, "stop")

    stopped = executed(store, run.id, kill_then_stop)
    assert len(killed) == 1 and stopped.status == "stopped", stopped.error
    assert not helpers()
    critic = run.metrics(["objective/critic"])
    assert critic["step"].is_monotonic_increasing and critic["step"].is_unique, "steps were taken twice"
    with pytest.raises(ValueError, match="out of range; 1 to 64 devices"):
        store.requeue(run.id, "command", devices=65)
    store.requeue(run.id, "command", devices=1)
    alone = executed(store, run.id, stop)
    assert alone.status == "stopped" and alone.step > stopped.step, alone.error
