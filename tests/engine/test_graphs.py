"""Replayed steps against eager steps: with Python in the place of a GPU, and on a GPU where there is one."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from recording import ListRecorder

from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.engine.execution import modes_to_try
from mmclust.engine.graphs import WARMUP_STEPS, CudaGraphs, GraphedSteps, Graphs
from mmclust.engine.steps import Precision, Steps, Values
from mmclust.engine.trainer import Trainer, build
from mmclust.methods import card, method_class
from tests.engine.again import Again

N, EPOCHS = 96, 6
CPU = torch.device("cpu")
SMALL: dict[str, dict[str, Any]] = {
    "dccs": {"batch_size": 16, "width": 0.125, "n_critic": 2, "schedule": "cosine", "encoder": "small"},
    "imc-swav": {"batch_size": 16, "width": 0.125, "warm_up": 8, "n_prototypes": 20, "n_low": 2, "high_size": 0}
    # A recording reads the rate as float32. Of this one nothing is rounded; of 5e-4 it is, and states end 0.03 apart.
    | {"learning_rate": 2**-11},
}


def small_trainer(
    name: str,
    recorder: ListRecorder,
    *,
    graphs: Callable[[Steps], Graphs] | None = None,
    device: torch.device = CPU,
    precision: Precision = "float32",
    n_unlabelled: int = 0,
) -> Trainer:
    images = np.random.default_rng(0).integers(0, 256, (N + n_unlabelled, 1, 16, 16), dtype=np.uint8)
    spec = DataSpec(name="tiny", views=(ViewSpec(name="image", kind="image", shape=(1, 16, 16)),), n_clusters=3)
    data = MultiViewDataset(spec=spec, views=(images[:N],), unlabelled=(images[N:],) if n_unlabelled else ())
    about = card(name)
    config = about.config(**about.resolve("tiny", "quick", SMALL[name]))
    method = build(method_class(name), config, spec, 0)
    part = "train+unlabelled" if n_unlabelled else "all"
    about_run = {"epochs": EPOCHS, "seed": 0, "device": device, "precision": precision, "train_part": part}
    trainer = Trainer(method, data, recorder, **about_run)
    if graphs:
        about_steps = {"precision": precision, "n_labelled": trainer.samples.n_labelled}
        trainer.steps = GraphedSteps(
            trainer.method, trainer.samples.views, trainer.generator, graphs=graphs, **about_steps
        )
    return trainer


def _again(trainer: Trainer) -> Again:
    assert isinstance(trainer.steps, GraphedSteps) and isinstance(trainer.steps.graphs, Again)
    return trainer.steps.graphs


def _assert_same(ours: ListRecorder, plain: ListRecorder, tolerance: float = 1e-4) -> None:
    assert [point[:2] for point in ours.points] == [point[:2] for point in plain.points]
    found, expected = (np.array([value for *_, value in each.points]) for each in (ours, plain))
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", SMALL)
def test_replayed_steps_train_like_eager_ones(name: str) -> None:
    plain, ours = ListRecorder(), ListRecorder()
    expected, found = small_trainer(name, plain), small_trainer(name, ours, graphs=Again)
    expected.fit()
    found.fit()
    _assert_same(ours, plain)
    for key, value in expected.method.state_dict().items():
        torch.testing.assert_close(found.method.state_dict()[key], value, rtol=0.01, atol=1e-3)
    kinds = 2  # critic and encoder; warm-up and what comes after it
    assert _again(found).n_records == kinds
    assert _again(found).n_replays == found.total_steps - kinds * WARMUP_STEPS


@pytest.mark.parametrize("same", [True, False])
@pytest.mark.parametrize("name", SMALL)
def test_a_replayed_run_goes_on_from_a_checkpoint(name: str, same: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmclust.engine.trainer.POLL_EVERY_S", -1.0)  # read the command after every step
    whole, part, rest = ListRecorder(), ListRecorder(stop_at=20), ListRecorder()
    small_trainer(name, whole, graphs=Again).fit()
    trainer = small_trainer(name, part, graphs=Again)
    assert trainer.fit() == "stopped"
    n_records, n_replays = _again(trainer).n_records, _again(trainer).n_replays
    assert n_replays > 0
    if same:
        trainer.recorder = rest  # what it recorded is of optimisers that are gone
    else:
        trainer, n_records, n_replays = small_trainer(name, rest, graphs=Again), 0, 0
        modes_to_try(trainer.method, n_labelled=None)  # asks a method that has not trained yet what it repeats
    assert trainer.fit(part.state) == "finished"
    assert _again(trainer).n_records > n_records and _again(trainer).n_replays > n_replays
    rest.points = part.points + rest.points
    _assert_same(rest, whole, tolerance=1e-3)


def test_a_key_that_hides_a_change_of_the_method_shows_in_the_curves(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, ours = ListRecorder(), ListRecorder()
    small_trainer("imc-swav", plain).fit()
    trainer = small_trainer("imc-swav", ours, graphs=Again)
    monkeypatch.setattr(trainer.method, "graph_key", lambda stage, phase: "always")
    trainer.fit()
    with pytest.raises(AssertionError):
        _assert_same(ours, plain)


@pytest.mark.parametrize("at", [0, 1])
def test_a_recording_that_fails_leaves_steps_eager(at: int, caplog: pytest.LogCaptureFixture) -> None:
    class Fails(Again):
        def record(self, work: Callable[[], Values]) -> tuple[Callable[[], None], Values]:
            if self.n_records == at:
                raise RuntimeError("out of memory\nsomewhere")
            return super().record(work)

    plain, ours = ListRecorder(), ListRecorder()
    small_trainer("imc-swav", plain).fit()
    trainer = small_trainer("imc-swav", ours, graphs=Fails)
    assert trainer.fit() == "finished"
    assert isinstance(trainer.steps, GraphedSteps) and trainer.steps.refused == "RuntimeError: out of memory"
    assert "cannot be recorded" in caplog.text
    _assert_same(ours, plain)


def test_a_batch_with_unlabelled_samples_is_taken_eagerly() -> None:
    recorder = ListRecorder()
    trainer = small_trainer("imc-swav", recorder, graphs=Again, n_unlabelled=32)
    assert trainer.fit() == "finished"
    assert _again(trainer).n_records == 0


def test_optimisers_are_left_as_they_were_after_a_recording() -> None:
    trainer = small_trainer("dccs", ListRecorder(), graphs=Again)
    trainer.fit()
    for optimizer in trainer.steps.optimizers.values():
        for group in optimizer.param_groups:
            assert isinstance(group["lr"], float) and group["capturable"] is False


def _drawn(trainer: Trainer) -> torch.Tensor:
    return torch.rand(4, device=trainer.device, generator=trainer.generator).cpu()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("precision", ["float32", "bf16"])
@pytest.mark.parametrize("name", SMALL)
def test_a_gpu_replays_what_it_calculates_eagerly(name: str, precision: Precision) -> None:
    device, plain, ours, rest = torch.device("cuda"), ListRecorder(), ListRecorder(), ListRecorder()
    expected = small_trainer(name, plain, device=device, precision=precision)
    found = small_trainer(name, ours, graphs=CudaGraphs, device=device, precision=precision)
    expected.fit()
    found.fit()
    assert isinstance(found.steps, GraphedSteps) and found.steps.n_recorded == 2 and not found.steps.refused
    _assert_same(ours, plain, tolerance=0.01)
    assert torch.equal(_drawn(found), _drawn(expected))  # as many random numbers were taken
    going_on = small_trainer(name, rest, graphs=CudaGraphs, device=device, precision=precision)
    going_on.fit(ours.state | {"step": found.total_steps - 10})
    assert rest.step == found.total_steps


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("name", SMALL)
def test_a_gpu_chooses_a_way(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmclust.engine.trainer.FEWEST_STEPS", 0)
    monkeypatch.setattr("mmclust.engine.execution.COMPILE_FROM_S", 0.0)
    recorder = ListRecorder()
    trainer = small_trainer(name, recorder, device=torch.device("cuda"))
    told = trainer.autotune()
    assert "failed" not in told and "other losses" not in told
    assert trainer.fit() == "finished"
