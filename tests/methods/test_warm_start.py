"""A method that starts from a clustering reproduces it, goes on with its own objective, and is stored as itself."""

from typing import Any

import numpy as np
import pytest
import torch

from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.engine.trainer import Trainer, build
from mmclust.evaluation.metrics import acc
from mmclust.evaluation.snapshot import Snapshot
from mmclust.methods import card, method_class
from mmclust.methods.warm_start import PHASE, PROGRESS, WarmStart, trained

N, K = 120, 3
VALUES: dict[str, dict[str, Any]] = {
    "dmim": {"batch_size": 40, "over_factor": 2, "hidden": 32, "feature_dim": 16, "align_epochs": 0},
    "msdib": {"batch_size": 40, "align_epochs": 0, "starts": 1, "warm_start": 0},
    "dmid-uic": {"batch_size": 40, "align_epochs": 0, "generative": False},
}
START = torch.arange(N) % K


class Recorder:
    """Keeps curves, the last snapshot and the last checkpoint; asks for a pause after a step."""

    def __init__(self, pause_at: int = 10**9) -> None:
        self.pause_at, self.step = pause_at, 0
        self.curves: dict[str, list[float]] = {}
        self.last: Snapshot | None = None
        self.state: dict[str, Any] = {}

    def log(self, values, *, step, epoch) -> None:
        for name, value in values.items():
            self.curves.setdefault(name, []).append(value)

    def progress(self, *, step, total_steps, epoch) -> None:
        self.step = step

    def snapshot(self, snapshot: Snapshot) -> None:
        self.last = snapshot

    def checkpoint(self, state: dict[str, Any]) -> None:
        self.state = state

    def request(self):
        return "pause" if self.step >= self.pause_at else ""


def dataset(n_views: int = 2) -> MultiViewDataset:
    random = np.random.default_rng(0)
    centres = random.normal(size=(n_views, K, 6)) * 2
    views = tuple((centre[START] + random.normal(size=(N, 6))).astype(np.float32) for centre in centres)
    specs = tuple(ViewSpec(name=f"v{number}", kind="vector", shape=(6,)) for number in range(n_views))
    return MultiViewDataset(spec=DataSpec(name="tiny", views=specs, n_clusters=K), views=views)


def trainer(name: str, recorder: Recorder, *, epochs: int = 40, most: int = 30, n_views: int = 2) -> Trainer:
    about, data = card(name), dataset(n_views)
    config = about.config(**about.resolve("tiny", "paper", VALUES[name]))
    method = WarmStart(build(method_class(name), config, data.spec, 0), START, epochs=most, noise=0.3)
    found = Trainer(method, data, recorder, epochs=epochs, seed=0, device=torch.device("cpu"))
    method.watch(found.samples.train_views)
    return found


@pytest.mark.parametrize("name", VALUES)
def test_the_start_is_reproduced_and_the_objective_goes_on_from_it(name: str):
    recorder = Recorder()
    trained_by = trainer(name, recorder)
    assert trained_by.fit() == "finished"
    assert isinstance(trained_by.method, WarmStart)
    assert 0 < trained_by.method.taken_over <= 30
    assert recorder.last is not None
    assert acc(START.numpy(), recorder.last.y_pred) > 0.9
    own = [term for term in recorder.curves if term.startswith("loss/")]
    assert {"loss/imitation", "loss/align"} < set(own)


def test_the_stored_weights_are_those_of_the_method_alone():
    recorder = Recorder()
    trained_by = trainer("dmim", recorder)
    trained_by.fit()
    assert isinstance(trained_by.method, WarmStart)
    stored = recorder.state["method"]
    assert stored[PROGRESS][0].item() == trained_by.method.taken_over
    assert set(trained(stored)) == set(trained_by.method.method.state_dict())


@pytest.mark.parametrize("name", VALUES)
def test_a_paused_run_goes_on_as_if_it_had_not_been(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mmclust.engine.trainer.POLL_EVERY_S", 0.0)
    whole, first, second = Recorder(), Recorder(pause_at=20), Recorder()
    trainer(name, whole, epochs=20, most=10).fit()
    assert trainer(name, first, epochs=20, most=10).fit() == "paused"
    trainer(name, second, epochs=20, most=10).fit(first.state)
    assert whole.last is not None and second.last is not None
    np.testing.assert_array_equal(whole.last.logits, second.last.logits)


def test_of_many_views_a_step_compares_a_few():
    recorder = Recorder()
    learning = trainer("msdib", recorder, n_views=6, epochs=2, most=2)
    learning.fit()
    assert learning.method.phases(0) == (PHASE,) or recorder.curves["loss/align"]


def test_a_start_that_cannot_be_learnt_gives_way_in_time():
    recorder = Recorder()
    learning = trainer("dmim", recorder, epochs=6, most=3)
    assert isinstance(learning.method, WarmStart)
    learning.method.clusters = torch.randint(K, (N,), generator=torch.Generator().manual_seed(1))
    learning.fit()
    assert learning.method.taken_over == 3
