import shutil
from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any

import pytest
import torch
from jaxtyping import config
from recording import ListRecorder

from mmclust.data.dataset import DataSpec, ViewSpec
from mmclust.engine import execution
from mmclust.engine.execution import (
    COMPILED,
    COMPILED_GRAPHED,
    EAGER,
    GRAPHED,
    ExecutionMode,
    Trial,
    agree,
    choose,
    modes_to_try,
)
from mmclust.engine.steps import Precision, Steps, Values
from mmclust.engine.trainer import build
from mmclust.methods import METHODS, card, method_class
from mmclust.methods.base import Method
from tests.engine.again import Again
from tests.engine.test_graphs import small_trainer

NAMES = ("loss/a", "objective/main", "signal/b")


def _told(*rows: tuple[float, float, float]) -> list[Values]:
    return [Values(NAMES, torch.tensor(row)) for row in rows]


PLAIN = _told((1.0, 2.0, 0.5), (0.9, 1.8, 0.4), (0.8, 1.6, 0.3))
MOVED = [torch.tensor([3.0, -4.0]), torch.zeros(2), torch.ones(3)]


def _trial(
    mode: ExecutionMode, seconds: float, told: list[Values] = PLAIN, updates: list[torch.Tensor] = MOVED
) -> Trial:
    return Trial(mode, seconds, told, updates)


def _trials(found: dict[ExecutionMode, Trial | Exception]) -> Callable[[ExecutionMode], Trial]:
    def trial(mode: ExecutionMode) -> Trial:
        if isinstance(outcome := found[mode], Exception):
            raise outcome
        return outcome

    return trial


def _method(name: str, **changes: Any) -> Method:
    kind = "vector" if card(name).several_views else "image"
    views = (
        (ViewSpec(name="image", kind="image", shape=(1, 16, 16)),)
        if kind == "image"
        else tuple(ViewSpec(name=view, kind="vector", shape=(8,)) for view in "ab")
    )
    about = card(name)
    small = {"batch_size": 16} | ({"width": 0.125} if kind == "image" else {}) | changes
    values = about.config(**about.resolve("tiny", "paper", small))
    return build(method_class(name), values, DataSpec(name="tiny", views=views, n_clusters=3), 0)


def test_the_fastest_mode_is_taken_and_all_are_told() -> None:
    found = {
        EAGER: _trial(EAGER, 0.004),
        GRAPHED: _trial(GRAPHED, 0.001),
        COMPILED_GRAPHED: _trial(COMPILED_GRAPHED, 0.002),
    }
    mode, told = choose(_trials({**found}), (GRAPHED, COMPILED_GRAPHED), n_steps=10**6)
    assert mode is GRAPHED
    assert told == "CUDA graph (per step: eager 4 ms; CUDA graph 1 ms; compiled, CUDA graph 2 ms)"


def test_a_slower_mode_is_not_taken() -> None:
    found: dict[ExecutionMode, Trial | Exception] = {
        EAGER: _trial(EAGER, 0.004),
        GRAPHED: _trial(GRAPHED, 0.005),
    }
    assert choose(_trials(found), (GRAPHED,), n_steps=10**4)[0] is EAGER


def test_a_mode_that_fails_is_told_and_not_taken() -> None:
    found: dict[ExecutionMode, Trial | Exception] = {
        EAGER: _trial(EAGER, 0.004),
        GRAPHED: RuntimeError("operation not permitted\nwhen stream is capturing"),
    }
    mode, told = choose(_trials(found), (GRAPHED,), n_steps=10**4)
    assert mode is EAGER
    assert "CUDA graph failed (operation not permitted)" in told


