"""Which way of taking steps is the fastest on a GPU: tried on a copy of the method before the training.

A way that fails there, or whose losses are not those of the steps as they are written, is not used; so neither a
driver nor a compiler can spoil a run, only leave it slower.
"""

import copy
import gc
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor

from mmclust.engine.replay import CudaGraphs, Graphs, ReplayedSteps
from mmclust.engine.steps import Precision, Steps, Values
from mmclust.methods.base import Method

TRIAL_STEPS = 40
"""Steps of a trial; the second half is timed, when all kinds of turns are recorded."""
FEWEST_STEPS = 2000
"""Shorter runs are over before trials pay."""
COMPILE_FROM_S = 600.0
"""Runs that would take less are not compiled, which takes about a minute itself."""
TOLERANCE = 0.02
"""How far losses may be apart after some steps, as a share of the largest: sums in another order drift apart."""
TOLERANCE_COMPILED_BF16 = 0.1
"""A compiler rounds to bfloat16 at other places."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Way:
    """How steps are taken."""

    name: str
    compiled: bool = False
    replayed: bool = False

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
        """Steps of a method that are taken this way; arguments of `Steps` and `ReplayedSteps`."""
        if self.compiled:
            for network in method.compilable():
                network.compile(dynamic=False)
        about = {"precision": precision, "n_labelled": n_labelled}
        if self.replayed:
            return ReplayedSteps(method, views, generator, graphs=graphs, **about)
        return Steps(method, views, generator, **about)

    def uncompiled(self) -> AbstractContextManager[object]:
        """Within this networks run as written: evaluations have other shapes, each of which would be compiled."""
        return torch.compiler.set_stance("force_eager") if self.compiled else nullcontext()


AS_WRITTEN = Way("as written")
REPLAYED = Way("CUDA graph", replayed=True)
COMPILED = Way("compiled", compiled=True)
COMPILED_REPLAYED = Way("compiled, CUDA graph", compiled=True, replayed=True)


def ways_of(method: Method, *, n_labelled: int | None) -> tuple[Way, ...]:
    """What to try for a method beside its steps as written, on top of each other."""
    repeats = n_labelled is None and method.repeats(method.stages(1)[0].name, method.turns(0)[0]) is not None
    compiles = bool(method.compilable())
    if repeats:
        return (REPLAYED, COMPILED_REPLAYED) if compiles else (REPLAYED,)
    return (COMPILED,) if compiles else ()


@dataclass(frozen=True)
class Trial:
    """What a way did in the trial."""

    way: Way
    seconds: float
    """Of a step."""
    told: list[Values]


def choose(
    trial: Callable[[Way], Trial], ways: Sequence[Way], *, n_steps: int, precision: Precision
) -> tuple[Way, str]:
    """The fastest way whose losses are those of the steps as written, and a sentence on all that were tried.

    Args:
        trial: tries a way; whatever it raises speaks against the way.
        ways: to try beside the steps as written, each on top of the one before.
        n_steps: of the run; what takes long to prepare is tried for long runs alone.
        precision: of the run.
    """
    plain = best = trial(AS_WRITTEN)
    said = []
    for way in ways:
        if way.compiled and best.seconds * n_steps < COMPILE_FROM_S:
            continue
        try:
            found = trial(way)
        except Exception as problem:
            log.warning("steps cannot be taken %s", way.name, exc_info=problem)
            reason = str(problem).strip().partition("\n")[0][:120]
            said.append(f"{way.name} failed ({type(problem).__name__}: {reason})")
            continue
        rounded = way.compiled and precision == "bf16"
        if not agree(found.told, plain.told, TOLERANCE_COMPILED_BF16 if rounded else TOLERANCE):
            said.append(f"{way.name} gave other losses")
            continue
        said.append(f"{way.name} {1000 * found.seconds:.3g} ms")
        best = min(best, found, key=lambda each: each.seconds)
    about = "; ".join((f"as written {1000 * plain.seconds:.3g} ms", *said))
    return best.way, f"{best.way.name} (a step {about})"


def agree(ours: Sequence[Values], plain: Sequence[Values], tolerance: float) -> bool:
    """Whether the losses of the same steps, taken two ways, are the same up to a share of the largest."""
    if [each.names for each in ours] != [each.names for each in plain]:
        return False
    for names in {each.names for each in plain}:
        lost = torch.tensor([not name.startswith("signal/") for name in names])
        found, expected = (
            torch.stack([each.vector.cpu() for each in told if each.names == names])[:, lost] for told in (ours, plain)
        )
        close = (found - expected).abs() <= tolerance * expected.abs().amax(dim=0) + 1e-6
        if not close.all():  # also where a loss is not a number
            return False
    return True


def try_steps(
    way: Way,
    method: Method,
    views: tuple[Tensor, ...],
    batches: Sequence[Tensor],
    *,
    seed: int,
    precision: Precision,
    n_labelled: int | None,
    graphs: Callable[[Steps], Graphs] = CudaGraphs,
) -> Trial:
    """Take some steps on a copy of the method, which is left as it is.

    Args:
        way: to take them.
        method: on the device.
        views: as of `Steps`.
        batches: ids (B,) of the samples of each step.
        seed: of the steps' draws.
        precision: as of `Steps`.
        n_labelled: as of `Steps`.
        graphs: makes what records.
    """
    device = batches[0].device
    generator = torch.Generator(device).manual_seed(seed)
    try:
        copied = copy.deepcopy(method).train()
        stage = copied.stages(1)[0].name
        steps = way.steps(copied, views, generator, precision=precision, n_labelled=n_labelled, graphs=graphs)
        told: list[Values] = []
        for step, ids in enumerate(batches):
            if step == len(batches) // 2:
                began = _now(device)
            copied.schedule(stage, 0.5, 1)
            told += steps.take(stage, ids, step)
        seconds = (_now(device) - began) / (len(batches) - len(batches) // 2)
    finally:
        copied = steps = None
        gc.collect()
        if device.type == "cuda":
            torch.cuda.empty_cache()
    return Trial(way, seconds, told)


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()
