"""The 2-D map of an embedding as a Plotly figure.

Shapes: n points, G groups.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mmclust.escaping import plotly
from mmclust.plots.layout import dress
from mmclust.plots.palette import cluster_color

if TYPE_CHECKING:
    import plotly.graph_objects as go


def group_map(
    xy: np.ndarray,
    ids: np.ndarray,
    groups: np.ndarray,
    names: Sequence[str],
    *,
    colors: Sequence[str] | None = None,
    method: str = "t-SNE",
    details: Mapping[str, np.ndarray] | None = None,
    height: int = 620,
) -> "go.Figure":
    """Map coloured by group (cluster or class); every group is a trace, so that the legend hides and isolates it.

    Args:
        xy: (n, 2) positions.
        ids: (n,) sample ids, first column of each point's customdata: what a selection gives back.
        groups: (n,) group of each point, from 0.
        names: (G,) shown names; groups without points get no trace.
        colors: (G,) hex colours; by default the palette in order.
        method: how the map was made; names the axes.
        details: further columns, each (n,), shown on hover.
        height: pixels.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    for group, name in enumerate(names):
        member = groups == group
        if member.any():
            color = colors[group] if colors else cluster_color(group)
            _points(figure, xy[member], _custom(ids[member], details, member), details, name=name, color=color)
    _set_size(figure, len(xy))
    return _frame(figure, method, height, legend=True)


def add_marks(
    figure: "go.Figure", xy: np.ndarray, names: Sequence[str], colors: Sequence[str], *, title: str = "prototypes"
) -> None:
    """Draw points that belong into a map beside its samples as stars; they cannot be selected.

    Args:
        figure: a map; changed in place.
        xy: (M, 2) positions in the same projection.
        names: (M,) shown on hover.
        colors: (M,) hex colours of their rims.
        title: of all of them, in the legend.
    """
    figure.add_scattergl(
        x=xy[:, 0].astype(np.float32),
        y=xy[:, 1].astype(np.float32),
        mode="markers",
        name=plotly(title),
        hovertext=list(map(plotly, names)),
        hovertemplate="<b>%{hovertext}</b><extra></extra>",
        marker={
            "symbol": "star",
            "size": 19,
            "color": "#ffffff",
            "opacity": 1.0,
            "line": {"color": list(colors), "width": 2.5},
        },
        unselected={"marker": {"opacity": 1.0}},
    )


def _custom(ids: np.ndarray, details: Mapping[str, np.ndarray] | None, member: np.ndarray) -> np.ndarray:
    columns = [np.asarray(values)[member] for values in (details or {}).values()]
    if all(np.issubdtype(column.dtype, np.number) for column in columns):
        # numbers travel to the browser as bytes, a fourth of the size of JSON lists
        return np.column_stack([ids, *columns]).astype(np.float64 if columns else np.int32)
    texts = [c if np.issubdtype(c.dtype, np.number) else [plotly(str(text)) for text in c] for c in columns]
    return np.column_stack([np.asarray(ids, dtype=object), *(np.asarray(column, object) for column in texts)])


def _points(
    figure: "go.Figure",
    xy: np.ndarray,
    custom: np.ndarray,
    details: Mapping[str, np.ndarray] | None,
    *,
    name: str,
    color: str,
) -> None:
    lines = ["<b>%{fullData.name}</b>"] if name else []
    lines.append("sample %{customdata[0]}")
    for i, (title, values) in enumerate((details or {}).items(), start=1):
        number = ":.3f" if np.issubdtype(np.asarray(values).dtype, np.floating) else ""
        lines.append(f"{plotly(title)} %{{customdata[{i}]{number}}}")
    figure.add_scattergl(
        x=xy[:, 0].astype(np.float32),
        y=xy[:, 1].astype(np.float32),
        mode="markers",
        name=plotly(name),
        customdata=custom,
        hovertemplate="<br>".join(lines) + "<extra></extra>",
        marker={"color": color},
    )


def _set_size(figure: "go.Figure", n_points: int) -> None:
    size = float(np.clip(220 / np.sqrt(max(n_points, 1)), 2.2, 8.0))
    opacity = 0.85 if n_points < 20_000 else 0.6
    figure.update_traces(marker_size=size, marker_opacity=opacity, unselected_marker_opacity=0.08)


def _frame(figure: "go.Figure", method: str, height: int, *, legend: bool) -> "go.Figure":
    dress(figure, height=height, x=f"{method} 1", y=f"{method} 2", legend=legend)
    figure.update_layout(dragmode="lasso", hovermode="closest", legend_itemsizing="constant")
    # only neighbourhoods mean something on such a map: no ticks, and the same scale on both axes
    bare = {"showticklabels": False, "showgrid": False, "showline": False, "ticks": ""}
    figure.update_xaxes(**bare)
    figure.update_yaxes(**bare, scaleanchor="x", scaleratio=1)
    return figure
