"""A run at each of its saved epochs as the stage shows it: one small file for the browser per epoch, kept in memory.

Shapes: m samples on the map, K clusters.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mmclust.analysis import timeline, topk
from mmclust.clustering import Clustering
from mmclust.evaluation import metrics
from mmclust.evaluation.snapshot import Snapshot
from mmclust.plots import images as drawing
from mmclust.plots import palette
from mmclust.plots.corners import corner_map, corners
from mmclust.ui.components import descriptions, pointmap
from mmclust.ui.components.pointmap import Extent, Mark, atlas, map_points
from mmclust.ui.components.pointmap.map_points import Points
from mmclust.ui.components.pointmap.small_map import EDGE, NAMED, NAMES_AT
from mmclust.ui.shell import files

TYPICAL = 12
"""Most confident samples of a cluster at an epoch."""
ROWS = 64
"""Clusters with a row of their own; of more, the largest of an epoch have one."""
CAPTIONS, LETTERS = 3, 90
"""Captions of a cluster, and letters of each."""
CACHED = 400
"""Epochs that stay in memory, some 10 kB to 500 kB each."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where the samples of a run are at its saved epochs."""

    title: str
    ids: np.ndarray
    """(m,) samples."""
    epochs: tuple[int, ...]
    paths: tuple[Path, ...]
    """Snapshots of the epochs."""
    positions: tuple[np.ndarray, ...] = ()
    """(m, 2) of each epoch on the same axes; empty where samples stand by their probabilities (`plots.corners`)."""

    @property
    def extent(self) -> Extent:
        """The part of the plane that is shown."""
        return Extent.of(self.positions) if self.positions else Extent.around(EDGE)


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A run at one epoch."""

    epoch: int
    sizes: np.ndarray
    """(K,) samples of each cluster."""
    content: bytes
    """The file that the browser reads."""
    sheet: bytes
    """JPEG of the samples that stand in the rows; empty for captions."""


class _Cache:
    """The moments prepared last, shared by all sessions that may see the same."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.known: OrderedDict[Hashable, Moment] = OrderedDict()

    def get(self, key: Hashable) -> Moment | None:
        with self.lock:
            return self.known.get(key)

    def add(self, key: Hashable, moment: Moment) -> Moment:
        with self.lock:
            self.known[key] = moment
            while len(self.known) > CACHED:
                self.known.popitem(last=False)
        return moment


_cache = _Cache()


def steady(clustering: Clustering) -> Clustering:
    """The same with colours that stay: those that follow matched classes change with every matching."""
    return replace(clustering, colors=tuple(palette.cluster_colors(len(clustering.sizes))))


def assignments(clustering: Clustering) -> Layout:
    """Samples between the corners of the clusters they may belong to; cheap enough to keep up with training."""
    saved = timeline.shown_epochs([one for one in clustering.run.snapshots() if one[0] <= clustering.epoch])
    first = Snapshot.load(saved[0][1], scores_only=True) if len(saved) > 1 else clustering.snapshot
    return Layout(
        title="Assignments",
        ids=timeline.common_samples([first, clustering.snapshot]),
        epochs=tuple(epoch for epoch, _ in saved),
        paths=tuple(path for _, path in saved),
    )


def of_timeline(clustering: Clustering, points: Points, title: str) -> Layout:
    """The layouts of a projection through time."""
    saved = dict(clustering.run.snapshots())
    frames = [frame for frame in points.frames if frame.epoch in saved]
    return Layout(
        title=title,
        ids=clustering.ids[points.rows],
        epochs=tuple(frame.epoch for frame in frames),
        paths=tuple(saved[frame.epoch] for frame in frames),
        positions=tuple(frame.xy for frame in frames),
    )


