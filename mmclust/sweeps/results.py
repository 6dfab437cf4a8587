"""Figures of a sweep: mean and deviation over seeds, the run of lowest final loss, and tables over one or two axes."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

import numpy as np
from sqlalchemy import func, select

from mmclust.escaping import cell as escaped
from mmclust.evaluation.metric_names import LABELLED
from mmclust.runs.record import RunRecord
from mmclust.runs.store import RunStore
from mmclust.runs.tables import METRICS
from mmclust.sweeps.record import SweepRecord
from mmclust.sweeps.sweep import Sweep

OBJECTIVE = "objective/main"
"""Curve of the weighted sum of all loss terms (see `engine.trainer`)."""


@dataclass(frozen=True, kw_only=True)
class SeedSummary:
    """Mean and deviation over seeds."""

    mean: float
    deviation: float | None
    """Standard deviation of a sample (n - 1); None for one seed."""
    n: int

    def as_json(self) -> dict[str, float | int | None]:
        """Ready for JSON."""
        return {"mean": self.mean, "deviation": self.deviation, "n": self.n}


def summarise(values: Sequence[float]) -> SeedSummary:
    """Mean and deviation.

    Raises:
        ValueError: no values.
    """
    if not values:
        raise ValueError("no values came; a summary needs one finished run or more")
    return SeedSummary(mean=fmean(values), deviation=stdev(values) if len(values) > 1 else None, n=len(values))


def summarise_metrics(runs: Sequence[RunRecord]) -> dict[str, SeedSummary]:
    """Every metric of the last epoch over runs that have it; empty without labels."""
    names = dict.fromkeys(name for run in runs for name in run.metrics or {})
    return {
        name: summarise([run.metrics[name] for run in runs if run.metrics and name in run.metrics]) for name in names
    }


def device_seconds(runs: Sequence[RunRecord]) -> tuple[str, float] | None:
    """What runs have cost: seconds of training times the devices that each took.

    A GPU counts with the part of it that was kept for the run, a CPU as often as threads computed. Seconds are the
    clock's: other work on a machine is in them.

    Returns:
        `GPU` or `core`, and the sum; None where a run does not say its threads or both kinds were used.
    """
    seconds: dict[str, float] = {}
    for run in runs:
        kind = "GPU" if run.device.startswith("cuda") else "core"
        threads = run.environment.get("threads", "")
        if kind == "core" and not threads.isdigit():
            return None
        n_devices = run.spec.gpus if kind == "GPU" else int(threads)
        seconds[kind] = seconds.get(kind, 0.0) + n_devices * run.seconds
    return next(iter(seconds.items())) if len(seconds) == 1 else None


def final_loss(store: RunStore, run: RunRecord) -> float:
    """The objective at the end of a run; NaN where it has none (several networks with objectives of their own)."""
    values = store.get(run.run_id).metrics([OBJECTIVE])["value"]
    return float(values.iloc[-1]) if len(values) else math.nan


def lowest_loss(store: RunStore, runs: Sequence[RunRecord]) -> RunRecord | None:
    """The run whose objective ended lowest: a choice that needs no labels. None where no run has an objective."""
    losses: Mapping[str, float] = {run.run_id: final_loss(store, run) for run in runs}
    known = [run for run in runs if not math.isnan(losses[run.run_id])]
    return min(known, key=lambda run: losses[run.run_id], default=None)


def last_values(store: RunStore, run_ids: Sequence[str], name: str) -> dict[str, float]:
    """The last point of a curve of each run that has it."""
    last = select(func.max(METRICS.c.id)).where(METRICS.c.name == name, METRICS.c.run_id.in_(list(run_ids)))
    query = select(METRICS.c.run_id, METRICS.c.value).where(METRICS.c.id.in_(last.group_by(METRICS.c.run_id)))
    with store.reading() as connection:
        return {run_id: value for run_id, value in connection.execute(query) if value is not None}


def values(store: RunStore, runs: Mapping[tuple[int, int], RunRecord], name: str) -> dict[tuple[int, int], float]:
    """A metric of the last epoch of each (cell, seed) that has it.

    Args:
        store: the runs are in.
        runs: finished run of each (cell, seed).
        name: of a metric (acc, nmi ...), or of a curve, whose last point counts.
    """
    if "/" not in name:
        return {place: run.metrics[name] for place, run in runs.items() if run.metrics and name in run.metrics}
    last = last_values(store, sorted({run.run_id for run in runs.values()}), name)
    return {place: last[run.run_id] for place, run in runs.items() if run.run_id in last}


def as_csv(asked: SweepRecord, runs: Mapping[str, RunRecord]) -> str:
    """A line for each run that was asked for: point, seed, status, metrics, seconds, why there is none.

    Args:
        asked: the sweep.
        runs: by id, as far as there are any.
    """
    axes, text = list(asked.sweep.axes()), io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["run_id", *map(escaped, axes), "seed", "status", *LABELLED, "seconds", "reason"])
    for number, cell in enumerate(asked.sweep.cells):
        for seed in asked.sweep.seeds:
            run = runs.get(asked.runs.get((number, seed), ""))
            metrics = (run.metrics if run else None) or {}
            line = [run.run_id if run else "", *(escaped(cell.point.get(name, "")) for name in axes), seed]
            line += [run.status if run else "missing", *(metrics.get(name, "") for name in LABELLED)]
            line += [f"{run.seconds:.2f}" if run else "", escaped(asked.failures.get((number, seed), ""))]
            writer.writerow(line)
    return text.getvalue()


@dataclass(frozen=True, kw_only=True)
class Surface:
    """A metric over the values of two axes. Shapes: X and Y values, S seeds."""

    x: tuple[Any, ...]
    """Numbers rise, anything else comes as it was asked for."""
    y: tuple[Any, ...]
    """One entry, None, where there is one axis alone."""
    values: np.ndarray
    """(X, Y, S); NaN where there is no finished run."""

    @property
    def mean(self) -> np.ndarray:
        """(X, Y) over the seeds that there are; NaN where there is none."""
        n = np.isfinite(self.values).sum(axis=2)
        return np.where(n > 0, np.nansum(self.values, axis=2) / np.maximum(n, 1), np.nan)

    @property
    def deviation(self) -> np.ndarray:
        """(X, Y) standard deviation of a sample (n - 1) over seeds; NaN below two."""
        n = np.isfinite(self.values).sum(axis=2)
        squares = np.nansum((self.values - self.mean[:, :, None]) ** 2, axis=2)
        return np.where(n > 1, np.sqrt(squares / np.maximum(n - 1, 1)), np.nan)


def surface(
    sweep: Sweep,
    found: Mapping[tuple[int, int], float],
    x: str,
    y: str | None = None,
    at: Mapping[str, Any] | None = None,
) -> Surface:
    """A metric of a sweep over one or two of its axes.

    Args:
        sweep: whose cells lie on the axes.
        found: metric of each (cell, seed) that has one.
        x: name of an axis.
        y: name of another; None for one alone.
        at: values of the other axes that are looked at.
    """
    axes = sweep.axes()
    xs, ys = _rising(axes[x]), _rising(axes[y]) if y else (None,)
    values = np.full((len(xs), len(ys), len(sweep.seeds)), np.nan)
    for (number, seed), value in found.items():
        point = sweep.cells[number].point
        if all(point.get(name) == wanted for name, wanted in (at or {}).items()) and x in point:
            place = xs.index(point[x]), ys.index(point[y]) if y else 0
            values[*place, sweep.seeds.index(seed)] = value
    return Surface(x=xs, y=ys, values=values)


def _rising(values: Sequence[Any]) -> tuple[Any, ...]:
    numbers = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)
    return tuple(sorted(values)) if numbers else tuple(values)
