"""Figures of several runs of the same samples: curves, maps, flows between their clusters, and their agreement.

Shapes: n samples that all runs have.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmclust.analysis import stability, timeline
from mmclust.analysis.projection import KINDS, cached_projection, is_cached
from mmclust.clustering import Clustering
from mmclust.evaluation.metric_names import CURVES, SIGNALS
from mmclust.plots.curves import decimate
from mmclust.plots.palette import cluster_color
from mmclust.report.figures import Drawing, charts, maps, tables
from mmclust.report.figures.paper import SMALL_PT, Paper

MOST_MAPS = 4


@dataclass(frozen=True, kw_only=True)
class Side:
    """A run among those that are compared."""

    name: str
    """Short and different from all others."""
    clustering: Clustering
    """The run at its last epoch, with the colours that its clusters have beside the others."""
    rows: np.ndarray
    """(n,) places of the shared samples in its arrays, in the order of their ids."""


def draw(name: str, sides: Sequence[Side], *, dark: bool = False, **settings: Any) -> Drawing:
    """Draw a figure of several runs.

    Args:
        name: one of `COMPARED`.
        sides: the runs.
        dark: on a dark ground.
        **settings: of this figure, see its function.

    Raises:
        ValueError: there are fewer than two runs, or they do not have what the figure needs.
    """
    if len(sides) < 2:
        raise ValueError("a comparison needs two runs; choose another one")
    return COMPARED[name](sides, Paper(dark=dark), **settings)


def curves(sides: Sequence[Side], paper: Paper, *, curve: str = "eval/acc") -> Drawing:
    """A curve of all runs over their epochs.

    Args:
        sides: the runs.
        paper: light or dark.
        curve: name of the metric.
    """
    import pandas as pd

    title = (CURVES | SIGNALS).get(curve, curve)
    figure = paper.framed(f"{title} of {len(sides)} runs", _runs(sides), f"{title} against epochs.", size=(6.8, 3.4))
    axis, found = figure.subplots(), []
    for number, side in enumerate(sides):
        points: Any = side.clustering.run.metrics([curve])
        epoch, value = decimate(points["epoch"].to_numpy(), points["value"].to_numpy(), charts.MOST_POINTS)
        axis.plot(epoch, value, color=cluster_color(number), label=side.name, linewidth=1.5)
        found.append(pd.DataFrame({"run": side.clustering.record.run_id, "epoch": epoch, curve: value}))
    axis.set(xlabel="epoch", ylabel=title)
    axis.legend(fontsize=SMALL_PT, labelcolor=paper.ink, frameon=False)
    paper.dress(axis, grid=True)
    return Drawing(figure=figure, table=pd.concat(found))


def side_by_side(sides: Sequence[Side], paper: Paper) -> Drawing:
    """A map of each run, turned to lie like the first."""
    import pandas as pd

    shown = sides[:MOST_MAPS]
    kind, places = _layouts(shown)
    columns = min(2, len(shown))
    lines = -(-len(shown) // columns)
    how = (
        f"The same {len(shown[0].rows):,} samples, {KINDS[kind]} of each run's codes, turned and mirrored to lie like "
        "the first. Coloured by cluster, matched to those of the first run or to the classes."
    )
    figure = paper.framed("Maps side by side", _runs(shown), how, size=(4.9 * columns, 4.7 * lines))
    axes = figure.subplots(lines, columns, squeeze=False).flat
    table: dict[str, np.ndarray] = {"sample": shown[0].clustering.ids[shown[0].rows]}
    for number, (axis, side, xy) in enumerate(zip(axes, shown, places, strict=False), start=1):
        paper.bare(axis)
        axis.set_aspect("equal", adjustable="datalim")
        axis.set_title(side.name)
        layout = maps.Layout(title=KINDS[kind], xy=xy, rows=side.rows)
        maps.draw_points(axis, side.clustering, layout, "cluster")
        table |= {f"x_{number}": layout.xy[:, 0], f"y_{number}": layout.xy[:, 1]}
        table[f"cluster_{number}"] = side.clustering.y_pred[side.rows]
    for axis in list(axes):  # without a run
        axis.set_axis_off()
    return Drawing(figure=figure, table=pd.DataFrame(table))


def _layouts(sides: Sequence[Side]) -> tuple[str, list[np.ndarray]]:
    """The most telling projection that is kept of every run, else PCA; and where it puts the shared samples (n, 2)."""
    codes = []
    for side in sides:
        spaces = side.clustering.snapshot.spaces
        name = "z" if "z" in spaces else next(iter(spaces))
        values = spaces[name].reshape(len(side.clustering.ids), -1)
        landmarks = side.clustering.snapshot.landmarks.get(name, values[:0])
        codes.append((side.clustering.folder("layouts"), np.concatenate([values, landmarks]), len(values)))
    telling = ("tsne", "umap", "pacmap")
    kind = next((k for k in telling if all(is_cached(folder, of, k) for folder, of, _ in codes)), "pca")
    every = [
        cached_projection(folder, values, kind)[:count][side.rows]
        for side, (folder, values, count) in zip(sides, codes, strict=True)
    ]
    return kind, [every[0], *(timeline.aligned(xy, every[0]) for xy in every[1:])]


def flows(sides: Sequence[Side], paper: Paper) -> Drawing:
    """How the shared samples spread over the clusters of one run after the other."""
    import pandas as pd

    assigned = [side.clustering.y_pred[side.rows] for side in sides]
    how = (
        "Each bar is a cluster of a run, each band the samples that two clusters of neighbouring runs share; "
        f"{len(sides[0].rows):,} samples."
    )
    figure = paper.framed("Flows between runs", _runs(sides), how, size=(2.4 * len(sides) + 1, 4.6))
    axis = paper.bare(figure.subplots(), frame=False)
    clusterings = [side.clustering for side in sides]
    bands = tables.draw_flows(axis, paper, clusterings, assigned, [side.name for side in sides])
    ids = [clustering.record.run_id for clustering in clusterings]
    rows = [
        {"from_run": ids[t], "from": i + 1, "to_run": ids[t + 1], "to": j + 1, "samples": count}
        for t, i, j, count in bands
    ]
    return Drawing(figure=figure, table=pd.DataFrame(rows))


def agreement(sides: Sequence[Side], paper: Paper) -> Drawing:
    """Adjusted Rand index of every two runs."""
    import pandas as pd

    names = [side.name for side in sides]
    found = stability.pairwise_ari([side.clustering.y_pred[side.rows] for side in sides])
    how = f"Adjusted Rand index of every two runs on their {len(sides[0].rows):,} shared samples; 1: identical."
    size = (3.0 + 0.9 * len(names), 1.4 + 0.6 * len(names))
    figure = paper.framed("Agreement of runs", _runs(sides), how, size=size)
    axis = figure.subplots()
    tables.draw_heat(axis, paper, found, names, names, text="{:.2f}", high=1.0)
    paper.dress(axis)
    return Drawing(figure=figure, table=pd.DataFrame(found, columns=names).assign(run=names))


def _runs(sides: Sequence[Side]) -> str:
    return " · ".join(f"{side.clustering.record.run_id}, epoch {side.clustering.epoch}" for side in sides)


COMPARED: Mapping[str, Callable[..., Drawing]] = {
    "curves": curves,
    "maps": side_by_side,
    "flows": flows,
    "agreement": agreement,
}
"""Views of the Compare page -> their figure."""
