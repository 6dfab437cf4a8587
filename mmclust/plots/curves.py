"""Training curves: ECharts options for the live page, Plotly figures for pages and files that stay.

Both take the long table a run keeps: columns `epoch`, `name`, `value`. ECharts options are plain dicts whose
`dataset.source` is a data frame, which `st.echarts_chart` sends as one binary table.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mmclust.escaping import plotly
from mmclust.evaluation.metric_names import CURVES, MAIN_CURVES
from mmclust.plots.layout import dress
from mmclust.plots.palette import cluster_color

if TYPE_CHECKING:
    import plotly.graph_objects as go

MAX_POINTS = 1000
MARK = "#c9622a"
"""Colour of lines that mark what somebody did."""


def decimate(epoch: np.ndarray, value: np.ndarray, max_points: int = MAX_POINTS) -> tuple[np.ndarray, np.ndarray]:
    """At most `max_points` points of a curve: means over neighbouring points, so that spikes still show.

    Points that are not finite are left out; the last point is kept as it is.

    Args:
        epoch: (n,) rising.
        value: (n,).
        max_points: 2 or more.
    """
    finite = np.isfinite(value)
    epoch, value = epoch[finite], value[finite]
    if len(epoch) <= max_points:
        return epoch, value
    edges = np.linspace(0, len(epoch) - 1, max_points).astype(int)[:-1]
    sizes = np.diff(np.append(edges, len(epoch) - 1))
    head = [np.add.reduceat(column[:-1].astype(np.float64), edges) / sizes for column in (epoch, value)]
    return np.append(head[0], epoch[-1]), np.append(head[1], value[-1])


def score_curves(
    frame: pd.DataFrame, titles: Mapping[str, str] | None = None, *, names: Sequence[str] | None = None
) -> dict[str, Any]:
    """ECharts option with ACC, NMI and ARI in percent.

    Args:
        frame: columns epoch, name, value; values are fractions.
        titles: shown name of each metric; by default the usual abbreviations.
        names: which metrics, in order; by default ACC, NMI and ARI where they are there.
    """
    shown = CURVES | dict(titles or {})
    present = set(frame["name"].unique())
    names = names or [name for name in MAIN_CURVES if name in present]
    option = _lines(frame, names, shown, y_name="agreement with classes", scale=100.0)
    option["yAxis"] |= {"min": 0, "max": 100, "axisLabel": {"formatter": "{value} %"}}
    option["tooltip"]["valueFormatter"] = "%.1f %%"
    return option


def named_curves(
    frame: pd.DataFrame,
    names: Sequence[str],
    titles: Mapping[str, str],
    *,
    y_name: str = "",
    percent: bool = False,
    dashed: Sequence[str] = (),
) -> dict[str, Any]:
    """ECharts option of several curves that are read against each other, e.g. one per view.

    Args:
        frame: columns epoch, name, value.
        names: which metrics, in order.
        titles: shown name of each metric.
        y_name: name of the vertical axis.
        percent: values are fractions and are drawn as percent from 0 to 100.
        dashed: names of metrics of another kind, drawn as dashed lines.
    """
    option = _lines(frame, names, titles, y_name=y_name, scale=100.0 if percent else 1.0)
    option["grid"] |= {"top": 34}
    if y_name:  # beside the axis: above it stands the legend
        option["yAxis"] |= {"nameLocation": "middle", "nameGap": 46 if percent else 36}
        option["grid"] |= {"left": 28}
    for name, series in zip(names, option["series"], strict=True):
        if name in dashed:
            series["lineStyle"] |= {"type": "dashed"}
    if percent:
        option["yAxis"] |= {"min": 0, "max": 100, "axisLabel": {"formatter": "{value} %"}}
        option["tooltip"]["valueFormatter"] = "%.1f %%"
    return option


def mark(option: dict[str, Any], words: Mapping[float, str]) -> None:
    """Add a vertical line at each epoch to an ECharts option; the pointer reads what happened there."""
    if not words or not option["series"]:
        return
    lines = [{"xAxis": round(epoch, 4), "name": text} for epoch, text in words.items()]
    line = option["series"][0].setdefault("markLine", {"symbol": "none", "animation": False, "data": []})
    for one in line["data"]:
        one.setdefault("label", line.get("label", {}))
        one.setdefault("lineStyle", line.get("lineStyle", {}))
    line |= {
        "silent": False,
        "label": {"show": False},
        "lineStyle": {"type": "solid", "width": 1.5, "color": MARK, "opacity": 0.7},
        "emphasis": {"label": {"show": True, "formatter": "{b}", "position": "insideEndTop"}},
        "tooltip": {"trigger": "item", "formatter": "{b}"},
        "data": [*line["data"], *lines],
    }


def curve_figure(
    frame: pd.DataFrame,
    names: Sequence[str],
    titles: Mapping[str, str] | None = None,
    *,
    y_name: str,
    percent: bool = False,
    height: int = 340,
) -> "go.Figure":
    """Plotly figure of metrics over epochs, for reports and finished runs.

    Args:
        frame: columns epoch, name, value.
        names: which metrics, in order; absent ones are left out.
        titles: shown name of each metric; by default the part after the slash.
        y_name: name of the vertical axis.
        percent: values are fractions and are drawn as percent from 0 to 100.
        height: pixels.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    for i, (name, (epoch, value)) in enumerate(zip(names, _points(frame, names), strict=True)):
        if len(epoch):
            line = {"color": cluster_color(i), "width": 2}
            mode = "lines+markers" if len(epoch) < 3 else "lines"
            figure.add_scatter(x=epoch, y=value, name=plotly(_title(name, titles)), mode=mode, line=line)
    dress(figure, height=height, x="epoch", y=y_name, legend=True)
    figure.update_layout(hovermode="x unified")
    figure.update_xaxes(rangemode="tozero")
    figure.update_yaxes(**({"tickformat": ".0%", "range": [0, 1.01], "hoverformat": ".1%"} if percent else {}))
    return figure


