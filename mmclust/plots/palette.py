"""Colours that mean one thing: clusters, right and wrong, and scales, on light and on dark backgrounds.

The 24 cluster colours come from a search over sRGB that kept the smallest OKLab distance between any two of them
as large as possible, also as people with deuteranopia and protanopia see them (Machado et al., 2009), with a
contrast of at least 2 : 1 against white and against near-black. The first ten are the most distinct.
"""

from collections.abc import Sequence

import numpy as np

from mmclust.evaluation.metrics import confusion, match_classes

CLUSTER_COLORS = (
    "#3c78e4",
    "#f0840c",
    "#009c90",
    "#9c3c30",
    "#d89cfc",
    "#b40078",
    "#f0486c",
    "#907800",
    "#30cc90",
    "#783cb4",
    "#9c90cc",
    "#246090",
    "#54c0cc",
    "#6c6ca8",
    "#fc90c0",
    "#3cb424",
    "#c078fc",
    "#b4486c",
    "#d8a86c",
    "#4848e4",
    "#d86ca8",
    "#cc3cc0",
    "#006c48",
    "#609054",
)

RIGHT, WRONG = "#3c78e4", "#f0840c"
"""Right and wrong samples: blue and orange stay apart for colour-blind eyes, red and green do not."""

NEUTRAL = "#8a919e"
"""For what belongs to no cluster; between light and dark."""

GRID = "rgba(128, 136, 150, 0.22)"
"""Grid lines and faint frames on any background."""

SEQUENTIAL = ((0.0, "rgba(60, 120, 228, 0.04)"), (0.35, "rgba(60, 120, 228, 0.45)"), (1.0, "rgba(44, 98, 205, 1)"))
"""Plotly scale for fractions: starts at the page's own background, whatever it is."""

CONFIDENCE = ((0.0, "#f0486c"), (0.45, "#b05cc8"), (0.75, "#6c7cf0"), (1.0, "#30c0a8"))
"""Plotly scale for confidence: no end of it vanishes on white or on near-black."""

FAULT = ((0.0, "#8a919e"), (0.3, "#c8a04c"), (0.6, "#f0840c"), (1.0, "#c8003c"))
"""Plotly scale for fractions of what is wrong: quiet at zero, loud at one, on light and on dark."""


def cluster_color(i: int) -> str:
    """Hex colour of cluster `i`; colours repeat after the last."""
    return CLUSTER_COLORS[i % len(CLUSTER_COLORS)]


def cluster_colors(n: int) -> list[str]:
    """Hex colours of clusters 0 to n - 1."""
    return [cluster_color(i) for i in range(n)]


def match_colors(
    prev_y: np.ndarray, y: np.ndarray, n_clusters: int, prev_colors: np.ndarray | None = None
) -> np.ndarray:
    """Colour numbers for the clusters of `y`, so that a cluster keeps the colour of the one it grew out of.

    Pairs are matched so that most samples keep their colour (Hungarian). With classes as `prev_y` a cluster gets
    the colour of its matched class.

    Args:
        prev_y: (n,) groups that have colours already: clusters of another epoch, run or seed, or classes.
        y: (n,) clusters of the same samples.
        n_clusters: number of clusters of `y`, empty ones counted.
        prev_colors: colour number of each group of `prev_y`; by default its own number.

    Returns:
        (n_clusters,) numbers for `cluster_color`; clusters without a partner get numbers nobody uses.
    """
    n_groups = int(prev_y.max()) + 1
    numbers = np.arange(n_groups) if prev_colors is None else np.asarray(prev_colors)
    partner = match_classes(confusion(prev_y, y, n_groups, n_clusters))
    taken = set(numbers[:n_groups].tolist())
    free = (number for number in range(len(taken) + n_clusters) if number not in taken)
    return np.array([numbers[group] if group >= 0 else next(free) for group in partner], dtype=np.int64)


def rgba(color: str, alpha: float) -> str:
    """A hex colour as `rgba(...)` with an opacity."""
    red, green, blue = rgb(color)
    return f"rgba({red}, {green}, {blue}, {alpha:g})"


def rgb(color: str) -> tuple[int, int, int]:
    """Red, green and blue (0..255) of a hex colour."""
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def ramp(stops: Sequence[tuple[float, str]], n: int) -> list[str]:
    """Colours `#rrggbb` at n evenly spaced places of a scale whose stops need not be.

    Args:
        stops: place in [0, 1] and colour of each stop, ascending.
        n: how many colours, 2 or more.
    """
    places, colors = [place for place, _ in stops], np.array([rgb(color) for _, color in stops])
    channels = [np.interp(np.linspace(0, 1, n), places, colors[:, channel]) for channel in range(3)]
    return ["#" + "".join(f"{round(float(value)):02x}" for value in color) for color in zip(*channels, strict=True)]
