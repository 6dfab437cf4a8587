"""The parts of a report page, each from findings to a piece of HTML. Text of users is escaped here."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mmclust.analysis import topk
from mmclust.analysis.projection import KINDS, cached_projection, is_cached
from mmclust.analysis.spaces import choices
from mmclust.evaluation import metrics
from mmclust.evaluation.figures import CURVES, MAIN, MAIN_CURVES, SIGNALS, TITLES
from mmclust.plots import clusters as cluster_plots
from mmclust.plots import curves as curve_plots
from mmclust.plots import scatter
from mmclust.plots.confusion import confusion_figure
from mmclust.plots.palette import WRONG, cluster_colors
from mmclust.report import html, samples
from mmclust.report import views as of_views
from mmclust.report.findings import Findings
from mmclust.report.html import Section, duration, plot, table
from mmclust.runs.record import MEASURED
from mmclust.runs.spec import RunSpec

if TYPE_CHECKING:
    pass

N_IMAGES = 10
"""Samples in the row of a cluster."""

MAX_MAP_POINTS = 5000
"""Larger runs are drawn as a random sample, unless their whole map was made before."""


def name(spec: RunSpec) -> str:
    """What a run is, for its heading."""
    return f"{spec.method.upper().replace('_', '-')} on {Path(spec.dataset).name}"


def summary(found: Findings) -> str:
    """The sentence under the title."""
    record, spec = found.record, found.record.spec
    n, state = len(found.snapshot.index), record.status
    words = (
        f"<b>{escape(name(spec))}</b>: {n:,} samples in {found.snapshot.n_clusters} clusters "
        f"after {found.snapshot.epoch} of {spec.epochs} epochs, seed {spec.seed}, preset {escape(spec.preset)}. "
        f"Run {escape(record.run_id)}, {escape(state)}."
    )
    note = f"<p>{escape(record.note)}</p>" if record.note else ""
    return f'<p class="soft">{words}</p>{note}'


def tiles(found: Findings) -> str:
    """Figures at a glance."""
    shown: list[tuple[str, str]] = []
    if found.y_true is not None:
        scores = metrics.score(found.y_true, found.snapshot.y_pred)
        shown += [(f"{scores[key]:.1%}", name) for key, name in TITLES.items()]
    use = metrics.usage_entropy(found.snapshot.y_pred) / np.log(max(found.snapshot.n_clusters, 2))
    shown.append((f"{use:.0%}", "evenness of cluster use"))
    shown.append((f"{found.snapshot.probs.max(axis=1).mean():.1%}", "mean confidence"))
    if found.record.seconds:
        shown.append((duration(found.record.seconds), f"of training on {found.record.device or 'cpu'}"))
    return html.tiles(shown)


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
    return Section(
        key="curves",
        title="Training",
        about="Loss terms as they are, before their weights. Scores compare clusters with the classes; "
        "training never sees the classes.",
        body=f'<div class="two">{"".join(figures)}</div>',
    )


def layout(found: Findings, folder: Path) -> Section:
    """The map of the embedding, by cluster and, with labels, by class."""
    xy, rows, stars, name = _positions(found, folder)
    y_pred, ids = found.snapshot.y_pred[rows], found.snapshot.index[rows]
    details = {"confidence": found.snapshot.probs[rows].max(axis=1)}
    names = [f"cluster {name}" for name in found.clusters]
    shared: dict[str, Any] = {"method": name, "details": details, "height": 520}
    figures = [scatter.group_map(xy, ids, y_pred, names, colors=found.colors, **shared)]
    if found.y_true is not None:
        colors = cluster_colors(len(found.classes))
        figures.append(scatter.group_map(xy, ids, found.y_true[rows], found.classes, colors=colors, **shared))
    for figure in figures:
        figure.update_layout(dragmode="zoom")  # nothing listens to a lasso here
        if len(stars) == len(names):
            scatter.add_marks(figure, stars, [f"prototype of {name}" for name in names], found.colors)
    alts = (f"Map of {len(rows):,} samples by {name}, coloured by cluster", "The same map coloured by class")
    plots = [plot(figure, alt) for figure, alt in zip(figures, alts, strict=False)]
    part = "" if len(rows) == len(found.snapshot.index) else f" of {len(rows):,} random samples"
    return Section(
        key="map",
        title="Map",
        about=f"{name} of the space <i>{escape(_space_title(found))}</i>{part}. Points that are near were coded alike; "
        "distances between islands mean little."
        + (" Left by cluster, right by class: a cluster has the colour of its class." if len(plots) == 2 else ""),
        body=f'<div class="two">{"".join(plots)}</div>',
    )


def clusters(found: Findings) -> Section:
    """Sizes, figures and the surest samples of each cluster."""
    sizes = np.bincount(found.snapshot.y_pred, minlength=found.snapshot.n_clusters)
    size = cluster_plots.size_figure(sizes, found.clusters, colors=found.colors)
    confidence = cluster_plots.confidence_figure(found.snapshot.probs.max(axis=1), found.right)
    charts = plot(size, "Bars: samples in each cluster") + plot(confidence, "Histogram of the largest probability")
    figures = found.figures
    if found.dataset is None:
        return Section(
            key="clusters",
            title="Clusters",
            about="How large each cluster is, and how sure the assignments are. There are no samples to show.",
            body=f'<div class="two">{charts}</div>',
        )
    rows = []
    for k, picked in enumerate(topk.top_k(found.snapshot, N_IMAGES)):
        alt = f"The {len(picked)} surest samples of cluster {found.clusters[k]}"
        rows.append(cluster_label(found, figures[k]) + _strips(found, picked, alt))
    return Section(
        key="clusters",
        title="Clusters",
        about=f"The {N_IMAGES} samples each cluster is surest of, best first; all samples compete for every cluster."
        + (" Every view of a sample stands in its column." if len(found.dataset.views) > 1 else "")
        + (" Orange frames mark samples of another class than the cluster's." if found.y_true is not None else ""),
        body=f'<div class="two">{charts}</div><div class="rows" style="margin-top:22px">{"".join(rows)}</div>',
    )


def confusion(found: Findings) -> Section | None:
    """Classes against clusters; None without labels."""
    if found.y_true is None:
        return None
    snapshot = found.snapshot
    counts = metrics.confusion(found.y_true, snapshot.y_pred, len(found.classes), snapshot.n_clusters)
    head = ("cluster", "samples", "class", "precision", "recall", "confidence")
    rows = [
        (
            _dot(found.colors[f.cluster]) + escape(found.clusters[f.cluster]),
            f"{f.size:,}",
            "none" if f.matched_class is None else escape(found.classes[f.matched_class]),
            _percent(f.precision),
            _percent(f.recall),
            _percent(f.confidence if f.size else None),
        )
        for f in (found.figures[k] for k in metrics.match(counts))
    ]
    figure = confusion_figure(counts, found.classes, found.clusters)
    return Section(
        key="confusion",
        title="Confusion",
        about="Each cluster is matched to at most one class so that most samples agree (Hungarian method); "
        "the share on the diagonal is the ACC. Colour is the share of the class.",
        body=f'<div class="two">{plot(figure, "Heat map: samples by class and cluster")}{table(head, rows)}</div>',
    )


def readout(found: Findings) -> Section | None:
    """k-means and linear probes on the named spaces beside the assignment; None without labels."""
    if found.y_true is None:
        return None
    from mmclust.analysis.kmeans_evaluation import kmeans_readout

    shown = [name for name in found.snapshot.spaces if name != "logits"]
    figures = kmeans_readout(found.snapshot, found.y_true, spaces=shown, n_init=3)
    factors = [] if found.dataset is None else list(found.dataset.factors)
    rows = [
        (
            "assignment of the network" if name == "assignment" else f"k-means on <i>{escape(name)}</i>",
            *(_percent(values[key]) for key in MAIN),
            *([""] * (1 + len(factors)) if name == "assignment" else _probed(found, name, factors)),
        )
        for name, values in figures.items()
    ]
    about = (
        "Clusters read from each space by k-means, and what a linear probe reads off it: the accuracy of a logistic "
        "regression of the class, mean and deviation over five held-out folds. Where a space is meant to hold style "
        "alone, these figures should be low."
    )
    if factors:
        about += " For factors of style: the share of their variance (R²) that a linear map explains."
    head = ("read-out", "ACC", "NMI", "ARI", "probe of the class", *(escape(name) for name in factors))
    return Section(key="readout", title="What the spaces hold", about=about, body=table(head, rows))


def _probed(found: Findings, space: str, factors: Sequence[str]) -> list[str]:
    """Cells of a space: what linear probes read off it."""
    from mmclust.analysis.probes import probe_classes, probe_factor, sample

    assert found.y_true is not None
    rows = sample(len(found.y_true))
    codes, ids = found.snapshot.spaces[space][rows], found.snapshot.index[rows]
    folds = [probe_classes(codes, found.y_true[rows])]
    for name in factors:
        assert found.dataset is not None
        period = found.dataset.periods.get(name)
        values = found.dataset.factors[name][ids]
        folds.append(probe_factor(codes, values, period=None if period is None else period[ids]))
    return [f"{_percent(part.mean())} ± {_percent(part.std())}" if len(part) else "" for part in folds]


def views(found: Findings) -> Section | None:
    """How the views agree; None for runs of one view."""
    if not found.snapshot.view_logits:
        return None
    return Section(
        key="views",
        title="Views",
        about="Each view is assigned by itself and all together (fused). Tables compare the clusters of two "
        "assignments; on the diagonal both name the same one.",
        body=f'<div class="two">{of_views.figures(found, table)}{"".join(of_views.joint(found, plot))}</div>'
        + of_views.disagreements(found)
        + of_views.curves(found, plot)
        + of_views.over(found, plot),
    )


def settings(found: Findings) -> Section:
    """Every setting, and the command that repeats the run."""
    spec = found.record.spec
    rows = [
        (escape(name), escape(f"{value:g}" if isinstance(value, float) else str(value)))
        for name, value in spec.config.items()
    ]
    versions = [
        (escape(name), escape(version)) for name, version in found.record.environment.items() if name not in MEASURED
    ]
    numbers = {title: found.record.measured(name) for name, title in MEASURED.items()}
    versions += [(escape(title), f"{number:,}") for title, number in numbers.items() if number is not None]
    half = -(-len(rows) // 2)
    tables = [table(("setting", "value"), part) for part in (rows[:half], rows[half:]) if part]
    if versions:
        tables.append(table(("made with", ""), versions))
    document = {name: value for name, value in asdict(spec).items() if name != "config"}
    return Section(
        key="settings",
        title="Settings",
        about="All that is needed to repeat the run: save the export's spec.json, or use these values.",
        body=f'<div class="two">{"".join(tables)}</div><pre>{escape(json.dumps(document, indent=2))}</pre>',
    )


def _positions(found: Findings, folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, str]:
    """Positions of samples, their rows in the snapshot, positions of prototypes, and the name of the map."""
    values = found.snapshot.spaces[found.space]
    landmarks = found.snapshot.landmarks.get(found.space, values[:0])
    rows = np.arange(len(values))
    if len(rows) > MAX_MAP_POINTS and not is_cached(folder, np.concatenate([values, landmarks]), "tsne"):
        rows = np.sort(np.random.default_rng(0).choice(len(values), MAX_MAP_POINTS, replace=False))
    xy = cached_projection(folder, np.concatenate([values[rows], landmarks]), "tsne")
    return xy[: len(rows)], rows, xy[len(rows) :], KINDS["tsne"]


def _space_title(found: Findings) -> str:
    n_views = max(1, len(found.snapshot.view_logits))
    known = choices(found.snapshot.spaces, [str(i + 1) for i in range(n_views)])
    return next(space.title for space in known if space.name == found.space)


def _strips(found: Findings, rows: np.ndarray, alt: str) -> str:
    assert found.dataset is not None
    borders = None
    if found.right is not None:
        borders = [None if ok else WRONG for ok in found.right[rows]]
    return samples.strips(found.dataset, found.snapshot.index[rows], alt, columns=N_IMAGES, borders=borders)


def cluster_label(found: Findings, figures: metrics.ClusterFigures) -> str:
    """A cluster with its colour, size and class."""
    name = escape(found.clusters[figures.cluster])
    about = f"{figures.size:,} samples"
    if figures.matched_class is not None:
        about = f"class {escape(found.classes[figures.matched_class])}, {about}"
    return f'<div>{_dot(found.colors[figures.cluster])}<b>{name}</b><span class="soft">{about}</span></div>'


def _dot(color: str) -> str:
    return f'<span class="dot" style="background:{color}"></span>'


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"
