"""The confusion matrix as a heat map whose cells can be clicked."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from mmclust.escaping import plotly
from mmclust.evaluation.metrics import match
from mmclust.plots.layout import dress, tick
from mmclust.plots.palette import GRID, SEQUENTIAL

if TYPE_CHECKING:
    import plotly.graph_objects as go


def confusion_figure(
    counts: np.ndarray,
    class_names: Sequence[str],
    cluster_names: Sequence[str],
    *,
    order: np.ndarray | None = None,
    axes: tuple[str, str] = ("class", "cluster"),
    normalize: Literal["rows", "columns"] = "rows",
    height: int | None = None,
) -> "go.Figure":
    """Classes (rows) against clusters (columns), matched clusters on the diagonal; colour is a fraction.

    Heat maps give no clicks to Python in Streamlit, so every cell also carries an invisible square marker in the
    last trace; its customdata is (class, cluster, count, fraction in percent).

    Args:
        counts: (C, K) samples by class and cluster, see `metrics.confusion`.
        class_names: (C,) shown names.
        cluster_names: (K,) shown names, in the order of the clusters.
        order: (K,) order of the columns; by default matched to the classes, see `metrics.match`.
        axes: what rows and columns are, where they are not classes and clusters.
        normalize: whether colours are fractions of their row or of their column.
        height: pixels; by default grows with the number of classes.
    """
    import plotly.graph_objects as go

    order = match(counts) if order is None else order
    table = counts[:, order]
    fraction = table / np.maximum(table.sum(axis=1 if normalize == "rows" else 0, keepdims=True), 1)
    whole = axes[0 if normalize == "rows" else 1]
    n_classes, n_clusters = table.shape
    xs, ys = [plotly(str(cluster_names[k])) for k in order], [plotly(str(name)) for name in class_names]
    figure = go.Figure(
        go.Heatmap(
            z=fraction,
            x=np.arange(n_clusters),
            y=np.arange(n_classes),
            zmin=0,
            zmax=1,
            xgap=2,
            ygap=2,
            colorscale=[list(stop) for stop in SEQUENTIAL],
            hoverinfo="skip",
            colorbar={
                "title": {"text": plotly(f"fraction of {whole}"), "side": "right"},
                "tickformat": ".0%",
                "thickness": 12,
                "outlinewidth": 0,
            },
        )
    )
    if max(n_classes, n_clusters) <= 24:
        _write_counts(figure, table, fraction)
    rows, columns = np.indices(table.shape).reshape(2, -1)
    custom = np.stack([rows, order[columns], table.ravel(), fraction.ravel() * 100], axis=1)
    names = np.array([[xs[c], ys[r]] for r, c in zip(rows, columns, strict=True)], dtype=object)
    size = float(np.clip(420 / max(n_classes, n_clusters), 4, 34))
    figure.add_scatter(
        x=columns,
        y=rows,
        mode="markers",
        marker={"symbol": "square", "size": size, "opacity": 0, "color": SEQUENTIAL[-1][1]},
        customdata=np.concatenate([custom.astype(object), names], axis=1),
        hovertemplate=f"{plotly(axes[0])} <b>%{{customdata[5]}}</b>, {plotly(axes[1])} <b>%{{customdata[4]}}</b><br>"
        f"%{{customdata[2]:,}} samples, %{{customdata[3]:.1f}} % of the {plotly(whole)}<extra></extra>",
        selected={"marker": {"opacity": 0.35, "color": "#f0840c"}},
        unselected={"marker": {"opacity": 0}},
        showlegend=False,
    )
    dress(figure, height=height or int(np.clip(34 * n_classes + 110, 300, 900)), x=axes[1], y=axes[0])
    figure.update_layout(clickmode="event+select", dragmode=False, hovermode="closest")
    axis = {"tickmode": "array", "showgrid": False, "linecolor": GRID}
    figure.update_xaxes(
        tickvals=np.arange(n_clusters),
        ticktext=[tick(cluster_names[k]) for k in order],
        range=[-0.5, n_clusters - 0.5],
        **axis,
    )
    figure.update_yaxes(
        tickvals=np.arange(n_classes), ticktext=list(map(tick, class_names)), range=[n_classes - 0.5, -0.5], **axis
    )
    return figure


def _write_counts(figure: "go.Figure", table: np.ndarray, fraction: np.ndarray) -> None:
    """Counts in cells: white on dark blue, and in the page's own text colour on cells near the background.

    Annotations, because text that belongs to a trace fades as soon as a cell is selected.
    """
    figure.update_layout(
        annotations=[
            {
                "x": int(column),
                "y": int(row),
                "text": f"{table[row, column]:,}",
                "showarrow": False,
                "font": {"size": 12, "color": "#ffffff"} if fraction[row, column] > 0.35 else {"size": 12},
                "captureevents": False,
            }
            for row, column in np.argwhere(table > 0)
        ]
    )
