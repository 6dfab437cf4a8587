"""The small map of assignments: a corner for each cluster, every sample between the clusters it may belong to.

Nothing is computed but the places of some samples at every saved epoch, so it keeps up with a training. The axes never
change, and a new snapshot is a new frame: in the browser the points glide from the last one to it.
"""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from mmclust.analysis import timeline
from mmclust.clustering import Clustering
from mmclust.evaluation.snapshot import Snapshot
from mmclust.plots import palette
from mmclust.plots.corners import corner_map, corners
from mmclust.ui.components import pointmap
from mmclust.ui.components.pointmap import Frame, Mark, map_points
from mmclust.ui.components.pointmap.map_points import Points

POINTS = 2000
NAMED = 30
"""Clusters whose corners carry their names; more would overlap."""
NAMES_AT = 1.2
"""How far from the middle the names stand; the corners are at 1."""
EDGE = 1.3


def draw_assignments(clustering: Clustering, *, key: str, height: int, short: bool = False) -> None:
    """Draw the map of a run as it is at an epoch, with the saved epochs before it.

    Args:
        clustering: the run at its last snapshot.
        key: of the map on its page.
        height: of all of it, in pixels.
        short: write the numbers of the clusters beside the corners, not what they mean.
    """
    file, n_points = content(clustering, short=short)
    pointmap.draw_map(
        file,
        n_points,
        key=key,
        group=key,
        height=height,
        small=True,
        color="cluster" if clustering.y_true is None else "class",
        alt=f"Assignments of samples at epoch {clustering.epoch}, one corner per cluster",
    )


def content(clustering: Clustering, *, short: bool = False) -> tuple[bytes, int]:
    """The map's file and the number of its points; see `draw`."""
    if clustering.record.active:  # colours that follow the matched classes would change with every new matching
        clustering = replace(clustering, colors=tuple(palette.cluster_colors(len(clustering.sizes))))
    names = tuple(str(k + 1) if short else clustering.cluster_meaning(k) for k in range(len(clustering.sizes)))
    texts = map_points.texts(clustering)
    return clustering.derive(("small map", names, clustering.colors), lambda: _packed(clustering, names, texts))


def _packed(clustering: Clustering, names: tuple[str, ...], texts: str) -> tuple[bytes, int]:
    ids, frames = _frames(clustering)
    points = Points(
        xy=frames[-1].xy,
        rows=timeline.rows_of(clustering.snapshot, ids),
        views=None,
        landmarks=np.empty((0, 2)),
        frames=frames,
    )
    places = corners(len(names)) * NAMES_AT
    named = zip(places, names, clustering.colors, strict=True) if len(names) <= NAMED else ()
    file = pointmap.pack(
        ids=ids,
        frames=frames,
        colorings=map_points.colorings(clustering, points),
        landmarks=[Mark(x=float(x), y=float(y), color=color, text=text) for (x, y), text, color in named],
        atlas=map_points.thumbnails(clustering),
        texts=texts,
        layout=f"{clustering.record.run_id} small map",
        edge=EDGE,
    )
    return file, len(ids)


def _frames(clustering: Clustering) -> tuple[np.ndarray, tuple[Frame, ...]]:
    """Ids (m,) of the samples that are shown, and their places at the saved epochs up to the clustering's."""
    saved = [(epoch, path) for epoch, path in clustering.run.snapshots() if epoch <= clustering.epoch]
    chosen = timeline.shown_epochs(saved)
    snapshots = [*(_scores(path, path.stat().st_mtime_ns) for _, path in chosen[:-1]), clustering.snapshot]
    ids = timeline.common_samples(snapshots, most=POINTS)
    found = []
    for snapshot in snapshots:
        rows = timeline.rows_of(snapshot, ids)
        log_probs = snapshot.log_probs[rows]
        # probabilities of several views are soft by themselves
        xy = corner_map(log_probs, temperature=1.0 if clustering.snapshot.view_logits else 2.0)
        found.append(map_points.frame(clustering, snapshot, rows, ids, xy))
    return ids, tuple(found)


@lru_cache(maxsize=2 * timeline.FRAMES)
def _scores(path: Path, written: int) -> Snapshot:
    return Snapshot.load(path, scores_only=True)
