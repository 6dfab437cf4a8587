"""A full disk is told in a sentence, whatever hides its error, and a run pauses before it comes to that."""

import errno
import io
import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mmclust import disk, settings, worker
from mmclust.errors import explain
from mmclust.evaluation.snapshot import Snapshot
from mmclust.runs import checkpoints
from mmclust.runs.active import ActiveRun
from mmclust.runs.store import RunStore
from mmclust.specs import build_spec


class FullDisk(io.RawIOBase):
    """A file on a disk with room for 100 bytes."""

    written = 0

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        self.written += len(data)
        if self.written > 100:
            raise OSError(errno.ENOSPC, "No space left on device")
        return len(data)


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files cannot be written any more."""
    opened = Path.open

    def opening(self: Path, mode: str = "r", *others, **more):
        if mode != "wb":
            return opened(self, mode, *others, **more)
        opened(self, mode).close()
        return FullDisk()

    monkeypatch.setattr(Path, "open", opening)


def claimed(epochs: int = 3) -> ActiveRun:
    store = RunStore()
    run = store.create(build_spec("digits", "dccs", preset="paper", changes={"width": 0.125}, limit=192, epochs=epochs))
    active = store.claim(run.id)
    assert active is not None
    return active


def test_a_checkpoint_that_does_not_fit_says_so_though_torch_hides_it(full: None, tmp_path: Path):
    with pytest.raises(RuntimeError) as plain, (tmp_path / "a").open("wb") as file:
        torch.save({"layer": torch.zeros(1000)}, file)
    assert "No space" not in str(plain.value)  # what this is about
    with pytest.raises(
        disk.DiskFull, match=f"the disk with {tmp_path} is full, .* the checkpoint does not fit"
    ) as error:
        checkpoints.write(tmp_path, {"layer": torch.zeros(1000)})
    assert error.value.errno == errno.ENOSPC
    assert explain(error.value).startswith("The disk with") and "resume the run" in explain(error.value)
    assert {path.name for path in tmp_path.iterdir()} == {"a"}


def test_a_snapshot_that_does_not_fit_leaves_nothing_behind(full: None, tmp_path: Path):
    snapshot = Snapshot(epoch=1, step=1, index=np.arange(9), logits=np.zeros((9, 3)), spaces={})
    with pytest.raises(disk.DiskFull, match="a snapshot does not fit"):
        snapshot.save(tmp_path / "epoch_0001.npz")
    assert list(tmp_path.iterdir()) == []


def test_another_error_stays_what_it_is(tmp_path: Path):
    with pytest.raises(PermissionError), disk.room_for("it", tmp_path):
        raise PermissionError(errno.EACCES, "no")


def test_a_run_pauses_by_itself_before_the_disk_is_full(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mmclust.runs.store_writer.WRITE_EVERY_S", 0.05)
    active, whole = claimed(epochs=200), shutil.disk_usage
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=99 * 2**20))
    assert worker.execute(active) == "paused"
    record = active.run.record()
    assert record.error.startswith("Less than 100 MiB are left") and record.resumable
    monkeypatch.setattr(shutil, "disk_usage", whole)
    active.store.requeue(active.id, "thread")
    assert active.run.record().error == ""


def test_the_reserve_can_be_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    assert settings.reserve_mib() == 100
    monkeypatch.setenv("MMCLUST_RESERVE_MIB", "0")
    assert settings.reserve_mib() == 0 and not disk.is_short(tmp_path, 0)
    monkeypatch.setenv("MMCLUST_RESERVE_MIB", "much")
    with pytest.raises(ValueError, match="is not a whole number"):
        settings.reserve_mib()


def test_a_run_on_a_full_disk_fails_with_the_sentence_and_goes_on_later(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mmclust.engine.trainer.CHECKPOINT_EVERY_S", -1.0)
    monkeypatch.setattr("mmclust.engine.trainer.POLL_EVERY_S", -1.0)  # after every step
    active, n_written = claimed(epochs=30), []
    write = checkpoints.write_state

    def filling(path: Path, state: dict) -> None:
        n_written.append(path)
        if len(n_written) > 2:
            raise RuntimeError("unexpected pos 768 vs 662") from OSError(errno.ENOSPC, "No space left on device")
        write(path, state)

    with monkeypatch.context() as disk_is_full:
        disk_is_full.setattr(checkpoints, "write_state", filling)
        assert worker.execute(active) == "failed"
    assert "the checkpoint does not fit; free some space and resume" in active.run.record().error
    active.store.requeue(active.id, "thread")
    again = RunStore().claim(active.id)
    assert again is not None and worker.execute(again) == "finished"
    assert time.time() - (active.run.record().ended or 0) < 60


def test_what_does_not_fit_is_not_begun(tmp_path: Path):
    free = shutil.disk_usage(tmp_path).free
    disk.require("the export", tmp_path / "not" / "there", 1000)
    with pytest.raises(disk.DiskFull, match="MiB left and the export takes about .*write elsewhere") as caught:
        disk.require("the export", tmp_path / "not" / "there", 4 * free)
    assert disk.is_full(caught.value) and not (tmp_path / "not").exists()
