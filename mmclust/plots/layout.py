"""The look all Plotly figures share: no background of their own, faint grid, readable on light and dark pages."""

from typing import TYPE_CHECKING

from mmclust.escaping import plotly
from mmclust.plots.palette import GRID

if TYPE_CHECKING:
    import plotly.graph_objects as go


MOST_LETTERS = 40
"""Of a name beside an axis: a long one would leave no room for the figure."""


def tick(name: object) -> str:
    """A name as it stands beside an axis."""
    text = str(name)
    return plotly(text if len(text) <= MOST_LETTERS else f"{text[: MOST_LETTERS - 1].rstrip()}…")


def dress(figure: "go.Figure", *, height: int, x: str, y: str, legend: bool = False) -> "go.Figure":
    """Give a figure its axis names, transparent backgrounds, thin grid and margins; text keeps the page's colour.

    Args:
        figure: changed in place and returned.
        height: pixels.
        x: name of the horizontal axis.
        y: name of the vertical axis.
        legend: show the legend, in one row above the plot.
    """
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 36 if legend else 12, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        showlegend=legend,
        legend={"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom", "bgcolor": "rgba(0,0,0,0)"},
        hoverlabel={"align": "left"},
    )
    axis = {"gridcolor": GRID, "zeroline": False, "linecolor": GRID, "automargin": True}
    figure.update_xaxes(title_text=plotly(x), **axis)
    figure.update_yaxes(title_text=plotly(y), **axis)
    return figure
