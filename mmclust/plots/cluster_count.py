"""How much speaks for each number of clusters: evidence, stability, and their product."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mmclust.plots.layout import dress
from mmclust.plots.palette import NEUTRAL, cluster_color

if TYPE_CHECKING:
    import plotly.graph_objects as go


def cluster_count_figure(
    numbers: Sequence[int],
    curves: dict[str, Sequence[float]],
    *,
    suggested: int,
    plausible: Sequence[int],
    height: int = 260,
) -> "go.Figure":
    """A line for each curve over the number of clusters; the suggestion and its uncertainty are marked.

    Args:
        numbers: (n,) numbers of clusters that were tried.
        curves: title -> (n,) fractions; the first one is what the suggestion goes by.
        suggested: number.
        plausible: numbers that are as good as the suggestion.
        height: pixels.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    for i, (title, values) in enumerate(curves.items()):
        line = {"color": cluster_color(i), "width": 3 if i == 0 else 1.5, "dash": "solid" if i == 0 else "dot"}
        figure.add_scatter(x=list(numbers), y=list(values), name=title, mode="lines+markers", line=line)
    if plausible:
        figure.add_vrect(
            x0=min(plausible) - 0.4, x1=max(plausible) + 0.4, fillcolor=NEUTRAL, opacity=0.15, line_width=0
        )
    figure.add_vline(
        x=suggested,
        line={"dash": "dash", "color": NEUTRAL},
        annotation_text=f"K = {suggested}",
        annotation_position="bottom right",
    )
    dress(figure, height=height, x="number of clusters K", y="fraction (no labels)", legend=True)
    figure.update_yaxes(rangemode="tozero", tickformat=".1f", hoverformat=".2f")
    figure.update_layout(hovermode="x unified")
    return figure
