"""Where the time of a training step goes, and how much memory a way to train takes."""

import resource
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

NAMES = ("data", "forward", "backward", "optimiser")


class Parts:
    """Seconds of the parts of a step, measured at the calls that the engine makes of every method.

    Args:
        method: its calls are wrapped; a copy of it would call this one.
        data: names of its functions that make inputs of raw samples.
        clock: in seconds; that of the processor says nothing about a GPU.
    """

    def __init__(self, method: Any, data: Iterable[str], clock: Callable[[], float] = time.process_time) -> None:
        self.clock = clock
        self.seconds: dict[str, float] = dict.fromkeys(NAMES, 0.0)
        self.mark = 0.0
        for name in data:
            setattr(method, name, self._of_data(getattr(method, name)))
        method.schedule = self._after(None, method.schedule)
        method.loss_terms = self._after("forward", method.loss_terms)
        method.after_backward = self._after("backward", method.after_backward)
        method.after_step = self._after("optimiser", method.after_step)

    def reset(self) -> None:
        """Forget the time so far, such as that of warming up."""
        self.seconds.update(dict.fromkeys(NAMES, 0.0))

    def shares(self) -> dict[str, float]:
        """Share of each part in the time of a step."""
        total = sum(self.seconds.values())
        return {name: round(seconds / total, 3) for name, seconds in self.seconds.items()}

    def _after(self, part: str | None, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any) -> Any:
            found = call(*args)
            now = self.clock()
            if part:
                self.seconds[part] += now - self.mark
            self.mark = now
            return found

        return timed

    def _of_data(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any) -> Any:
            began = self.clock()
            found = call(*args)
            seconds = self.clock() - began
            self.seconds["data"] += seconds
            self.mark += seconds  # it lies within the forward pass, which shall not count it again
            return found

        return timed


def peak_memory_mib() -> float:
    """What this process has held at most."""
    status = Path("/proc/self/status")
    if status.exists():  # what `getrusage` says on Linux may be of the process that started this one
        held = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(held.split()[1]) / 2**10
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)
