import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from recording import ListRecorder

from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.engine.evaluation import SNAPSHOT_SAMPLES, snapshot_epochs
from mmclust.engine.recorder import Request
from mmclust.engine.trainer import Trainer, TrainingDiverged, build
from mmclust.methods.base import Batch
from mmclust.methods.dccs.card import Config
from mmclust.methods.dccs.method import DCCS

EPOCHS = 3


@pytest.fixture
def dataset() -> MultiViewDataset:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 120)
    images = rng.integers(0, 60, (120, 1, 8, 8)) + 60 * labels[:, None, None, None]
    view = ViewSpec(name="image", kind="image", shape=(1, 8, 8))
    spec = DataSpec(name="tiny", views=(view,), n_clusters=3)
    return MultiViewDataset(spec=spec, views=(images.astype(np.uint8),), labels=labels)


def _trainer(dataset: MultiViewDataset, recorder: ListRecorder, seed: int = 0, **changes: Any) -> Trainer:
    config = Config(style_dim=4, batch_size=16, width=0.25, **changes.pop("config", {}))
    method = build(DCCS, config, dataset.spec, seed)
    about = {"epochs": EPOCHS, "snapshot_epochs": frozenset(range(EPOCHS + 1))} | changes
    return Trainer(method, dataset, recorder, seed=seed, device=torch.device("cpu"), **about)


def test_a_run_reports_finite_terms_metrics_and_snapshots(dataset: MultiViewDataset) -> None:
    recorder = ListRecorder()
    assert _trainer(dataset, recorder).fit() == "finished"
    names = {name for _, name, _ in recorder.points}
    assert {"loss/critic", "loss/penalty", "loss/mi", "loss/aug", "loss/adv"} <= names
    assert {
        "signal/wasserstein",
        "signal/usage_entropy",
        "signal/confidence",
        "eval/acc",
        "eval/nmi_geometric",
    } <= names
    assert all(np.isfinite(value) for _, _, value in recorder.points)
    assert [s.epoch for s in recorder.snapshots] == [0, 1, 2, 3]
    last = recorder.snapshots[-1]
    assert last.spaces["z"].shape == (120, 7)
    np.testing.assert_allclose(last.probs.sum(axis=1), 1)


def test_the_objective_of_each_turn_is_the_weighted_sum_of_its_terms(dataset: MultiViewDataset) -> None:
    recorder = ListRecorder()
    trainer = _trainer(dataset, recorder, epochs=2)
    trainer.fit()
    for phase in ("encoder", "critic"):
        weights = trainer.method.weights("train", phase)
        last = {name: value for _, name, value in recorder.points}
        expected = sum(weight * last[f"loss/{name}"] for name, weight in weights.items())
        assert last[f"objective/{phase}"] == pytest.approx(expected, rel=1e-5)


def test_training_separates_gray_levels(dataset: MultiViewDataset) -> None:
    config = {"learning_rate": 3e-3, "n_critic": 2, "jitter": 0.0, "beta_mi": 0.0}
    first, last = [], []
    for seed in range(3):  # a single seed may end with two levels merged
        recorder = ListRecorder()
        _trainer(dataset, recorder, seed=seed, epochs=60, config=dict(config)).fit()
        acc = [value for _, name, value in recorder.points if name == "eval/acc"]
        first.append(acc[0])
        last.append(acc[-1])
    assert np.mean(last) > 0.85 > 0.65 > np.mean(first)


def test_the_same_seed_gives_the_same_curves_and_another_seed_others(dataset: MultiViewDataset) -> None:
    first, second, other = ListRecorder(), ListRecorder(), ListRecorder()
    _trainer(dataset, first).fit()
    _trainer(dataset, second).fit()
    _trainer(dataset, other, seed=1).fit()
    assert first.points == second.points
    assert first.points != other.points


@pytest.mark.parametrize(
    ("stop_at", "command", "outcome"), [(2, "stop", "stopped"), (7, "pause", "paused"), (8, "stop", "stopped")]
)
def test_a_resumed_run_ends_with_the_numbers_of_an_uninterrupted_one(
    dataset: MultiViewDataset, monkeypatch: pytest.MonkeyPatch, stop_at: int, command: Request, outcome: str
) -> None:
    monkeypatch.setattr("mmclust.engine.trainer.POLL_EVERY_S", -1.0)  # read the command after every step
    whole, part, rest = ListRecorder(), ListRecorder(stop_at, command), ListRecorder()
    _trainer(dataset, whole).fit()
    assert _trainer(dataset, part).fit() == outcome
    assert part.state["step"] == stop_at  # 7 steps an epoch: within, at the end of and after one
    assert _trainer(dataset, rest).fit(part.state) == "finished"
    assert part.points + rest.points == whole.points
    np.testing.assert_array_equal(rest.snapshots[-1].logits, whole.snapshots[-1].logits)
    for name, value in whole.state["method"].items():
        assert torch.equal(value, rest.state["method"][name]), name


def test_the_end_is_measured_again_from_the_networks_alone(dataset: MultiViewDataset) -> None:
    whole, again = ListRecorder(), ListRecorder()
    _trainer(dataset, whole).fit()
    assert _trainer(dataset, again).fit({name: whole.state[name] for name in ("step", "method")}) == "finished"
    assert again.step == whole.step
    assert again.points and set(again.points) <= set(whole.points)
    np.testing.assert_array_equal(again.snapshots[-1].logits, whole.snapshots[-1].logits)


def test_without_labels_everything_but_the_label_figures_is_there(dataset: MultiViewDataset) -> None:
    recorder = ListRecorder()
    _trainer(dataclasses.replace(dataset, labels=None), recorder).fit()
    names = {name for _, name, _ in recorder.points}
    assert not any(name.startswith("eval/") for name in names)
    assert "signal/confidence" in names
    assert len(recorder.snapshots) == EPOCHS + 1


