"""Runs of image methods under preset auto, from the spec to what is stored beside the result."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch

from mmclust import worker
from mmclust.auto import image_run, shallow
from mmclust.auto.image_signals import Signals
from mmclust.auto.trial import Trial
from mmclust.engine import trainer
from mmclust.runs.run import Run
from mmclust.runs.store import RunStore
from mmclust.specs import build_spec, look

SMALL = {"dccs": {"width": 0.125}, "imc-swav": {"width": 0.125, "n_prototypes": 20}}
"""Fewer numbers to compute."""


@pytest.fixture(autouse=True)
def quick_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shallow, "N_LAYOUTS", 1)
    monkeypatch.setattr(shallow, "N_MIXTURES", 2)


def write_bars(path: Path, n: int = 96, size: int = 16, **more: np.ndarray) -> str:
    """Bars at one of three angles."""
    random = np.random.default_rng(0)
    classes = np.arange(n) % 3
    rows, columns = np.mgrid[:size, :size] - (size - 1) / 2
    angle = (np.pi * classes / 3)[:, None, None]
    bar = np.exp(-np.square((np.cos(angle) * columns + np.sin(angle) * rows) * 10 / size))
    images = (200 * bar + random.normal(20, 8, bar.shape)).clip(0, 255).astype(np.uint8)[:, None]
    np.savez(path, images=images, labels=classes, **more)  # pyright: ignore[reportArgumentType]
    return str(path)


def train(tmp_path: Path, dataset: str, method: str = "dccs", *, epochs: int = 4, **about: object) -> Run:
    store = RunStore(tmp_path / "home")
    changes = SMALL[method]
    spec = build_spec(dataset, method, epochs=epochs, changes=changes, device="cpu", **about)  # pyright: ignore[reportArgumentType]
    created = store.create(spec)
    run = store.claim(created.id, devices=["cpu"])
    assert run is not None
    assert worker.execute(run) == "finished", store.record(created.id).error
    return store.get(created.id)


@pytest.mark.parametrize("method", ["dccs", "imc-swav"])
def test_what_was_chosen_is_in_the_spec_and_repeats_the_run(tmp_path: Path, method: str) -> None:
    dataset = write_bars(tmp_path / "bars.npz")
    run = train(tmp_path, dataset, method)
    assert {"layout", "mixture", "candidates", "budget_min"} <= set(run.spec.auto)
    assert len(run.spec.auto["candidates"]) == 1
    stored = json.loads((run.folder / "spec.json").read_text())
    assert stored["auto"] == run.spec.auto and stored["config"] == run.spec.config
    store = RunStore(tmp_path / "home")
    again = store.create(run.spec)
    claimed = store.claim(again.id, devices=["cpu"])
    assert claimed is not None and worker.execute(claimed) == "finished"
    assert np.array_equal(again.snapshot().logits, run.snapshot().logits)
    assert store.get(again.id).spec.auto == run.spec.auto


def test_what_earned_the_result_is_stored_with_the_run(tmp_path: Path) -> None:
    run = train(tmp_path, write_bars(tmp_path / "bars.npz"), budget_min=3.0)
    found = json.loads((run.folder / image_run.FILE).read_text())
    assert found["kind"] == "images" and found["kept"] in ("start", "method")
    assert [each["name"] for each in found["candidates"]] == ["mild", "strong"]
    assert sum(each["taken"] for each in found["candidates"]) == 1
    assert set(found["partitions"]) == {
        "start",
        "method",
        "k-means on pixels",
        "UMAP and mixture on pixels",
        "UMAP and mixture on edges",
    }
    assert found["partitions"]["start"]["acc"] > 0.9
    assert found["verdict"]["word"] and set(found["partition_evidence"]) == set(found["partitions"])
    with np.load(run.folder / image_run.ARRAYS) as arrays:
        assert arrays["start"].shape == (96,)
    assert not (run.folder / "trials").exists()


def test_a_collapsed_clustering_gives_way_to_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Signals, "collapsed", True)
    run = train(tmp_path, write_bars(tmp_path / "bars.npz"), epochs=1)
    found = json.loads((run.folder / image_run.FILE).read_text())
    assert found["kept"] == "start" and "shallow start is the result" in found["why"]
    metrics = run.record().metrics
    assert metrics is not None and metrics["acc"] == found["partitions"]["start"]["acc"]
    with np.load(run.folder / image_run.ARRAYS) as arrays:
        assert np.array_equal(run.snapshot().y_pred, arrays["start"])


def test_a_clustering_of_less_evidence_gives_way_to_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Signals, "collapsed", False)
    monkeypatch.setattr(Signals, "untrained", False)
    run = train(tmp_path, write_bars(tmp_path / "bars.npz"), epochs=1)
    found = json.loads((run.folder / image_run.FILE).read_text())
    evidence = found["partition_evidence"]
    assert evidence["method"] < 0.9 * evidence["start"]
    assert found["kept"] == "start" and "less evidence" in found["why"]
    assert found["verdict"]["word"] != "worse than a simple method"


@pytest.mark.parametrize(
    ("start", "deep", "crosses"),
    [(0.995, 0.97, True), (0.985, 0.975, False), (0.966, 0.907, False), (0.99, 1.0, False)],
)
def test_only_clusters_that_lie_apart_are_kept_from_being_divided(start: float, deep: float, crosses: bool) -> None:
    assert image_run.crosses_gaps(start, deep) == crosses


def test_a_set_that_is_too_small_for_the_method_keeps_the_start(tmp_path: Path) -> None:
    run = train(tmp_path, write_bars(tmp_path / "bars.npz"), epochs=1, clusters=8)
    found = json.loads((run.folder / image_run.FILE).read_text())
    assert found["kept"] == "start" and "96 images are too few for the method" in found["why"]
    assert len(np.unique(run.snapshot().y_pred)) > 2


def test_name_and_path_get_the_same_settings(tmp_path: Path) -> None:
    dataset = write_bars(tmp_path / "mnist.npz")
    other = write_bars(tmp_path / "other.npz")
    specs = [replace(build_spec(path, "dccs"), dataset="") for path in (dataset, other)]
    assert specs[0] == specs[1]


def test_values_that_the_user_has_set_are_kept_in_every_candidate(tmp_path: Path) -> None:
    dataset = write_bars(tmp_path / "bars.npz")
    spec = build_spec(dataset, "dccs", changes={"rotation": 33, "flip": "true"}, epochs=1)
    store = RunStore(tmp_path / "home")
    run = store.claim(store.create(spec).id, devices=["cpu"])
    assert run is not None and worker.execute(run) == "finished"
    assert run.spec.config["rotation"] == 33 and run.spec.config["flip"] is True


def test_large_images_are_trained_smaller_and_it_is_said(tmp_path: Path) -> None:
    run = train(tmp_path, write_bars(tmp_path / "large.npz", n=48, size=96), epochs=1)
    assert run.spec.preprocessing == ("resize-32",)
    assert np.isfinite(run.snapshot().logits).all()


def test_a_run_of_few_updates_is_warned_of(tmp_path: Path) -> None:
    dataset = write_bars(tmp_path / "bars.npz")
    assert any("too few to learn much" in note for note in look(build_spec(dataset, "dccs", epochs=20)))
    assert not any("too few" in note for note in look(build_spec(dataset, "dccs")))


def test_imc_swav_trains_on_a_file_of_one_part(tmp_path: Path) -> None:
    run = train(tmp_path, write_bars(tmp_path / "bars.npz", split=np.zeros(96, np.uint8)), "imc-swav", epochs=1)
    assert len(run.snapshot().index) == 96


def test_identical_images_are_one_sentence_not_a_crash(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (1, 1, 16, 16)).astype(np.uint8)
    np.savez(tmp_path / "same.npz", images=picture.repeat(40, axis=0), labels=np.arange(40) % 2)
    with pytest.raises(AssertionError, match="All 40 samples of same are the same, so nothing tells them apart"):
        train(tmp_path, str(tmp_path / "same.npz"), epochs=1)


@pytest.mark.parametrize("command", ["pause", "stop"])
def test_a_run_that_is_stopped_in_a_trial_goes_on_there(
    tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = write_bars(tmp_path / "bars.npz")
    whole = train(tmp_path, dataset)
    monkeypatch.setattr(trainer, "POLL_EVERY_S", 0.0)
    store = RunStore(tmp_path / "home")
    created = store.create(build_spec(dataset, "dccs", epochs=4, changes=SMALL["dccs"], device="cpu"))
    active = store.claim(created.id, devices=["cpu"])
    assert active is not None
    monkeypatch.setattr(active, "request", lambda: command)
    assert worker.execute(active) in ("paused", "stopped")
    store.requeue(created.id, "thread")
    active = store.claim(created.id, devices=["cpu"])
    assert active is not None and worker.execute(active) == "finished"
    steps = created.metrics(["eval/acc"])["step"].tolist()
    assert steps == whole.metrics(["eval/acc"])["step"].tolist()
    assert np.array_equal(created.snapshot().logits, whole.snapshot().logits)


def test_a_damaged_state_of_a_candidate_lets_it_train_from_its_start(tmp_path: Path) -> None:
    class Run:
        def rewind(self, step: int) -> int:
            return 0

        def log(self, values: dict[str, float], *, step: int, epoch: float) -> None:
            pass

    trial = Trial(cast(Any, Run()), tmp_path / "trial", number=0, n_trials=2)
    assert trial.restored("cpu") is None
    trial.log({"loss/a": 1.0}, step=1, epoch=1)
    trial.checkpoint({"weights": torch.arange(1000.0)})
    state = trial.restored("cpu")
    assert state is not None and torch.equal(state["weights"], torch.arange(1000.0))
    content = bytearray((trial.folder / "state.pt").read_bytes())
    content[len(content) // 2] ^= 1
    (trial.folder / "state.pt").write_bytes(content)
    assert trial.restored("cpu") is None
