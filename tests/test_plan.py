import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmclust.data.catalogue import DataUnavailable, UnknownDataset
from mmclust.plan import objection, plan


def test_a_plan_holds_every_hyper_parameter_of_the_preset():
    spec = plan("digits", "dccs", seed=3)
    assert (spec.dataset, spec.method, spec.seed, spec.preset, spec.device) == ("digits", "dccs", 3, "quick", "auto")
    assert spec.epochs > 0
    assert {"beta_aug", "learning_rate", "batch_size"} <= set(spec.config)


def test_changes_may_be_text_and_are_checked():
    assert plan("digits", "dccs", changes={"beta_aug": "1.5", "flip": "yes"}).config["beta_aug"] == 1.5
    with pytest.raises(ValueError, match="no hyper-parameter 'beta'; known are"):
        plan("digits", "dccs", changes={"beta": 1})
    with pytest.raises(ValueError, match="out of range; beta_aug may be 0 to 10"):
        plan("digits", "dccs", changes={"beta_aug": 11})


def test_names_may_be_written_loosely():
    spec = plan(" Digits ", "DCCS")
    assert (spec.dataset, spec.method) == ("digits", "dccs")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"dataset": "digitz"}, "did you mean digits"),
        ({"method": "dcs"}, "did you mean dccs"),
        ({"preset": "best"}, "choose one of"),
        ({"epochs": 0}, "epochs=0 is not allowed"),
        ({"epochs": 1.5}, "epochs=1.5 is not allowed"),
        ({"seed": -1}, "seed=-1 is not allowed"),
        ({"clusters": 1}, "2 or more"),
        ({"clusters": 1798}, "exceeds the 1797 samples"),
        ({"clusters": 30, "limit": 20}, "exceeds the 20 samples"),
        ({"limit": 5}, "clusters=10 exceeds the 5 samples"),
        ({"limit": 0}, "limit=0 leaves nothing"),
        ({"device": "gpu"}, "choose one of auto, cpu, cuda"),
        ({"precision": "fp8"}, "choose one of float32, bf16"),
        ({"evaluate_every": 0}, "evaluate_every=0"),
        ({"n_snapshots": 0}, "n_snapshots=0"),
    ],
)
def test_a_wrong_wish_is_one_sentence(wrong: dict[str, Any], sentence: str):
    wishes: dict[str, Any] = {"dataset": "digits", "method": "dccs"} | wrong
    with pytest.raises(ValueError, match=sentence) as caught:
        plan(**wishes)
    assert "\n" not in str(caught.value)


def test_an_absent_gpu_is_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mmclust.plan.devices", lambda: ("cpu",))
    with pytest.raises(ValueError, match="cuda is not on this machine"):
        plan("digits", "dccs", device="cuda")
    monkeypatch.setattr("mmclust.plan.devices", lambda: ("cuda:0", "cpu"))
    assert plan("digits", "dccs", device="cuda").device == "cuda"


def test_absent_data_say_how_to_get_them(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("MMCLUST_DATA", raising=False)
    with pytest.raises(DataUnavailable, match="MNIST is not here yet"):
        plan("mnist", "dccs")


def test_a_path_is_remembered_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (40, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "mine.npz", images=images, labels=np.arange(40) % 4)
    monkeypatch.chdir(tmp_path)
    assert plan("mine.npz", "dccs").dataset == str(tmp_path / "mine.npz")


def test_data_without_labels_need_a_number_of_clusters(tmp_path: Path):
    images = np.random.default_rng(0).integers(0, 255, (40, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "mine.npz", images=images)
    with pytest.raises(ValueError, match="give the number of clusters"):
        plan(str(tmp_path / "mine.npz"), "dccs")
    assert plan(str(tmp_path / "mine.npz"), "dccs", clusters=4).n_clusters == 4


def test_a_missing_file_is_an_unknown_data_set():
    with pytest.raises(UnknownDataset):
        plan("nowhere/images.npz", "dccs")


def test_what_a_method_cannot_take_is_said_before_anything_runs():
    assert objection(plan("digits", "dccs")) is None
    sentence = objection(plan("digits", "dccs", changes={"input": "rgb"}))
    assert sentence is not None and "colour" in sentence
    assert "mmclust.methods.dccs.method" in sys.modules
