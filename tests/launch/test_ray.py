import importlib.util
import os
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
from sqlalchemy import select

from mmclust import launch, worker
from mmclust.cli.main import main
from mmclust.launch import ray as launcher
from mmclust.runs.record import RunRecord
from mmclust.runs.run import Run
from mmclust.runs.store import RunStore
from mmclust.runs.tables import RUNS
from mmclust.specs import build_spec
from mmclust.sweeps import child
from mmclust.sweeps import record as sweeps
from mmclust.sweeps.outcome import SweepOutcome, SweepProgress
from mmclust.sweeps.runner import run_sweep
from mmclust.sweeps.sweep import Cell, Sweep, grid
from tests.ray_cluster import ray_cluster


@pytest.fixture(scope="module")
def needs_ray() -> None:
    """Without Ray the test skips, or fails where MMCLUST_REQUIRE_RAY=1."""
    if " " in sys.prefix:
        pytest.skip(f"Ray starts no workers from a path with a space, such as {sys.prefix}")
    if importlib.util.find_spec("ray") is None:
        reason = "Ray is not installed; pip install -r requirements-ray.txt"
        pytest.fail(reason) if os.environ.get("MMCLUST_REQUIRE_RAY") == "1" else pytest.skip(reason)


@pytest.fixture(scope="module")
def cluster(needs_ray: None) -> Iterator[str]:
    """Address of a cluster of two nodes with a place each."""
    with ray_cluster(n_nodes=2) as address:
        yield address


@pytest.fixture
def store(cluster: str, postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunStore]:
    monkeypatch.setenv("MMCLUST_RAY_ADDRESS", cluster)
    monkeypatch.setenv("MMCLUST_STORE", postgresql_url)
    monkeypatch.setattr(launcher, "_starters", {})
    yield RunStore()


@pytest.fixture
def store_here(tmp_path: Path) -> RunStore:
    """A store that no cluster serves."""
    return RunStore(tmp_path)


def queued(store: RunStore, epochs: int = 2, seed: int = 0) -> Run:
    return store.create(
        build_spec("digits", "dccs", preset="paper", changes={"width": 0.125}, epochs=epochs, limit=192, seed=seed)
    )


def wait_until(run: Run, reached: Callable[[RunRecord], bool], timeout_s: float = 240) -> RunRecord:
    deadline = time.monotonic() + timeout_s
    while not reached(record := run.record()):
        assert time.monotonic() < deadline, record
        time.sleep(0.1)
    return record


def ended(record: RunRecord) -> bool:
    return not record.active


def process_of(run: Run) -> int:
    with run.store.reading() as connection:
        holder = connection.scalar(select(RUNS.c.owner).where(RUNS.c.run_id == run.id))
    assert holder is not None
    return int(holder.split("|")[2])


@pytest.mark.slow
def test_runs_of_a_cluster_with_a_killed_worker_all_finish_with_the_numbers_of_undisturbed_ones(
    store: RunStore, tmp_path: Path
):
    runs = [queued(store, epochs=epochs, seed=seed) for seed, epochs in enumerate((800, 120, 2))]
    launch.submit(store, runs[0].id, "ray")
    assert wait_until(runs[0], lambda r: r.step > 0).device == "cpu"
    runs[0].request("pause")  # which leaves a checkpoint at once, however fast the machine is
    paused_at = wait_until(runs[0], lambda r: r.status == "paused").step
    launch.resume(store, runs[0].id)
    for run in runs[1:]:
        launch.submit(store, run.id, "ray")
    wait_until(runs[0], lambda r: r.status == "running" and r.step > paused_at)
    killed = process_of(runs[0])
    os.kill(killed, signal.SIGKILL)
    records = [wait_until(run, lambda r: r.status == "finished") for run in runs]
    assert process_of(runs[0]) != killed
    assert (runs[0].folder / "worker.log").read_text().count(" on ") == 3

    alone = RunStore(tmp_path / "alone", f"sqlite:///{tmp_path / 'alone.sqlite'}")
    for run, record in zip(runs, records, strict=True):
        whole = alone.create(run.spec)
        active = alone.claim(whole.id)
        assert active is not None and worker.execute(active) == "finished"
        assert record.metrics == whole.record().metrics
        np.testing.assert_array_equal(run.snapshot().logits, whole.snapshot().logits)


