import re
import shutil
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from programs import Program

from mmclust import models, worker
from mmclust.data import catalogue
from mmclust.engine import trainer
from mmclust.runs.active import ActiveRun
from mmclust.runs.errors import StoreUnavailable
from mmclust.runs.run import Run
from mmclust.runs.store import RunStore
from mmclust.specs import build_spec

RUNNER = """
import sys
from mmclust.engine import trainer
trainer.CHECKPOINT_EVERY_S = 0.3
from mmclust.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def small(epochs: int = 2, clusters: int | None = None, execution: str = "eager") -> Run:
    """A queued run of a few seconds at most."""
    changes = {"width": 0.125}
    spec = build_spec(
        "digits",
        "dccs",
        preset="paper",
        changes=changes,
        limit=192,
        epochs=epochs,
        clusters=clusters,
        execution=execution,
    )
    return RunStore().create(spec)


def claimed(run: Run) -> ActiveRun:
    active = RunStore().claim(run.id)
    assert active is not None
    return active


def failing(error: BaseException):
    def fit(self, state=None, **_):
        self.recorder.checkpoint({"step": 0})
        raise error

    return fit


def test_a_run_is_trained_to_its_end():
    run = small()
    assert worker.execute(claimed(run)) == "finished"
    record = run.record()
    assert (record.status, record.epoch, record.n_samples, record.n_clusters) == ("finished", 2.0, 192, 10)
    assert record.step == record.total_steps > 0
    assert record.device == "cpu"
    assert record.seconds > 0
    assert record.metrics is not None and 0 < record.metrics["acc"] <= 1
    assert record.environment["torch"] == torch.__version__
    assert record.environment["steps"] == "eager"
    method = models.restore(run, catalogue.describe("digits"))
    assert record.measured("parameters") == sum(weights.numel() for weights in method.parameters())
    peak = record.measured("peak_memory_mib")
    assert (peak is not None and 50 < peak < 20_000) if sys.platform == "linux" else peak is None
    assert run.snapshot().epoch == 2
    assert len(run.snapshot().index) == 192
    assert any(name.startswith("loss/") for name in run.metric_names())


def test_the_fastest_steps_are_looked_for_where_asked_and_stand_in_the_run(monkeypatch: pytest.MonkeyPatch):
    found: list[int] = []

    def autotune(_: trainer.Trainer, *, step: int) -> str:
        found.append(step)
        return "CUDA graph (per step: eager 4 ms; CUDA graph 1 ms)"

    monkeypatch.setattr(trainer.Trainer, "autotune", autotune)
    run = small(epochs=1)
    worker.execute(claimed(run))
    assert run.record().environment["steps"] == "eager"
    assert found == [], "eager is the default"
    run = small(epochs=1, execution="auto")
    worker.execute(claimed(run))
    assert run.record().environment["steps"].startswith("CUDA graph (")
    assert found == [0]


def test_a_server_does_not_tell_its_own_memory_as_that_of_the_training():
    run = small(epochs=1)
    active = claimed(run)
    thread = threading.Thread(target=lambda: worker.execute(active))
    thread.start()
    thread.join(60)
    record = run.record()
    assert record.status == "finished" and record.measured("parameters")
    assert "peak_memory_mib" not in record.environment


def test_another_number_of_clusters_reaches_the_method():
    run = small(clusters=4, epochs=1)
    worker.execute(claimed(run))
    assert run.snapshot().n_clusters == 4
    assert run.record().n_clusters == 4


def test_a_trained_method_comes_back_in_evaluation_mode_with_the_weights_of_the_last_epoch():
    run = small()
    worker.execute(claimed(run))
    data = catalogue.load("digits", limit=192)
    method = models.restore(run, data.spec)
    assert not method.training
    with torch.inference_mode():
        logits = method.logits(tuple(torch.from_numpy(view) for view in data.views)).numpy()
    np.testing.assert_allclose(logits, run.snapshot().logits, atol=1e-4)


def test_without_a_checkpoint_there_is_nothing_to_restore():
    with pytest.raises(ValueError, match="no trained weights yet"):
        models.restore(small(), catalogue.describe("digits"))


@pytest.mark.parametrize(("command", "status"), [("pause", "paused"), ("stop", "stopped")])
def test_a_request_ends_training_and_the_run_goes_on_later(command, status: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(trainer, "POLL_EVERY_S", 0.0)
    run = small(epochs=3)
    active = claimed(run)
    monkeypatch.setattr(active, "request", lambda: command)
    assert worker.execute(active) == status
    stopped = run.record()
    assert 0 < stopped.step < stopped.total_steps
    run.store.requeue(run.id, "thread")
    assert worker.execute(claimed(run)) == "finished"
    assert run.record().epoch == 3.0
    steps = run.metrics(["eval/acc"])["step"].tolist()
    assert steps == sorted(set(steps))


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB"),
            "GPU ran out of memory; lower batch_size",
        ),
        (MemoryError(), "Memory ran out"),
        (OSError(28, "No space left on device"), "is full; free some space"),
        (
            trainer.TrainingDiverged("loss/mi is not a finite number at step 3"),
            "^loss/mi is not a finite number",
        ),
        (RuntimeError("size mismatch\nsecond line"), "RuntimeError: size mismatch"),
        (ImportError("no module named ghost"), "A package is missing"),
    ],
)
def test_a_failure_is_one_sentence_and_its_traceback_is_beside_the_run(
    error: Exception, sentence: str, monkeypatch: pytest.MonkeyPatch
):
    run = small()
    monkeypatch.setattr(trainer.Trainer, "fit", failing(error))
    assert worker.execute(claimed(run)) == "failed"
    record = run.record()
    assert record.status == "failed" and record.resumable
    assert "\n" not in record.error
    assert re.search(sentence, record.error), record.error
    assert "Traceback" in (run.folder / "error.log").read_text()
    assert (run.folder / "checkpoint.pt").exists()


def test_a_failed_run_leaves_its_device_to_the_next(monkeypatch: pytest.MonkeyPatch):
    first, second = small(), small()
    with monkeypatch.context() as patched:
        patched.setattr(trainer.Trainer, "fit", failing(RuntimeError("broken")))
        worker.execute(claimed(first))
    assert worker.execute(claimed(second)) == "finished"


def test_a_loss_that_is_not_finite_is_said_with_a_remedy(monkeypatch: pytest.MonkeyPatch):
    from mmclust.methods import method_class

    dccs = method_class("dccs")
    terms = dccs.loss_terms
    monkeypatch.setattr(
        dccs,
        "loss_terms",
        lambda self, *args: {name: value * float("nan") for name, value in terms(self, *args).items()},
    )
    run = small(epochs=20)
    assert worker.execute(claimed(run)) == "failed"
    assert "not a finite number" in run.record().error
    assert "lower the learning rate" in run.record().error


def test_a_folder_removed_under_a_running_job_fails_it_with_a_sentence(monkeypatch: pytest.MonkeyPatch):
    run = small()
    active = claimed(run)
    log = active.log

    def remove_and_log(values, **where) -> None:
        shutil.rmtree(run.folder, ignore_errors=True)
        log(values, **where)

    monkeypatch.setattr(active, "log", remove_and_log)
    assert worker.execute(active) == "failed"
    assert "was removed while it trained" in run.record().error
    assert not run.folder.exists()


def test_data_that_vanished_are_said(tmp_path: Path):
    images = np.random.default_rng(0).integers(0, 255, (80, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "mine.npz", images=images, labels=np.arange(80) % 4)
    store = RunStore()
    run = store.create(build_spec(str(tmp_path / "mine.npz"), "dccs", epochs=1))
    (tmp_path / "mine.npz").unlink()
    worker.execute(claimed(run))
    assert "is neither a known data set nor a file" in run.record().error


def test_a_damaged_checkpoint_is_said():
    run = small()
    (run.folder / "checkpoint.pt").write_bytes(b"no zip")
    worker.execute(claimed(run))
    assert "cannot be read" in run.record().error
    with pytest.raises(ValueError, match="cannot be read"):
        models.restore(run, catalogue.describe("digits"))


def start(folder: Path, *arguments: str) -> Program:
    return Program(RUNNER, *arguments, output=folder / "output.txt", complaints=folder / "complaints.txt")


def wait_for_checkpoint(store: RunStore, child: Program) -> str:
    """The id of the run that the child trains, once it has a checkpoint and the store knows of its progress."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and child.poll() is None:
        for record in store.list(examples=False):
            if record.step and (store.folder(record.run_id) / "checkpoint.pt").exists():
                return record.run_id
        time.sleep(0.02)
    child.kill()
    raise AssertionError(f"no checkpoint within five minutes: {child.communicate()[1]}")


