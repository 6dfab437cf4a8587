"""Execution modes of training steps: eager by default; CUDA graphs and compiling where `auto` finds them faster.

`auto` tries modes on a copy of the method before the training. A mode that fails there, or whose losses are not those
of eager steps, is not used; so neither a driver nor a compiler can spoil a run, only leave it slower.
"""

import copy
import gc
import logging
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

import torch
from torch import Tensor

from mmclust.engine.graphs import RECORDING, CudaGraphs, GraphedSteps, Graphs
from mmclust.engine.steps import Precision, Steps, Values
from mmclust.errors import first_line
from mmclust.methods.base import Method

FIRST_STEPS = 48
"""Steps of a trial that are not timed: in them libraries choose algorithms, and phases are recorded."""
CHECKED_STEPS = 24
"""First steps, whose losses and updates are compared; no trial is shorter."""
TIMED_STEPS = 20
"""Steps in a row, none of which recorded anything, that are timed."""
FEW_STEPS = 4
MOST_S = 20.0
"""Where the rest of a trial would take longer, it is cut short to `FEW_STEPS`."""
FEWEST_STEPS = 3000
"""Shorter runs are over before trials pay."""
COMPILE_FROM_S = 600.0
"""Runs that would take less are not compiled, which takes about a minute itself."""
RECOMPILES = 64
"""Kinds of inputs and networks that one process compiles, of all its runs together; torch's own limit is 8."""
LOSSES_APART = 0.02
"""How far losses may be apart in the checked steps, as a fraction of their sum. Measured on a CPU: weights that differ
by 1e-6 part them by up to 0.011 (a large learning rate), wrong samples or random numbers by 0.03 and more for DCCS."""
WEIGHTS_APART = 0.4
"""How far a layer's weights may be apart, as a fraction of their update; the median over the layers. Measured: 0.24 at
most, and for IMC-SwAV, whose losses move little at first, 0.5 and more where samples, random numbers or
updates are wrong."""
LOSSES_APART_COMPILED = 0.05
"""A compiler rounds at other places, in bfloat16 coarsely; weights are not compared then."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ExecutionMode:
    """How steps are taken."""

    name: str
    compiled: bool = False
    graphed: bool = False

    def steps(
        self,
        method: Method,
        views: tuple[Tensor, ...],
        generator: torch.Generator,
        *,
        precision: Precision,
        n_labelled: int | None,
        graphs: Callable[[Steps], Graphs] = CudaGraphs,
    ) -> Steps:
        """Steps of a method that are taken in this mode; arguments of `Steps` and `GraphedSteps`."""
        if self.compiled:
            torch._dynamo.config.recompile_limit = RECOMPILES
            for network in method.compilable():
                network.compile(dynamic=False)
        about = {"precision": precision, "n_labelled": n_labelled}
        if self.graphed:
            return GraphedSteps(method, views, generator, graphs=graphs, **about)
        return Steps(method, views, generator, **about)


EAGER = ExecutionMode("eager")
GRAPHED = ExecutionMode("CUDA graph", graphed=True)
COMPILED = ExecutionMode("compiled", compiled=True)
COMPILED_GRAPHED = ExecutionMode("compiled, CUDA graph", compiled=True, graphed=True)


def modes_to_try(method: Method, *, n_labelled: int | None) -> tuple[ExecutionMode, ...]:
    """What to try for a method beside eager steps, on top of each other."""
    graphs = n_labelled is None and method.graph_key(method.stages(1)[0].name, method.phases(0)[0]) is not None
    compiles = bool(method.compilable())
    if graphs:
        return (GRAPHED, COMPILED_GRAPHED) if compiles else (GRAPHED,)
    return (COMPILED,) if compiles else ()


@contextmanager
def uncompiled(method: Method) -> Iterator[None]:
    """Within this networks run eagerly: evaluations have other shapes, each of which would be compiled."""
    networks = method.compilable()
    # What `Module.compile` sets; torch's own switch is one for all threads.
    before = [network._compiled_call_impl for network in networks]
    for network in networks:
        network._compiled_call_impl = None
    try:
        yield
    finally:
        for network, call in zip(networks, before, strict=True):
            network._compiled_call_impl = call


@dataclass(frozen=True)
class Trial:
    """What a mode did in the trial."""

    mode: ExecutionMode
    seconds: float
    """Of a step."""
    values: list[Values]
    """Loss terms and signals of each phase."""
    updates: list[Tensor]
    """How far the weights of each layer moved in the first `CHECKED_STEPS`."""


def choose(
    trial: Callable[[ExecutionMode], Trial],
    modes: Sequence[ExecutionMode],
    *,
    n_steps: int,
    cancelled: Callable[[], bool] = lambda: False,
) -> tuple[ExecutionMode, str]:
    """The fastest mode whose steps agree with eager ones, and a sentence on all that were tried.

    Args:
        trial: tries a mode; whatever it raises speaks against the mode.
        modes: to try beside eager steps, each on top of the one before.
        n_steps: of the run; what takes long to prepare is tried for long runs alone.
        cancelled: asked before each trial whether to skip it.
    """
    plain = best = trial(EAGER)
    said = []
    for mode in modes:
        if cancelled() or (mode.compiled and best.seconds * n_steps < COMPILE_FROM_S):
            continue
        try:
            found = trial(mode)
        except Exception as problem:
            log.warning("execution mode %s failed", mode.name, exc_info=problem)
            said.append(f"{mode.name} failed ({first_line(problem, 160)})")
            traceback.clear_frames(problem.__traceback__)  # they hold the method's copy; the next trial clears up
            continue
        if not agree(found, plain):
            said.append(f"{mode.name} gave other losses or weights")
            continue
        said.append(f"{mode.name} {1000 * found.seconds:.3g} ms")
        best = min(best, found, key=lambda each: each.seconds)
    about = "; ".join((f"eager {1000 * plain.seconds:.3g} ms", *said))
    return best.mode, f"{best.mode.name} (per step: {about})"


def agree(ours: Trial, plain: Trial) -> bool:
    """Whether the losses and the weights of the checked steps, taken in two modes, are the same up to rounding."""
    mine, theirs = ours.values[:CHECKED_STEPS], plain.values[:CHECKED_STEPS]
    if [each.names for each in mine] != [each.names for each in theirs]:
        return False
    tolerance = LOSSES_APART_COMPILED if ours.mode.compiled else LOSSES_APART
    for names in {each.names for each in theirs}:
        is_loss = torch.tensor([name.startswith("loss/") for name in names])
        found, expected = (
            torch.stack([each.vector.cpu() for each in values if each.names == names])[:, is_loss]
            for values in (mine, theirs)
        )
        apart = (found - expected).abs().sum(dim=1).amax()
        if not apart <= tolerance * expected.abs().sum(dim=1).amax():  # also where a loss is not a number
            return False
    pairs = zip(ours.updates, plain.updates, strict=True)
    return ours.mode.compiled or median([_apart(mine, theirs) for mine, theirs in pairs]) <= WEIGHTS_APART


def _apart(moved: Tensor, expected: Tensor) -> float:
    """How far from each other two updates are, as a fraction of the expected one; 0 where both stay."""
    return float((moved - expected).norm() / expected.norm().clamp_min(1e-30)) if moved.any() or expected.any() else 0.0


def try_steps(
    mode: ExecutionMode,
    method: Method,
    views: tuple[Tensor, ...],
    batches: Iterable[Tensor],
    *,
    seed: int,
    precision: Precision,
    n_labelled: int | None,
    graphs: Callable[[Steps], Graphs] = CudaGraphs,
) -> Trial:
    """Take some steps on a copy of the method, which is left as it is.

    Args:
        mode: to take them.
        method: on the device.
        views: as of `Steps`.
        batches: ids (B,) of the samples of each step, as many as are wanted.
        seed: of the steps' draws.
        precision: as of `Steps`.
        n_labelled: as of `Steps`.
        graphs: makes what records.

    Raises:
        RuntimeError: a phase could not be recorded.
    """
    device = views[0].device
    generator = torch.Generator(device).manual_seed(seed)
    n_first, n_timed = FIRST_STEPS, TIMED_STEPS
    try:
        copied = copy.deepcopy(method).train()
        stage = copied.stages(1)[0].name
        steps = mode.steps(copied, views, generator, precision=precision, n_labelled=n_labelled, graphs=graphs)
        before = updates = _weights(copied)
        values: list[Values] = []
        began, n_since, n_recorded = _now(device), 0, 0
        for step, ids in enumerate(batches, start=1):
            copied.schedule(stage, 0.5, 1)
            values += steps.take(stage, ids, step - 1)
            n_since += 1
            if isinstance(steps, GraphedSteps) and steps.refused:
                raise RuntimeError(steps.refused)
            if step == CHECKED_STEPS:
                updates = [now - start for now, start in zip(_weights(copied), before, strict=True)]
                if (_now(device) - began) / n_since * (n_first + n_timed - step) > MOST_S:
                    n_first, n_timed = step, FEW_STEPS
            if step in (CHECKED_STEPS - FEW_STEPS, n_first) or steps.n_recorded > n_recorded:
                began, n_since, n_recorded = _now(device), 0, steps.n_recorded
            elif step > n_first and n_since == n_timed:
                break
        seconds = (_now(device) - began) / n_since
    finally:
        copied = steps = None
        _free(device)
    return Trial(mode, seconds, values, updates)


def _weights(method: Method) -> list[Tensor]:
    return [weight.detach().to("cpu", torch.float32, copy=True) for weight in method.parameters()]


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        with RECORDING:
            torch.cuda.synchronize(device)
    return time.perf_counter()


def _free(device: torch.device) -> None:
    gc.collect()
    if device.type == "cuda":
        with RECORDING:
            torch.cuda.empty_cache()
