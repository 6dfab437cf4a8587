"""Flipped bytes are noticed before anything is made of them."""

import random
from pathlib import Path

import numpy as np
import pytest
import torch

from mmclust import worker
from mmclust.evaluation.snapshot import Snapshot
from mmclust.runs import checkpoints
from mmclust.runs.active import ActiveRun
from mmclust.runs.run import Run
from mmclust.runs.store import RunStore
from mmclust.specs import build_spec


@pytest.fixture(autouse=True)
def store_url() -> str:
    """These tests are about files; the store is SQLite."""
    return ""


def flipped(content: bytes, n: int, seed: int) -> bytes:
    damaged, draw = bytearray(content), random.Random(seed)
    for place in draw.sample(range(len(content)), n):
        damaged[place] ^= 1 << draw.randrange(8)
    return bytes(damaged)


def state(step: int) -> dict:
    return {"step": step, "method": {"layer": torch.arange(2000.0) + step}}


@pytest.mark.parametrize("n", [1, 64])
def test_flipped_bytes_of_a_checkpoint_are_noticed_or_harmless(tmp_path: Path, n: int):
    checkpoints.write(tmp_path, state(1))
    path = tmp_path / checkpoints.NEWEST
    whole, n_noticed = path.read_bytes(), 0
    for seed in range(150):
        path.write_bytes(flipped(whole, n, seed))
        for mapped in (False, True):
            try:
                found = checkpoints.read(path, mapped=mapped)
            except checkpoints.DamagedState as error:
                assert "\n" not in str(error) and len(str(error)) < 400
                n_noticed += 1
            else:
                assert torch.equal(found["method"]["layer"], state(1)["method"]["layer"]) and found["step"] == 1
    assert n_noticed > 200


@pytest.mark.parametrize("n", [1, 64])
def test_flipped_bytes_of_a_snapshot_are_noticed_or_harmless(tmp_path: Path, n: int):
    logits, z = (np.random.default_rng(0).normal(size=(50, k)).astype(np.float32) for k in (4, 3))
    Snapshot(epoch=1, step=7, index=np.arange(50), logits=logits, spaces={"z": z}).save(tmp_path / "epoch_0001.npz")
    path = tmp_path / "epoch_0001.npz"
    whole, n_noticed = path.read_bytes(), 0
    before = Snapshot.load(path)
    for seed in range(300):
        path.write_bytes(flipped(whole, n, seed))
        try:
            found = Snapshot.load(path)
        except ValueError as error:
            assert "the snapshot epoch_0001.npz is damaged" in str(error) and "\n" not in str(error)
            n_noticed += 1
            continue
        np.testing.assert_array_equal(found.logits, before.logits)
        np.testing.assert_array_equal(found.index, before.index)
        assert (found.epoch, found.step) == (1, 7)
    assert n_noticed > 150


def test_the_last_two_states_are_kept_and_a_damaged_one_is_put_aside(tmp_path: Path):
    for step in (1, 2, 3):
        checkpoints.write(tmp_path, state(step))
    path = tmp_path / checkpoints.NEWEST
    path.write_bytes(flipped(path.read_bytes(), 64, 0))
    found, damaged = checkpoints.newest(tmp_path, "cpu")
    assert found is not None and (found["step"], damaged) == (2, True)
    checkpoints.write(tmp_path, state(4))
    path.write_bytes(flipped(path.read_bytes(), 64, 0))
    found, damaged = checkpoints.newest(tmp_path, "cpu")
    assert found is not None and (found["step"], damaged) == (2, True)


def test_a_state_of_an_earlier_version_is_still_read(tmp_path: Path):
    torch.save({"step": 3}, tmp_path / checkpoints.NEWEST)
    assert checkpoints.newest(tmp_path, "cpu") == ({"step": 3}, False)


def begun(store: RunStore) -> tuple[Run, ActiveRun]:
    run = store.create(build_spec("digits", "dccs", preset="paper", changes={"width": 0.125}, limit=192, epochs=4))
    active = store.claim(run.id)
    assert active is not None
    return run, active


def test_a_run_whose_last_checkpoint_is_damaged_goes_on_from_the_one_before(monkeypatch: pytest.MonkeyPatch):
    store = RunStore()
    whole, active = begun(store)
    assert worker.execute(active) == "finished"
    run, training = begun(store)
    monkeypatch.setattr("mmclust.engine.trainer.CHECKPOINT_EVERY_S", -1.0)
    monkeypatch.setattr("mmclust.engine.trainer.POLL_EVERY_S", -1.0)  # after every step
    write, n_written = checkpoints.write, []

    def writing(folder: Path, values: dict) -> None:
        write(folder, values)
        n_written.append(values["step"])
        if len(n_written) == 3:
            training.stop()

    with monkeypatch.context() as patched:
        patched.setattr(checkpoints, "write", writing)
        assert worker.execute(training) == "stopped"
    newest = run.folder / checkpoints.NEWEST
    newest.write_bytes(flipped(newest.read_bytes(), 64, 1))
    store.requeue(run.id, "thread")
    active = store.claim(run.id)
    assert active is not None and worker.execute(active) == "finished"
    record = run.record()
    assert record.environment["resumed"] == checkpoints.WENT_BACK
    assert record.metrics == whole.record().metrics
    columns = ["step", "epoch", "name", "value"]
    assert run.metrics()[columns].equals(whole.metrics()[columns])
    np.testing.assert_array_equal(run.snapshot().logits, whole.snapshot().logits)
