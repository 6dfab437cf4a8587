"""Curves, bars and dots."""

import textwrap
from typing import Any

import numpy as np

from mmclust.clustering import Clustering
from mmclust.evaluation import metrics
from mmclust.evaluation.metric_names import CURVES, MAIN_CURVES, SIGNALS
from mmclust.methods import METHODS, card
from mmclust.plots.curves import decimate
from mmclust.plots.palette import cluster_color
from mmclust.report.figures import Drawing
from mmclust.report.figures.paper import SMALL_PT, Paper

FRACTIONS = ("signal/evidence", "signal/agreement", "signal/augmentations", "signal/confidence")
MOST_POINTS = 600


def curves(clustering: Clustering, paper: Paper) -> Drawing:
    """Scores, label-free signals and every loss term over the epochs."""
    frame: Any = clustering.run.metrics()
    if clustering.y_true is None:  # also where accuracy is hidden
        frame = frame[~frame["name"].str.startswith(("eval/", "view/"))]
    if frame.empty:
        raise ValueError(f"run {clustering.record.run_id} has no curves yet; train it for an epoch first")
    names = list(dict.fromkeys(frame["name"]))
    scores = [name for name in (*MAIN_CURVES, *FRACTIONS) if name in names]
    losses = [name for name in names if name.startswith("loss/")]
    columns = min(4, max(len(losses), 1))
    lines = -(-len(losses) // columns)
    how = (
        "Top: agreement with the classes, which training does not see, as solid lines, and label-free signals, dashed. "
        "Below: loss terms without their weights. The vertical line is the epoch of the run that is shown."
    )
    figure = paper.figure(clustering, "Training curves", how, size=(8.2, 3.1 + 1.5 * lines))
    grid = figure.add_gridspec(1 + lines, columns, height_ratios=[2.0, *[1.0] * lines])
    titles = CURVES | SIGNALS
    axis = paper.dress(figure.add_subplot(grid[0, :]), grid=True)
    for number, name in enumerate(scores):
        epoch, value = _points(frame, name)
        dashes = "--" if name in FRACTIONS else "-"
        axis.plot(epoch, 100 * value, dashes, color=cluster_color(number), label=titles[name], linewidth=1.5)
    axis.set(xlabel="epoch", ylabel="percent", ylim=(-1, 101))
    axis.axvline(clustering.epoch, color=paper.ink, linewidth=0.8)
    axis.legend(fontsize=SMALL_PT, labelcolor=paper.ink, frameon=False, ncols=3, loc="lower right")
    paper.dress(axis, grid=True)
    terms: dict[str, str] = (
        {t.name: t.title for t in card(clustering.record.spec.method).terms} if _known(clustering) else {}
    )
    for number, name in enumerate(losses):
        axis = figure.add_subplot(grid[1 + number // columns, number % columns])
        axis.plot(*_points(frame, name), color=cluster_color(number), linewidth=1.2)
        axis.axvline(clustering.epoch, color=paper.ink, linewidth=0.6)
        paper.dress(axis, grid=True)
        term = str(name).removeprefix("loss/")
        title = terms.get(term, term)
        axis.set_title(textwrap.fill(title, 22), fontsize=SMALL_PT)
    return Drawing(figure=figure, table=frame[["step", "epoch", "name", "value"]])


def _known(clustering: Clustering) -> bool:
    return clustering.record.spec.method in METHODS


def _points(frame: Any, name: str) -> tuple[np.ndarray, np.ndarray]:
    part = frame[frame["name"] == name]
    return decimate(part["epoch"].to_numpy(), part["value"].to_numpy(), MOST_POINTS)


def sizes(clustering: Clustering, paper: Paper) -> Drawing:
    """Samples of each cluster."""
    import pandas as pd

    n_clusters = len(clustering.sizes)
    names = [clustering.cluster_name(k) for k in range(n_clusters)]
    how = f"Samples that are assigned to each of {n_clusters} clusters (hard counts), {len(clustering.ids):,} in all."
    figure = paper.figure(clustering, "Cluster sizes", how, size=(max(5.0, min(0.45 * n_clusters, 14)), 3.2))
    axis = figure.subplots()
    axis.bar(np.arange(n_clusters), clustering.sizes, color=list(clustering.colors))
    if n_clusters <= 40:
        axis.set_xticks(np.arange(n_clusters), names, rotation=35, ha="right")
    axis.set_ylabel(f"{clustering.word}s")
    paper.dress(axis, grid=True)
    return Drawing(figure=figure, table=pd.DataFrame({"cluster": names, "samples": clustering.sizes}))


def probes(clustering: Clustering, paper: Paper) -> Drawing:
    """What linear probes read off every space: accuracy of the classes and of style factors, with their deviation."""
    import pandas as pd

    folds = {key: values for key, values in _probed(clustering).items() if len(values)}
    if not folds:
        raise ValueError("this run has too few labelled samples for probes")
    table = pd.DataFrame(
        [
            {"space": space, "target": target, "mean": values.mean(), "deviation": values.std()}
            for (space, target), values in folds.items()
        ]
    )
    spaces, targets = list(dict.fromkeys(table["space"])), list(dict.fromkeys(table["target"]))
    how = "Linear probes on the codes of each space: mean and deviation over held-out folds."
    figure = paper.figure(clustering, "What the spaces hold", how, size=(2.6 + 0.6 * len(spaces) * len(targets), 3.2))
    axis = figure.subplots()
    width = 0.8 / len(targets)
    for number, target in enumerate(targets):
        part = table[table["target"] == target].set_index("space").reindex(spaces)
        places = np.arange(len(spaces)) + (number - (len(targets) - 1) / 2) * width
        bars = {"width": 0.9 * width, "color": cluster_color(number), "label": target, "ecolor": paper.ink}
        axis.bar(places, part["mean"].clip(lower=0), yerr=part["deviation"], error_kw={"linewidth": 1}, **bars)
    axis.set_xticks(np.arange(len(spaces)), spaces)
    axis.set_ylim(0, 1.02)
    axis.legend(fontsize=SMALL_PT, labelcolor=paper.ink, frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    paper.dress(axis, grid=True)
    return Drawing(figure=figure, table=table)


def _probed(clustering: Clustering) -> dict[tuple[str, str], np.ndarray]:
    from mmclust.analysis.probes import factor_title, probe_kept, sample

    if clustering.y_true is None:
        raise ValueError("probes compare codes with classes, which this run does not have")
    rows = sample(len(clustering.ids))
    rows = rows[clustering.y_true[rows] != metrics.NO_CLASS]
    ids, data, found = clustering.ids[rows], clustering.data, {}
    folder = clustering.folder("analysis")
    for space, values in clustering.snapshot.spaces.items():
        if space == "logits" or not values.size:
            continue
        codes = values[rows]
        found[space, "class (accuracy)"] = probe_kept(folder, codes, clustering.y_true[rows])
        for name, factor in data.factors.items():
            period = data.periods.get(name)
            part = None if period is None else period[ids]
            found[space, factor_title(name, factor)] = probe_kept(folder, codes, factor[ids], period=part)
    return found
