"""What DMIM and MSDIB have in common: any number of views of any kind, resumable, repeatable, no labels."""

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch

from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.data.preprocessing import prepare
from mmclust.engine.trainer import Trainer, build
from mmclust.evaluation.snapshot import Snapshot
from mmclust.methods import card, method_class
from mmclust.methods.base import Batch, Method

N, K = 60, 3
DIMS = (5, 12, 3, 7, 2, 9)
NAMES = ("dmim", "msdib")
SMALL: dict[str, dict[str, Any]] = {
    "dmim": {"batch_size": 20, "over_factor": 2, "hidden": 32, "feature_dim": 16, "pca_dims": 0},
    "msdib": {"batch_size": 20, "warm_start": 1},
}
OPTIONS = [
    ("dmim", {"target": "per-view"}),
    ("dmim", {"target": "first-view", "prediction": "first-view"}),
    ("dmim", {"target_loss": "reverse-kl"}),
    ("dmim", {"target_loss": "softmax-twice"}),
    ("dmim", {"target_heads": "clusters"}),
    ("dmim", {"renew_every": 2}),
    ("dmim", {"renew_every": 2, "target": "per-view", "batch_size": 0}),
    ("dmim", {"prediction": "mean"}),
    ("dmim", {"feature": "deterministic", "gamma": 0.001}),
    ("dmim", {"feature": "beside", "bottleneck": "softmax", "gamma": 1.0}),
    ("dmim", {"shared_encoder": False}),
    ("dmim", {"align_epochs": 20}),
    ("dmim", {"align_epochs": 20, "shared_encoder": False, "feature": "beside"}),
    ("dmim", {"statistics": "per-view", "initialisation": "normal", "match_views": False}),
    ("dmim", {"entropy_weight": 2.0, "input_noise": 0.5, "over_factor": 0}),
    ("msdib", {"balance": 0.3}),
    ("msdib", {"balance": 0.3, "balance_target": "own"}),
    ("msdib", {"feature_density": "relu"}),
    ("msdib", {"overlap": "clusters"}),
    ("msdib", {"trunk": "separate", "normalise": False, "feature": "whole"}),
    ("msdib", {"trunk": "separate"}),
    ("msdib", {"statistics": "per-view", "batch_size": 0}),
    ("msdib", {"align_epochs": 0}),
    ("msdib", {"align_epochs": 0, "starts": 1}),
    ("msdib", {"alpha": 0.0, "beta": 0.0}),
]


class _Recorder:
    """Keeps curves, snapshots and the last checkpoint; asks for a pause after some steps."""

    def __init__(self, pause_at: int | None = None) -> None:
        self.pause_at, self.step = pause_at, 0
        self.curves: dict[str, list[float]] = {}
        self.snapshots: list[Snapshot] = []
        self.state: dict[str, Any] = {}

    def log(self, values: Mapping[str, float], *, step: int, epoch: float) -> None:
        for name, value in values.items():
            self.curves.setdefault(name, []).append(value)

    def progress(self, *, step: int, total_steps: int, epoch: float) -> None:
        self.step = step

    def snapshot(self, snapshot: Snapshot) -> None:
        self.snapshots.append(snapshot)

    def checkpoint(self, state: dict[str, Any]) -> None:
        file = io.BytesIO()
        torch.save(state, file)
        file.seek(0)
        self.state = torch.load(file, weights_only=True)

    def request(self) -> Any:
        return "pause" if self.pause_at is not None and self.step >= self.pause_at else ""


def _data(n_views: int = 2, images: int = 0) -> MultiViewDataset:
    """Samples of K clumps; the first `images` views are pictures."""
    rng = np.random.default_rng(0)
    labels = np.arange(N) % K
    specs, views = [], []
    for v in range(n_views):
        if v < images:
            centres = rng.integers(0, 200, (K, 1, 8, 8))
            views.append((centres[labels] + rng.integers(0, 50, (N, 1, 8, 8))).astype(np.uint8))
            specs.append(ViewSpec(name=f"image {v}", kind="image", shape=(1, 8, 8)))
        else:
            centres = 3 * rng.standard_normal((K, DIMS[v]))
            views.append((centres[labels] + rng.standard_normal((N, DIMS[v]))).astype(np.float32))
            specs.append(ViewSpec(name=f"features {v}", kind="vector", shape=(DIMS[v],)))
    spec = DataSpec(name="tiny", views=tuple(specs), n_clusters=K)
    return MultiViewDataset(spec=spec, views=tuple(views), labels=labels)


def _trainer(name: str, data: MultiViewDataset, recorder: _Recorder, *, epochs: int = 4, **changes: Any) -> Trainer:
    about = card(name)
    values = about.resolve("tiny", "quick", SMALL[name] | changes)
    ready = prepare(data, about.preprocessing(values))
    method = build(method_class(name), about.config(**values), ready.spec, 0)
    return Trainer(method, ready, recorder, epochs=epochs, seed=0, device=torch.device("cpu"))


