"""Training steps that a GPU repeats by itself: recorded once as a CUDA graph, then replayed on new samples.

The steps of a small network are hundreds of operations of some microseconds, and a GPU waits longer for each to be
sent than it works on it. A replay sends them all at once. It does the same operations on the same memory, so what
changes from step to step lives there: sample ids, learning rates and the state of the random generator.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor

from mmclust.engine.steps import Steps, Values
from mmclust.errors import first_line

Result = TypeVar("Result")

WARMUP_STEPS = 3
"""Phases of a key that are taken eagerly first: libraries choose their algorithms, optimisers make their state."""
RECORDING = threading.Lock()
"""Held while a GPU records: whoever waits for the whole device meanwhile, from any thread, would spoil it."""

log = logging.getLogger(__name__)


class Graphs(Protocol):
    """Records work on a device."""

    def warmup(self, work: Callable[[], Result]) -> Result:
        """Do the work now, where it will be recorded later."""
        ...

    def record(self, work: Callable[[], Values]) -> tuple[Callable[[], None], Values]:
        """What repeats the work, and where its results will lie; nothing is calculated yet."""
        ...


class CudaGraphs:
    """Records on a GPU.

    All recordings share their memory, which is right as long as one is replayed after the other and its results are
    copied before the next.

    Args:
        steps: whose generator is the only one that the work draws from, on the device to record on.
    """

    def __init__(self, steps: Steps) -> None:
        self.generator, self.device = steps.generator, steps.generator.device
        self.stream = _stream(self.device)
        self.pool = torch.cuda.graph_pool_handle()

    def warmup(self, work: Callable[[], Result]) -> Result:
        """Do the work now, in the stream of the recording."""
        self.stream.wait_stream(torch.cuda.current_stream(self.device))
        with torch.cuda.stream(self.stream):
            found = work()
        torch.cuda.current_stream(self.device).wait_stream(self.stream)
        return found

    def record(self, work: Callable[[], Values]) -> tuple[Callable[[], None], Values]:
        """What repeats the work, and where its results will lie; nothing is calculated yet."""
        with RECORDING, torch.cuda.device(self.device):
            graph = torch.cuda.CUDAGraph()
            if torch.__version__ < "2.13":  # later versions find the generator by themselves
                graph.register_generator_state(self.generator)
            # Of this thread alone: another run, or a page that asks the GPU for a Grad-CAM, may go on beside it.
            with torch.cuda.graph(graph, pool=self.pool, stream=self.stream, capture_error_mode="thread_local"):
                found = work()
        return graph.replay, found


@lru_cache
def _stream(device: torch.device) -> torch.cuda.Stream:
    """One for all recordings of a device, as libraries keep memory for each."""
    return torch.cuda.Stream(device)


@dataclass
class _Recording:
    """A phase that was recorded, and the memory that it reads and writes."""

    key: str
    ids: Tensor
    rates: list[Tensor]
    rates_sent: list[float]
    """What lies there."""
    replay: Callable[[], None]
    values: Values


class GraphedSteps(Steps):
    """Takes steps of one phase by replaying them, where the method says what stays the same; else eagerly.

    Args:
        args: of `Steps`.
        graphs: makes what records.
        kwargs: of `Steps`.
    """

    def __init__(self, *args: Any, graphs: Callable[[Steps], Graphs] = CudaGraphs, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.graphs = graphs(self)
        self._taken: Counter[tuple[str, ...]] = Counter()
        self._recordings: dict[tuple[str, str], _Recording] = {}
        self.refused = ""
        """Why phases are not recorded, if one could not be."""

    def take(self, stage: str, ids: Tensor, step: int) -> list[Values]:
        """As `Steps.take`."""
        phases = self.method.phases(step)
        key = self.method.graph_key(stage, phases[0]) if len(phases) == 1 else None
        if key is None or self.n_labelled is not None:  # a labelled part of a batch is of another size each time
            return super().take(stage, ids, step)
        phase = phases[0]
        if self._taken[stage, phase, key] < WARMUP_STEPS:
            self._taken[stage, phase, key] += 1
            return self.graphs.warmup(lambda: super(GraphedSteps, self).take(stage, ids, step))
        recording = self._recording(stage, phase, key, ids)
        if recording is None:
            return super().take(stage, ids, step)
        values = self._replay(recording, phase, ids)
        self.method.after_step(stage, phase, step)
        return [values]

    def adjust(self, values: Mapping[str, Any]) -> None:
        """As `Steps.adjust`; recordings are made anew, since weights are numbers in them."""
        super().adjust(values)
        self._taken.clear()
        self._recordings.clear()

    def restore(self, optimizers: dict[str, Any]) -> None:
        """As `Steps.restore`; recordings are made anew, since the states come to lie elsewhere."""
        super().restore(optimizers)
        self._taken.clear()
        self._recordings.clear()

    def _recording(self, stage: str, phase: str, key: str, ids: Tensor) -> _Recording | None:
        """The recording of such a phase, made now if need be; None once one could not be made."""
        found = self._recordings.get((stage, phase))
        if self.refused or (found is not None and found.key == key):
            return found
        self._recordings.pop((stage, phase), None)
        found = None  # its memory is free for the next
        try:
            self._recordings[stage, phase] = self._record(stage, phase, key, ids)
        except Exception as problem:
            log.warning("the phase %s (%s) cannot be recorded; steps go on eagerly", phase, key, exc_info=problem)
            self.refused = f"{type(problem).__name__}: {first_line(problem, 120)}"
            self._recordings.clear()
        return self._recordings.get((stage, phase))

    def _record(self, stage: str, phase: str, key: str, ids: Tensor) -> _Recording:
        own_ids, optimizer = ids.clone(), self.optimizers[phase]
        sent = [group["lr"] for group in optimizer.param_groups]
        rates = [torch.full((), rate, device=ids.device) for rate in sent]
        with _recordable(optimizer, rates):
            replay, values = self.graphs.record(lambda: self.phase(stage, phase, self.batch(own_ids)))
        self.n_recorded += 1
        return _Recording(key, own_ids, rates, sent, replay, values)

    def _replay(self, recording: _Recording, phase: str, ids: Tensor) -> Values:
        recording.ids.copy_(ids)
        wanted = [group["lr"] for group in self.optimizers[phase].param_groups]
        if wanted != recording.rates_sent:
            for rate, value in zip(recording.rates, wanted, strict=True):
                rate.fill_(value)
            recording.rates_sent = wanted
        recording.replay()
        return Values(recording.values.names, recording.values.vector.clone())  # the next replay writes there again


@contextmanager
def _recordable(optimizer: torch.optim.Optimizer, rates: list[Tensor]) -> Iterator[None]:
    """Within this the optimiser reads its learning rates from the device, and allows to be recorded."""
    before = [dict(group) for group in optimizer.param_groups]
    for group, rate in zip(optimizer.param_groups, rates, strict=True):
        group |= {"lr": rate, "capturable": True}
    try:
        yield
    finally:
        for group, values in zip(optimizer.param_groups, before, strict=True):
            group |= {name: values[name] for name in ("lr", "capturable")}
