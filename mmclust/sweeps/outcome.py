"""How far a sweep is, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from mmclust.runs.record import RunRecord
from mmclust.sweeps.sweep import Sweep

Place = tuple[int, int]
"""(number of a cell, seed)."""


@dataclass(frozen=True, kw_only=True)
class SweepProgress:
    """How far a sweep is."""

    n_runs: int
    n_finished: int
    """With the reused ones."""
    n_reused: int
    n_failed: int
    running: tuple[str, ...]
    seconds: float
    """Since the sweep, or this part of it, began."""
    seconds_left: float | None
    ended: RunRecord | None = None
    """The run that has just ended, if that is the news."""
    trouble: str = ""
    """What the sweep waits for before it can go on, one sentence; empty while it goes on."""
    refused: tuple[str, ...] = ()
    """Settings that cannot be trained, found before anything was; see `complaints`."""


@dataclass(frozen=True, kw_only=True)
class SweepOutcome:
    """What came of a sweep."""

    sweep: Sweep
    runs: dict[Place, RunRecord]
    """The finished run of each cell and seed."""
    failures: dict[Place, str]
    """Why there is none and will be none, one sentence."""
    unfinished: tuple[Place, ...]
    """What a stop has left to be done."""
    n_runs: int
    n_reused: int
    stopped: bool
    seconds: float

    def of_cell(self, cell: int) -> list[RunRecord]:
        """Finished runs of a cell, in the order of the seeds."""
        return [run for seed in self.sweep.seeds if (run := self.runs.get((cell, seed)))]


def complaints(sweep: Sweep, failures: Mapping[Place, str]) -> tuple[str, ...]:
    """What went wrong, a sentence for each setting."""
    found: dict[tuple[int, str], list[int]] = {}
    for (number, seed), why in failures.items():
        found.setdefault((number, why), []).append(seed)
    told = []
    for (number, why), seeds in found.items():
        cell = sweep.cells[number]
        where = ", ".join(filter(None, (f"{cell.method} on {cell.dataset}", cell.title)))
        told.append(f"{where}, seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}: {why}")
    return tuple(told)
