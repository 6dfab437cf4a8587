"""All numbers of one sample in a vector view, with axes."""

from typing import TYPE_CHECKING

import numpy as np

from mmclust.plots.layout import dress
from mmclust.plots.palette import NEUTRAL
from mmclust.plots.profiles import INK

if TYPE_CHECKING:
    import plotly.graph_objects as go


def sample_figure(values: np.ndarray, typical: np.ndarray, *, height: int = 220) -> "go.Figure":
    """Bars of a sample's numbers, with a line for the mean of all samples.

    Args:
        values: (D,) of the sample.
        typical: (D,) mean over the data set.
        height: pixels.
    """
    import plotly.graph_objects as go

    column = np.arange(1, len(values) + 1, dtype=np.int32)
    figure = go.Figure(
        [
            go.Bar(
                x=column,
                y=values.astype(np.float32),
                name="this sample",
                marker={"color": INK, "line": {"width": 0}},
                hovertemplate="column %{x}<br>%{y:.4g}<extra></extra>",
            ),
            go.Scatter(
                x=column,
                y=typical.astype(np.float32),
                name="mean of all samples",
                mode="lines",
                line={"color": NEUTRAL, "width": 1.5},
                hovertemplate="column %{x}<br>mean %{y:.4g}<extra></extra>",
            ),
        ]
    )
    dress(figure, height=height, x="column", y="value", legend=True)
    return figure.update_layout(bargap=0.0 if len(values) > 80 else 0.2)
