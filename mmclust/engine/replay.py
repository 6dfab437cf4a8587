"""Training steps that a GPU repeats by itself: recorded once as a CUDA graph, then replayed on new samples.

The steps of a small network are hundreds of operations of some microseconds, and a GPU waits longer for each to be
sent than it works on it. A replay sends them all at once. It does the same operations on the same memory, so what
changes from step to step lives there: sample ids, learning rates and the state of the random generator.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor

from mmclust.engine.steps import Steps, Values

Found = TypeVar("Found")

WARM_UP = 3
"""Turns of a kind that are taken as written first: libraries choose their algorithms, optimisers make their state."""
_RECORDING = threading.Lock()
"""Two runs in one process record one after the other: recording waits for the device, which disturbs another's."""


class Graphs(Protocol):
    """Records work on a device."""

    def aside(self, work: Callable[[], Found]) -> Found:
        """Do the work now, where it will be recorded later."""
        ...

    def record(self, work: Callable[[], Values]) -> tuple[Callable[[], None], Values]:
        """What repeats the work, and where its results will lie; nothing is calculated yet."""
        ...


class CudaGraphs:
    """Records on a GPU.

    Args:
        steps: whose generator is the only one that the work draws from, on the device to record on.
    """

    def __init__(self, steps: Steps) -> None:
        self.generator = steps.generator
        self.stream = torch.cuda.Stream(self.generator.device)

    def aside(self, work: Callable[[], Found]) -> Found:
        """Do the work now, in the stream of the recording."""
        self.stream.wait_stream(torch.cuda.current_stream(self.generator.device))
        with torch.cuda.stream(self.stream):
            found = work()
        torch.cuda.current_stream(self.generator.device).wait_stream(self.stream)
        return found

    def record(self, work: Callable[[], Values]) -> tuple[Callable[[], None], Values]:
        """What repeats the work, and where its results will lie; nothing is calculated yet."""
        graph = torch.cuda.CUDAGraph()
        graph.register_generator_state(self.generator)
        # Of this thread alone: another run, or a page that asks the GPU for a Grad-CAM, may go on beside it.
        about = {"stream": self.stream, "capture_error_mode": "thread_local"}
        with _RECORDING, torch.cuda.device(self.generator.device), torch.cuda.graph(graph, **about):
            found = work()
        return graph.replay, found


@dataclass
class _Recording:
    """A turn that was recorded, and the memory that it reads and writes."""

    ids: Tensor
    rates: list[Tensor]
    rates_sent: list[float]
    """What lies there."""
    replay: Callable[[], None]
    values: Values


class ReplayedSteps(Steps):
    """Takes steps of one turn by replaying them, where the method says what stays the same; else as written.

    Args:
        args: of `Steps`.
        graphs: makes what records.
        kwargs: of `Steps`.
    """

    def __init__(self, *args: Any, graphs: Callable[[Steps], Graphs] = CudaGraphs, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.graphs = graphs(self)
        self._taken: Counter[tuple[str, ...]] = Counter()
        self._recordings: dict[tuple[str, ...], _Recording] = {}

    def take(self, stage: str, ids: Tensor, step: int) -> list[Values]:
        """As `Steps.take`."""
        turns = self.method.turns(step)
        kind = self.method.repeats(stage, turns[0]) if len(turns) == 1 else None
        if kind is None or self.n_labelled is not None:  # a labelled part of a batch is of another size each time
            return super().take(stage, ids, step)
        turn, key = turns[0], (stage, turns[0], kind)
        if self._taken[key] < WARM_UP:
            self._taken[key] += 1
            return self.graphs.aside(lambda: super(ReplayedSteps, self).take(stage, ids, step))
        if key not in self._recordings:
            self._recordings[key] = self._record(stage, turn, ids)
        values = self._replay(self._recordings[key], turn, ids)
        self.method.after_step(stage, turn, step)
        return [values]

    def restore(self, optimizers: dict[str, Any]) -> None:
        """As `Steps.restore`; recordings are made anew, since the states come to lie elsewhere."""
        super().restore(optimizers)
        self._taken.clear()
        self._recordings.clear()

    def _record(self, stage: str, turn: str, ids: Tensor) -> _Recording:
        own_ids, optimizer = ids.clone(), self.optimizers[turn]
        sent = [group["lr"] for group in optimizer.param_groups]
        rates = [torch.full((), rate, device=ids.device) for rate in sent]
        with _recordable(optimizer, rates):
            replay, values = self.graphs.record(lambda: self.turn(stage, turn, self.batch(own_ids)))
        return _Recording(own_ids, rates, sent, replay, values)

    def _replay(self, recording: _Recording, turn: str, ids: Tensor) -> Values:
        recording.ids.copy_(ids)
        wanted = [group["lr"] for group in self.optimizers[turn].param_groups]
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