def helper_of(run: Run) -> psutil.Process:
    """The process that trains a run with the one that leads, once it has begun to."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if f"{run.id} 1" in process.name() + " ".join(process.cmdline()):
                    return process
        time.sleep(0.1)
    raise AssertionError("no process helps")


@pytest.mark.slow
def test_a_run_of_two_places_survives_the_death_of_the_process_that_helps_and_finds_what_one_does(
    store: RunStore, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    about = ["--preset", "paper", "--set", "width=0.125", "--epochs", "400", "--limit", "192"]
    ended_with: list[int] = []
    command = ["train", "--dataset", "digits", "--method", "dccs", *about, "--devices", "2", "--launcher", "ray"]
    waits = threading.Thread(target=lambda: ended_with.append(main(command)))
    waits.start()
    deadline = time.monotonic() + 60
    while not (records := store.list(examples=False)):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    run = store.get(records[0].run_id)
    reached = wait_until(run, lambda r: r.step > 0).step
    helper_of(run).kill()
    wait_until(run, lambda r: r.step > reached + 10)
    run.request("stop")
    assert wait_until(run, ended).status == "stopped"
    waits.join(60)
    assert ended_with == [1] and "resume" in capfd.readouterr().err
    assert "lost a process" in (run.folder / "worker.log").read_text()

    short = store.create(replace(run.spec, epochs=2))
    launch.submit(store, short.id, "ray")
    alone = RunStore(tmp_path / "alone", f"sqlite:///{tmp_path / 'alone.sqlite'}")
    whole = alone.create(replace(run.spec, devices=1, epochs=2, launcher="command"))
    active = alone.claim(whole.id)
    assert active is not None and worker.execute(active) == "finished"
    assert wait_until(short, ended).status == "finished"
    np.testing.assert_allclose(short.snapshot().logits, whole.snapshot().logits, rtol=1e-3, atol=1e-3)


@pytest.mark.slow
def test_a_run_on_a_cluster_obeys_and_goes_on(store: RunStore):
    run = queued(store, epochs=2000)
    launch.submit(store, run.id, "ray")
    paused_at = wait_until(run, lambda r: r.step > 0).step
    run.request("pause")
    assert wait_until(run, ended).status == "paused"
    launch.resume(store, run.id)
    wait_until(run, lambda r: r.status == "running" and r.step > paused_at)
    run.request("stop")
    assert wait_until(run, ended).status == "stopped"


@pytest.mark.slow
def test_a_run_that_is_stopped_in_the_queue_is_never_begun(store: RunStore):
    busy = [queued(store, epochs=2000) for _ in range(2)]
    waiting = queued(store)
    for run in (*busy, waiting):
        launch.submit(store, run.id, "ray")
    wait_until(waiting, lambda r: "free place" in r.waiting_for)
    waiting.request("stop")
    for run in busy:
        wait_until(run, lambda r: r.step > 0)
        run.request("stop")
    assert [wait_until(run, ended).status for run in busy] == ["stopped", "stopped"]
    last = queued(store)
    launch.submit(store, last.id, "ray")
    assert wait_until(last, ended).status == "finished"
    assert waiting.record().status == "stopped" and waiting.record().step == 0


@pytest.mark.slow
def test_a_folder_that_the_cluster_does_not_see_is_said(store: RunStore):
    run = queued(store)
    shutil.rmtree(run.folder)
    launch.submit(store, run.id, "ray")
    record = wait_until(run, ended)
    assert record.status == "failed" and "has to be a folder that all machines share" in record.error


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def refused(run: Run, match: str) -> None:
    """Both the caller and the run's record get the sentence, and the run can be resumed."""
    with pytest.raises(ValueError, match=match) as caught:
        launch.submit(RunStore(), run.id, "ray")
    record = run.record()
    assert (record.status, record.resumable) == ("failed", True)
    assert record.error.rstrip(".").lower() == str(caught.value).lower()


