import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from jaxtyping import config

from mmclust.data.dataset import DataSpec, ViewSpec
from mmclust.engine import ways
from mmclust.engine.steps import Steps, Values
from mmclust.engine.trainer import build
from mmclust.engine.ways import AS_WRITTEN, COMPILED, COMPILED_REPLAYED, REPLAYED, Trial, Way, agree, choose, ways_of
from mmclust.methods import METHODS, card, method_class
from mmclust.methods.base import Method
from tests.engine.again import Again
from tests.engine.test_replay import small_trainer
from tests.engine.test_trainer import ListRecorder

NAMES = ("loss/a", "objective/main", "signal/b")


def _told(*rows: tuple[float, float, float]) -> list[Values]:
    return [Values(NAMES, torch.tensor(row)) for row in rows]


PLAIN = _told((1.0, 2.0, 0.5), (0.9, 1.8, 0.4), (0.8, 1.6, 0.3))


def _trials(found: dict[Way, Trial | Exception]) -> Callable[[Way], Trial]:
    def trial(way: Way) -> Trial:
        if isinstance(outcome := found[way], Exception):
            raise outcome
        return outcome

    return trial


def _method(name: str) -> Method:
    kind = "image" if name in ("dccs", "imc-swav") else "vector"
    views = (
        (ViewSpec(name="image", kind="image", shape=(1, 16, 16)),)
        if kind == "image"
        else tuple(ViewSpec(name=view, kind="vector", shape=(8,)) for view in "ab")
    )
    about = card(name)
    small = {"batch_size": 16} | ({"width": 0.125} if kind == "image" else {})
    values = about.config(**about.resolve("tiny", "quick", small))
    return build(method_class(name), values, DataSpec(name="tiny", views=views, n_clusters=3), 0)


def test_the_fastest_way_is_taken_and_all_are_told() -> None:
    found = {
        AS_WRITTEN: Trial(AS_WRITTEN, 0.004, PLAIN),
        REPLAYED: Trial(REPLAYED, 0.001, PLAIN),
        COMPILED_REPLAYED: Trial(COMPILED_REPLAYED, 0.002, PLAIN),
    }
    way, told = choose(_trials({**found}), (REPLAYED, COMPILED_REPLAYED), n_steps=10**6, precision="float32")
    assert way is REPLAYED
    assert told == "CUDA graph (a step as written 4 ms; CUDA graph 1 ms; compiled, CUDA graph 2 ms)"


def test_a_slower_way_is_not_taken() -> None:
    found: dict[Way, Trial | Exception] = {
        AS_WRITTEN: Trial(AS_WRITTEN, 0.004, PLAIN),
        REPLAYED: Trial(REPLAYED, 0.005, PLAIN),
    }
    assert choose(_trials(found), (REPLAYED,), n_steps=10**4, precision="float32")[0] is AS_WRITTEN


def test_a_way_that_fails_is_told_and_not_taken() -> None:
    found: dict[Way, Trial | Exception] = {
        AS_WRITTEN: Trial(AS_WRITTEN, 0.004, PLAIN),
        REPLAYED: RuntimeError("operation not permitted\nwhen stream is capturing"),
    }
    way, told = choose(_trials(found), (REPLAYED,), n_steps=10**4, precision="float32")
    assert way is AS_WRITTEN
    assert "CUDA graph failed (RuntimeError: operation not permitted)" in told


@pytest.mark.parametrize("wrong", [(1.1, 2.0, 0.5), (1.0, 2.2, 0.5), (float("nan"), 2.0, 0.5)])
def test_a_way_with_other_losses_is_not_taken(wrong: tuple[float, float, float]) -> None:
    found: dict[Way, Trial | Exception] = {
        AS_WRITTEN: Trial(AS_WRITTEN, 0.004, PLAIN),
        REPLAYED: Trial(REPLAYED, 0.001, [*_told(wrong), *PLAIN[1:]]),
    }
    way, told = choose(_trials(found), (REPLAYED,), n_steps=10**4, precision="float32")
    assert way is AS_WRITTEN
    assert "CUDA graph gave other losses" in told


def test_short_runs_are_not_compiled() -> None:
    found: dict[Way, Trial | Exception] = {
        AS_WRITTEN: Trial(AS_WRITTEN, 0.004, PLAIN),
        COMPILED: Trial(COMPILED, 0.001, PLAIN),
    }
    assert choose(_trials(found), (COMPILED,), n_steps=100_000, precision="float32")[0] is AS_WRITTEN
    assert choose(_trials(found), (COMPILED,), n_steps=200_000, precision="float32")[0] is COMPILED


