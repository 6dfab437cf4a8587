import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmclust.data.catalogue import DataUnavailable, UnknownDataset
from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.runs.devices import computes_bf16
from mmclust.specs import build_spec, look, validate


def test_a_plan_holds_every_hyper_parameter_of_the_preset():
    spec = build_spec("digits", "dccs", seed=3)
    assert (spec.dataset, spec.method, spec.seed, spec.preset, spec.device) == ("digits", "dccs", 3, "auto", "auto")
    assert spec.epochs > 0
    assert {"beta_aug", "learning_rate", "batch_size"} <= set(spec.config)


def test_changes_may_be_text_and_are_checked():
    assert build_spec("digits", "dccs", changes={"beta_aug": "1.5", "flip": "yes"}).config["beta_aug"] == 1.5
    with pytest.raises(ValueError, match="no hyper-parameter 'beta'; known are"):
        build_spec("digits", "dccs", changes={"beta": 1})
    with pytest.raises(ValueError, match="out of range; beta_aug may be 0 to 10"):
        build_spec("digits", "dccs", changes={"beta_aug": 11})


def test_bf16_is_refused_by_name_and_left_out_of_presets_where_a_processor_has_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr("mmclust.runs.devices.devices", lambda: ("cpu",))
    about = tmp_path / "cpuinfo"
    monkeypatch.setattr("mmclust.runs.devices.Path", lambda path: about)
    monkeypatch.setattr("mmclust.specs.build.computes_bf16", computes_bf16.__wrapped__)  # asked again, not remembered
    about.write_text("processor : 0\nflags : fpu avx512f avx512_bf16\n")
    assert (
        build_spec("digits", "imc-swav").precision == build_spec("digits", "dccs", precision="bf16").precision == "bf16"
    )
    about.write_text("processor : 0\nflags : fpu avx2\n")
    assert build_spec("digits", "imc-swav").precision == "float32"
    with pytest.raises(ValueError, match="needs a processor that calculates in bfloat16.*choose float32"):
        build_spec("digits", "dccs", precision="bf16")
    about.unlink()
    assert build_spec("digits", "imc-swav").precision == "float32"


def test_names_may_be_written_loosely():
    spec = build_spec(" Digits ", "DCCS")
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
        ({"clusters": 1797}, "single samples as clusters; give the number of clusters to look for, from 2 to 898"),
        ({"clusters": 899}, "clusters=899 for 1,797 samples would leave single samples"),
        ({"limit": 3, "clusters": 2}, "digits holds 3 samples; at least 4 are needed"),
        ({"clusters": 10_001}, "more than the 10,000 that a run may have"),
        ({"clusters": 1798}, "exceeds the 1797 samples"),
        ({"clusters": 30, "limit": 20}, "exceeds the 20 samples"),
        ({"limit": 5}, "clusters=10 exceeds the 5 samples"),
        ({"limit": 0}, "limit=0 leaves nothing"),
        ({"device": "gpu"}, "choose one of auto, cpu, cuda"),
        ({"precision": "fp8"}, "choose one of float32, bf16"),
        ({"execution": "fast"}, "choose one of eager, auto"),
        ({"n_devices": 0, "preset": "paper"}, "devices=0 is out of range; 1 to 64 devices"),
        ({"n_devices": 2}, "devices=2 needs settings that are known; choose preset paper"),
        ({"n_devices": 64, "preset": "paper", "changes": {"batch_size": 32}}, "devices=64 exceeds the batch_size 32"),
        ({"n_devices": 2, "preset": "paper", "execution": "auto"}, "devices=2 trains in float32 by eager steps only"),
        ({"n_devices": 2, "method": "kmeans"}, "is a baseline without devices"),
        ({"evaluate_every": 0}, "evaluate_every=0"),
        ({"n_snapshots": 0}, "n_snapshots=0"),
    ],
)
def test_a_wrong_argument_is_one_sentence(wrong: dict[str, Any], sentence: str):
    arguments: dict[str, Any] = {"dataset": "digits", "method": "dccs"} | wrong
    with pytest.raises(ValueError, match=sentence) as caught:
        build_spec(**arguments)
    assert "\n" not in str(caught.value)


def test_an_absent_gpu_is_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mmclust.specs.build.devices", lambda: ("cpu",))
    with pytest.raises(ValueError, match="cuda is not on this machine"):
        build_spec("digits", "dccs", device="cuda")
    monkeypatch.setattr("mmclust.specs.build.devices", lambda: ("cuda:0", "cpu"))
    assert build_spec("digits", "dccs", device="cuda").device == "cuda"