def _tensors(data: MultiViewDataset) -> tuple[torch.Tensor, ...]:
    return tuple(torch.from_numpy(np.array(view)) for view in data.views)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("n_views", "images", "encoder"),
    [(2, 0, "mlp"), (3, 0, "mlp"), (6, 0, "mlp"), (2, 2, "mlp"), (3, 1, "mlp"), (2, 2, "conv"), (3, 1, "conv")],
)
def test_two_to_six_views_of_any_kind_train(name: str, n_views: int, images: int, encoder: str) -> None:
    recorder = _Recorder()
    trainer = _trainer(name, _data(n_views, images), recorder, encoder=encoder)
    assert trainer.fit() == "finished"
    for values in recorder.curves.values():
        assert np.isfinite(values).all()
    last = recorder.snapshots[-1]
    assert len(last.view_logits) == n_views
    np.testing.assert_allclose(last.probs.sum(1), 1, rtol=1e-4)
    fused = {"dmim": "z", "msdib": "h"}[name]
    assert {fused, *(f"{fused}_{v + 1}" for v in range(n_views))} <= set(last.spaces)
    layers = [trainer.method.cam_layer(v) for v in range(n_views)]
    assert [layer is not None for layer in layers] == [encoder == "conv" and v < images for v in range(n_views)]


@pytest.mark.parametrize(("name", "changes"), OPTIONS)
def test_every_option_trains_and_pause_and_resume_changes_nothing(
    name: str, changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, first, second = _Recorder(), _Recorder(pause_at=2), _Recorder()
    _trainer(name, _data(), whole, **changes).fit()
    monkeypatch.setattr("mmclust.engine.trainer.POLL_EVERY_S", 0.0)
    assert _trainer(name, _data(), first, **changes).fit() == "paused"
    _trainer(name, _data(), second, **changes).fit(first.state)
    np.testing.assert_array_equal(second.snapshots[-1].logits, whole.snapshots[-1].logits)
    assert np.isfinite(whole.snapshots[-1].logits).all()


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_curves(name: str) -> None:
    one, two = _Recorder(), _Recorder()
    _trainer(name, _data(), one, epochs=2).fit()
    _trainer(name, _data(), two, epochs=2).fit()
    assert one.curves == two.curves


@pytest.mark.parametrize("name", NAMES)
def test_clumps_that_all_views_show_are_found(name: str) -> None:
    recorder = _Recorder()
    _trainer(name, _data(), recorder, epochs=40, learning_rate=1e-3).fit()
    assert recorder.curves["eval/acc"][-1] > 0.9


@pytest.mark.parametrize("name", NAMES)
def test_assignments_are_the_softmax_of_the_logits_that_spaces_give(name: str) -> None:
    trainer = _trainer(name, _data(), _Recorder(), epochs=1)
    trainer.fit()
    method, views = trainer.method.eval(), trainer.views
    spaces = method.spaces(views)
    torch.testing.assert_close(method.assign(views), spaces["logits"].softmax(1))
    torch.testing.assert_close(method.assign(views).sum(1), torch.ones(N))
    torch.testing.assert_close(method.embed(views), spaces[{"dmim": "z", "msdib": "h"}[name]])


@pytest.mark.parametrize("name", NAMES)
def test_every_term_of_the_card_is_computed_and_every_gradient_is_finite(name: str) -> None:
    about = card(name)
    values = about.resolve("tiny", "quick", SMALL[name] | ({"gamma": 0.001} if name == "dmim" else {"balance": 0.3}))
    data = _data()
    torch.manual_seed(0)
    method: Method = method_class(name)(about.config(**values), data.spec)
    views = _tensors(data)
    batch = Batch(views=views, index=torch.arange(N), generator=torch.Generator().manual_seed(0))
    terms, before = method.loss_terms(batch, "train", "main"), method.loss_terms(batch, "align", "align")
    weights, alone = method.weights("train", "main"), method.weights("align", "align")
    assert {term.name for term in about.terms} == {*weights, *alone}
    assert set(weights) <= set(terms)
    assert set(alone) <= set(before)
    assert all(weights.values())
    total = sum(weight * terms[term] for term, weight in weights.items())
    assert isinstance(total, torch.Tensor)
    total.backward()
    for parameter in method.parameters():
        assert parameter.grad is not None
        assert parameter.grad.isfinite().all()
    method.after_backward("train", "main")


@pytest.mark.parametrize("name", NAMES)
def test_knob_names_of_terms_symbols_and_presets_are_known(name: str) -> None:
    about = card(name)
    known = {hyperparameter.name: hyperparameter for hyperparameter in about.hyperparameters}
    for term in about.terms:
        assert not term.weight or known[term.weight].symbol
    for preset, table in about.presets.items():
        for dataset, chosen in table.items():
            about.config(**about.resolve(dataset, preset, {}))
            assert chosen.note
            for key, value in chosen.values.items():
                assert known[key].check(value) == value
    for row in about.ablations.values():
        about.resolve("mnist-usps", "paper", row)
    assert {"quick", "paper", "best-known"} <= set(about.presets)


@pytest.mark.parametrize("name", NAMES)
def test_one_view_is_refused_with_a_sentence_and_a_way_out(name: str) -> None:
    about = card(name)
    config = about.config(**about.resolve("tiny", "quick", {}))
    reason = method_class(name).validate(_data(1).spec, config)
    assert reason is not None
    assert "tiny has one" in reason
    assert "dccs" in reason
    assert method_class(name).validate(_data(2).spec, config) is None


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_of_zero_takes_all_samples_at_once(name: str) -> None:
    trainer = _trainer(name, _data(), _Recorder(), epochs=2, batch_size=0)
    assert (trainer.batch_size, trainer.steps_per_epoch) == (N, 1)
