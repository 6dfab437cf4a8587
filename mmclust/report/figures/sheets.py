"""Sheets of samples: the most confident of each cluster, what the network looked at, deciding columns."""

from typing import Any

import numpy as np

from mmclust.analysis import topk
from mmclust.clustering import Clustering
from mmclust.plots import images as drawing
from mmclust.plots import profiles
from mmclust.report import explanations, samples
from mmclust.report.figures import Drawing
from mmclust.report.figures.paper import SMALL_PT, Paper
from mmclust.report.findings import Findings

N_IMAGES = 12
MOST_ROWS = 24
"""Clusters in a sheet, the largest; more would be too small to see."""


def clusters(clustering: Clustering, paper: Paper) -> Drawing:
    """A row of the most confident samples of each cluster."""
    import pandas as pd

    data, shown = clustering.data, _shown(clustering)
    most = topk.most_confident(clustering.snapshot, N_IMAGES)
    view = next((i for i in range(len(data.views)) if samples.is_image(data, i)), 0)
    how = (
        f"The {N_IMAGES} samples of each cluster that are assigned to it most confidently, the most confident first"
        + (f", as view {data.spec.views[view].name}." if len(data.views) > 1 else ".")
    )
    figure = paper.figure(
        clustering, "Most confident samples of each cluster", how, size=(7.4, max(1.4, 0.56 * len(shown)))
    )
    axes = figure.subplots(len(shown), 1, squeeze=False)[:, 0]
    table = []
    for axis, k in zip(axes, shown, strict=True):
        paper.bare(axis, frame=False)
        _label(axis, paper, clustering, int(k))
        ids = clustering.ids[most[k]]
        if len(ids):
            axis.imshow(drawing.strip(_drawn(clustering, view, ids)), interpolation="nearest")
            axis.set_anchor("W")
        table += [
            {"cluster": clustering.cluster_name(int(k)), "rank": r + 1, "sample": int(i)} for r, i in enumerate(ids)
        ]
    return Drawing(figure=figure, table=pd.DataFrame(table, columns=["cluster", "rank", "sample"]))


def _drawn(clustering: Clustering, view: int, ids: np.ndarray) -> np.ndarray:
    data = clustering.data
    if data.pictures is not None:
        return drawing.resize(drawing.to_rgb(data.pictures[ids], low=0.0, high=255.0), samples.IMAGE_PX)
    if samples.is_image(data, view):
        return samples.drawn(data, view, ids)
    ranges = profiles.column_ranges(data.views[view])
    return profiles.profiles(data.views[view][ids], *ranges, width=96, height=64)[..., :3]


def _shown(clustering: Clustering) -> np.ndarray:
    return np.sort(np.argsort(-clustering.sizes, kind="stable")[:MOST_ROWS])


def _label(axis: Any, paper: Paper, clustering: Clustering, k: int) -> None:
    text = f"{clustering.cluster_name(k)[:22]}\n{int(clustering.sizes[k]):,}"
    axis.set_ylabel(text, rotation=0, ha="right", va="center", fontsize=SMALL_PT, color=paper.ink)


def _explained(clustering: Clustering) -> tuple[Findings, Any, Any]:
    """The run with its network and the data as the network sees them."""
    from mmclust import models
    from mmclust.data.preprocessing import prepare

    if not (clustering.run.folder / "checkpoint.pt").exists():
        raise ValueError(
            f"run {clustering.record.run_id} has no checkpoint, so its network cannot be asked what it looked at"
        )
    plain = clustering.own  # the network knows no annotation
    data = prepare(plain.data, plain.record.spec.preprocessing)
    found = Findings(clustering=plain, curves=plain.run.metrics())
    return found, models.restore(plain.run, plain.data.spec), data


def saliency(clustering: Clustering, paper: Paper, *, view: int | None = None) -> Drawing:
    """Images of each cluster beside what speaks for it in them.

    Args:
        clustering: the run at its last epoch, of which the weights are kept.
        paper: light or dark.
        view: number of an image view, by default the first.
    """
    import pandas as pd

    images = [i for i in range(len(clustering.data.views)) if samples.is_image(clustering.data, i)]
    if not images:
        raise ValueError("this run has no images to draw Grad-CAM on; its columns are the figure 'attribution'")
    found, method, data = _explained(clustering)
    view = images[0] if view is None else view
    heads, left, right = explanations.contrasted(found)
    shown = _shown(found.clustering)
    groups = [rows for k in shown for rows in (left[k], right[k])]
    pairs, way = explanations.pairs(found, data, method, view, groups)
    how = " ".join(explanations.sources([way]))
    figure = paper.figure(
        clustering, f"What the network looked at ({way})", how, size=(9.4, max(1.4, 0.6 * len(shown)))
    )
    axes = figure.subplots(len(shown), 2, squeeze=False)
    for number, pictures in enumerate(pairs):
        axis = paper.bare(axes[number // 2, number % 2], frame=False)
        if number < 2:
            axis.set_title(heads[number], fontsize=SMALL_PT, color=paper.ink, loc="left")
        if number % 2 == 0:
            _label(axis, paper, found.clustering, int(shown[number // 2]))
        if len(pictures):
            axis.imshow(drawing.strip(pictures), interpolation="nearest")
            axis.set_anchor("W")
    rows = [
        {
            "cluster": found.clustering.cluster_name(int(shown[i // 2])),
            "group": heads[i % 2],
            "sample": int(found.clustering.ids[row]),
        }
        for i, group in enumerate(groups)
        for row in np.asarray(group, int)
    ]
    return Drawing(figure=figure, table=pd.DataFrame(rows, columns=["cluster", "group", "sample"]))


def columns(clustering: Clustering, paper: Paper, *, view: int | None = None, most: int = 8) -> Drawing:
    """What the largest columns of a numeric view add to each cluster.

    Args:
        clustering: the run at its last epoch, of which the weights are kept.
        paper: light or dark.
        view: number of a view, by default the first of numbers.
        most: columns of each cluster.
    """
    import pandas as pd

    found, method, data = _explained(clustering)
    numeric = [i for i in range(len(clustering.data.views)) if not samples.is_image(clustering.data, i)]
    view = (numeric[0] if numeric else 0) if view is None else view
    effect = explanations.averages(found, data, method)[view]
    names = profiles.column_names(effect.shape[1])
    shown = _shown(found.clustering)
    across = min(4, len(shown))
    lines = -(-len(shown) // across)
    how = (
        "What each column adds to the log-odds of the cluster beside the mean sample (integrated gradients, "
        f"Sundararajan et al., 2017), over {explanations.N_AVERAGED} confident samples; the {most} largest columns."
    )
    figure = paper.figure(clustering, "Deciding columns", how, size=(2.6 * across + 0.6, 1.9 * lines))
    axes = figure.subplots(lines, across, squeeze=False).ravel()
    rows = []
    for axis, k in zip(axes, shown, strict=False):
        chosen = np.asarray(profiles.largest(effect[k], most))[::-1]
        colors = ["#2f6fd0" if effect[k, i] > 0 else "#e07b26" for i in chosen]
        axis.barh([names[i] for i in chosen], effect[k, chosen], color=colors)
        axis.axvline(0, color=paper.ink, linewidth=0.6)
        axis.set_title(found.clustering.cluster_name(int(k)))
        paper.dress(axis, grid=True)
        name = found.clustering.cluster_name(int(k))
        rows += [{"cluster": name, "column": names[i], "effect": float(effect[k, i])} for i in chosen[::-1]]
    for axis in axes[len(shown) :]:
        axis.set_visible(False)
    return Drawing(figure=figure, table=pd.DataFrame(rows))
