"""Python in the place of a GPU that records and replays."""

from collections.abc import Callable
from typing import Any

import torch

from mmclust.engine.steps import Steps, Values


class Again:
    """Records by doing the work and taking it back; a replay does it again, into the same memory.

    As on a GPU, a replay knows Python's numbers of the recording alone, learning rates and the method's own, changes
    none of them, and reads from memory what lies there now.
    """

    def __init__(self, steps: Steps) -> None:
        self.steps = steps
        self.n_records = self.n_replays = 0

    def warmup(self, work: Callable[[], Any]) -> Any:
        return work()

    def record(self, work: Callable[[], Values]) -> tuple[Callable[[], None], Values]:
        self.n_records += 1
        groups = [group for optimizer in self.steps.optimizers.values() for group in optimizer.param_groups]
        recorded = [{name: group[name] for name in ("lr", "capturable")} for group in groups]
        generator = self.steps.generator
        tensors, random = self._tensors(), generator.get_state()
        kept = [tensor.clone() for tensor in tensors]
        found = work()
        for tensor, before in zip(tensors, kept, strict=True):
            tensor.copy_(before)
        generator.set_state(random)
        own = self._own()

        def replay() -> None:
            self.n_replays += 1
            now, own_now = [{name: group[name] for name in ("lr", "capturable")} for group in groups], self._own()
            for group, each in zip(groups, recorded, strict=True):
                group |= each
            vars(self.steps.method).update(own)
            found.vector.copy_(work().vector)
            for group, each in zip(groups, now, strict=True):
                group |= each
            vars(self.steps.method).update(own_now)

        return replay, found

    def _own(self) -> dict[str, Any]:
        """Numbers and switches that the method keeps in Python."""
        return {name: value for name, value in vars(self.steps.method).items() if isinstance(value, int | float | bool)}

    def _tensors(self) -> list[torch.Tensor]:
        """All that a step writes: weights, statistics, and what optimisers keep."""
        method = self.steps.method
        states = [state for optimizer in self.steps.optimizers.values() for state in optimizer.state.values()]
        kept = [value for state in states for value in state.values() if isinstance(value, torch.Tensor)]
        return [*(p.data for p in method.parameters()), *method.buffers(), *kept]
