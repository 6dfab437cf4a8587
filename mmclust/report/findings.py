"""What a report shows of a run, brought together once: its clustering at the last snapshot and its curves."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from mmclust.clustering import Clustering, cluster_snapshot
from mmclust.data.dataset import MultiViewDataset
from mmclust.evaluation.metrics import ClusterMetrics
from mmclust.runs.run import Run


@dataclass(frozen=True, kw_only=True)
class NamedCluster:
    """A cluster as a report shows it."""

    name: str
    color: str
    class_name: str | None
    """Of the class it is matched to; None without one."""
    metrics: ClusterMetrics


@dataclass(frozen=True, kw_only=True)
class Findings:
    """A run at its last snapshot."""

    clustering: Clustering
    curves: pd.DataFrame
    """Columns epoch, name, value."""
    understanding: dict[str, Any] | None = None
    """What was understood of the file that the data come from, what was open and left out."""

    @property
    def cluster_names(self) -> tuple[str, ...]:
        """(K,) the user's names of the clusters, or their numbers from 1."""
        return tuple(self.clustering.short_name(k) for k in range(len(self.clustering.sizes)))

    @property
    def clusters(self) -> list[NamedCluster]:
        """The clusters in their order."""
        return [self._named(found) for found in self.clustering.per_cluster]

    def _named(self, found: ClusterMetrics) -> NamedCluster:
        shown, matched = self.clustering, found.matched_class
        return NamedCluster(
            name=shown.short_name(found.cluster),
            color=shown.colors[found.cluster],
            class_name=None if matched is None else shown.class_name(matched),
            metrics=found,
        )

    @property
    def space(self) -> str:
        """Name of the space that maps show: z where a method has one."""
        spaces = self.clustering.snapshot.spaces
        return "z" if "z" in spaces else next(iter(spaces))


def gather(run: Run, dataset: MultiViewDataset | None) -> Findings:
    """Read a run's last snapshot, curves and names.

    Args:
        run: a run with a snapshot.
        dataset: the data it was trained on; None where they are not at hand.

    Raises:
        ValueError: the run has no snapshot yet.
    """
    clustering = cluster_snapshot(run.record(), run, 0, run.snapshot(), dataset)  # version 0: read once, not kept
    return Findings(clustering=clustering, curves=run.metrics(), understanding=run.understanding())
