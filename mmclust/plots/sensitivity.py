"""Effect of a hyper-parameter on a metric: curves with deviation bands over seeds, and heat maps of two."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mmclust.escaping import plotly
from mmclust.plots.layout import dress, tick
from mmclust.plots.palette import GRID, SEQUENTIAL, cluster_color, rgba

if TYPE_CHECKING:
    import plotly.graph_objects as go

MOST_WRITTEN = 14
"""Cells a side up to which each says its number."""


def shown(value: Any) -> str:
    """A setting as axes and tables write it."""
    return f"{value:g}" if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)


def bands(
    x: Sequence[Any],
    curves: Mapping[str, tuple[np.ndarray, np.ndarray]],
    *,
    names: tuple[str, str],
    percent: bool,
    height: int = 380,
) -> "go.Figure":
    """A line for each curve, with a band of one standard deviation over seeds; gaps stay gaps.

    Args:
        x: (X,) values of the setting; numbers are drawn to scale, anything else side by side.
        curves: name -> mean (X,) and deviation (X,), NaN where there is none.
        names: of the axes.
        percent: figures are fractions and are written in percent.
        height: pixels.
    """
    import plotly.graph_objects as go

    numbers = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in x)
    order: list[int] = sorted(range(len(x)), key=lambda i: x[i]) if numbers else list(range(len(x)))
    xs: list[Any] = [x[i] if numbers else plotly(shown(x[i])) for i in order]
    figure = go.Figure()
    for number, (title, (mean, deviation)) in enumerate(curves.items()):
        name = plotly(title)
        mean, deviation = mean[order], np.nan_to_num(deviation[order])
        color = cluster_color(number)
        if numbers:
            for part in _stretches(np.isfinite(mean)):  # a band over a gap would look like a result
                there = [xs[i] for i in part]
                edge = np.concatenate([mean[part] + deviation[part], (mean[part] - deviation[part])[::-1]])
                figure.add_scatter(
                    x=there + there[::-1],
                    y=edge,
                    fill="toself",
                    fillcolor=rgba(color, 0.16),
                    line={"width": 0},
                    mode="lines",
                    hoverinfo="skip",
                    showlegend=False,
                    legendgroup=name,
                )
        spread = np.array([f" ± {d:.1%}" if percent else f" ± {d:.3g}" for d in deviation])
        form = ".1%" if percent else ".4g"
        figure.add_scatter(
            x=xs,
            y=mean,
            name=name,
            legendgroup=name,
            connectgaps=False,
            customdata=spread,
            mode="lines+markers" if numbers else "markers",
            line={"color": color, "width": 2},
            marker={"size": 8},
            error_y=None if numbers else {"type": "data", "array": deviation, "color": color, "thickness": 1.5},
            hovertemplate=f"<b>{name}</b> %{{y:{form}}}%{{customdata}}<br>{plotly(names[0])} %{{x}}<extra></extra>",
        )
    dress(figure, height=height, x=names[0], y=names[1], legend=len(curves) > 1)
    if numbers and min(xs) > 0 and max(xs) / min(xs) >= 100:
        figure.update_xaxes(type="log")
    if percent:
        figure.update_yaxes(tickformat=_ticks(np.concatenate([mean for mean, _ in curves.values()] or [np.empty(0)])))
    return figure


def _stretches(there: np.ndarray) -> list[list[int]]:
    """Runs of neighbouring places that are there."""
    found: list[list[int]] = []
    for i in np.flatnonzero(there):
        if found and found[-1][-1] == i - 1:
            found[-1].append(int(i))
        else:
            found.append([int(i)])
    return found


def heat_map(
    x: Sequence[Any],
    y: Sequence[Any],
    mean: np.ndarray,
    deviation: np.ndarray,
    *,
    names: tuple[str, str, str],
    percent: bool,
    scale: tuple[float, float] | None = None,
    height: int | None = None,
) -> "go.Figure":
    """Two settings against each other; cells without a finished run stay empty and are marked.

    Every cell carries an invisible marker in the last trace, whose customdata is its place (x, y): heat maps give no
    clicks to Python in Streamlit.

    Args:
        x: (X,) values of the horizontal setting.
        y: (Y,) values of the vertical one.
        mean: (X, Y), NaN in gaps.
        deviation: (X, Y), NaN below two seeds.
        names: of the settings and of the metric.
        percent: figures are fractions.
        scale: values of the palest and the darkest colour; None for those of the figures.
        height: pixels; by default grows with Y.
    """
    import plotly.graph_objects as go

    n_x, n_y = mean.shape
    columns, rows = np.indices(mean.shape).reshape(2, -1)
    figure = go.Figure(
        go.Heatmap(
            z=mean.T,
            x=np.arange(n_x),
            y=np.arange(n_y),
            xgap=2,
            ygap=2,
            hoverinfo="skip",
            zmin=scale and scale[0],
            zmax=scale and scale[1],
            colorscale=[list(stop) for stop in SEQUENTIAL],
            colorbar={
                "title": {"text": plotly(names[2]), "side": "right"},
                "tickformat": _ticks(mean) if percent else ".3g",
                "thickness": 12,
                "outlinewidth": 0,
            },
        )
    )
    texts = _cell_texts(mean[columns, rows], deviation[columns, rows], percent=percent)
    figure.add_scatter(
        x=columns,
        y=rows,
        mode="markers",
        showlegend=False,
        marker={"symbol": "square", "size": float(np.clip(420 / max(n_x, n_y), 8, 40)), "opacity": 0},
        customdata=np.stack([columns, rows], axis=1),
        text=[
            f"{plotly(f'{names[0]} {shown(x[i])}, {names[1]} {shown(y[j])}')}<br><b>{text}</b>"
            for i, j, text in zip(columns, rows, texts, strict=True)
        ],
        hovertemplate="%{text}<extra></extra>",
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
    )
    if max(n_x, n_y) <= MOST_WRITTEN:
        _write_cells(figure, mean, texts, scale)
    dress(figure, height=height or int(np.clip(40 * n_y + 120, 300, 640)), x=names[0], y=names[1])
    figure.update_layout(clickmode="event+select", dragmode=False, hovermode="closest")
    axis = {"tickmode": "array", "showgrid": False, "linecolor": GRID}
    figure.update_xaxes(tickvals=np.arange(n_x), ticktext=[tick(shown(v)) for v in x], range=[-0.5, n_x - 0.5], **axis)
    figure.update_yaxes(tickvals=np.arange(n_y), ticktext=[tick(shown(v)) for v in y], range=[-0.5, n_y - 0.5], **axis)
    return figure


def _cell_texts(mean: np.ndarray, deviation: np.ndarray, *, percent: bool) -> list[str]:
    """What each cell (M,) says; its deviation is NaN below two seeds."""
    write = (lambda value: f"{value:.1%}") if percent else (lambda value: f"{value:.3g}")
    return [
        f"{write(value)}" + (f" ± {write(spread)}" if np.isfinite(spread) else "")
        if np.isfinite(value)
        else "no finished run"
        for value, spread in zip(mean, deviation, strict=True)
    ]


def _write_cells(
    figure: "go.Figure", mean: np.ndarray, texts: Sequence[str], scale: tuple[float, float] | None
) -> None:
    """Put the number of each cell (X, Y) on it, white on dark ones."""
    low, high = scale or ((np.nanmin(mean), np.nanmax(mean)) if np.isfinite(mean).any() else (0.0, 1.0))
    dark = low + 0.65 * (high - low)
    for (i, j), text in zip(np.ndindex(mean.shape), texts, strict=True):
        there = np.isfinite(mean[i, j])
        figure.add_annotation(
            x=i,
            y=j,
            text=text.split(" ")[0] if there else "·",
            showarrow=False,
            captureevents=False,
            font={"size": 12, "color": "#ffffff"} if there and mean[i, j] > dark else {"size": 12},
        )


def _ticks(fractions: np.ndarray) -> str:
    """Percent with a digit after the point where whole ones would repeat."""
    return ".0%" if np.isfinite(fractions).any() and np.ptp(fractions[np.isfinite(fractions)]) > 0.1 else ".1%"


def scatter(
    x: np.ndarray,
    y: np.ndarray,
    *,
    texts: Sequence[str],
    groups: np.ndarray,
    marked: np.ndarray,
    names: tuple[str, str],
    height: int = 380,
) -> "go.Figure":
    """Runs by a criterion against a metric, some of them ringed.

    Args:
        x: (n,) criterion.
        y: (n,) metric, a fraction.
        texts: (n,) what each run is.
        groups: (n,) colour of each.
        marked: (n,) whether it is ringed.
        names: of the axes.
        height: pixels.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    colors = [cluster_color(int(group)) for group in groups]
    shape = {"color": colors, "size": np.where(marked, 15, 9), "opacity": 0.85}
    shape["line"] = {"color": "#f0840c", "width": np.where(marked, 3, 0)}
    figure.add_scatter(
        x=x,
        y=y,
        mode="markers",
        marker=shape,
        text=list(map(plotly, texts)),
        showlegend=False,
        hovertemplate=f"<b>%{{text}}</b><br>{plotly(names[0])} %{{x:.4g}}<br>"
        f"{plotly(names[1])} %{{y:.1%}}<extra></extra>",
    )
    dress(figure, height=height, x=names[0], y=names[1])
    figure.update_yaxes(tickformat=_ticks(y))
    return figure