@pytest.mark.slow
def test_a_run_killed_and_resumed_ends_with_the_numbers_of_one_that_was_not(tmp_path: Path):
    options = (
        "--dataset",
        "digits",
        "--method",
        "dccs",
        "--limit",
        "512",
        "--epochs",
        "40",
        "--seed",
        "5",
        "--preset",
        "paper",
    )
    store = RunStore()
    child = start(tmp_path, "train", *options)
    run_id = wait_for_checkpoint(store, child)
    child.kill()
    child.wait()
    killed = store.record(run_id)
    assert killed.status == "interrupted"
    assert 0 < killed.step < killed.total_steps, "killed too late to prove anything"

    again = start(tmp_path, "resume", run_id)
    assert again.wait(400) == 0, again.communicate()[1]

    whole = store.create(build_spec("digits", "dccs", preset="paper", limit=512, epochs=40, seed=5))
    assert worker.execute(claimed(whole)) == "finished"
    resumed = store.get(run_id)
    columns = ["step", "epoch", "name", "value"]
    assert resumed.metrics()[columns].equals(whole.metrics()[columns])
    assert resumed.record().metrics == whole.record().metrics
    assert [epoch for epoch, _ in resumed.snapshots()] == [epoch for epoch, _ in whole.snapshots()]
    np.testing.assert_array_equal(resumed.snapshot().logits, whole.snapshot().logits)
    states = [torch.load(run.folder / "checkpoint.pt", weights_only=True)["method"] for run in (resumed, whole)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[1])


def test_a_store_that_is_away_when_a_run_is_to_start_is_waited_for(monkeypatch: pytest.MonkeyPatch):
    store, told, run = RunStore(), [], small(1)
    claim, asked = store.claim, []

    def broken(*args, **options):
        asked.append(args)
        if len(asked) <= 3:
            raise StoreUnavailable("the run store does not answer")
        return claim(*args, **options)

    monkeypatch.setattr(store, "claim", broken)
    monkeypatch.setattr(worker, "ASK_EVERY_S", 0.01)
    assert worker.execute_when_free(store, run.id, waiting=told.append).status == "finished"
    assert told == ["the run store does not answer"]


def test_ctrl_c_while_a_run_gets_its_device_stops_it(monkeypatch: pytest.MonkeyPatch):
    store, run = RunStore(), small(400)
    claim, usual = store.claim, signal.getsignal(signal.SIGINT)

    def interrupted(*args, **options):
        signal.raise_signal(signal.SIGINT)
        return claim(*args, **options)

    monkeypatch.setattr(store, "claim", interrupted)
    assert worker.execute_when_free(store, run.id).status == "stopped"
    assert signal.getsignal(signal.SIGINT) is usual