def _title(name: str, titles: Mapping[str, str] | None) -> str:
    return (titles or {}).get(name, name.split("/", 1)[-1].replace("_", " "))


def _points(frame: pd.DataFrame, names: Sequence[str]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Epochs and values of each curve, decimated; a curve that is not there has no points."""
    # names become numbers once: comparing text for every curve would take most of a live tick
    codes, known = pd.factorize(frame["name"])
    place = {name: code for code, name in enumerate(known)}
    epoch, value = frame["epoch"].to_numpy(float), frame["value"].to_numpy(float)
    member = [codes == place.get(name, -1) for name in names]
    return [decimate(epoch[rows], value[rows]) for rows in member]


def _lines(
    frame: pd.DataFrame,
    names: Sequence[str],
    titles: Mapping[str, str] | None,
    *,
    y_name: str,
    scale: float = 1.0,
) -> dict[str, Any]:
    columns: dict[str, np.ndarray] = {}
    series = []
    # each curve has its own epochs (a critic and an encoder take turns), so each brings its own pair of columns
    for i, (name, (epoch, value)) in enumerate(zip(names, _points(frame, names), strict=True)):
        title, color = _title(name, titles), cluster_color(i)
        columns[f"epoch {i}"], columns[title] = epoch.round(4), (value * scale).round(6)
        series.append(
            {
                "type": "line",
                "name": title,
                "encode": {"x": f"epoch {i}", "y": title, "tooltip": [title]},
                "showSymbol": len(epoch) < 3,
                "symbolSize": 5,
                "lineStyle": {"width": 2},
                "itemStyle": {"color": color},
                "emphasis": {"disabled": True},
            }
        )
    source = pd.DataFrame({title: pd.Series(values) for title, values in columns.items()})
    return {
        "animation": False,
        "dataset": {"source": source},
        "grid": {"left": 8, "right": 16, "top": 52, "bottom": 24, "containLabel": True},
        "legend": {"type": "scroll", "top": 0, "left": 0, "icon": "roundRect", "itemHeight": 4, "itemWidth": 16},
        "tooltip": {"trigger": "axis", "confine": True},
        "xAxis": {
            "type": "value",
            "name": "epoch",
            "nameLocation": "middle",
            "nameGap": 26,
            "min": 0,
            "splitLine": {"show": False},
        },
        "yAxis": {"type": "value", "name": y_name, "scale": True, "nameTextStyle": {"align": "left"}},
        "series": series,
    }
