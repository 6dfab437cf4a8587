"""Sizes of clusters and confidence of the assignments, as Plotly figures."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mmclust.escaping import plotly
from mmclust.plots.layout import dress, tick
from mmclust.plots.palette import NEUTRAL, RIGHT, WRONG, cluster_colors

if TYPE_CHECKING:
    import plotly.graph_objects as go


def size_figure(
    sizes: np.ndarray, names: Sequence[str], *, colors: Sequence[str] | None = None, height: int = 300
) -> "go.Figure":
    """A bar per cluster, with a dashed line where all clusters would be of one size.

    Args:
        sizes: (K,) samples in each cluster.
        names: (K,) shown names.
        colors: (K,) hex colours; by default the palette in order.
        height: pixels.
    """
    import plotly.graph_objects as go

    shown = [plotly(str(name)) for name in names]
    figure = go.Figure(
        go.Bar(
            x=list(range(len(sizes))),
            y=sizes,
            marker={"color": list(colors or cluster_colors(len(sizes))), "cornerradius": 4},
            customdata=np.stack([np.arange(len(sizes)), sizes / max(sizes.sum(), 1) * 100], axis=1),
            hovertext=shown,
            hovertemplate="<b>%{hovertext}</b><br>%{y:,} samples, %{customdata[1]:.1f} %<extra></extra>",
        )
    )
    dress(figure, height=height, x="cluster", y="samples")
    figure.add_hline(
        y=sizes.sum() / max(len(sizes), 1),
        line={"dash": "dash", "color": NEUTRAL, "width": 1.5},
        annotation={"text": "even use", "font": {"color": NEUTRAL}, "x": 1, "xanchor": "left", "yanchor": "middle"},
    )
    figure.update_layout(bargap=0.25, margin_r=64)  # room for the words beside the line
    figure.update_xaxes(
        tickmode="array", tickvals=list(range(len(sizes))), ticktext=list(map(tick, names)), showgrid=False
    )
    return figure


def confidence_figure(
    confidence: np.ndarray, right: np.ndarray | None = None, wrong: np.ndarray | None = None, *, height: int = 300
) -> "go.Figure":
    """Histogram of the largest probability of each sample; wrong ones in front of right ones where that is known.

    Args:
        confidence: (n,) in [0, 1].
        right: (n,) booleans, or None without labels.
        wrong: (n,) booleans; those that are neither have no class. None for all that are not right.
        height: pixels.
    """
    import plotly.graph_objects as go

    edges = np.linspace(0, 1, 41)
    parts = [("samples", np.ones(len(confidence), bool), RIGHT)]
    if right is not None:
        wrong = ~right if wrong is None else wrong
        parts = [("no class", ~(right | wrong), NEUTRAL), ("right", right, RIGHT), ("wrong", wrong, WRONG)]
        parts = [part for part in parts if part[0] != "no class" or part[1].any()]
    figure = go.Figure()
    for name, member, color in parts:
        figure.add_bar(
            x=(edges[:-1] + edges[1:]) / 2,
            y=np.histogram(confidence[member], edges)[0],
            width=1 / 40,
            name=name,
            marker={"color": color, "line": {"width": 0}},
            hovertemplate="%{y:,} " + name + " near %{x:.2f}<extra></extra>",
        )
    dress(figure, height=height, x="largest probability", y="samples", legend=right is not None)
    # bars overlap from the same base: on a logarithmic axis a stack would shrink what lies on top
    figure.update_layout(barmode="overlay", bargap=0)
    # most samples of a trained run sit at 1: on a linear axis the interesting rest would not show
    figure.update_yaxes(type="log" if len(confidence) > 100 else "linear", dtick=1 if len(confidence) > 100 else None)
    figure.update_xaxes(range=[0, 1.002])
    return figure
