"""Where the points of the Map page lie, computed in the background under a progress bar."""

from dataclasses import replace
from typing import Any

import numpy as np

from mmclust.analysis import large, timeline
from mmclust.clustering import Clustering
from mmclust.ui.components.pointmap import layouts, map_points
from mmclust.ui.components.pointmap.map_points import Points
from mmclust.ui.map.controls import Settings
from mmclust.ui.shell import jobs

HEIGHT = 460
"""Of a map, in pixels; its progress bar stands in a box of that height."""


def layout(clustering: Clustering, settings: Settings) -> Points | None:
    """Where the points are, or None while it is computed (a progress bar stands in the map's place).

    Of very many samples some are laid out and shown first, under a bar that tells how far the others are.
    """
    if settings.through_time:
        return timeline_of(clustering, settings)
    kind, space = layouts.PROJECTIONS[settings.projection], settings.space
    rows = map_points.shown_rows(len(clustering.ids), len(space.members))
    if not large.is_large(len(rows) * len(space.members), kind):
        label = f"Projecting {len(rows) * len(space.members):,} points with {settings.projection}"
        return _laid_out(clustering, settings, rows, label)
    first = large.first_rows(len(rows))
    shown = _laid_out(clustering, settings, first, f"Projecting the first {len(first):,} of {len(rows):,} points")
    if shown is None:
        return None
    label = f"Placing the other {len(rows) - len(first):,} points with {settings.projection}"
    return _laid_out(clustering, settings, rows, label, height=64) or shown


def _laid_out(
    clustering: Clustering, settings: Settings, rows: np.ndarray, label: str, *, height: int = HEIGHT
) -> Points | None:
    """Some samples in their places, or None under a progress bar of that height."""
    kind, space = layouts.PROJECTIONS[settings.projection], settings.space
    shown = (space.name, kind, settings.options, len(rows))
    key = ("layout", clustering.record.run_id, clustering.epoch, clustering.version, shown)
    options = _typed(settings.options)

    def work(report: jobs.OnProgress) -> tuple[np.ndarray, np.ndarray]:
        return layouts.lay_out(clustering, space, rows, kind, options=options, progress=report)

    found = jobs.result(key, work, label=label, height=height, border=height == HEIGHT)
    if found is None:
        return None
    views = np.repeat(space.views, len(rows)) if len(space.views) > 1 else None
    return Points(xy=found[0], rows=np.tile(rows, len(space.members)), views=views, landmarks=found[1])


def timeline_of(clustering: Clustering, settings: Settings) -> Points | None:
    """Where the samples are at every saved epoch, or None while that is computed."""
    kind, space = layouts.PROJECTIONS[settings.projection], settings.space.name
    saved = timeline.shown_epochs(clustering.run.snapshots())
    written = tuple(path.stat().st_mtime_ns for _, path in saved)
    key = ("timeline", clustering.record.run_id, clustering.form, written, space, kind, settings.options)

    def work(report: jobs.OnProgress) -> tuple[np.ndarray, Points]:
        snapshots = [clustering.snapshot_at(epoch) for epoch, _ in saved]
        ids = timeline.common_samples([*snapshots, clustering.snapshot], None if kind == "pca" else timeline.MOST)
        rows = [timeline.rows_of(snapshot, ids) for snapshot in snapshots]
        codes = [s.spaces[space][r].reshape(len(ids), -1) for s, r in zip(snapshots, rows, strict=True)]
        positions = timeline.lay_out(
            codes, kind, folder=clustering.folder("layouts"), progress=report, seed=0, **_typed(settings.options)
        )
        frames = [
            map_points.frame(clustering, snapshot, r, ids, xy)
            for snapshot, r, xy in zip(snapshots, rows, positions, strict=True)
        ]
        points = Points(xy=positions[-1], rows=rows[-1], views=None, landmarks=np.empty((0, 2)), frames=tuple(frames))
        return ids, points

    label = f"Projecting {len(saved)} epochs with {settings.projection}"
    found = jobs.result(key, work, label=label, height=HEIGHT)
    if found is None:
        return None
    ids, points = found  # of all epochs, some of which hold a sample of the samples: each has rows of its own
    return replace(points, rows=clustering.derive(("rows", key), lambda: timeline.rows_of(clustering.snapshot, ids)))


def _typed(options: tuple[tuple[str, float], ...]) -> dict[str, Any]:
    """Parameters of the projection as it takes them."""
    return {name: int(value) if name == "n_neighbors" else value for name, value in options}
