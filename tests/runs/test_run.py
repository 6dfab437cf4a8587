import time
from pathlib import Path

import numpy as np
import pytest

from mmclust.evaluation.snapshot import Snapshot
from mmclust.runs.active import ActiveRun
from mmclust.runs.run import Run
from mmclust.runs.store import RunStore


def snapshot(epoch: int) -> Snapshot:
    return Snapshot(
        epoch=epoch,
        step=10 * epoch,
        index=np.arange(4),
        logits=np.eye(4, dtype=np.float32),
        spaces={"z": np.ones((4, 2))},
    )


def test_points_come_back_in_order_and_can_be_read_on_from(active: ActiveRun, run: Run):
    active.log({"loss/a": 1.0, "loss/b": 2.0}, step=1, epoch=0.5)
    active.finish("stopped")
    points = run.metrics()
    assert list(points.columns) == ["id", "step", "epoch", "name", "value"]
    assert points[["step", "epoch", "name", "value"]].values.tolist() == [
        [1, 0.5, "loss/a", 1.0],
        [1, 0.5, "loss/b", 2.0],
    ]
    assert len(run.metrics(since_id=int(points["id"].iloc[0]))) == 1
    assert run.metrics(["loss/b"])["value"].tolist() == [2.0]
    assert run.metric_names() == ["loss/a", "loss/b"]


def test_a_run_without_points_has_an_empty_table(run: Run):
    assert list(run.metrics().columns) == ["id", "step", "epoch", "name", "value"]
    assert run.metric_names() == []


def test_a_missing_value_stays_missing(active: ActiveRun, run: Run):
    active.log({"signal/a": float("nan"), "signal/b": float("inf")}, step=1, epoch=1)
    active.finish("stopped")
    assert np.isnan(run.metrics(["signal/a"])["value"].iloc[0])
    assert np.isinf(run.metrics(["signal/b"])["value"].iloc[0])


def test_reading_on_from_10000_points_takes_a_few_ms_of_processor_time(active: ActiveRun, run: Run):
    for step in range(2500):
        active.log({f"loss/{name}": 0.1 * step for name in "abcd"}, step=step, epoch=step / 100)
    active.finish("stopped")
    last = int(run.metrics()["id"].iloc[-1])
    assert len(run.metrics()) == 10_000
    spent = []
    for _ in range(9):
        began = time.process_time()
        assert len(run.metrics(since_id=last - 8)) == 8
        run.record()
        spent.append(time.process_time() - began)
    assert np.median(spent) < 0.01


def test_the_last_evaluation_becomes_the_figures_of_the_run(active: ActiveRun, run: Run):
    active.log({"eval/acc": 0.9, "eval/nmi": 0.8, "eval/ari": 0.7}, step=1, epoch=1)
    active.log({"eval/acc": 0.5, "eval/nmi": 0.4, "eval/ari": 0.3, "signal/confidence": 0.7}, step=2, epoch=2)
    active.log({"loss/a": 0.1}, step=3, epoch=2.5)
    active.finish("finished")
    assert run.record().metrics == {"acc": 0.5, "nmi": 0.4, "ari": 0.3}


def test_numbers_appear_within_about_a_second_without_any_waiting_in_training(active: ActiveRun, run: Run):
    with active:
        began = time.process_time()
        for step in range(200):
            active.log({"loss/a": 1.0}, step=step, epoch=0.1)
            active.progress(step=step, total_steps=1000, epoch=0.1)
        assert time.process_time() - began < 0.2
        deadline = time.monotonic() + 5
        while len(run.metrics()) < 200 and time.monotonic() < deadline:
            time.sleep(0.05)
        record = run.record()
        assert (record.step, record.total_steps) == (199, 1000)
        active.finish("stopped")


def test_a_request_reaches_training(active: ActiveRun, run: Run):
    with active:
        assert active.request() == ""
        run.request("pause")
        deadline = time.monotonic() + 5
        while not active.request() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert active.request() == "pause"
        assert run.record().request == "pause"
        active.finish("paused")
    assert run.record().request == ""


def test_training_time_adds_up_over_resumes(active: ActiveRun, run: Run):
    for expected in (0.2, 0.4):
        active.begin(n_samples=100, n_train=100, n_clusters=10, environment={"torch": "1"})
        time.sleep(0.2)
        active.add({"peak_memory_mib": "7"})
        active.finish("paused")
        assert run.record().seconds == pytest.approx(expected, abs=0.15)
        run.store.requeue(run.id, "thread")
        again = RunStore().claim(run.id)
        assert again is not None
        active = again
    record = run.record()
    assert (record.n_samples, record.n_clusters, record.environment) == (
        *(100, 10, {"torch": "1", "peak_memory_mib": "7"}),
    )
    assert (record.measured("peak_memory_mib"), record.measured("parameters")) == (7, None)


