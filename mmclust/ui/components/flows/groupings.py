"""What the clusters of a run can be set beside: classes, other epochs and views, other runs of the same data."""

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np

from mmclust.analysis.groupings import aligned
from mmclust.clustering import Clustering
from mmclust.columns.column import Groups
from mmclust.plots import palette
from mmclust.runs.record import RunRecord
from mmclust.ui.components import facets, picker, run_descriptions
from mmclust.ui.shell import cache, login

RANGES = 8
"""Of numbers and dates as groups."""


@dataclass(frozen=True, kw_only=True)
class Grouping:
    """One way to group the samples of a clustering."""

    key: Hashable
    """Tells groupings of the same samples apart, whatever they are called."""
    title: str
    """What it is, e.g. "epoch 10"."""
    word: str
    """What a group is, "class" or "cluster"."""
    values: np.ndarray
    """(n,) group of each sample of the clustering; -1 where this grouping does not know the sample."""
    names: tuple[str, ...]
    colors: tuple[str, ...]


def clusters(clustering: Clustering, title: str) -> Grouping:
    """The clusters of a clustering as a grouping of its own samples."""
    names = tuple(clustering.cluster_name(k) for k in range(len(clustering.sizes)))
    return Grouping(
        key=_key(clustering),
        title=title,
        word="cluster",
        values=clustering.y_pred,
        names=names,
        colors=clustering.colors,
    )


def _key(clustering: Clustering) -> Hashable:
    return clustering.record.run_id, clustering.epoch, clustering.version, clustering.source, clustering.form


def _of(clustering: Clustering, other: Clustering, title: str) -> Grouping:
    """The clusters of another clustering of the same data, for the samples of a clustering."""
    names = tuple(other.cluster_name(k) for k in range(len(other.sizes)))
    values = aligned(other.ids, other.y_pred, clustering.ids)
    return Grouping(key=_key(other), title=title, word="cluster", values=values, names=names, colors=other.colors)


def classes(clustering: Clustering) -> Grouping:
    """The true classes, of a clustering with labels."""
    assert clustering.y_true is not None and clustering.counts is not None
    n = len(clustering.counts)
    names = tuple(clustering.class_name(c) for c in range(n))
    colors = tuple(palette.cluster_colors(n))
    return Grouping(key="classes", title="classes", word="class", values=clustering.y_true, names=names, colors=colors)


def columns(clustering: Clustering, *, of_run: bool) -> list[str]:
    """Names of the columns that samples can be grouped by, beside clusters and classes.

    Args:
        clustering: whose samples they are of.
        of_run: whether to name the quantities of the run too.
    """
    left_out = ("sample", "cluster", "class", "correct")
    found = facets.table_of(clustering).columns.values()
    return [
        one.name
        for one in found
        if one.kind != "text" and one.name not in left_out and (of_run or one.source == "data")
    ]


def column(clustering: Clustering, name: str) -> Grouping:
    """The values of a column as groups; numbers and dates in ranges of equally many samples."""
    table = facets.table_of(clustering)
    values, about = table.values(name), table.columns[name]
    key: Hashable = ("column", name, about.help)
    if isinstance(values, Groups):
        names = about.shown or tuple(map(str, values.names))
        colors = about.colors or tuple(palette.cluster_colors(len(names)))
        return Grouping(key=key, title=name, word="group", values=values.codes, names=names, colors=colors)
    codes, names = ranges(values)
    colors = tuple(palette.cluster_colors(len(names)))
    return Grouping(key=key, title=name, word="range", values=codes, names=names, colors=colors)


def ranges(values: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Numbers or dates (n,) in at most `RANGES` ranges of about equally many, and what these are called.

    The codes (n,) count the ranges from the lowest; -1 stands where there is no value.
    """
    numbers = values.astype("datetime64[ms]").astype(np.int64) if values.dtype.kind == "M" else values
    known = ~np.isnat(values) if values.dtype.kind == "M" else np.isfinite(values)
    if not known.any():
        return np.full(len(values), -1), ("no value",)
    edges = np.unique(np.quantile(numbers[known].astype(np.float64), np.linspace(0, 1, RANGES + 1)))
    codes = np.clip(np.searchsorted(edges, numbers.astype(np.float64), side="right") - 1, 0, max(0, len(edges) - 2))
    shown = [str(np.datetime64(int(edge), "ms"))[:10] if values.dtype.kind == "M" else f"{edge:.3g}" for edge in edges]
    names = tuple(f"{low} to {high}" for low, high in zip(shown, shown[1:], strict=False)) or (shown[0],)
    return np.where(known, codes, -1), names


def epochs(clustering: Clustering) -> list[int]:
    """The epochs of which the run has a snapshot."""
    return [epoch for epoch, _ in clustering.run.snapshots()]


def epoch(clustering: Clustering, number: int) -> Grouping:
    """The run's clusters at another epoch, under the same annotation, merged alike, by the same view of the data."""
    path = dict(clustering.run.snapshots())[number]
    fused = cache.clustering(clustering.record, number, path, clustering.annotation).merged_like(clustering)
    return _of(clustering, fused.of_view(clustering.source), f"epoch {number}")


def others(clustering: Clustering) -> dict[str, RunRecord]:
    """Other runs of the same data that have something to show, newest first."""
    spec = clustering.record.spec
    return {
        record.run_id: record
        for record in login.runs()
        if (record.spec.dataset, record.spec.limit) == (spec.dataset, spec.limit)
        and record.run_id != clustering.record.run_id
        and record.epoch > 0
    }


def run(clustering: Clustering, record: RunRecord) -> Grouping:
    """The clusters of another run at its last epoch.

    Raises:
        ValueError: it has no snapshot, or was deleted meanwhile.
    """
    snapshots = cache.store().get(record.run_id).snapshots()
    if not snapshots:
        raise ValueError(f"run {record.run_id} has no snapshot yet; choose another run")
    return _of(clustering, cache.clustering(record, *snapshots[-1]), run_descriptions.with_seed(record))


def alone(clustering: Clustering, fused: Clustering, number: int | None) -> Grouping:
    """The clusters by one view of the data, or the fused ones.

    Args:
        clustering: whose samples are grouped.
        fused: the same run at the same epoch by its fused assignment.
        number: of the data's view, from 0.
    """
    return _of(clustering, fused.of_view(number), picker.source_name(fused, number))
