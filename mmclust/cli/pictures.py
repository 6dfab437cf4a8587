"""The picture of a sweep: a curve with bands for one setting that varies, a heat map for two."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mmclust.data import catalogue
from mmclust.evaluation.metric_names import MAIN, TITLES
from mmclust.methods import card

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mmclust.runs.store import RunStore
    from mmclust.sweeps.outcome import SweepOutcome


def draw(store: "RunStore", outcome: "SweepOutcome", path: Path, name: str = "") -> None:
    """Draw what is finished of a sweep into a file; its ending says how (.svg, .png, .pdf).

    Args:
        store: the runs are in.
        outcome: of the sweep.
        path: of the file.
        name: of a metric (acc, nmi, ari, purity) or a curve, such as objective/main; empty for ACC, NMI and ARI along
            one setting and ACC over two, or the objective where no classes are known.

    Raises:
        ValueError: there is nothing to draw, or the file cannot be written.
    """
    from mmclust.plots.experiments import save

    save(_figure(store, outcome, name), path, outcome.sweep.id)


def _figure(store: "RunStore", outcome: "SweepOutcome", name: str) -> "Figure":
    from mmclust.plots import surfaces
    from mmclust.plots.sensitivity import shown
    from mmclust.sweeps import results

    sweep = outcome.sweep.aligned()
    axes = sweep.axes()
    varied = [axis for axis, values in axes.items() if len(values) > 1] or list(axes)
    if not varied:
        raise ValueError("nothing varies in this sweep but the seed, so there is no picture of it; give a --grid")
    x, *others = varied
    names = (name,) if name else _names(outcome, n_axes=len(varied))
    values = {one: results.values(store, outcome.runs, one) for one in names}
    if not any(values.values()):
        known = sorted({metric for run in outcome.runs.values() for metric in run.metrics or {}})
        raise ValueError(
            f"no finished run of this sweep has {', '.join(names)}; known are {', '.join(known) or 'no metrics'}, and "
            "curves such as objective/main or signal/confidence"
        )
    at = {axis: axes[axis][0] for axis in varied[2:]}
    first, n_seeds = outcome.sweep.cells[0], len(outcome.sweep.seeds)
    entry = catalogue.find(first.dataset)
    place = entry.title if entry else Path(first.dataset).name
    title = f"{card(first.method.strip().lower()).title} on {place}, {n_seeds} seed{'s' if n_seeds > 1 else ''}"
    title = ", ".join([title, *(f"{axis} {shown(value)}" for axis, value in at.items())])
    if not others:
        found = {one: results.surface(sweep, values[one], x) for one in names}
        lines = {TITLES.get(one, one): (got.mean[:, 0], got.deviation[:, 0]) for one, got in found.items()}
        axis = TITLES.get(names[0], names[0]) if len(names) == 1 else "agreement with classes"
        return surfaces.curves(found[names[0]].x, lines, names=(x, axis), title=title)
    surface = results.surface(sweep, values[names[0]], x, others[0], at)
    labels = (x, others[0], TITLES.get(names[0], names[0]))
    return surfaces.heat_map(surface.x, surface.y, np.asarray(surface.mean), names=labels, title=title)


def _names(outcome: "SweepOutcome", *, n_axes: int) -> tuple[str, ...]:
    from mmclust.sweeps import results

    if not any(run.metrics for run in outcome.runs.values()):
        return (results.OBJECTIVE,)
    return MAIN if n_axes == 1 else ("acc",)
