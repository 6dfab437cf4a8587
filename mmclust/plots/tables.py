"""Tables of fractions as heat maps with their numbers written in, e.g. what a probe reads off each code."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mmclust.escaping import plotly
from mmclust.plots.layout import dress, tick
from mmclust.plots.palette import SEQUENTIAL

if TYPE_CHECKING:
    import plotly.graph_objects as go


MOST_BESIDE = 5
"""Columns up to which a cell is wide enough for number and deviation in one line."""
FEWEST_COLUMNS = 4
"""A table of fewer columns leaves the room of the others empty."""


def fraction_table(
    mean: np.ndarray,
    deviation: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    axes: tuple[str, str],
    height: int | None = None,
) -> "go.Figure":
    """Shares as a heat map, each cell with its number and its deviation.

    Args:
        mean: (R, C) at most 1; nan where there is none. Below 0 is drawn as 0.
        deviation: (R, C).
        rows: (R,) names.
        columns: (C,) names.
        axes: names of the vertical and the horizontal axis.
        height: pixels; by default grows with the rows.
    """
    import plotly.graph_objects as go

    texts = [
        [("" if np.isnan(m) else f"{m:.2f} ± {d:.2f}") for m, d in zip(*pair, strict=True)]
        for pair in zip(mean, deviation, strict=True)
    ]
    shown = np.clip(mean, 0, 1)
    figure = go.Figure(
        go.Heatmap(
            z=shown,
            x=np.arange(len(columns)),
            y=np.arange(len(rows)),
            zmin=0,
            zmax=1,
            xgap=3,
            ygap=3,
            showscale=False,
            colorscale=[list(stop) for stop in SEQUENTIAL],
            customdata=texts,
            hovertext=[[plotly(f"{row}: {column}") for column in columns] for row in rows],
            hovertemplate="%{hovertext}<br><b>%{customdata}</b><extra></extra>",
        )
    )
    dress(figure, height=height or 54 * len(rows) + 80, x=axes[1], y=axes[0])
    narrow = len(columns) > MOST_BESIDE
    # Annotations, because a heat map's own text has one colour on light and dark cells.
    for row, column in np.argwhere(~np.isnan(mean)):
        light = {"color": "#ffffff"} if shown[row, column] > 0.45 else {}
        text = texts[row][column].replace(" ±", "<br>±") if narrow else texts[row][column]
        font = {"size": 11 if narrow else 13, **light}
        figure.add_annotation(x=int(column), y=int(row), text=text, showarrow=False, font=font)
    figure.update_xaxes(
        tickmode="array",
        tickvals=np.arange(len(columns)),
        ticktext=list(map(tick, columns)),
        showgrid=False,
        tickangle=-30 if narrow else None,  # to the left: beyond the right end a name would be left out
        range=[-0.5, max(len(columns), FEWEST_COLUMNS) - 0.5],  # one cell over the whole page would be a slab
    )
    figure.update_yaxes(
        tickmode="array",
        tickvals=np.arange(len(rows)),
        ticktext=list(map(tick, rows)),
        showgrid=False,
        autorange="reversed",
    )
    return figure.update_layout(dragmode=False)
