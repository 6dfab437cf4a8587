"""The sections of a run's report that all runs have, each from what was found to the values of its template."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from mmclust.analysis import topk
from mmclust.analysis.projection import KINDS, cached_projection, is_cached
from mmclust.analysis.spaces import choices
from mmclust.evaluation import metrics
from mmclust.evaluation.metric_names import CURVES, MAIN, MAIN_CURVES, SIGNALS, TITLES
from mmclust.plots import clusters as cluster_plots
from mmclust.plots import curves as curve_plots
from mmclust.plots import scatter
from mmclust.plots.confusion import confusion_figure
from mmclust.plots.palette import WRONG, cluster_colors
from mmclust.report import samples
from mmclust.report.findings import Findings
from mmclust.report.html import Plot, Section, duration, percent, plot, render, section
from mmclust.runs.record import MEASURED
from mmclust.runs.spec import RunSpec

N_IMAGES = 10
"""Samples in the row of a cluster."""

MAX_MAP_POINTS = 5000
"""Larger runs are drawn as a random sample, unless their whole map was made before."""


def name(spec: RunSpec) -> str:
    """What a run is, for its heading."""
    return f"{spec.method.upper().replace('_', '-')} on {Path(spec.dataset).name}"


def summary(found: Findings) -> Markup:
    """The sentence under the title."""
    record, snapshot = found.clustering.record, found.clustering.snapshot
    return render(
        "run/summary.html",
        name=name(record.spec),
        n=len(snapshot.index),
        n_clusters=snapshot.n_clusters,
        epoch=snapshot.epoch,
        spec=record.spec,
        record=record,
        understanding=found.understanding,
    )


def tiles(found: Findings) -> list[tuple[str, str]]:
    """Values at a glance, each with what it is."""
    shown, record = found.clustering, found.clustering.record
    scores = [(f"{shown.scores[key]:.1%}", title) for key, title in TITLES.items() if shown.scores]
    use = metrics.usage_entropy(shown.y_pred) / np.log(max(shown.snapshot.n_clusters, 2))
    use_and_confidence = [
        (f"{use:.0%}", "evenness of cluster use"),
        (f"{shown.confidence.mean():.1%}", "mean confidence"),
    ]
    time = [(duration(record.seconds), f"of training on {record.device or 'cpu'}")] if record.seconds else []
    return scores + use_and_confidence + time


def curves(found: Findings) -> Section:
    """Losses, scores and label-free signals over epochs."""
    frame = found.curves
    names = [str(name) for name in frame["name"].unique()]
    figures = []
    losses = [name for name in names if name.startswith("loss/")]
    if losses:
        figure = curve_plots.curve_figure(frame, losses, y_name="loss (unweighted)")
        figures.append(plot(figure, "Curves of every loss term over the epochs"))
    if "eval/acc" in names:
        figure = curve_plots.curve_figure(frame, MAIN_CURVES, CURVES, y_name="agreement with classes", percent=True)
        figures.append(plot(figure, "Curves of ACC, NMI and ARI over the epochs"))
    whole = (name for name in names if name.startswith("signal/") and not name.rsplit("_", 1)[-1].isdigit())
    for name in whole:
        title = SIGNALS.get(name) or str(name).removeprefix("signal/").replace("_", " ")
        figure = curve_plots.curve_figure(frame, [name], y_name=title, height=240)
        figure.update_layout(showlegend=False, margin_t=12)
        figures.append(plot(figure, f"Curve of {title} over the epochs"))
    return section("run", "curves", "Training", figures=figures)


def layout(found: Findings, folder: Path) -> Section:
    """The map of the embedding, by cluster and, with labels, by class."""
    xy, rows, stars, kind = _positions(found, folder)
    n = len(found.clustering.ids)
    return section(
        "run",
        "map",
        "Map",
        figures=_maps(found, xy, rows, stars, kind),
        layout=kind,
        space=_space_title(found),
        n_sampled=len(rows) if len(rows) < n else 0,
    )


def _maps(found: Findings, xy: np.ndarray, rows: np.ndarray, stars: np.ndarray, kind: str) -> list[Plot]:
    shown = found.clustering
    ids, details = shown.ids[rows], {"confidence": shown.confidence[rows]}
    names = [f"cluster {name}" for name in found.cluster_names]
    shared: dict[str, Any] = {"method": kind, "details": details, "height": 520}
    figures = [scatter.group_map(xy, ids, shown.y_pred[rows], names, colors=shown.colors, **shared)]
    if shown.y_true is not None:
        groups, classes = metrics.shown_groups(shown.y_true[rows], shown.class_names)
        colors = cluster_colors(len(classes))
        figures.append(scatter.group_map(xy, ids, groups, classes, colors=colors, **shared))
    for figure in figures:
        figure.update_layout(dragmode="zoom")  # nothing listens to a lasso here
        if len(stars) == len(names):
            scatter.add_marks(figure, stars, [f"prototype of {name}" for name in names], shown.colors)
    alts = (f"Map of {len(rows):,} samples by {kind}, coloured by cluster", "The same map coloured by class")
    return [plot(figure, alt) for figure, alt in zip(figures, alts, strict=False)]


def clusters(found: Findings) -> Section:
    """Sizes, confidence and the most confident samples of each cluster."""
    shown = found.clustering
    size = cluster_plots.size_figure(shown.sizes, found.cluster_names, colors=shown.colors)
    confidence = cluster_plots.confidence_figure(shown.confidence, shown.right, shown.wrong)
    rows = []
    if shown.dataset is not None:
        alts = (f"The {N_IMAGES} most confident samples of cluster {name}" for name in found.cluster_names)
        picked = topk.top_k(shown.snapshot, N_IMAGES)
        pictures = (_strips(found, of_cluster, alt) for of_cluster, alt in zip(picked, alts, strict=True))
        rows = list(zip(found.clusters, pictures, strict=True))
    return section(
        "run",
        "clusters",
        "Clusters",
        figures=[
            plot(size, "Bars: samples in each cluster"),
            plot(confidence, "Histogram of the largest probability"),
        ],
        rows=rows,
        n_images=N_IMAGES,
        several_views=shown.dataset is not None and len(shown.dataset.views) > 1,
        labelled=shown.y_true is not None,
    )


def confusion(found: Findings) -> Section | None:
    """Classes against clusters; None without labels."""
    shown, known = found.clustering, found.clusters
    if shown.counts is None:
        return None
    figure = confusion_figure(shown.counts, shown.class_names, found.cluster_names)
    return section(
        "run",
        "confusion",
        "Confusion",
        figure=plot(figure, "Heat map: samples by class and cluster"),
        clusters=[known[k] for k in metrics.match(shown.counts)],
    )


def readout(found: Findings) -> Section | None:
    """k-means and linear probes on the named spaces beside the assignment; None without labels."""
    shown = found.clustering
    if shown.y_true is None:
        return None
    from mmclust.analysis.kmeans_evaluation import evaluate_kmeans
    from mmclust.analysis.probes import factor_title

    spaces = [name for name in shown.snapshot.spaces if name != "logits"]
    factors = list(shown.data.factors)
    titles = [factor_title(name, values) for name, values in shown.data.factors.items()]
    rows = []
    for name, values in evaluate_kmeans(shown.snapshot, shown.y_true, spaces=spaces, n_init=3).items():
        of_network = name == "assignment"
        probed = [""] * (1 + len(factors)) if of_network else _probed(found, name, factors)
        cells = [*(percent(values[key]) for key in MAIN), *probed]
        rows.append({"space": None if of_network else name, "cells": cells})
    return section("run", "readout", "What the spaces hold", rows=rows, factors=titles)


def _probed(found: Findings, space: str, factors: Sequence[str]) -> list[str]:
    """Cells of a space: what linear probes read off it."""
    from mmclust.analysis.probes import probe_kept, sample

    shown, data = found.clustering, found.clustering.data
    assert shown.y_true is not None
    rows = sample(len(shown.y_true))
    rows = rows[shown.y_true[rows] != metrics.NO_CLASS]
    codes, ids = shown.snapshot.spaces[space][rows], shown.ids[rows]
    folder = shown.folder("analysis")
    folds = [probe_kept(folder, codes, shown.y_true[rows])]
    for name in factors:
        period = data.periods.get(name)
        part = None if period is None else period[ids]
        folds.append(probe_kept(folder, codes, data.factors[name][ids], period=part))
    return [f"{percent(part.mean())} ± {percent(part.std())}" if len(part) else "" for part in folds]


def settings(found: Findings) -> Section:
    """Every setting, and the command that repeats the run."""
    record = found.clustering.record
    rows = [
        (name, f"{value:g}" if isinstance(value, float) else str(value)) for name, value in record.spec.config.items()
    ]
    versions = [(name, version) for name, version in record.environment.items() if name not in MEASURED]
    numbers = {title: record.measured(name) for name, title in MEASURED.items()}
    versions += [(title, f"{number:,}") for title, number in numbers.items() if number is not None]
    half = -(-len(rows) // 2)
    document = {name: value for name, value in asdict(record.spec.shared()).items() if name != "config"}
    return section(
        "run",
        "settings",
        "Settings",
        settings=[part for part in (rows[:half], rows[half:]) if part],
        versions=versions,
        document=json.dumps(document, indent=2),
    )


def _positions(found: Findings, folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, str]:
    """Positions of samples, their rows in the snapshot, positions of prototypes, and the name of the map."""
    snapshot = found.clustering.snapshot
    values = snapshot.spaces[found.space]
    landmarks = snapshot.landmarks.get(found.space, values[:0])
    rows = np.arange(len(values))
    if len(rows) > MAX_MAP_POINTS and not is_cached(folder, np.concatenate([values, landmarks]), "tsne"):
        rows = np.sort(np.random.default_rng(0).choice(len(values), MAX_MAP_POINTS, replace=False))
    xy = cached_projection(folder, np.concatenate([values[rows], landmarks]), "tsne")
    return xy[: len(rows)], rows, xy[len(rows) :], KINDS["tsne"]


def _space_title(found: Findings) -> str:
    snapshot = found.clustering.snapshot
    n_views = max(1, len(snapshot.view_logits))
    known = choices(snapshot.spaces, [str(i + 1) for i in range(n_views)])
    return next(space.title for space in known if space.name == found.space)


def _strips(found: Findings, rows: np.ndarray, alt: str) -> list[samples.Picture]:
    shown = found.clustering
    borders = None if shown.wrong is None else [WRONG if one else None for one in shown.wrong[rows]]
    return samples.strips(shown.data, shown.ids[rows], alt, columns=N_IMAGES, borders=borders)