def test_labels_do_not_touch_training(dataset: MultiViewDataset) -> None:
    with_labels, without = ListRecorder(), ListRecorder()
    _trainer(dataset, with_labels).fit()
    _trainer(dataclasses.replace(dataset, labels=None), without).fit()
    np.testing.assert_array_equal(with_labels.snapshots[-1].logits, without.snapshots[-1].logits)


def test_evaluation_rhythm_does_not_touch_training(dataset: MultiViewDataset) -> None:
    often, seldom = ListRecorder(), ListRecorder()
    _trainer(dataset, often, evaluate_every=1).fit()
    _trainer(dataset, seldom, evaluate_every=100, snapshot_epochs=frozenset({EPOCHS})).fit()
    np.testing.assert_array_equal(often.snapshots[-1].logits, seldom.snapshots[-1].logits)


def test_a_loss_that_is_not_finite_ends_the_run_with_a_sentence(dataset: MultiViewDataset) -> None:
    trainer = _trainer(dataset, ListRecorder(), epochs=10)
    with torch.no_grad():
        trainer.method.get_parameter("critic.last.weight").fill_(float("nan"))
    with pytest.raises(TrainingDiverged, match="lower the learning rate"):
        trainer.fit()


def test_a_batch_larger_than_the_data_is_refused_with_both_sizes(dataset: MultiViewDataset) -> None:
    method = build(DCCS, Config(batch_size=128), dataset.spec, 0)
    with pytest.raises(ValueError, match="batch_size=128 exceeds the 120 samples"):
        Trainer(method, dataset, ListRecorder(), epochs=1, seed=0, device=torch.device("cpu"))


def test_bf16_trains_and_keeps_float32_weights(dataset: MultiViewDataset) -> None:
    recorder = ListRecorder()
    _trainer(dataset, recorder, precision="bf16").fit()
    assert all(np.isfinite(value) for _, _, value in recorder.points)
    assert {value.dtype for value in recorder.state["method"].values()} == {torch.float32, torch.int64}


def test_early_snapshots_of_a_large_set_hold_a_fixed_sample_and_the_last_all(monkeypatch: pytest.MonkeyPatch) -> None:
    n_samples = SNAPSHOT_SAMPLES + 500
    view = ViewSpec(name="image", kind="image", shape=(1, 4, 4))
    images = np.random.default_rng(0).integers(0, 256, (n_samples, 1, 4, 4), dtype=np.uint8)
    data = MultiViewDataset(spec=DataSpec(name="large", views=(view,), n_clusters=2), views=(images,))
    recorder = ListRecorder()
    _trainer(data, recorder, epochs=1).fit()
    first, last = recorder.snapshots
    assert len(first.index) == len(first.logits) == SNAPSHOT_SAMPLES
    assert len(np.unique(first.index)) == SNAPSHOT_SAMPLES
    assert len(last.index) == n_samples


def test_only_the_training_part_is_trained_on(dataset: MultiViewDataset) -> None:
    split = np.repeat(np.array([0, 1], dtype=np.uint8), 60)
    data = dataclasses.replace(dataset, split=split)
    recorder = ListRecorder()
    trainer = _trainer(data, recorder, train_part="train", eval_part="test")
    assert trainer.samples.train_index.max() < 60
    trainer.fit()
    assert recorder.snapshots[-1].index.min() == 60


@pytest.mark.parametrize(("epochs", "n_snapshots"), [(1, 24), (5, 24), (100, 12), (3000, 24), (3000, 1)])
def test_snapshot_epochs_hold_the_end_and_no_more_than_asked_for(epochs: int, n_snapshots: int) -> None:
    kept = snapshot_epochs(epochs, n_snapshots)
    assert epochs in kept
    assert len(kept) <= n_snapshots
    assert min(kept) >= 0


def test_unlabelled_samples_are_trained_on_and_known_as_such_but_never_evaluated(
    dataset: MultiViewDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = np.full((40, 1, 8, 8), 250, np.uint8)
    dataset = dataclasses.replace(dataset, split=np.repeat([0, 1], [80, 40]).astype(np.uint8), unlabelled=(more,))
    recorder = ListRecorder()
    trainer = _trainer(dataset, recorder, train_part="train+unlabelled", eval_part="test", epochs=1)
    seen: list[Batch] = []
    loss_terms = trainer.method.loss_terms
    monkeypatch.setattr(
        trainer.method, "loss_terms", lambda batch, *about: seen.append(batch) or loss_terms(batch, *about)
    )
    trainer.fit()
    ids = torch.cat([batch.index for batch in {id(batch): batch for batch in seen}.values()])
    assert len(ids) == len(set(ids.tolist())) == 112  # seven batches of 16, out of 80 and 40
    assert not ((ids >= 80) & (ids < 120)).any()
    for batch in seen:
        assert batch.labelled is not None
        assert torch.equal(batch.labelled, batch.index < 80)
        assert torch.equal((batch.views[0] == 250).all(dim=(1, 2, 3)), ~batch.labelled)
    assert recorder.snapshots[-1].index.tolist() == list(range(80, 120))
    assert [len(view) for view in trainer.samples.train_views] == [80]


def test_samples_in_a_file_are_trained_on_where_they_lie(dataset: MultiViewDataset, tmp_path: Path) -> None:
    np.save(tmp_path / "images.npy", dataset.views[0])
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    trainer = _trainer(dataclasses.replace(dataset, views=(mapped,)), ListRecorder())
    assert trainer.samples.views[0].data_ptr() == trainer.samples.train_views[0].data_ptr() == mapped.ctypes.data
    assert trainer.fit() == "finished"