def key(clustering: Clustering, layout: Layout, view: int | None) -> tuple[Hashable, ...]:
    """What a moment depends on beside its snapshot."""
    names = tuple(clustering.given_name(k) for k in range(len(clustering.sizes)))
    extent = layout.extent
    place = (layout.title, float(extent.side), float(extent.centre[0]), float(extent.centre[1]))
    ids = (len(layout.ids), int(layout.ids.sum()), hash(layout.ids[:: max(1, len(layout.ids) // 64)].tobytes()))
    shown = (names, clustering.form, clustering.colors, clustering.y_true is not None)
    return (clustering.record.run_id, *shown, place, ids, view)


def known(clustering: Clustering, layout: Layout, view: int | None) -> list[int]:
    """Epochs of a layout that are prepared."""
    about = key(clustering, layout, view)
    every = zip(layout.epochs, layout.paths, strict=True)
    return [epoch for epoch, path in every if _cache.get((about, epoch, path.stat().st_mtime_ns)) is not None]


def prepare(
    clustering: Clustering, layout: Layout, view: int | None, *, progress: Callable[[float], None] | None = None
) -> list[Moment]:
    """The moments of a layout, from memory where they are known.

    Args:
        clustering: the run at its last snapshot.
        layout: where the samples are.
        view: number of the data's view whose samples are shown; None for what samples look like.
        progress: told the fraction done.
    """
    about, found = key(clustering, layout, view), []
    for number, (epoch, path) in enumerate(zip(layout.epochs, layout.paths, strict=True)):
        place = (about, epoch, path.stat().st_mtime_ns)
        found.append(_cache.get(place) or _cache.add(place, _moment(clustering, layout, view, number)))
        if progress is not None:
            progress((number + 1) / len(layout.epochs))
    return found


def base(clustering: Clustering, layout: Layout, view: int | None) -> bytes:
    """What the stage shows at every epoch: samples, colours, names of the corners, thumbnails."""
    rows = timeline.rows_of(clustering.snapshot, layout.ids)
    points = Points(xy=np.empty((0, 2)), rows=rows, views=None, landmarks=np.empty((0, 2)))
    arrays: dict[str, np.ndarray] = {"ids": layout.ids.astype("<u4")}
    header = {
        "n": len(layout.ids),
        "layout": f"{clustering.record.run_id} stage {layout.title}",
        "colorings": pointmap.described(map_points.colorings(clustering, points, over_time=True), arrays),
        "marks": pointmap.placed([] if layout.positions else _corner_names(clustering), layout.extent),
        "texts": map_points.texts(clustering),
        "atlas": asdict(map_points.thumbnails(clustering, view)),
    }
    return pointmap.join(header, arrays)


def _corner_names(clustering: Clustering) -> list[Mark]:
    n_clusters = len(clustering.sizes)
    if n_clusters > NAMED:
        return []
    places = corners(n_clusters) * NAMES_AT
    return [
        Mark(x=float(x), y=float(y), color=clustering.colors[k], text=clustering.cluster_label(k))
        for k, (x, y) in enumerate(places)
    ]


def _moment(clustering: Clustering, layout: Layout, view: int | None, number: int) -> Moment:
    snapshot = _snapshot(clustering, layout.paths[number], layout.epochs[number])
    rows = timeline.rows_of(snapshot, layout.ids)
    y_pred, log_probs = snapshot.y_pred, snapshot.log_probs
    soft = 1.0 if snapshot.view_logits else 2.0  # probabilities of several views are soft by themselves
    xy = layout.positions[number] if layout.positions else corner_map(log_probs[rows], temperature=soft)
    sizes = np.bincount(y_pred, minlength=snapshot.n_clusters)
    arrays = {
        "xy": layout.extent.quantised(xy),
        "cluster": pointmap.small(y_pred[rows]),
    }
    arrays |= {name: pointmap.small(values) for name, values in map_points.certainty(log_probs[rows]).items()}
    header: dict[str, Any] = {"epoch": snapshot.epoch, "of": len(y_pred), "scores": {}}
    matched = np.full(snapshot.n_clusters, -1)
    y_true = _classes(clustering, snapshot)
    if y_true is not None:
        n_classes = max(clustering.data.spec.n_clusters, int(y_true.max()) + 1)
        matched = metrics.match_classes(metrics.confusion(y_true, y_pred, n_classes, snapshot.n_clusters))
        right = (matched[y_pred] == y_true)[rows]
        arrays["correctness"] = np.where(y_true[rows] == metrics.NO_CLASS, 2, ~right).astype("<u1")
        header["scores"] = {"eval/acc": metrics.acc(y_true, y_pred)}
    rows_of_clusters, sheet = _rows(clustering, snapshot, sizes, matched, view)
    header |= rows_of_clusters
    return Moment(epoch=snapshot.epoch, sizes=sizes, content=pointmap.join(header, arrays), sheet=sheet)


def _snapshot(clustering: Clustering, path: Path, epoch: int) -> Snapshot:
    if epoch == clustering.epoch:
        return clustering.snapshot
    if clustering.annotation is not None:  # a split needs the codes as well
        return clustering.laid_over(Snapshot.load(path))
    return clustering.laid_over(Snapshot.load(path, scores_only=True))


def _classes(clustering: Clustering, snapshot: Snapshot) -> np.ndarray | None:
    labels = clustering.data.labels
    if clustering.y_true is None or labels is None:
        return None
    found = labels[snapshot.index]
    return None if (found == metrics.NO_CLASS).all() else found


def _rows(
    clustering: Clustering, snapshot: Snapshot, sizes: np.ndarray, matched: np.ndarray, view: int | None
) -> tuple[dict[str, Any], bytes]:
    """Clusters of an epoch, each with its most confident samples: a sheet of pictures, or captions."""
    shown = np.sort(np.argsort(-sizes, kind="stable")[:ROWS])
    every = topk.most_confident(snapshot, TYPICAL)
    typical = [snapshot.index[every[k]] for k in shown]
    rows = [
        {
            "cluster": int(k),
            "name": clustering.given_name(k) or clustering.cluster_label(k),
            "meaning": clustering.class_name(int(matched[k]))
            if matched[k] >= 0 and not clustering.given_name(k)
            else "",
            "color": clustering.colors[k],
            "size": int(sizes[k]),
            "samples": [int(sample) for sample in typical[i]],
        }
        for i, k in enumerate(shown)
    ]
    found = {"rows": rows, "used": int((sizes > 0).sum()), "n_clusters": len(sizes), "sheet": None}
    if clustering.data.texts is not None and clustering.data.pictures is None and view is None:
        for row in rows:
            told = row["samples"][:CAPTIONS]
            row["captions"] = [descriptions.caption(clustering.data, sample, LETTERS) for sample in told]
        return found, b""
    sheet, cell = _sheet(clustering, typical, view)
    about = {"url": files.publish(sheet), "cell": cell, "columns": TYPICAL, "rows": len(rows)}
    return found | {"sheet": about}, sheet


def _sheet(clustering: Clustering, typical: Sequence[np.ndarray], view: int | None) -> tuple[bytes, int]:
    """JPEG of the clusters' samples, a row for each, and the edge of a cell in pixels."""
    drawer = atlas.drawer(clustering.data, map_points.pictured_view(clustering) if view is None else view)
    cells = np.zeros((len(typical), TYPICAL, drawer.cell, drawer.cell, 3), np.uint8)
    for row, samples in enumerate(typical):
        if len(samples):
            cells[row, : len(samples)] = drawer.cells(samples)
    picture = cells.swapaxes(1, 2).reshape(len(typical) * drawer.cell, TYPICAL * drawer.cell, 3)
    return drawing.jpeg(np.ascontiguousarray(picture), 88), drawer.cell
