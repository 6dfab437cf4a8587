"""How long the missing runs of an experiment would take here."""

from collections.abc import Callable
from statistics import fmean
from typing import Any

from mmclust import settings
from mmclust.estimate import expected_seconds
from mmclust.runs.spec import RunSpec
from mmclust.sweeps.known import key
from mmclust.sweeps.outcome import SweepOutcome

Kind = tuple[str, str, str, int | None]


def forecast(
    outcome: SweepOutcome, *, n_workers: int | None = None, say: Callable[[str], None] = lambda line: None
) -> dict[str, Any]:
    """Number of runs, of those left, and seconds that they would take.

    The speed of a kind of run (data set, method, preset, limit) comes from finished ones; where there is none, the
    first of them is trained for a few seconds.

    Args:
        outcome: what there is of a sweep.
        n_workers: runs at the same time; None for one per core.
        say: given a line for each trial.
    """
    n_workers = n_workers or settings.n_cores()
    speeds: dict[Kind, list[float]] = {}
    for run in outcome.runs.values():
        speeds.setdefault(_kind(run.spec), []).append(run.seconds / run.epochs)
    missing = {key(spec): spec for spec in _missing(outcome)}
    seconds, lengths = 0.0, []
    for spec in missing.values():
        if not (known := speeds.get(_kind(spec))):
            say(
                f"A few steps of {spec.method} on {spec.dataset}, preset {spec.preset}, to see how long a run takes ..."
            )
            known = speeds[_kind(spec)] = [expected_seconds(spec) / spec.epochs]
        lengths.append(fmean(known) * spec.epochs)
        seconds += lengths[-1]
    return {
        "n_runs": outcome.n_runs,
        "n_left": len(missing),
        "n_workers": n_workers,
        "seconds_left": max(seconds / n_workers, max(lengths, default=0.0)),
        "shortest_s": min(lengths, default=None),
        "longest_s": max(lengths, default=None),
    }


def _kind(spec: RunSpec) -> Kind:
    return spec.dataset, spec.method, spec.preset, spec.limit


def _missing(outcome: SweepOutcome) -> list[RunSpec]:
    """Specs of the runs that are not there and can be planned."""
    places = [(n, seed) for n in range(len(outcome.sweep.cells)) for seed in outcome.sweep.seeds]
    left = [place for place in places if place not in outcome.runs and place not in outcome.failures]
    return [outcome.sweep.cells[n].build_spec(seed) for n, seed in left]
