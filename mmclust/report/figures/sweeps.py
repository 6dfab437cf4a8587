"""The figure of a sweep: metrics against its settings."""

from typing import TYPE_CHECKING

import numpy as np

from mmclust.evaluation.metric_names import LABELLED
from mmclust.plots.palette import cluster_color
from mmclust.plots.sensitivity import shown
from mmclust.report.figures import Drawing
from mmclust.report.figures.paper import SMALL_PT, Paper
from mmclust.runs.store import RunStore
from mmclust.sweeps import record as sweeps
from mmclust.sweeps import results

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mmclust.sweeps.sweep import Sweep

NAMES = ("acc", "nmi", "ari")
OTHERWISE = ("signal/evidence", "objective/main")
"""What is drawn where no run has classes, the first one that is known."""


def sensitivity(store: RunStore, sweep_id: str, *, dark: bool = False) -> Drawing:
    """How the settings of a sweep change its metrics: curves along one setting, a heat map over two.

    Raises:
        ValueError: the sweep is not known, has no finished run, or varies nothing but the seed.
    """
    import pandas as pd

    record = sweeps.get(store, sweep_id)
    known = {run.run_id: run for run in store.list(examples=False) if run.status == "finished"}
    finished = {place: known[run_id] for place, run_id in record.runs.items() if run_id in known}
    if not finished:
        raise ValueError(f"sweep {sweep_id} has no finished run yet; let it train first")
    sweep = record.sweep.aligned()
    axes = sweep.axes()
    varied = [axis for axis, values in axes.items() if len(values) > 1]
    if not varied:
        raise ValueError("nothing varies in this sweep but the seed, so there is no picture of it")
    values = {name: results.values(store, finished, name) for name in (*NAMES, *OTHERWISE)}
    names = [name for name in NAMES if values[name]] or [name for name in OTHERWISE if values[name]][:1]
    n_seeds = len(sweep.seeds)
    how = f"{len(finished)} finished runs, mean over {n_seeds} seed{'s' if n_seeds > 1 else ''}"
    how += "; bands and bars are one deviation." if len(varied) == 1 and n_seeds > 1 else "."
    fixed = {axis: axes[axis][0] for axis in varied[2:]}
    how += "".join(f" {axis} = {shown(value)}." for axis, value in fixed.items())
    size = (6.4, 3.6) if len(varied) == 1 else (2.4 + 0.8 * len(axes[varied[0]]), 1.4 + 0.5 * len(axes[varied[1]]))
    paper = Paper(dark=dark)
    figure = paper.framed("Sensitivity", f"{record.title or sweep_id} · sweep {sweep_id}", how, size=size)
    if len(varied) == 1:
        table = _curves(figure, paper, sweep, values, varied[0], names)
    else:
        table = _heat_map(figure, paper, sweep, values[names[0]], (varied[0], varied[1], names[0]), fixed)
    return Drawing(figure=figure, table=pd.DataFrame(table))


def _curves(
    figure: "Figure", paper: Paper, sweep: "Sweep", values: dict[str, dict], x: str, names: list[str]
) -> list[dict[str, object]]:
    axis, table = figure.subplots(), []
    for number, name in enumerate(names):
        found = results.surface(sweep, values[name], x)
        mean, spread = np.asarray(found.mean)[:, 0], np.nan_to_num(np.asarray(found.deviation)[:, 0])
        places, color = np.arange(len(found.x)), cluster_color(number)
        axis.plot(places, mean, color=color, marker="o", markersize=4, label=LABELLED.get(name, name))
        axis.fill_between(places, mean - spread, mean + spread, color=color, alpha=0.2, linewidth=0)
        axis.set_xticks(places, [shown(value) for value in found.x], rotation=20)
        table += [
            {x: value, "metric": name, "mean": m, "deviation": s}
            for value, m, s in zip(found.x, mean, spread, strict=True)
        ]
    axis.set_xlabel(x)
    axis.legend(fontsize=SMALL_PT, labelcolor=paper.ink, frameon=False)
    paper.dress(axis, grid=True)
    return table


def _heat_map(
    figure: "Figure", paper: Paper, sweep: "Sweep", values: dict, names: tuple[str, str, str], fixed: dict
) -> list[dict[str, object]]:
    found = results.surface(sweep, values, names[0], names[1], fixed)
    mean, axis = np.asarray(found.mean), figure.subplots()
    axis.imshow(mean.T, origin="lower", aspect="auto", cmap="viridis", vmin=min(0.0, float(np.nanmin(mean))))
    axis.set_xticks(np.arange(len(found.x)), [shown(value) for value in found.x])
    axis.set_yticks(np.arange(len(found.y)), [shown(value) for value in found.y])
    for (i, j), value in np.ndenumerate(mean):
        if np.isfinite(value):
            axis.text(i, j, f"{value:.3f}", ha="center", va="center", color="#ffffff", fontsize=SMALL_PT)
    axis.set(xlabel=names[0], ylabel=names[1], title=LABELLED.get(names[2], names[2]))
    paper.dress(axis)
    return [
        {names[0]: found.x[i], names[1]: found.y[j], names[2]: float(value)} for (i, j), value in np.ndenumerate(mean)
    ]
