"""Makes an experiment: trains what is not there yet, and puts ours beside the paper's into one document.

No run, seed or epoch is chosen by accuracy (docs/results.md lists the settings that once were): what is shown are means
over all seeds at the last epoch, and where a paper chooses among its runs, its run of lowest final loss stands beside.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmclust.baselines import table as baselines
from mmclust.data import catalogue
from mmclust.methods import card
from mmclust.reproduction import forecast, kmeans, maps, panels, starts
from mmclust.reproduction.experiment import Experiment, Place, Row
from mmclust.reproduction.table import PaperTable, Reported
from mmclust.runs.record import RunRecord
from mmclust.runs.store import RunStore
from mmclust.sweeps import results
from mmclust.sweeps.outcome import SweepOutcome, SweepProgress
from mmclust.sweeps.runner import look_up, run_sweep
from mmclust.sweeps.sweep import N_SNAPSHOTS, Cell, Sweep, grid

N_BASELINE_SEEDS = 5
"""Baselines differ little between seeds."""
N_QUICK_PLACES = 2
N_MAPS = 8
"""Snapshots of a run whose maps are drawn at several stages."""
N_CURVE_EPOCHS = 12
"""Epochs of a curve that are tabulated."""


@dataclass(frozen=True, kw_only=True)
class Extent:
    """How much of an experiment is made."""

    n_seeds: int | None = None
    """None for the experiment's own number."""
    quick: bool = False
    """A few seeds, the quick preset and at most two data sets: shows that everything works."""
    coarse: bool = False
    """The few values of the quick look on the axes of a figure; its runs are trained in full."""
    datasets: tuple[str, ...] = ()
    """Data sets to make it on alone; empty for all that are here."""
    train: bool = True
    """False to show only what is there already, and how long the rest would take."""
    n_workers: int | None = None


def reproduce(
    experiment: Experiment,
    store: RunStore,
    extent: Extent,
    *,
    progress: Callable[[SweepProgress], None] = lambda state: None,
    say: Callable[[str], None] = lambda line: None,
    stop: threading.Event | None = None,
) -> dict[str, Any]:
    """Make an experiment.

    Args:
        experiment: what to make.
        store: runs are found and made in.
        extent: how much of it.
        progress: told about the runs.
        say: given a line for each baseline.
        stop: set to stop early and resumably; the document then holds what is there.

    Returns:
        A document ready for JSON, from which `markdown.written` makes a page: `places`, and `lines` with `reported` and
        `ours` for each data set, row and point.
    """
    stop = stop or threading.Event()
    n_seeds = extent.n_seeds or (experiment.n_quick_seeds if extent.quick else experiment.n_seeds)
    places = experiment.quick_places if extent.quick and experiment.quick_places else experiment.places
    here = _here(places, extent)
    rows = [row for row in experiment.rows if row.quick or not extent.quick]
    cells = [(place, row, cell) for place in here for row in rows for cell in _cells(experiment, place, row, extent)]
    limit = experiment.quick_limit if extent.quick else None
    based = {
        (place.dataset, row.label): _baseline(place, row, limit, n_seeds, extent, say, stop)
        for place in here
        for row in rows
        if row.baseline in baselines.BASELINES
    }
    outcome = _trained(store, experiment, [cell for _, _, cell in cells], n_seeds, extent, progress, stop)
    maker = _Lines(experiment, store, outcome, [cell for _, _, cell in cells])
    lines = []
    for place in here:
        for row in rows:
            if (place.dataset, row.label) in based:
                lines.append(maker.of_baseline(place, row, based[place.dataset, row.label]))
            lines += [maker.of_cell(p, r, number) for number, (p, r, _) in enumerate(cells) if (p, r) == (place, row)]
    runs = list(outcome.runs.values()) if outcome else []
    return {
        "name": experiment.name,
        "title": experiment.title,
        "paper": experiment.paper,
        "averaged": [table.averaged for table in experiment.tables],
        "quick": _quick(experiment, extent),
        "scored": not (extent.quick and (experiment.quick_limit or experiment.quick_epochs)),
        "coarse": extent.coarse and bool(experiment.axes),
        "n_seeds": n_seeds,
        "stopped": stop.is_set(),
        "metrics": list(experiment.metrics),
        "by_loss": experiment.by_loss,
        "probe": experiment.probe,
        "relative_times": dict(experiment.relative_times),
        "axes": {name: list(values) for name, values in _axes(experiment, extent).items()},
        "places": [_place(place, place in here) for place in dict.fromkeys((*places, *experiment.places))],
        "lines": lines,
        "maps": maps.drawn(store, experiment.maps, runs) if experiment.maps and runs else [],
        "panels": panels.drawn(store, experiment.panel, runs) if experiment.panel and runs else [],
        "plan": forecast.forecast(outcome, n_workers=extent.n_workers, say=say)
        if outcome and not extent.train
        else None,
        "reported": [_reported_row(table, name) for table in experiment.tables for name in table.rows],
        "notes": list(experiment.notes),
        "n_runs": outcome.n_runs if outcome else 0,
        "n_done": len({run.run_id for run in runs}),
        "training_seconds": sum({run.run_id: run.seconds for run in runs}.values()),
        "versions": _versions(runs),
        "devices": sorted({run.device for run in runs}),
    }