def test_without_ray_the_user_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    refused(queued(RunStore()), "Ray is not installed; `pip install -r requirements-ray.txt`")


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where Ray is installed: these sentences come before it is used."""
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object() if name == "ray" else find(name))


def test_without_an_address_the_user_is_told_to_set_it(installed: None):
    refused(queued(RunStore()), "set MMCLUST_RAY_ADDRESS to its address")


def test_a_cluster_that_does_not_answer_is_one_sentence(installed: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MMCLUST_RAY_ADDRESS", f"127.0.0.1:{free_port()}")
    refused(queued(RunStore()), "no Ray cluster answers at 127.0.0.1:.*refused")


@pytest.mark.slow
def test_a_port_that_is_no_ray_cluster_fails_the_run_with_a_sentence(needs_ray: None, monkeypatch: pytest.MonkeyPatch):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        monkeypatch.setenv("MMCLUST_RAY_ADDRESS", f"127.0.0.1:{other.getsockname()[1]}")
        monkeypatch.setattr(launcher, "START_LIMIT_S", 4.0)
        run = queued(RunStore())
        launch.submit(RunStore(), run.id, "ray")
        record = wait_until(run, ended)
    assert record.status == "failed" and "Ray cluster" in record.error and "\n" not in record.error


def numbers(outcome: SweepOutcome) -> dict[tuple[int, int], dict[str, float] | None]:
    return {place: run.metrics for place, run in outcome.runs.items()}


@pytest.mark.slow
def test_a_sweep_on_a_cluster_with_a_killed_worker_gives_the_numbers_of_one_at_home(
    store: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    base = Cell(dataset="digits", method="dccs", preset="paper", changes={"width": 0.125}, epochs=60, limit=192)
    sweep = grid(base, {"beta_mi": [0.0, 0.5]}, seeds=[0, 1])
    told: list[SweepProgress] = []
    results: list[SweepOutcome] = []
    thread = threading.Thread(
        target=lambda: results.append(run_sweep(store, sweep, launcher="ray", progress=told.append))
    )
    thread.start()
    deadline = time.monotonic() + 240
    while not (busy := [r for r in store.list(examples=False) if r.status == "running" and r.step > 20]):
        assert time.monotonic() < deadline and thread.is_alive(), [r.error for r in store.list(examples=False)]
        time.sleep(0.05)
    os.kill(process_of(store.get(busy[0].run_id)), signal.SIGKILL)
    thread.join(300)
    assert results and results[0].failures == {} and len(results[0].runs) == 4
    assert {run.launcher for run in results[0].runs.values()} == {"ray"}
    assert told[-1].n_finished == 4
    assert sweeps.get(store, sweep.id).status == "finished"

    monkeypatch.delenv("MMCLUST_STORE")
    alone = RunStore(tmp_path / "alone", f"sqlite:///{tmp_path / 'alone.sqlite'}")
    assert numbers(run_sweep(alone, sweep, n_workers=2)) == numbers(results[0])


@pytest.mark.slow
def test_a_cancelled_sweep_on_a_cluster_stops_its_runs_and_goes_on_later(store: RunStore):
    base = Cell(dataset="digits", method="dccs", preset="paper", changes={"width": 0.125}, epochs=150, limit=192)
    sweep, stop = Sweep(cells=(base,), seeds=(0, 1, 2)), threading.Event()

    def once_it_trains(state: SweepProgress) -> None:
        if any(r.step > 20 for r in store.list(examples=False) if r.run_id in state.running):
            stop.set()

    first = run_sweep(store, sweep, launcher="ray", progress=once_it_trains, stop=stop)
    assert first.stopped and first.unfinished
    assert not any(record.active for record in store.list(examples=False))
    later = run_sweep(store, sweep, launcher="ray")
    assert len(later.runs) == 3 and len(store.list(examples=False)) == 3


@pytest.mark.parametrize(
    ("device", "has_gpus", "kept"), [("auto", True, 0.25), ("auto", False, 0), ("cpu", True, 0), ("cuda", False, 0.25)]
)
def test_a_run_takes_the_part_of_a_gpu_that_was_asked_for_if_it_takes_any(device: str, has_gpus: bool, kept: float):
    spec = replace(build_spec("digits", "dccs", device="cpu"), device=device, gpus=0.25)
    assert launcher.resources(spec, has_gpus=has_gpus)["num_gpus"] == kept
    assert launcher.resources(replace(spec, gpus=1.0), has_gpus=has_gpus)["num_gpus"] in (0, 1)


def test_a_part_of_a_gpu_needs_a_cluster_and_is_at_most_one(store_here: RunStore):
    sweep = Sweep(cells=(Cell(dataset="digits", method="dccs"),))
    with pytest.raises(ValueError, match="on a Ray cluster only"):
        run_sweep(store_here, sweep, gpus_per_run=0.5)
    for wrong in (0, 2, float("nan")):
        with pytest.raises(ValueError, match="GPUs per run came; a run takes 0.01 to 1 of a GPU"):
            run_sweep(store_here, sweep, launcher="ray", gpus_per_run=wrong)
    assert store_here.list(examples=False) == []


def test_another_part_of_a_gpu_counts_for_runs_that_were_stopped_and_makes_no_new_ones(
    installed: None, store_here: RunStore, monkeypatch: pytest.MonkeyPatch
):
    with socket.socket() as there:
        there.bind(("127.0.0.1", 0))
        there.listen()
        monkeypatch.setenv("MMCLUST_RAY_ADDRESS", f"127.0.0.1:{there.getsockname()[1]}")
        monkeypatch.setattr(launcher, "_starters", {})
        sweep, stop = Sweep(cells=(Cell(dataset="digits", method="dccs"),)), threading.Event()
        monkeypatch.setattr(launcher._Starter, "start", lambda self, store, run_id: stop.set())
        for part in (1.0, 0.25):
            stop.clear()
            run_sweep(store_here, sweep, launcher="ray", gpus_per_run=part, stop=stop)
            (record,) = store_here.list(examples=False)
            assert (record.status, record.spec.gpus) == ("stopped", part)


def test_a_sweep_without_a_cluster_says_so_and_trains_nothing(installed: None, monkeypatch: pytest.MonkeyPatch):
    sweep = Sweep(cells=(Cell(dataset="digits", method="dccs"),))
    with pytest.raises(ValueError, match="set MMCLUST_RAY_ADDRESS to its address"):
        run_sweep(RunStore(), sweep, launcher="ray")
    monkeypatch.setenv("MMCLUST_RAY_ADDRESS", f"127.0.0.1:{free_port()}")
    with pytest.raises(ValueError, match="no Ray cluster answers"):
        child.start(RunStore(), sweep, "ray")
    assert RunStore().list(examples=False) == [] and sweeps.listed(RunStore()) == []


def test_a_cluster_that_leaves_in_mid_sweep_ends_it_with_a_sentence_and_it_goes_on_at_home(
    installed: None, monkeypatch: pytest.MonkeyPatch
):
    with socket.socket() as there:
        there.bind(("127.0.0.1", 0))
        there.listen()
        monkeypatch.setenv("MMCLUST_RAY_ADDRESS", f"127.0.0.1:{there.getsockname()[1]}")
        monkeypatch.setattr(launcher._Starter, "start", lambda self, store, run_id: there.close())
        monkeypatch.setattr(launcher, "_starters", {})
        base = Cell(dataset="digits", method="dccs", preset="paper", changes={"width": 0.125}, epochs=1, limit=192)
        sweep, store = Sweep(cells=(base,), seeds=(0, 1)), RunStore()
        outcome = run_sweep(store, sweep, launcher="ray")
    assert outcome.stopped and "no Ray cluster answers" in outcome.failures[0, 1]
    assert sweeps.get(store, sweep.id).status == "stopped"
    assert not any(record.active for record in store.list(examples=False))
    assert len(run_sweep(store, sweep, n_workers=1).runs) == 2