def test_speed_and_time_left_come_from_progress(active: ActiveRun, run: Run):
    active.begin(n_samples=1000, n_train=1000, n_clusters=10, environment={})
    active.progress(step=0, total_steps=100, epoch=0.0)
    time.sleep(0.6)
    active.progress(step=50, total_steps=100, epoch=1.5)
    with active:
        deadline = time.monotonic() + 5
        while run.record().samples_per_s is None and time.monotonic() < deadline:
            time.sleep(0.05)
        record = run.record()
        assert record.samples_per_s == pytest.approx(1500 / 0.6, rel=0.3)
        assert record.seconds_left == pytest.approx(record.seconds, rel=0.01)
        active.finish("stopped")
    assert run.record().seconds_left is None


def test_snapshots_are_found_by_epoch(active: ActiveRun, run: Run):
    with pytest.raises(ValueError, match="no snapshot yet"):
        run.snapshot()
    active.snapshot(snapshot(3))
    active.snapshot(snapshot(12))
    assert [epoch for epoch, _ in run.snapshots()] == [3, 12]
    assert run.snapshot().epoch == 12
    assert run.snapshot(3).epoch == 3
    with pytest.raises(ValueError, match="kept are 3, 12"):
        run.snapshot(4)


def test_the_user_s_words_are_kept(run: Run):
    run.rename(" My run ")
    run.write_note("looks *good*")
    run.name_clusters({0: "zero", 3: " "})
    record = run.record()
    assert (record.title, record.note, record.cluster_names) == ("My run", "looks *good*", {0: "zero"})


def test_a_checkpoint_is_replaced_whole_or_not_at_all(active: ActiveRun, monkeypatch: pytest.MonkeyPatch):
    import torch

    active.checkpoint({"step": 1})

    def full_disk(state: object, file: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full_disk)
    with pytest.raises(OSError, match="is full"):
        active.checkpoint({"step": 2})
    assert torch.load(active.folder / "checkpoint.pt", weights_only=True)["step"] == 1
    assert not list(active.folder.glob("*.tmp"))


def test_points_before_a_checkpoint_are_stored_before_it(active: ActiveRun, run: Run):
    active.log({"loss/a": 1.0}, step=7, epoch=1)
    active.checkpoint({"step": 7})
    assert run.metrics()["step"].tolist() == [7]


def test_going_back_to_a_checkpoint_takes_later_points_and_snapshots_away(active: ActiveRun, run: Run):
    for epoch in (1, 2, 3):
        active.log({"loss/a": 1.0}, step=10 * epoch, epoch=epoch)
        active.snapshot(snapshot(epoch))
    active.checkpoint({"step": 20})
    last = int(run.metrics()["id"].iloc[-1])
    active.rewind(20)
    assert run.metrics()["step"].tolist() == [10, 20]
    assert [epoch for epoch, _ in run.snapshots()] == [1, 2]
    active.log({"loss/a": 1.0}, step=30, epoch=3)
    active.finish("stopped")
    assert run.metrics(since_id=last)["step"].tolist() == [30]


def test_a_removed_folder_is_one_sentence_and_does_not_come_back(active: ActiveRun):
    import shutil

    shutil.rmtree(active.folder)
    for write in (lambda: active.snapshot(snapshot(1)), lambda: active.checkpoint({"step": 1})):
        with pytest.raises(ValueError, match="was removed while it trained"):
            write()
    assert not active.folder.exists()


def test_a_run_that_was_taken_over_stops_writing(active: ActiveRun, run: Run):
    from sqlalchemy import update

    from mmclust.runs.tables import RUNS

    with active:
        with run.store.writing() as connection:
            connection.execute(update(RUNS).values(token="another"))
        deadline = time.monotonic() + 5
        with pytest.raises(ValueError, match="taken over"):
            while time.monotonic() < deadline:
                active.request()
                time.sleep(0.05)


def test_a_store_that_stays_away_ends_the_run_and_one_that_comes_back_gets_everything(
    active: ActiveRun, run: Run, monkeypatch: pytest.MonkeyPatch
):
    from mmclust.runs import store_writer as module
    from mmclust.runs.errors import StoreUnavailable

    working = run.store.writing

    def broken(**_):
        raise StoreUnavailable("the run store does not answer")

    monkeypatch.setattr(run.store, "writing", broken)
    monkeypatch.setattr(module, "WRITE_EVERY_S", 0.05)
    with active:
        active.log({"loss/a": 1.0}, step=1, epoch=1)
        time.sleep(0.3)
        active.request()
        monkeypatch.setattr(run.store, "writing", working)
        deadline = time.monotonic() + 5
        while not len(run.metrics()) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert len(run.metrics()) == 1
        monkeypatch.setattr(run.store, "writing", broken)
        monkeypatch.setattr(module, "STORE_TIMEOUT_S", 0.1)
        active.log({"loss/a": 1.0}, step=2, epoch=1)
        with pytest.raises(StoreUnavailable):
            while time.monotonic() < deadline + 5:
                active.request()
                time.sleep(0.05)


def test_a_run_reads_the_same_from_a_second_store_on_the_same_home(
    active: ActiveRun, run: Run, home: Path, store_url: str
):
    active.log({"loss/a": 1.0}, step=1, epoch=1)
    active.finish("finished")
    other = RunStore(home, store_url).get(run.id)
    assert other.record() == run.record()
    assert other.metrics().equals(run.metrics())