@pytest.mark.parametrize("wrong", [(1.1, 2.0, 0.5), (0.9, 2.0, 0.5), (float("nan"), 2.0, 0.5)])
def test_a_mode_with_other_losses_is_not_taken(wrong: tuple[float, float, float]) -> None:
    found: dict[ExecutionMode, Trial | Exception] = {
        EAGER: _trial(EAGER, 0.004),
        GRAPHED: _trial(GRAPHED, 0.001, [*_told(wrong), *PLAIN[1:]]),
    }
    mode, told = choose(_trials(found), (GRAPHED,), n_steps=10**4)
    assert mode is EAGER
    assert "CUDA graph gave other losses or weights" in told


def test_short_runs_are_not_compiled() -> None:
    found: dict[ExecutionMode, Trial | Exception] = {
        EAGER: _trial(EAGER, 0.004),
        COMPILED: _trial(COMPILED, 0.001),
    }
    assert choose(_trials(found), (COMPILED,), n_steps=100_000)[0] is EAGER
    assert choose(_trials(found), (COMPILED,), n_steps=200_000)[0] is COMPILED


def test_no_mode_is_tried_where_a_stop_was_asked_for() -> None:
    found: dict[ExecutionMode, Trial | Exception] = {EAGER: _trial(EAGER, 0.004)}
    mode, told = choose(_trials(found), (GRAPHED,), n_steps=10**4, cancelled=lambda: True)
    assert (mode, told) == (EAGER, "eager (per step: eager 4 ms)")


def test_losses_agree_up_to_a_fraction_of_their_sum_and_signals_do_not_count() -> None:
    plain = _trial(EAGER, 1)
    assert agree(_trial(GRAPHED, 1, _told((1.019, 2.0, 9.0), (0.881, 1.8, 9.0), (0.8, 1.6, 9.0))), plain)
    assert not agree(_trial(GRAPHED, 1, _told((1.021, 2.0, 0.5), (0.9, 1.8, 0.4), (0.8, 1.6, 0.3))), plain)
    assert agree(_trial(COMPILED, 1, _told((1.021, 2.0, 0.5), (0.9, 1.8, 0.4), (0.8, 1.6, 0.3))), plain)
    assert not agree(_trial(GRAPHED, 1, PLAIN[:2]), plain)


def test_weights_that_went_elsewhere_do_not_agree() -> None:
    plain = _trial(EAGER, 1)
    assert agree(_trial(GRAPHED, 1, updates=[moved * 1.1 for moved in MOVED]), plain)
    assert not agree(_trial(GRAPHED, 1, updates=[moved * 0.125 for moved in MOVED]), plain)
    assert not agree(_trial(GRAPHED, 1, updates=[moved + 1 for moved in MOVED]), plain)


def test_modes_to_try_are_those_that_a_method_allows() -> None:
    found = {name: modes_to_try(_method(name), n_labelled=None) for name in METHODS}
    assert found == {
        "dccs": (GRAPHED,),
        "imc-swav": (GRAPHED, COMPILED_GRAPHED),
        "dmim": (),
        "msdib": (),
        "dmid-uic": (),
    }
    assert modes_to_try(_method("imc-swav"), n_labelled=100) == (COMPILED,)


class _Deaf(Again):
    """Replays the samples of the recording, whatever is asked."""

    def record(self, work: Callable[[], Values]) -> tuple[Callable[[], None], Values]:
        batch = self.steps.batch
        self.steps.batch = lambda ids: batch(torch.zeros_like(ids))  # type: ignore[method-assign]
        return super().record(work)


