"""Codes over prototypes as figures: distances between augmentations, use, ownership.

Shapes: n samples, K clusters, P prototypes.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mmclust.escaping import plotly
from mmclust.plots.layout import dress, tick
from mmclust.plots.palette import NEUTRAL, SEQUENTIAL

if TYPE_CHECKING:
    import plotly.graph_objects as go

SHOWN = 600
"""Columns of an ownership map that are drawn; of more prototypes, neighbours in the order are averaged."""


def divergence_figure(
    divergences: np.ndarray, names: Sequence[str], *, axes: tuple[str, str], height: int = 420
) -> "go.Figure":
    """Heat map of Jensen-Shannon divergences between the codes of two augmentations of the same samples.

    Args:
        divergences: (n, n) in nats.
        names: (n,) of the samples, for the pointer.
        axes: names of the vertical and the horizontal axis.
        height: pixels.
    """
    import plotly.graph_objects as go

    figure = go.Figure(
        go.Heatmap(
            z=divergences.astype(np.float32),
            zmin=0,
            zmax=float(np.log(2)),
            colorscale=[list(stop) for stop in SEQUENTIAL],
            customdata=[[f"{plotly(a)}<br>{plotly(b)}" for b in names] for a in names],
            hovertemplate="%{customdata}<br><b>%{z:.3f} nats</b><extra></extra>",
            colorbar={"title": {"text": "nats", "side": "right"}, "thickness": 12, "outlinewidth": 0},
        )
    )
    dress(figure, height=height, x=axes[1], y=axes[0])
    figure.update_xaxes(showticklabels=False, showgrid=False)
    figure.update_yaxes(showticklabels=False, showgrid=False, autorange="reversed")
    return figure.update_layout(dragmode=False, width=height + 70)  # cells about square beside the colour bar


def use_figure(counts: np.ndarray, *, height: int = 300) -> "go.Figure":
    """Samples of every prototype, the most used first, with a dashed line where all are used alike.

    Args:
        counts: (P,) samples whose nearest prototype it is.
        height: pixels.
    """
    import plotly.graph_objects as go

    order = np.argsort(-counts, kind="stable")
    figure = go.Figure(
        go.Bar(
            x=np.arange(1, len(counts) + 1, dtype=np.int32),
            y=counts[order].astype(np.int32),
            marker={"color": "#3c78e4", "line": {"width": 0}},
            customdata=(order + 1).astype(np.int32),
            hovertemplate="prototype %{customdata}<br><b>%{y:,} samples</b><extra></extra>",
        )
    )
    dress(figure, height=height, x="prototypes, the most used first", y="samples")
    figure.add_hline(y=float(counts.mean()), line={"dash": "dash", "color": NEUTRAL, "width": 1.5})
    return figure.update_layout(bargap=0.0 if len(counts) > 80 else 0.15)


def ownership_figure(
    joint: np.ndarray, order: np.ndarray, names: Sequence[str], *, height: int | None = None
) -> "go.Figure":
    """Which prototypes each cluster owns: a heat map of P = y^T u, each column as fractions of its prototype.

    Args:
        joint: (K, P), non-negative.
        order: (P,) prototypes from left to right.
        names: (K,) of the clusters.
        height: pixels; by default grows with the clusters.
    """
    import plotly.graph_objects as go

    parts = np.array_split(joint[:, order], min(SHOWN, len(order)), axis=1)
    table = np.stack([part.sum(axis=1) for part in parts], axis=1)
    fraction = table / np.maximum(table.sum(axis=0, keepdims=True), 1e-12)
    first = np.cumsum([0, *(part.shape[1] for part in parts[:-1])])
    labels = [
        f"prototype {order[i] + 1}" + (" and next" if p.shape[1] > 1 else "") for i, p in zip(first, parts, strict=True)
    ]
    figure = go.Figure(
        go.Heatmap(
            z=fraction.astype(np.float32),
            y=np.arange(len(names)),
            zmin=0,
            zmax=float(fraction.max()),
            colorscale=[list(stop) for stop in SEQUENTIAL],
            customdata=[[f"{label}, cluster {plotly(name)}" for label in labels] for name in names],
            hovertemplate="%{customdata}<br><b>%{z:.0%}</b> of its use<extra></extra>",
            colorbar={
                "title": {"text": "fraction of prototype", "side": "right"},
                "tickformat": ".0%",
                "thickness": 12,
                "outlinewidth": 0,
            },
        )
    )
    dress(figure, height=height or int(np.clip(26 * len(names) + 90, 240, 900)), x="prototypes, by owner", y="cluster")
    figure.update_xaxes(showticklabels=False, showgrid=False)
    figure.update_yaxes(
        tickmode="array",
        tickvals=np.arange(len(names)),
        ticktext=list(map(tick, names)),
        autorange="reversed",
        showgrid=False,
    )
    return figure.update_layout(dragmode=False)
