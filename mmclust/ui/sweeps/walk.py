"""One finished run at a glance, as HTML: its map, confusion matrix and most confident samples per cluster.

Made ahead of time for all runs of a sweep, so that a slider that walks over them redraws at once.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from html import escape

import numpy as np
from markupsafe import Markup

from mmclust.analysis.projection import pca
from mmclust.clustering import Clustering
from mmclust.evaluation.metric_names import LABELLED
from mmclust.evaluation.metrics import match
from mmclust.plots import images as drawing
from mmclust.plots import palette
from mmclust.runs.record import RunRecord
from mmclust.ui.components import cluster_members, markup, pictures
from mmclust.ui.shell import cache, jobs

MAP_PX = 300
MAP_POINTS = 4000
SAMPLES = 7
SAMPLE_PX = 30
MOST_CLUSTERS = 20
"""More would not be told apart at a glance."""
CACHED = 600
"""Pieces that stay in memory, some 100 kB each."""
MADE_AHEAD = 300


class _CachedRun:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.pieces: OrderedDict[tuple[str, int], str] = OrderedDict()
        self.rotations: dict[str, np.ndarray] = {}
        """First map of each data set (N, 2), NaN where it has no point: later maps are turned to lie like it."""


_cache = _CachedRun()


def piece(record: RunRecord) -> str:
    """HTML of a finished run.

    Raises:
        ValueError: it has no snapshot, or its data are not here.
    """
    snapshots = cache.store().get(record.run_id).snapshots()
    if not snapshots:
        raise ValueError(f"run {record.run_id} has no snapshot yet; wait for its first epoch")
    epoch, path = snapshots[-1]
    key = (record.run_id, path.stat().st_mtime_ns)
    with _cache.lock:
        if (known := _cache.pieces.get(key)) is not None:
            return known
    made = _drawn(cache.clustering(record, epoch, path))
    with _cache.lock:
        _cache.pieces[key] = made
        while len(_cache.pieces) > CACHED:
            _cache.pieces.popitem(last=False)
    return made


def make_ahead(name: str, records: Sequence[RunRecord]) -> None:
    """Begin to make the pieces of these runs, in this order, in the background."""
    wanted = list(records)[:MADE_AHEAD]

    def work(report: jobs.OnProgress) -> None:
        for done, record in enumerate(wanted):
            report(done / len(wanted))
            piece(record)

    jobs.start(("walk", name, tuple(record.run_id for record in wanted)), work)


def _drawn(clustering: Clustering) -> str:
    scores = clustering.scores
    figures = markup.chips([(f"{scores[name]:.1%}", title) for name, title in LABELLED.items() if name in scores])
    clusters = [k for k in range(len(clustering.sizes)) if clustering.sizes[k]][:MOST_CLUSTERS]
    if clustering.matched is not None:
        matched = clustering.matched
        clusters.sort(key=lambda k: (matched[k] < 0, matched[k]))
    return (
        f'{figures}<div class="mm-walk">'
        f"<figure>{_map(clustering)}<figcaption>first two principal axes of {escape(_space(clustering))}, turned alike"
        f"</figcaption></figure><figure>{_confusion(clustering)}</figure>"
        f"<figure>{''.join(_row(clustering, k) for k in clusters)}"
        f"<figcaption>most confident {clustering.word}s of each cluster</figcaption></figure></div>"
    )


def _space(clustering: Clustering) -> str:
    """The space that maps begin with: the codes of the assignment where a method separates them."""
    names = list(clustering.snapshot.spaces)
    return next((name for name in ("z", "z_c", "fused") if name in names), names[0] if names else "scores")


def _map(clustering: Clustering) -> str:
    name = _space(clustering)
    values = clustering.snapshot.spaces.get(name, clustering.snapshot.logits)
    some = np.random.default_rng(0).permutation(len(values))[:MAP_POINTS]
    points = _turned(clustering, pca(values[some].astype(np.float64)), clustering.ids[some])
    low, high = np.percentile(points, [1, 99], axis=0)
    places = (points - (low + high) / 2) / max(float((high - low).max()), 1e-9)
    pixels = np.clip(((places * 0.9 + 0.5) * MAP_PX).astype(int), 1, MAP_PX - 2)
    picture = np.zeros((MAP_PX, MAP_PX, 4), np.uint8)
    colors = np.array([palette.rgb(color) for color in clustering.colors], np.uint8)[clustering.y_pred[some]]
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            picture[pixels[:, 1] + down, pixels[:, 0] + right, :3] = colors
            picture[pixels[:, 1] + down, pixels[:, 0] + right, 3] = 230
    text = f"Map of {len(some):,} {clustering.word}s, coloured by cluster"
    return f'<img src="{drawing.data_uri(drawing.png(picture))}" alt="{text}" title="{text}" width="{MAP_PX}">'


def _turned(clustering: Clustering, points: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """The points, turned and mirrored to lie like the first map of the same data (orthogonal Procrustes)."""
    points = points / max(float(np.abs(points).max()), 1e-9)
    name = f"{clustering.record.spec.dataset} {clustering.record.spec.limit}"
    with _cache.lock:
        first = _cache.rotations.get(name)
        if first is None:
            first = np.full((clustering.data.n_samples, 2), np.nan)
            first[ids] = points
            _cache.rotations[name] = first
            return points
    there = np.isfinite(first[ids, 0])
    if there.sum() < 3:
        return points
    left, _, right = np.linalg.svd(points[there].T @ first[ids][there])
    return points @ (left @ right)


def _confusion(clustering: Clustering) -> str:
    if clustering.counts is None:
        largest = max(1, int(clustering.sizes.max()))
        bars = "".join(
            f'<div class="mm-row"><span>{escape(clustering.cluster_name(k))}</span><span class="mm-bar">'
            f'<i style="width:{100 * size / largest:.0f}%;background:{clustering.colors[k]}"></i></span></div>'
            for k, size in enumerate(clustering.sizes[:MOST_CLUSTERS])
        )
        return f"{bars}<figcaption>cluster sizes (no classes)</figcaption>"
    order = match(clustering.counts)[:MOST_CLUSTERS]
    table = clustering.counts[:MOST_CLUSTERS][:, order]
    share = table / np.maximum(clustering.counts[:MOST_CLUSTERS].sum(axis=1, keepdims=True), 1)
    heads = [Markup('<i style="background:{}"></i>{}').format(clustering.colors[k], k + 1) for k in order]
    rows = [
        markup.ShadedRow(
            clustering.class_name(c)[:9],
            [
                markup.Shade(
                    part,
                    f"{count:,} of {clustering.class_name(c)} in cluster {clustering.cluster_name(int(k))}",
                    f"{count}" if part >= 0.1 else "",
                )
                for count, part, k in zip(table[c], share[c], order, strict=True)
            ],
        )
        for c in range(len(table))
    ]
    return f"{markup.matrix(heads, rows)}<figcaption>classes (rows) in clusters (columns)</figcaption>"


def _row(clustering: Clustering, cluster: int) -> str:
    chosen = cluster_members.members(clustering, cluster, "most confident", SAMPLES)
    shown = pictures.samples(clustering, chosen, px=SAMPLE_PX, mark=False, kind="row", only=[0])
    name = escape(clustering.cluster_name(cluster))
    mark = f'<i style="background:{clustering.colors[cluster]}"></i>'
    return f'<div class="mm-row" title="Cluster {name}">{mark}{shown}</div>'
