"""Maps of the samples, one or two side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mmclust.analysis.projection import KINDS, cached_projection, is_cached
from mmclust.analysis.spaces import choices
from mmclust.clustering import Clustering
from mmclust.evaluation.metrics import shown_groups
from mmclust.plots.palette import CONFIDENCE, NEUTRAL, RIGHT, WRONG, cluster_colors, ramp
from mmclust.report.figures import Drawing
from mmclust.report.figures.paper import SMALL_PT, Paper

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLORS = ("cluster", "class", "correctness", "confidence")
"""What points can be coloured by."""
VECTOR_BELOW = 6000
"""Points that stay vectors; more are one picture in the vector graphic, which would otherwise take many megabytes."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Positions of samples."""

    title: str
    """Such as "t-SNE of Z"."""
    xy: np.ndarray
    """(m, 2)."""
    rows: np.ndarray
    """(m,) their places in the clustering."""


def one(clustering: Clustering, paper: Paper, *, layouts: Sequence[Layout] = (), color: str = "cluster") -> Drawing:
    """All samples by their codes.

    Args:
        clustering: the run at an epoch.
        paper: light or dark.
        layouts: of which the first is drawn; by default a projection that was computed before, else PCA.
        color: one of `COLORS`.
    """
    return _drawn(clustering, paper, [(layouts[0] if layouts else known_layout(clustering), color)], title="Map")


def two(clustering: Clustering, paper: Paper, *, layouts: Sequence[Layout] = (), color: str = "cluster") -> Drawing:
    """Two layouts side by side; of one layout, by cluster and by class."""
    if len(layouts) > 1:
        return _drawn(clustering, paper, [(layout, color) for layout in layouts[:2]], title="Two maps")
    layout = layouts[0] if layouts else known_layout(clustering)
    second = "class" if clustering.y_true is not None else "confidence"
    return _drawn(clustering, paper, [(layout, "cluster"), (layout, second)], title="Map by cluster and " + second)


def known_layout(clustering: Clustering) -> Layout:
    """A projection of the main space that is kept on disk, the most telling first; else PCA, which takes no time."""
    spaces = clustering.snapshot.spaces
    name = "z" if "z" in spaces else next(iter(spaces))
    values = spaces[name].reshape(len(clustering.ids), -1)
    landmarks = clustering.snapshot.landmarks.get(name, values[:0])
    every, folder = np.concatenate([values, landmarks]), clustering.folder("layouts")
    kind = next((kind for kind in ("tsne", "umap", "pacmap") if is_cached(folder, every, kind)), "pca")
    xy = cached_projection(folder, every, kind)[: len(values)]
    known = choices(spaces, clustering.view_names)
    title = next((space.title for space in known if space.name == name), name)
    return Layout(title=f"{KINDS[kind]} of {title}", xy=xy, rows=np.arange(len(values)))


def _drawn(clustering: Clustering, paper: Paper, panels: Sequence[tuple[Layout, str]], *, title: str) -> Drawing:
    import pandas as pd

    for _, color in panels:
        if color not in COLORS:
            raise ValueError(f"points have no colour by {color!r}; choose {', '.join(COLORS)}")
    n_points = len(panels[0][0].rows)
    titles = list(dict.fromkeys(layout.title for layout, _ in panels))
    how = (
        f"{n_points:,} points, {' and '.join(titles)}; neighbours on the map have similar codes, distances between "
        f"groups carry little meaning. Coloured by {' and '.join(dict.fromkeys(color for _, color in panels))}."
    )
    figure = paper.figure(clustering, title, how, size=(5.4 * len(panels) + 1.4, 5.2))
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    table: dict[str, Any] = {}
    for number, (axis, (layout, color)) in enumerate(zip(axes, panels, strict=True), start=1):
        paper.bare(axis)
        axis.set_aspect("equal", adjustable="datalim")
        axis.set_title(f"{layout.title}, by {color}" if len(panels) > 1 else layout.title)
        colors, names = draw_points(axis, clustering, layout, color)
        paper.legend(figure if len(panels) == 1 else axis, colors, names)
        end = f"_{number}" if len(panels) > 1 else ""
        table |= {f"sample{end}": clustering.ids[layout.rows], f"x{end}": layout.xy[:, 0], f"y{end}": layout.xy[:, 1]}
        table[f"cluster{end}"] = clustering.y_pred[layout.rows]
        if clustering.y_true is not None:
            table[f"class{end}"] = clustering.y_true[layout.rows]
    if len({len(column) for column in table.values()}) > 1:  # two samples of other sizes: one below the other
        return Drawing(figure=figure, table=pd.concat([pd.DataFrame({k: v}) for k, v in table.items()], axis=1))
    return Drawing(figure=figure, table=pd.DataFrame(table))


def draw_points(axis: "Axes", clustering: Clustering, layout: Layout, color: str) -> tuple[list[str], list[str]]:
    """Draw the points of a layout; gives colours and names of their groups."""
    rows, raster = layout.rows, len(layout.rows) > VECTOR_BELOW
    size = float(np.clip(9000 / max(len(rows), 1), 0.6, 14))
    shared: dict[str, Any] = {"s": size, "linewidths": 0, "alpha": 0.85, "rasterized": raster}
    if color == "confidence":
        from matplotlib.colors import ListedColormap

        stops = ramp(CONFIDENCE, 64)
        colormap = ListedColormap(stops)
        axis.scatter(*layout.xy.T, c=clustering.confidence[rows], cmap=colormap, vmin=0, vmax=1, **shared)
        return [stops[0], stops[32], stops[-1]], ["0%", "50%", "100%"]
    values, colors, names = _groups(clustering, rows, color)
    axis.scatter(*layout.xy.T, c=[colors[value] for value in values], **shared)
    if color != "correctness":
        for group in range(len(names)):
            _name(axis, layout.xy[values == group], names[group])
    used = [group for group in range(len(names)) if (values == group).any()]
    return [colors[group] for group in used], [names[group] for group in used]


def _groups(clustering: Clustering, rows: np.ndarray, color: str) -> tuple[np.ndarray, list[str], list[str]]:
    if color == "cluster":
        names = [clustering.cluster_name(k) for k in range(len(clustering.sizes))]
        return clustering.y_pred[rows], list(clustering.colors), names
    if clustering.y_true is None or clustering.right is None or clustering.wrong is None:
        raise ValueError(f"this run has no classes to colour points by {color}; choose cluster or confidence")
    if color == "class":
        values, names = shown_groups(clustering.y_true[rows], list(clustering.class_names))
        known = len(clustering.class_names)
        return values, [*cluster_colors(known), *[NEUTRAL] * (len(names) - known)], list(names)
    right, wrong = clustering.right[rows], clustering.wrong[rows]
    return np.where(right, 0, np.where(wrong, 1, 2)), [RIGHT, WRONG, NEUTRAL], ["right", "wrong", "no class"]


def _name(axis: "Axes", xy: np.ndarray, name: str) -> None:
    """A group's name at its densest point."""
    from matplotlib import patheffects

    if not len(xy):
        return
    counts, xs, ys = np.histogram2d(*xy.T, bins=16)
    i, j = np.unravel_index(counts.argmax(), counts.shape)
    ground = axis.get_facecolor()
    text = axis.text(
        (xs[i] + xs[i + 1]) / 2,
        (ys[j] + ys[j + 1]) / 2,
        name[:24],
        fontsize=SMALL_PT,
        weight="bold",
        ha="center",
        va="center",
        color=axis.title.get_color(),
    )
    text.set_path_effects([patheffects.withStroke(linewidth=2.5, foreground=ground)])