def _here(places: Sequence[Place], extent: Extent) -> list[Place]:
    """The data sets to make it on.

    Raises:
        ValueError: a data set was asked for that the experiment does not have.
    """
    known = [place.dataset for place in places]
    if unknown := [name for name in extent.datasets if name not in known]:
        raise ValueError(f"{unknown[0]!r} is none of this experiment's data sets; they are {', '.join(known)}")
    here = [p for p in places if not _absence(p) and (not extent.datasets or p.dataset in extent.datasets)]
    return here[:N_QUICK_PLACES] if extent.quick else here


def _quick(experiment: Experiment, extent: Extent) -> dict[str, Any] | None:
    """What the quick look shortens; None where this is none."""
    if not extent.quick:
        return None
    return {"limit": experiment.quick_limit, "epochs": experiment.quick_epochs}


def _absence(place: Place) -> str:
    """How to get a data set that is not here; empty when it is."""
    entry = catalogue.find(place.dataset)
    if entry is None:
        return f"{place.dataset} is not in the catalogue; give its file to `train --dataset PATH`."
    return "" if entry.available() else entry.how_to_get


def _place(place: Place, used: bool) -> dict[str, Any]:
    entry = catalogue.find(place.dataset)
    return {
        "dataset": place.dataset,
        "title": entry.title if entry else place.dataset,
        "stands_for": place.stands_for,
        "available": not _absence(place),
        "used": used,
        "how_to_get": _absence(place),
    }


def _setting(row: Row) -> tuple[str, str, dict[str, Any]]:
    """Method, preset and changed hyper-parameters of a row that is trained; no method for other baselines."""
    if deep := baselines.DEEP.get(row.baseline):
        return deep.method, deep.preset, dict(deep.changes)
    ablation = card(row.method).ablations[row.ablation] if row.ablation else {}
    return row.method, row.preset, {**ablation, **row.changes}


def _axes(experiment: Experiment, extent: Extent) -> dict[str, tuple[Any, ...]]:
    return dict(experiment.quick_axes if extent.quick or extent.coarse else experiment.axes)


def _cells(experiment: Experiment, place: Place, row: Row, extent: Extent) -> tuple[Cell, ...]:
    method, preset, changes = _setting(row)
    if not method:
        return ()
    if extent.quick and row.quick_changes is not None:
        changes = row.quick_changes
    base = Cell(
        dataset=place.dataset,
        method=method,
        preset="quick" if extent.quick else preset,
        changes=changes,
        limit=experiment.quick_limit if extent.quick else None,
        epochs=experiment.quick_epochs if extent.quick else None,
        n_snapshots=N_MAPS if experiment.maps == "stages" else N_SNAPSHOTS,
        label=row.label,
    )
    if not (axes := _axes(experiment, extent)):
        return (base,)
    # The quick look's images may be too small for the figure's own values.
    return tuple(cell for cell in grid(base, axes).cells if extent.quick or experiment.allowed(cell.point))


