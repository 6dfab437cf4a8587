"""Everything a report shows of a run, brought together once as plain arrays and names."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mmclust.data.dataset import MultiViewDataset
from mmclust.evaluation import metrics
from mmclust.evaluation.snapshot import Snapshot
from mmclust.plots import palette
from mmclust.runs.record import RunRecord
from mmclust.runs.run import Run


@dataclass(frozen=True, kw_only=True)
class Findings:
    """A run at its last snapshot. Shapes: n samples in the snapshot, K clusters, C classes."""

    record: RunRecord
    curves: pd.DataFrame
    """Columns epoch, name, value."""
    snapshot: Snapshot
    dataset: MultiViewDataset | None
    """The data the run was trained on, where they are at hand."""
    y_true: np.ndarray | None
    """(n,) class of each of the snapshot's samples, where there are labels."""
    classes: tuple[str, ...]
    """(C,) names."""
    clusters: tuple[str, ...]
    """(K,) names: the user's own, or numbers."""
    colors: tuple[str, ...]
    """(K,) hex colours; a cluster has the colour of its class."""

    @property
    def figures(self) -> list[metrics.ClusterFigures]:
        """Size, confidence, precision and recall of each cluster."""
        return metrics.per_cluster(self.snapshot.probs, self.y_true, len(self.classes) or None)

    @property
    def right(self) -> np.ndarray | None:
        """(n,) whether samples lie in the cluster of their class; None without labels."""
        return None if self.y_true is None else metrics.is_right(self.y_true, self.snapshot.y_pred)

    @property
    def space(self) -> str:
        """Name of the space that maps show: z where a method has one."""
        return "z" if "z" in self.snapshot.spaces else next(iter(self.snapshot.spaces))


def gather(run: Run, dataset: MultiViewDataset | None) -> Findings:
    """Read a run's last snapshot, curves and names.

    Args:
        run: a run with a snapshot.
        dataset: the data it was trained on; None where they are not at hand.

    Raises:
        ValueError: the run has no snapshot yet.
    """
    snapshot, record = run.snapshot(), run.record()
    n_clusters = snapshot.n_clusters
    labels = None if dataset is None else dataset.labels
    y_true = None if labels is None else labels[snapshot.index].astype(np.int64)
    classes: tuple[str, ...] = ()
    numbers = np.arange(n_clusters)
    if dataset is not None and labels is not None and y_true is not None:
        named = dataset.spec.classes
        classes = tuple(named[i] if i < len(named) else str(i) for i in range(max(len(named), int(labels.max()) + 1)))
        numbers = palette.match_colors(y_true, snapshot.y_pred, n_clusters)
    return Findings(
        record=record,
        curves=run.metrics(),
        snapshot=snapshot,
        dataset=dataset,
        y_true=y_true,
        classes=classes,
        clusters=tuple(record.cluster_names.get(k) or str(k) for k in range(n_clusters)),
        colors=tuple(palette.cluster_color(int(i)) for i in numbers),
    )