def _try(
    mode: ExecutionMode, method: Method, graphs: Callable[[Steps], Any] = Again, precision: Precision = "float32"
) -> Trial:
    images = torch.randint(0, 256, (64, 1, 16, 16), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    order = torch.randperm(64, generator=torch.Generator().manual_seed(1))
    about = {"seed": 0, "precision": precision, "n_labelled": None, "graphs": graphs}
    return execution.try_steps(mode, method, (images,), cycle(order.split(16)), **about)


@pytest.mark.parametrize(("name", "changes"), [("dccs", {}), ("imc-swav", {"n_low": 1, "n_prototypes": 50})])
def test_trials_of_both_modes_agree_and_leave_the_method_alone(
    name: str, changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution, "MOST_S", float("inf"))  # steps of a busy machine are slow ones
    method = _method(name, **changes)
    weights, own = {key: value.clone() for key, value in method.state_dict().items()}, set(vars(method))
    plain, replayed = _try(EAGER, method), _try(GRAPHED, method)
    assert len(plain.values) == execution.FIRST_STEPS + execution.TIMED_STEPS and plain.seconds > 0
    assert agree(replayed, plain)
    assert all(torch.equal(value, weights[key]) for key, value in method.state_dict().items())
    assert set(vars(method)) == own


def test_a_trial_times_steps_that_record_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "MOST_S", float("inf"))
    n_critic = 9  # its fifth encoder turn is recorded only in step 40
    replayed = _try(GRAPHED, _method("dccs", n_critic=n_critic))
    assert len(replayed.values) == execution.FIRST_STEPS + execution.TIMED_STEPS


@pytest.fixture
def short_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trials of the steps that are compared, and of few to time."""
    monkeypatch.setattr(execution, "MOST_S", 0.0)


@pytest.mark.usefixtures("short_trials")
def test_a_trial_of_slow_steps_is_short() -> None:
    assert len(_try(EAGER, _method("dccs")).values) == execution.CHECKED_STEPS + execution.FEW_STEPS


@pytest.fixture
def unchecked() -> Iterator[None]:
    """Without the check of shapes, which the compiler would compile too."""
    config.update("jaxtyping_disable", True)
    yield
    config.update("jaxtyping_disable", False)


needs_a_compiler = pytest.mark.skipif(not shutil.which("g++"), reason="torch.compile needs a C++ compiler on a CPU")


def _halved(method: Method) -> Method:
    """Without the second block of every stage: half as much to compile."""
    for stage in method.get_submodule("encoder.stages").children():
        assert isinstance(stage, torch.nn.Sequential)
        del stage[1]
    return method


@needs_a_compiler
@pytest.mark.usefixtures("unchecked", "short_trials")
def test_compiled_steps_have_the_losses_of_eager_steps() -> None:
    method = _halved(_method("imc-swav"))
    assert agree(_try(COMPILED, method), _try(EAGER, method))


@needs_a_compiler
@pytest.mark.usefixtures("unchecked")
def test_evaluations_are_not_compiled_and_checkpoints_know_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.compiler.reset()
    counters = torch._dynamo.utils.counters["stats"]  # type: ignore[attr-defined]
    recorder = ListRecorder()
    trainer = small_trainer("imc-swav", recorder)
    names = set(trainer.method.state_dict())
    trainer.execution, trainer.steps = COMPILED, trainer._steps(COMPILED)
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


@pytest.mark.usefixtures("short_trials")
def test_a_replay_of_the_wrong_samples_is_found_out() -> None:
    method = _method("dccs")
    assert not agree(_try(GRAPHED, method, _Deaf), _try(EAGER, method))


class _Lazy(Again):
    """Replays everything but the optimiser's step."""

    def record(self, work: Callable[[], Values]) -> tuple[Callable[[], None], Values]:
        for optimizer in self.steps.optimizers.values():
            optimizer.step = lambda: None  # type: ignore[method-assign, assignment]
        return super().record(work)


@pytest.mark.usefixtures("short_trials")
@pytest.mark.parametrize("changes", [{}, {"warm_up": 500}])
def test_a_replay_that_updates_nothing_is_found_out(changes: dict[str, Any]) -> None:
    method = _method("imc-swav", **changes)  # in a long warm-up losses hardly move
    assert not agree(_try(GRAPHED, method, _Lazy), _try(EAGER, method))


class _Fails(Again):
    def record(self, work: Callable[[], Values]) -> tuple[Callable[[], None], Values]:
        raise RuntimeError("not here")


def test_a_trial_whose_recording_fails_fails() -> None:
    with pytest.raises(RuntimeError, match="RuntimeError: not here"):
        _try(GRAPHED, _method("dccs"), _Fails)