def _trained(
    store: RunStore,
    experiment: Experiment,
    cells: Sequence[Cell],
    n_seeds: int,
    extent: Extent,
    progress: Callable[[SweepProgress], None],
    stop: threading.Event,
) -> SweepOutcome | None:
    if not cells:
        return None
    title = f"{experiment.name} quick" if extent.quick else experiment.name
    sweep = Sweep(cells=tuple(cells), seeds=tuple(range(n_seeds)), title=title)
    if not extent.train:
        return look_up(store, sweep)
    return run_sweep(store, sweep, n_workers=extent.n_workers, progress=progress, stop=stop)


@dataclass(frozen=True)
class _Based:
    found: list[baselines.BaselineResult]
    failure: str = ""


def _baseline(
    place: Place,
    row: Row,
    limit: int | None,
    n_seeds: int,
    extent: Extent,
    say: Callable[[str], None],
    stop: threading.Event,
) -> _Based:
    found, limit = [], limit or row.limit
    for seed in range(min(n_seeds, N_BASELINE_SEEDS)):
        if stop.is_set():
            break
        if not extent.train and not baselines.is_known(row.baseline, place.dataset, seed=seed, limit=limit):
            continue
        try:
            result = baselines.result(row.baseline, place.dataset, seed=seed, limit=limit)
        except ValueError as error:
            return _Based(found, str(error))
        found.append(result)
        acc = f": ACC {result.metrics['acc']:.4f}" if result.metrics else ""
        say(f"{row.label} on {place.dataset}, seed {seed}{acc}, {result.seconds:.0f} s")
    return _Based(found)


