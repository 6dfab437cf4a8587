"""Figures of equal runs with different seeds: mean and deviation over all, and the run of lowest final loss."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from mmclust.runs.record import RunRecord
from mmclust.runs.store import RunStore

OBJECTIVE = "objective/main"
"""Curve of the weighted sum of all loss terms (see `engine.trainer`)."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A figure over seeds."""

    mean: float
    deviation: float | None
    """Standard deviation of a sample (n - 1); None for one seed."""
    n: int

    def as_json(self) -> dict[str, float | int | None]:
        """Ready for JSON."""
        return {"mean": self.mean, "deviation": self.deviation, "n": self.n}


def figure(values: Sequence[float]) -> Figure:
    """Mean and deviation.

    Raises:
        ValueError: no values.
    """
    if not values:
        raise ValueError("no values came; a figure needs one finished run or more")
    return Figure(mean=fmean(values), deviation=stdev(values) if len(values) > 1 else None, n=len(values))


def figures(runs: Sequence[RunRecord]) -> dict[str, Figure]:
    """Every metric of the last epoch over runs that have it; empty without labels."""
    names = dict.fromkeys(name for run in runs for name in run.metrics or {})
    return {name: figure([run.metrics[name] for run in runs if run.metrics and name in run.metrics]) for name in names}


def final_loss(store: RunStore, run: RunRecord) -> float:
    """The objective at the end of a run; NaN where it has none (several networks with objectives of their own)."""
    values = store.get(run.run_id).metrics([OBJECTIVE])["value"]
    return float(values.iloc[-1]) if len(values) else math.nan


def lowest_loss(store: RunStore, runs: Sequence[RunRecord]) -> RunRecord | None:
    """The run whose objective ended lowest: a choice that needs no labels. None where no run has an objective."""
    losses: Mapping[str, float] = {run.run_id: final_loss(store, run) for run in runs}
    known = [run for run in runs if not math.isnan(losses[run.run_id])]
    return min(known, key=lambda run: losses[run.run_id], default=None)