def test_absent_data_say_how_to_get_them(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("MMCLUST_DATA", raising=False)
    with pytest.raises(DataUnavailable, match="MNIST is not here yet"):
        build_spec("mnist", "dccs")


def test_a_path_is_remembered_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (40, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "mine.npz", images=images, labels=np.arange(40) % 4)
    monkeypatch.chdir(tmp_path)
    assert build_spec("mine.npz", "dccs").dataset == str(tmp_path / "mine.npz")


def test_data_without_labels_need_a_number_of_clusters(tmp_path: Path):
    images = np.random.default_rng(0).integers(0, 255, (40, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "mine.npz", images=images)
    with pytest.raises(ValueError, match="give the number of clusters"):
        build_spec(str(tmp_path / "mine.npz"), "dccs")
    assert build_spec(str(tmp_path / "mine.npz"), "dccs", clusters=4).n_clusters == 4


def test_a_missing_file_is_an_unknown_data_set():
    with pytest.raises(UnknownDataset):
        build_spec("nowhere/images.npz", "dccs")


def test_what_a_method_cannot_take_is_said_before_anything_runs():
    assert validate(build_spec("digits", "dccs")) is None
    sentence = validate(build_spec("digits", "dccs", changes={"input": "rgb"}))
    assert sentence is not None and "colour" in sentence
    assert "mmclust.methods.dccs.method" in sys.modules


def test_preparation_steps_are_those_of_the_method_or_the_users():
    assert build_spec("digits", "dccs").preprocessing == ()
    assert build_spec("digits", "dccs", preprocessing=["flatten,pca-20"]).preprocessing == ("flatten", "pca-20")
    assert build_spec("digits", "dccs", preprocessing=["none"]).preprocessing == ()
    with pytest.raises(ValueError, match="step 'flaten' is not known; did you mean flatten?"):
        build_spec("digits", "dccs", preprocessing=["flaten"])


def test_a_method_is_asked_about_the_data_after_the_steps():
    sentence = validate(build_spec("digits", "dccs", preprocessing=["flatten"]))
    assert sentence is not None and "image" in sentence
    assert validate(build_spec("digits", "dccs", preprocessing=["minmax"])) is None, (
        "image views are left alone by minmax"
    )


def test_a_look_at_the_samples_gives_notes_and_refuses_what_is_broken():
    spec = build_spec("digits", "dccs", preset="paper", changes={"batch_size": 32})
    assert look(spec) == ()
    features = np.random.default_rng(0).random((40, 3)).astype(np.float32)
    features[:, 1] = 2
    view = ViewSpec(name="text", kind="vector", shape=(3,))
    data = MultiViewDataset(spec=DataSpec(name="mine", views=(view,), n_clusters=2), views=(features,))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mmclust.data.catalogue.describe", lambda name: data.spec)
        assert [note.partition(" are")[0] for note in look(spec, lambda *_: data)] == [
            "1 of the 3 columns of view text"
        ]
        features[7, 0] = np.nan
        with pytest.raises(ValueError, match="NaN or infinite values, first in sample 7"):
            look(spec, lambda *_: data)


def test_a_look_also_warns_of_a_batch_too_small_for_the_methods_joint():
    spec = build_spec("digits-2view", "dmim", changes={"batch_size": 64})
    assert any("64 samples in a batch are too few" in note for note in look(spec))
    assert not any("in a batch" in note for note in look(build_spec("digits-2view", "dmim")))


def test_one_sample_and_a_cluster_for_each_few_are_said(tmp_path: Path):
    images = np.random.default_rng(0).integers(0, 256, (20_000, 8, 8), np.uint8)
    np.savez(tmp_path / "one.npz", images=images[:1], labels=[0])
    with pytest.raises(ValueError, match="one.npz holds 1 sample; at least 4 are needed"):
        build_spec(str(tmp_path / "one.npz"), "dccs")
    np.savez(tmp_path / "many.npz", images=images, labels=np.arange(20_000) % 10_000)
    warnings = look(build_spec(str(tmp_path / "many.npz"), "dccs"))
    assert any("10,000 clusters of 20,000 samples have 2 samples each" in warning for warning in warnings)


@pytest.mark.parametrize(("clusters", "doubtful"), [(179, False), (180, True)])
def test_clusters_of_few_samples_each_are_warned_of(clusters: int, doubtful: bool):
    assert any("too few to tell" in note for note in look(build_spec("digits", "dccs", clusters=clusters))) == doubtful
