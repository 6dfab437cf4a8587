"""Tables of counts as heat maps, and flows between groupings."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mmclust.analysis import groupings
from mmclust.clustering import Clustering
from mmclust.plots.palette import NEUTRAL, cluster_color
from mmclust.report.figures import Drawing
from mmclust.report.figures.paper import SMALL_PT, Paper

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

NUMBERED = 26
"""Rows and columns up to which counts are written into the cells."""
NAMED = 60


def confusion(clustering: Clustering, paper: Paper) -> Drawing:
    """Samples by class and cluster, matched cells on the diagonal."""
    if clustering.counts is None:
        raise ValueError("this run has no classes, so there is no matrix of classes and clusters")
    order = groupings.arrange(clustering.counts)
    counts = clustering.counts[order.rows][:, order.columns]
    rows = [clustering.class_name(int(k)) for k in order.rows]
    columns = [clustering.short_name(int(k)) for k in order.columns]
    how = (
        "Samples by class (rows) and cluster (columns); clusters are matched to classes one to one (Hungarian), "
        f"matched cells stand on the diagonal. Colour: fraction of the class. ACC {clustering.scores['acc']:.1%}."
    )
    size = (min(12, 2.0 + 0.36 * len(columns)), min(11, 1.0 + 0.33 * len(rows)))
    figure = paper.figure(clustering, "Classes and clusters", how, size=size)
    axis = figure.subplots()
    draw_heat(axis, paper, counts, rows, columns)
    axis.set(xlabel="cluster", ylabel="class")
    paper.dress(axis)
    return Drawing(figure=figure, table=_long(counts, rows, columns, ("class", "cluster")))


def views(clustering: Clustering, paper: Paper) -> Drawing:
    """Fraction of samples that each two assignments put into the same cluster."""
    import pandas as pd

    if not clustering.snapshot.view_logits:
        raise ValueError("this run has one assignment, so there are no views to compare; choose a run of several views")
    assigned = {"fused": clustering.y_pred} | {
        name: logits.argmax(axis=1)
        for name, logits in zip(clustering.view_names, clustering.snapshot.view_logits, strict=True)
    }
    names = list(assigned)
    same = np.array([[(left == right).mean() for right in assigned.values()] for left in assigned.values()])
    how = "Fraction of samples that both assignments put into the same cluster; 'fused' is that of all views together."
    figure = paper.figure(
        clustering, "Agreement of the views", how, size=(2.6 + 0.9 * len(names), 1.2 + 0.7 * len(names))
    )
    axis = figure.subplots()
    draw_heat(axis, paper, same, names, names, text="{:.0%}", high=1.0)
    paper.dress(axis)
    return Drawing(figure=figure, table=pd.DataFrame(same, columns=names).assign(assignment=names))


def draw_heat(
    axis: "Axes",
    paper: Paper,
    values: np.ndarray,
    rows: list[str],
    columns: list[str],
    *,
    text: str = "{:,}",
    high: float | None = None,
) -> None:
    """Draw cells (R, C) by their share of the row, or of `high` where that is given, with their numbers."""
    from matplotlib.colors import LinearSegmentedColormap

    share = values / np.maximum(values.sum(axis=1, keepdims=True), 1) if high is None else values / high
    colormap = LinearSegmentedColormap.from_list("paper", [paper.ground, cluster_color(0)])
    axis.pcolormesh(share[::-1], cmap=colormap, vmin=0, vmax=1, edgecolors=paper.faint, linewidth=0.4)
    if len(rows) <= NAMED and len(columns) <= NAMED:
        turned = max(map(len, columns), default=0) > 3
        angle, side = (45, "right") if turned else (0, "center")
        axis.set_xticks(np.arange(len(columns)) + 0.5, [name[:20] for name in columns], rotation=angle, ha=side)
        axis.set_yticks(np.arange(len(rows)) + 0.5, [name[:24] for name in rows[::-1]])
    if max(values.shape) > NUMBERED:
        return
    for (i, j), value in np.ndenumerate(values):
        if value:
            ink = "#ffffff" if share[i, j] > 0.55 else paper.ink
            place = (j + 0.5, len(values) - i - 0.5)
            axis.text(*place, text.format(value), fontsize=SMALL_PT - 1, color=ink, ha="center", va="center")


def _long(counts: np.ndarray, rows: list[str], columns: list[str], names: tuple[str, str]) -> "pd.DataFrame":
    import pandas as pd

    table = [
        {names[0]: rows[i], names[1]: columns[j], "samples": int(value)} for (i, j), value in np.ndenumerate(counts)
    ]
    return pd.DataFrame(table)


def flows(clustering: Clustering, paper: Paper, *, epochs: tuple[int, ...] = ()) -> Drawing:
    """How samples move between the clusters of several epochs.

    Args:
        clustering: the run at an epoch.
        paper: light or dark.
        epochs: from left to right; by default the first saved one, two between and the last.
    """
    import pandas as pd

    saved = [epoch for epoch, _ in clustering.run.snapshots()]
    if len(saved) < 2:
        raise ValueError("flows need two saved epochs, this run has one; train it further")
    places = np.unique(np.linspace(0, len(saved) - 1, min(4, len(saved))).round().astype(int))
    chosen = epochs or tuple(saved[i] for i in places)
    snapshots = [clustering.snapshot_at(epoch) for epoch in chosen]
    ids = clustering.ids
    assigned = [groupings.aligned(snapshot.index, snapshot.y_pred, ids) for snapshot in snapshots]
    how = (
        f"Each bar is a cluster at an epoch, each band the samples that move from one to the other; {len(ids):,} "
        "samples. A cluster keeps its colour through the run."
    )
    figure = paper.figure(clustering, "Flows between epochs", how, size=(2.2 * len(chosen) + 1, 4.6))
    axis = paper.bare(figure.subplots(), frame=False)
    names = [f"epoch {epoch}" for epoch in chosen]
    bands = draw_flows(axis, paper, [clustering] * len(chosen), assigned, names)
    rows = [
        {"from_epoch": chosen[t], "from": i + 1, "to_epoch": chosen[t + 1], "to": j + 1, "samples": count}
        for t, i, j, count in bands
    ]
    return Drawing(figure=figure, table=pd.DataFrame(rows))


def draw_flows(
    axis: "Axes",
    paper: Paper,
    clusterings: Sequence[Clustering],
    assigned: Sequence[np.ndarray],
    names: Sequence[str],
) -> list[tuple[int, int, int, int]]:
    """Draw bars for the clusters of each stage, and bands for the samples that go from one stage to the next.

    Args:
        axis: a bare one.
        paper: light or dark.
        clusterings: whose clusters the groups of each stage are; for colours and numbers of clusters.
        assigned: cluster (n,) of each sample at each stage, -1 where it is not known.
        names: of the stages.

    Returns:
        Stage, group there, group at the next stage and samples of each band.
    """
    sizes = [max(len(one.sizes), int(y.max(initial=-1)) + 1) for one, y in zip(clusterings, assigned, strict=True)]
    tables = [groupings.joint(assigned[t], assigned[t + 1], sizes[t], sizes[t + 1]) for t in range(len(sizes) - 1)]
    orders = groupings.straightened(tables, np.arange(sizes[0]))
    for t, table in enumerate(tables):
        _bands(axis, clusterings[t], table, orders[t], orders[t + 1], t)
    for t, (name, y) in enumerate(zip(names, assigned, strict=True)):
        _bars(axis, paper, clusterings[t], np.bincount(y[y >= 0], minlength=sizes[t]), orders[t], t)
        axis.text(t, -0.03, name, fontsize=SMALL_PT + 1, color=paper.ink, ha="center", va="top")
    axis.set(xlim=(-0.2, len(names) - 0.8), ylim=(-0.08, 1.02))
    return [(t, i, j, int(value)) for t, table in enumerate(tables) for (i, j), value in np.ndenumerate(table) if value]


GAP = 0.012
"""Between bars, of the height."""


def _tops(sizes: np.ndarray, order: np.ndarray) -> tuple[np.ndarray, float]:
    """Upper end of each bar, and the height of a sample."""
    unit = (1 - GAP * (len(sizes) - 1)) / max(int(sizes.sum()), 1)
    tops, y = np.empty(len(sizes)), 1.0
    for k in order:
        tops[k] = y
        y -= sizes[k] * unit + GAP
    return tops, unit


def _color(clustering: Clustering, k: int) -> str:
    return clustering.colors[k] if k < len(clustering.colors) else NEUTRAL


def _bars(axis: "Axes", paper: Paper, clustering: Clustering, sizes: np.ndarray, order: np.ndarray, x: int) -> None:
    tops, unit = _tops(sizes, order)
    for k in order:
        height = sizes[k] * unit
        axis.bar(x, height, bottom=tops[k] - height, width=0.08, color=_color(clustering, int(k)))
        if height > 0.02:
            place = (x + 0.06, float(tops[k] - height / 2))
            axis.text(*place, f"{k + 1}", fontsize=SMALL_PT, color=paper.ink, va="center")


def _bands(
    axis: "Axes", clustering: Clustering, table: np.ndarray, left: np.ndarray, right: np.ndarray, x: int
) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    (tops, unit), (ends, width) = _tops(table.sum(axis=1), left), _tops(table.sum(axis=0), right)
    start, end, curve = tops.copy(), ends.copy(), Path.CURVE4
    for i in left:
        for j in right:
            if not table[i, j]:
                continue
            y0, y1 = float(start[i]), float(end[j])
            start[i] -= table[i, j] * unit
            end[j] -= table[i, j] * width
            x0, x1, middle = x + 0.04, x + 0.96, x + 0.5
            points = [
                (x0, y0),
                (middle, y0),
                (middle, y1),
                (x1, y1),
                (x1, end[j]),
                (middle, end[j]),
                (middle, start[i]),
                (x0, start[i]),
                (x0, y0),
            ]
            codes = [Path.MOVETO, curve, curve, curve, Path.LINETO, curve, curve, curve, Path.CLOSEPOLY]
            axis.add_patch(
                PathPatch(Path(np.array(points), codes), facecolor=_color(clustering, int(i)), alpha=0.4, linewidth=0)
            )