class _Lines:
    """Makes the lines of the document."""

    def __init__(
        self, experiment: Experiment, store: RunStore, outcome: SweepOutcome | None, cells: Sequence[Cell]
    ) -> None:
        self.experiment, self.store, self.outcome, self.cells = experiment, store, outcome, cells

    def of_baseline(self, place: Place, row: Row, based: _Based) -> dict[str, Any]:
        """The line of a baseline."""
        metrics = [result.metrics for result in based.found if result.metrics]
        names = self.experiment.metrics if metrics else ()
        return self._line(place, row) | {
            "settings": "",
            "ours": {m: results.summarise([found[m] for found in metrics]).as_json() for m in names} or None,
            "n_runs": len(based.found),
            "seconds": results.summarise([result.seconds for result in based.found]).mean if based.found else None,
            "failures": [based.failure] if based.failure else [],
        }

    def of_cell(self, place: Place, row: Row, number: int) -> dict[str, Any]:
        """The line of a method with certain settings."""
        assert self.outcome is not None
        cell, runs = self.cells[number], self.outcome.of_cell(number)
        found = self._figures(row, runs)
        lowest = results.lowest_loss(self.store, runs) if self.experiment.by_loss else None
        failures = [(seed, why) for (n, seed), why in self.outcome.failures.items() if n == number]
        return self._line(place, row) | {
            "settings": _settings(cell),
            "point": dict(cell.point),
            "ours": {m: found[m].as_json() for m in self.experiment.metrics if m in found} or None,
            "gain": self._gain(row, runs),
            "probe": self._probe(runs),
            "lowest_loss": None if row.start else self._chosen(lowest),
            "n_runs": len(runs),
            "run_ids": [run.run_id for run in runs],
            "seconds": results.summarise([run.seconds for run in runs]).mean if runs else None,
            "failures": [f"seed {seed}: {why}" for seed, why in failures],
            "curves": self._curves(runs),
        }

    def _figures(self, row: Row, runs: Sequence[RunRecord]) -> dict[str, results.SeedSummary]:
        if row.start:
            found = [values for run in runs if (values := starts.metrics(self.store, run))]
            return {name: results.summarise([values[name] for values in found]) for name in found[0]} if found else {}
        return (
            kmeans.summarise_metrics(self.store, runs, row.kmeans_space)
            if row.kmeans_space
            else results.summarise_metrics(runs)
        )

    def _gain(self, row: Row, runs: Sequence[RunRecord]) -> dict[str, Any] | None:
        """By how much the first metric of a run of auto is above that of its start."""
        metric = self.experiment.metrics[0]
        if row.start:
            return None
        pairs = [(run.metrics, starts.metrics(self.store, run)) for run in runs]
        gains = [end[metric] - begin[metric] for end, begin in pairs if end and begin]
        return results.summarise(gains).as_json() if gains else None

    def _probe(self, runs: Sequence[RunRecord]) -> dict[str, Any] | None:
        """Accuracy of a linear classifier on a space of the last epoch, on folds that it was not trained on."""
        space = self.experiment.probe
        found = [kmeans.probed(self.store, run, space) for run in runs] if space else []
        return results.summarise(found).as_json() if found else None

    def _line(self, place: Place, row: Row) -> dict[str, Any]:
        reported: dict[str, Reported] = {}
        for table in self.experiment.tables:
            if place.dataset in table.datasets and row.reported:
                reported |= table.cell(row.reported, place.dataset)
        return {
            "dataset": place.dataset,
            "stand_in": bool(place.stands_for),
            "label": row.label,
            "reported_row": row.reported,
            "reported": {metric: _reported(cell) for metric, cell in reported.items()} or None,
        }

    def _chosen(self, run: RunRecord | None) -> dict[str, Any] | None:
        if run is None or not run.metrics:
            return None
        metrics = {name: run.metrics[name] for name in self.experiment.metrics}
        loss = results.final_loss(self.store, run)
        return {"run_id": run.run_id, "seed": run.spec.seed, "loss": loss, "metrics": metrics}

    def _curves(self, runs: Sequence[RunRecord]) -> dict[str, Any] | None:
        """Mean over runs at a dozen epochs; a curve without a point so early has None there."""
        if not self.experiment.curves or not runs:
            return None
        last = runs[0].epochs
        epochs = sorted({round(e) for e in np.linspace(0, last, min(N_CURVE_EPOCHS, last) + 1)})
        found: dict[str, Any] = {"epochs": epochs}
        for name in self.experiment.curves:
            sampled = [self._sampled(run, name, epochs) for run in runs]
            columns = [[value for value in column if value is not None] for column in zip(*sampled, strict=True)]
            found[name] = [results.summarise(values).as_json() if values else None for values in columns]
        return found

    def _sampled(self, run: RunRecord, name: str, epochs: Sequence[int]) -> list[float | None]:
        points = self.store.get(run.run_id).metrics([name])
        at, values = points["epoch"].to_numpy(), points["value"].to_numpy()
        # The last point at or before an epoch; a step belongs to the epoch that it ends.
        found = np.searchsorted(at, np.asarray(epochs) + 1e-6) - 1
        return [float(values[i]) if i >= 0 else None for i in found]


def _settings(cell: Cell) -> str:
    """Preset and what differs from it, in words."""
    changed = [f"{name}={value}" for name, value in cell.changes.items() if name not in cell.point]
    return ", ".join((f"preset {cell.preset}", *changed))


def _reported(cell: Reported) -> dict[str, Any]:
    return {
        "value": cell.value,
        "digits": cell.digits,
        "deviation": cell.deviation,
        "mark": cell.mark,
        "impossible": cell.impossible,
        "source": cell.source,
    }


def _reported_row(table: PaperTable, row: str) -> dict[str, Any]:
    """A row of the paper as it stands there."""
    cells = {name: table.cell(row, name) for name in table.datasets}
    return {
        "table": table.number,
        "row": row,
        "cells": {
            name: {metric: _reported(found) for metric, found in cell.items()} for name, cell in cells.items() if cell
        },
    }


def _versions(runs: Sequence[RunRecord]) -> dict[str, list[str]]:
    """Versions that the runs were trained with."""
    names = ("mmclust", "torch", "python", "threads")
    return {name: sorted({run.environment[name] for run in runs if name in run.environment}) for name in names}