def test_losses_agree_up_to_a_share_of_the_largest_and_signals_do_not_count() -> None:
    assert agree(_told((1.009, 2.01, 9.0), (0.891, 1.79, 9.0), (0.8, 1.6, 9.0)), PLAIN, 0.01)
    assert not agree(_told((1.02, 2.0, 0.5), (0.9, 1.8, 0.4), (0.8, 1.6, 0.3)), PLAIN, 0.01)
    assert not agree(PLAIN[:2], PLAIN, 0.01)


def test_ways_to_try_are_those_that_a_method_allows() -> None:
    found = {name: ways_of(_method(name), n_labelled=None) for name in METHODS}
    assert found == {
        "dccs": (REPLAYED,),
        "imc-swav": (REPLAYED, COMPILED_REPLAYED),
        "dmim": (),
        "msdib": (),
        "dmid-uic": (),
    }
    assert ways_of(_method("imc-swav"), n_labelled=100) == (COMPILED,)


class _Deaf(Again):
    """Replays the samples of the recording, whatever is asked."""

    def record(self, work: Callable[[], Values]) -> tuple[Callable[[], None], Values]:
        batch = self.steps.batch
        self.steps.batch = lambda ids: batch(torch.zeros_like(ids))  # type: ignore[method-assign]
        return super().record(work)


def _try(way: Way, name: str, graphs: Callable[[Steps], Any] = Again) -> Trial:
    images = torch.randint(0, 256, (64, 1, 16, 16), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    order = torch.randperm(64, generator=torch.Generator().manual_seed(1))
    about = {"seed": 0, "precision": "float32", "n_labelled": None, "graphs": graphs}
    return ways.try_steps(way, _method(name), (images,), list(order.split(16)) * 6, **about)


@pytest.mark.parametrize("name", ["dccs", "imc-swav"])
def test_trials_of_both_ways_agree_and_leave_the_method_alone(name: str) -> None:
    plain, replayed = _try(AS_WRITTEN, name), _try(REPLAYED, name)
    assert len(plain.told) == 24 and plain.seconds > 0
    assert agree(replayed.told, plain.told, 1e-3)
    method = _method(name)
    before = {key: value.clone() for key, value in method.state_dict().items()}
    about = {"seed": 0, "precision": "float32", "n_labelled": None}
    views = (torch.zeros(64, 1, 16, 16, dtype=torch.uint8),)
    ways.try_steps(AS_WRITTEN, method, views, [torch.arange(16)] * 4, **about)
    assert all(torch.equal(value, before[key]) for key, value in method.state_dict().items())


@pytest.fixture
def unchecked() -> Iterator[None]:
    """Without the check of shapes, which the compiler would compile too."""
    config.update("jaxtyping_disable", True)
    yield
    config.update("jaxtyping_disable", False)


needs_a_compiler = pytest.mark.skipif(not shutil.which("g++"), reason="torch.compile needs a C++ compiler on a CPU")


@needs_a_compiler
@pytest.mark.usefixtures("unchecked")
def test_compiled_steps_have_the_losses_of_steps_as_written() -> None:
    assert agree(_try(COMPILED, "imc-swav").told, _try(AS_WRITTEN, "imc-swav").told, 1e-3)


@needs_a_compiler
@pytest.mark.usefixtures("unchecked")
def test_evaluations_are_not_compiled_and_checkpoints_know_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.compiler.reset()
    counters = torch._dynamo.utils.counters["stats"]  # type: ignore[attr-defined]
    recorder = ListRecorder()
    trainer = small_trainer("imc-swav", recorder)
    names = set(trainer.method.state_dict())
    trainer.way, trainer.steps = COMPILED, trainer._steps(COMPILED)
    before = counters["unique_graphs"]
    seen: list[int] = []
    evaluate = trainer._evaluate

    def watched(epoch: int) -> None:
        graphs = counters["unique_graphs"]
        evaluate(epoch)
        seen.append(counters["unique_graphs"] - graphs)

    monkeypatch.setattr(trainer, "_evaluate", watched)
    trainer.fit()
    assert counters["unique_graphs"] > before  # steps were compiled
    assert set(seen) == {0}
    assert set(recorder.state["method"]) == names


def test_a_replay_of_the_wrong_samples_is_found_out() -> None:
    assert not agree(_try(REPLAYED, "dccs", _Deaf).told, _try(AS_WRITTEN, "dccs").told, ways.TOLERANCE)
