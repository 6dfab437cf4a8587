"""What DMIM and MSDIB have in common: any number of views of any kind, resumable, repeatable, no labels."""

from typing import Any

import numpy as np
import pytest
import torch
from recording import ListRecorder

from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.data.preprocessing import prepare
from mmclust.engine.trainer import Trainer, build
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


def _trainer(name: str, data: MultiViewDataset, recorder: ListRecorder, *, epochs: int = 4, **changes: Any) -> Trainer:
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
    recorder = ListRecorder()
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
    whole, first, second = ListRecorder(), ListRecorder(2, "pause"), ListRecorder()
    _trainer(name, _data(), whole, **changes).fit()
    monkeypatch.setattr("mmclust.engine.trainer.POLL_EVERY_S", 0.0)
    assert _trainer(name, _data(), first, **changes).fit() == "paused"
    _trainer(name, _data(), second, **changes).fit(first.state)
    np.testing.assert_array_equal(second.snapshots[-1].logits, whole.snapshots[-1].logits)
    assert np.isfinite(whole.snapshots[-1].logits).all()


@pytest.mark.parametrize("name", NAMES)
def test_clumps_that_all_views_show_are_found(name: str) -> None:
    recorder = ListRecorder()
    _trainer(name, _data(), recorder, epochs=40, learning_rate=1e-3).fit()
    assert recorder.curves["eval/acc"][-1] > 0.9


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
def test_a_batch_of_zero_takes_all_samples_at_once(name: str) -> None:
    trainer = _trainer(name, _data(), ListRecorder(), epochs=2, batch_size=0)
    assert (trainer.batch_size, trainer.steps_per_epoch) == (N, 1)
