"""A start that is held and let go, and partners from the neighbourhood."""

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch

from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.engine.guide import Guide, Schedule
from mmclust.engine.recorder import Request
from mmclust.engine.trainer import Trainer, build
from mmclust.evaluation.snapshot import Snapshot
from mmclust.losses.start import start_terms
from mmclust.methods import card, method_class
from mmclust.methods.base import Batch

N = 64


class Recorded:
    """A recorder that keeps what it is told."""

    def __init__(self) -> None:
        self.logged: list[dict[str, float]] = []
        self.snapshots: list[Snapshot] = []
        self.state: dict[str, Any] | None = None

    def log(self, values: Mapping[str, float], *, step: int, epoch: float) -> None:
        self.logged.append(dict(values))

    def progress(self, *, step: int, total_steps: int, epoch: float) -> None:
        pass

    def snapshot(self, snapshot: Snapshot) -> None:
        self.snapshots.append(snapshot)

    def checkpoint(self, state: dict[str, Any]) -> None:
        buffer = io.BytesIO()
        torch.save(state, buffer)
        buffer.seek(0)
        self.state = torch.load(buffer, weights_only=True)

    def request(self) -> Request:
        return ""


SCHEDULE = Schedule(weight=3.0, hold=0.5, fitted=0.85, fade=0.25, partner=0.5)


def make_guide(schedule: Schedule = SCHEDULE, *, total_steps: int = 100) -> Guide:
    neighbours = (torch.arange(N)[:, None] + 1 + torch.arange(2)) % N
    guide = Guide(schedule, targets=torch.arange(N) % 3, neighbours=neighbours)
    guide.begin(total_steps)
    return guide


def test_the_weight_is_held_then_falls_to_nothing() -> None:
    guide = make_guide()
    weights = []
    for _ in range(100):
        weights.append(guide.weight)
        guide.after_step()
    assert weights[:51] == [3.0] * 51
    assert weights[62] == pytest.approx(3.0 * 13 / 25)
    assert weights[75:] == [0.0] * 25


def test_a_fitted_start_is_let_go_early() -> None:
    guide = make_guide(total_steps=1000)
    sure = start_terms(torch.eye(3)[torch.arange(N) % 3], torch.arange(N) % 3)
    for _ in range(300):
        guide.watch(sure)
        guide.after_step()
    assert guide.fade_from < 200


@pytest.mark.parametrize(("partner", "fraction"), [(0.0, 0.0), (0.5, 0.5), (1.0, 1.0)])
def test_partners_are_neighbours_as_often_as_asked(partner: float, fraction: float) -> None:
    guide = make_guide(Schedule(weight=1, hold=1, fitted=2, fade=1, partner=partner))
    views = (torch.arange(N)[:, None],)
    index = torch.arange(N).repeat(20)
    batch = Batch(views=(views[0][index],), index=index, generator=torch.Generator().manual_seed(0))
    guided = guide.guided(batch, views)
    assert guided.partners is not None and guided.start is not None
    shift = (guided.partners[0][:, 0] - index) % N
    assert set(shift.tolist()) <= {0, 1, 2}
    assert float((shift > 0).float().mean()) == pytest.approx(fraction, abs=0.05)


def data() -> MultiViewDataset:
    images = np.random.default_rng(0).integers(0, 256, (N, 1, 16, 16), dtype=np.uint8)
    spec = DataSpec(name="x", views=(ViewSpec(name="image", kind="image", shape=(1, 16, 16)),), n_clusters=3)
    return MultiViewDataset(spec=spec, views=(images,), labels=np.arange(N) % 3)


def trainer(method: str, schedule: Schedule | None, recorder: Recorded) -> Trainer:
    own = {"imc-swav": {"n_prototypes": 20, "warm_up": 0}, "dccs": {"n_critic": 1}}[method]
    values = {"batch_size": 16, "width": 0.125, "learning_rate": 3e-3} | own
    guide = None if schedule is None else make_guide(schedule)
    about = {"epochs": 20, "seed": 0, "device": torch.device("cpu"), "guide": guide}
    built = build(method_class(method), card(method).config(**values), data().spec, 0)
    return Trainer(built, data(), recorder, **about)


@pytest.mark.parametrize("method", ["dccs", "imc-swav"])
def test_methods_hold_the_start_beside_their_own_terms(method: str) -> None:
    recorder = Recorded()
    trainer(method, Schedule(weight=3, hold=1, fitted=2, fade=0.1, partner=0.5), recorder).fit()
    held = [values["loss/start"] for values in recorder.logged if "loss/start" in values]
    assert held and held[-1] < held[0]
    assert any("signal/start_fit" in values for values in recorder.logged)


@pytest.mark.parametrize("method", ["dccs", "imc-swav"])
def test_a_run_that_pauses_goes_on_as_one_that_did_not(method: str) -> None:
    schedule = Schedule(weight=3, hold=0.3, fitted=0.5, fade=0.2, partner=0.5)
    whole, first, second = Recorded(), Recorded(), Recorded()
    trainer(method, schedule, whole).fit()
    assert trainer(method, schedule, first).fit(until=17) == "paused"
    assert first.state is not None and first.state["step"] == 17
    trainer(method, schedule, second).fit(first.state)
    assert torch.equal(torch.tensor(whole.snapshots[-1].logits), torch.tensor(second.snapshots[-1].logits))
