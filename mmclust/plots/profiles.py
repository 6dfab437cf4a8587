"""Vector views as small bar profiles: many samples drawn in one go, without a figure for each.

Shapes: n samples, D columns, H x W pixels.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mmclust.escaping import plotly
from mmclust.plots.layout import dress
from mmclust.plots.palette import NEUTRAL, RIGHT, WRONG, rgb

if TYPE_CHECKING:
    import plotly.graph_objects as go

INK = "#1391a5"
"""Readable on light and on dark pages."""


def column_ranges(values: np.ndarray, *, at_most: int = 2000) -> tuple[np.ndarray, np.ndarray]:
    """Low and high end (D,) of every column, without its extremes; constant columns get a range of 1.

    Args:
        values: (n, D).
        at_most: rows that are looked at, evenly spread.
    """
    rows = values[:: max(1, len(values) // at_most)].astype(np.float32)
    low, high = np.percentile(rows, (1, 99), axis=0).astype(np.float32)
    return low, np.where(high > low, high, low + 1)


def binned(values: np.ndarray, n_bins: int) -> np.ndarray:
    """(n, min(D, n_bins)) means of neighbouring columns."""
    n_columns = values.shape[1]
    if n_columns <= n_bins:
        return values
    edges = np.linspace(0, n_columns, n_bins + 1).astype(int)
    return np.add.reduceat(values, edges[:-1], axis=1) / np.diff(edges)


def profiles(
    values: np.ndarray, low: np.ndarray, high: np.ndarray, *, width: int = 64, height: int = 36, color: str = INK
) -> np.ndarray:
    """Pictures (n, height, width, 4) uint8 of samples as bars, transparent between and above them.

    Args:
        values: (n, D); every column is drawn on a scale of its own, since columns seldom share a unit.
        low: (D,) value of a bar without height.
        high: (D,) value of a full bar.
        width: pixels; wider views show means of neighbouring columns.
        height: pixels.
        color: of the bars.
    """
    scaled = binned(np.clip((values.astype(np.float32) - low) / (high - low), 0, 1), width)
    n_bars = scaled.shape[1]
    bar = np.minimum(np.arange(width) * n_bars // width, n_bars - 1)
    levels = np.rint(scaled * (height - 1)).astype(int)[:, bar] + 1
    inked = np.arange(height, 0, -1)[None, :, None] <= levels[:, None, :]
    if width // n_bars >= 4:  # a gap after each bar, where there is room for one
        inked[:, :, np.flatnonzero(np.diff(bar, append=n_bars))] = False
    pictures = np.zeros((len(values), height, width, 4), np.uint8)
    pictures[inked] = (*rgb(color), 255)
    return pictures


def signed_profiles(values: np.ndarray, *, width: int = 128, height: int = 48) -> np.ndarray:
    """Pictures (n, height, width, 4) uint8 of bars about a middle line: blue above it, orange below.

    Args:
        values: (n, D); every row has a scale of its own.
        width: pixels; wider rows show means of neighbouring columns.
        height: pixels.
    """
    small = binned(values.astype(np.float32), width)
    peak = np.abs(small).max(axis=1, keepdims=True)
    middle = height // 2
    levels = np.rint(small / np.where(peak > 0, peak, 1) * (middle - 1)).astype(int)
    levels = levels[:, np.minimum(np.arange(width) * small.shape[1] // width, small.shape[1] - 1)]
    rise = middle - np.arange(height)[None, :, None]
    pictures = np.zeros((len(values), height, width, 4), np.uint8)
    pictures[(rise > 0) & (rise <= levels[:, None, :])] = (*rgb(RIGHT), 255)
    pictures[(rise < 0) & (rise >= levels[:, None, :])] = (*rgb(WRONG), 255)
    pictures[:, middle] = (*rgb(NEUTRAL), 255)
    return pictures


def column_names(n_columns: int, word: str = "column") -> list[str]:
    """A name for each column: column 1, column 2 ..."""
    return [f"{word} {i + 1}" for i in range(n_columns)]


def attribution_figure(
    attribution: np.ndarray, names: Sequence[str], *, top: int = 5, height: int = 260
) -> "go.Figure":
    """Bars of what each column adds to a cluster's log-odds, the largest ones named.

    Args:
        attribution: (D,) blue for the cluster, orange against it.
        names: (D,) of the columns.
        top: how many are named in the picture.
        height: pixels.
    """
    import plotly.graph_objects as go

    figure = go.Figure(
        go.Bar(
            x=np.arange(1, len(attribution) + 1, dtype=np.int32),
            y=attribution.astype(np.float32),
            marker={"color": np.where(attribution >= 0, RIGHT, WRONG).tolist(), "line": {"width": 0}},
            hovertext=list(map(plotly, names)),
            hovertemplate="<b>%{hovertext}</b><br>%{y:+.3f} nats<extra></extra>",
        )
    )
    dress(figure, height=height, x="column", y="change in log-odds")
    figure.update_layout(bargap=0.0 if len(attribution) > 80 else 0.2)
    figure.add_hline(y=0, line={"color": NEUTRAL, "width": 1})
    for i in largest(attribution, top):
        figure.add_annotation(
            x=int(i) + 1,
            y=float(attribution[i]),
            text=plotly(str(names[i]).rsplit(" ", 1)[-1]),
            showarrow=False,
            yshift=10 if attribution[i] >= 0 else -10,
            font={"size": 12},
        )
    low, high = min(0.0, float(attribution.min())), max(0.0, float(attribution.max()))
    room = 0.14 * (high - low) or 1.0
    figure.update_yaxes(range=[low - room * (low < 0), high + room])
    return figure


def largest(attribution: np.ndarray, count: int) -> np.ndarray:
    """The columns of largest size, for or against, the largest first; those of no effect never."""
    order = np.argsort(-np.abs(attribution), kind="stable")[:count]
    return order[np.abs(attribution[order]) > 0]
