import sys
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from mmclust import models, settings, training, worker
from mmclust.data import catalogue
from mmclust.data import preprocessing as preparation
from mmclust.data.dataset import DataSpec
from mmclust.methods import METHODS, card
from mmclust.methods.base import Batch, Method
from mmclust.methods.card import Preset, hyperparameter
from mmclust.runs.active import ActiveRun
from mmclust.runs.run import Run
from mmclust.runs.store import RunStore
from mmclust.specs import build_spec


def claimed(run: Run) -> ActiveRun:
    active = RunStore().claim(run.id)
    assert active is not None
    return active


def test_small_samples_train_on_one_thread_and_a_server_keeps_a_core(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(settings, "n_cores", lambda: 4)
    small_images, images = catalogue.describe("digits"), catalogue.describe("mnist")
    monkeypatch.setenv("MMCLUST_THREADS", "3")
    assert training._n_threads(small_images, background=True) == 3
    monkeypatch.delenv("MMCLUST_THREADS")
    assert training._n_threads(small_images, background=False) == 1
    assert training._n_threads(images, background=False) == 4
    assert training._n_threads(images, background=True) == 3


class Linear(Method):
    """The smallest method of vectors: its scores are a linear map of the first view."""

    def __init__(self, config: Any, spec: DataSpec) -> None:
        super().__init__(config, spec)
        self.layer = torch.nn.Linear(spec.views[0].shape[0], spec.n_clusters)

    @classmethod
    def validate(cls, spec: DataSpec, config: Any) -> str | None:
        return None if spec.views[0].kind == "vector" else "Linear takes vectors; put flatten into the steps."

    def loss_terms(self, batch: Batch, stage: str, phase: str) -> dict[str, torch.Tensor]:
        assert batch.views[0].dtype == torch.float32
        return {"size": self.logits(batch.views).square().mean()}

    def weights(self, stage: str, phase: str) -> dict[str, float]:
        return {"size": 1.0}

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {"main": torch.optim.SGD(self.parameters(), lr=0.1)}

    def logits(self, views: tuple[torch.Tensor, ...]) -> torch.Tensor:
        return self.layer(views[0])

    def spaces(self, views: tuple[torch.Tensor, ...]) -> dict[str, torch.Tensor]:
        return {"logits": self.logits(views)}


@dataclass(frozen=True, kw_only=True)
class LinearConfig:
    batch_size: int = hyperparameter(32, low=2, help="samples in a step")


@pytest.fixture
def linear(monkeypatch: pytest.MonkeyPatch) -> None:
    """Registers `Linear` as a method that asks for flatten and minmax."""
    about = replace(
        card("dccs"),
        name="linear",
        config=LinearConfig,
        automatic=None,
        augments=False,
        presets={"quick": {"*": Preset(epochs=2)}},
        preprocessing=lambda values: ("flatten", "minmax"),
    )
    monkeypatch.setitem(METHODS, "linear", "linear")
    monkeypatch.setitem(sys.modules, "linear.card", SimpleNamespace(CARD=about))
    monkeypatch.setitem(sys.modules, "linear.method", SimpleNamespace(METHOD=Linear))
    monkeypatch.setitem(sys.modules, "linear", SimpleNamespace(__path__=[]))


@pytest.mark.parametrize("steps", [None, ["flatten", "pca-1000"]])
def test_a_method_is_built_from_and_trained_on_the_prepared_data(linear: None, steps: list[str] | None):
    run = RunStore().create(build_spec("digits", "linear", preprocessing=steps, limit=60))
    assert worker.execute(claimed(run)) == "finished"
    data = catalogue.load("digits", limit=60)
    prepared = preparation.prepare(data, run.spec.preprocessing)
    for spec in (data.spec, prepared.spec):  # callers need not think which one they have
        method = models.restore(run, spec)
        with torch.inference_mode():
            logits = method.logits(tuple(torch.from_numpy(view) for view in prepared.views)).numpy()
        np.testing.assert_allclose(logits, run.snapshot().logits, atol=1e-5)


def test_data_that_nothing_can_be_learned_from_fail_with_a_sentence(linear: None, tmp_path: Path):
    images = np.random.default_rng(0).random((40, 8, 8)).astype(np.float32)
    np.savez(tmp_path / "mine.npz", images=images, labels=np.arange(40) % 4)
    run = RunStore().create(build_spec(str(tmp_path / "mine.npz"), "linear"))
    images[:] = 0.5
    with pytest.MonkeyPatch.context() as patch:
        whole = catalogue.load(str(tmp_path / "mine.npz"))
        patch.setattr(catalogue, "load", lambda *_, **__: replace(whole, views=(images[:, None],)))
        assert worker.execute(claimed(run)) == "failed"
    assert "0.5 everywhere" in run.record().error
