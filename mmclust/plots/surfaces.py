"""Effect of one or two hyper-parameters on a metric, as a picture for files: curves with bands over seeds, a heat map.

Drawn with matplotlib like the papers' figures (`plots.experiments`); pages draw the same with Plotly
(`plots.sensitivity`). Shapes: X and Y values of the settings.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mmclust.plots.experiments import PANEL_INCHES
from mmclust.plots.palette import cluster_color
from mmclust.plots.sensitivity import shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LOG_FROM = 100.0
"""Values that span so large a factor are drawn on a logarithmic axis."""


def curves(
    x: Sequence[Any], lines: Mapping[str, tuple[np.ndarray, np.ndarray]], *, names: tuple[str, str], title: str
) -> "Figure":
    """A line for each metric, its deviation over seeds as a band; values without a finished run stay gaps.

    Args:
        x: (X,) values of the setting; numbers are drawn to scale, words side by side.
        lines: name -> mean (X,) and deviation (X,), NaN where there is none.
        names: of the axes.
        title: above the picture.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    numbers = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in x)
    order = sorted(range(len(x)), key=lambda i: x[i]) if numbers else list(range(len(x)))
    places = np.array([float(x[i]) for i in order]) if numbers else np.arange(len(x))
    figure = Figure(figsize=PANEL_INCHES if numbers else (6.4, 3.8), layout="constrained")
    axis = figure.subplots()
    for number, (name, (mean, deviation)) in enumerate(lines.items()):
        mean, spread, color = mean[order], np.nan_to_num(deviation[order]), cluster_color(number)
        if numbers:
            axis.plot(places, mean, color=color, label=name, marker="o", markersize=4)
            axis.fill_between(places, mean - spread, mean + spread, color=color, alpha=0.2, linewidth=0)
        else:
            axis.errorbar(places, mean, yerr=spread, color=color, label=name, fmt="o", markersize=5, capsize=3)
    if not numbers:
        axis.set_xticks(places, [shown(x[i]) for i in order], rotation=20, ha="right", fontsize=8)
    elif places.min() > 0 and places.max() / places.min() >= LOG_FROM:
        axis.set_xscale("log")
    elif all(isinstance(value, int) for value in x):
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.set_xlabel(names[0])
    axis.set_ylabel(names[1])
    axis.set_title(title, fontsize=10)
    axis.grid(alpha=0.3)
    if len(lines) > 1:
        axis.legend(fontsize=8, frameon=False)
    return figure


def heat_map(
    x: Sequence[Any], y: Sequence[Any], mean: np.ndarray, *, names: tuple[str, str, str], title: str
) -> "Figure":
    """Two settings against each other, the mean written into each cell; cells without a finished run stay empty.

    Args:
        x: (X,) values of the horizontal setting.
        y: (Y,) values of the vertical one.
        mean: (X, Y) over seeds, NaN in gaps.
        names: of the settings and of the figure.
        title: above the picture.
    """
    from matplotlib.figure import Figure

    n_x, n_y = mean.shape
    figure = Figure(figsize=(max(4.6, 0.5 * n_x + 1.8), max(2.6, 0.38 * n_y + 1.4)), layout="constrained")
    axis = figure.subplots()
    image = axis.imshow(mean.T, origin="lower", aspect="auto", cmap="viridis")
    middle = (np.nanmin(mean) + np.nanmax(mean)) / 2 if np.isfinite(mean).any() else 0.0
    largest = np.nanmax(np.abs(mean), initial=0)
    digits = ".3f" if 0.1 <= largest <= 1 else ".3g"
    for i, j in np.argwhere(np.isfinite(mean)):
        color = "black" if mean[i, j] > middle else "white"
        axis.text(i, j, f"{mean[i, j]:{digits}}", ha="center", va="center", fontsize=7, color=color)
    axis.set_xticks(range(n_x), [shown(value) for value in x])
    axis.set_yticks(range(n_y), [shown(value) for value in y])
    figure.colorbar(image, ax=axis, label=names[2])
    axis.set_xlabel(names[0])
    axis.set_ylabel(names[1])
    axis.set_title(title, fontsize=10)
    return figure
