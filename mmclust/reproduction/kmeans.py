"""Clusters that k-means reads out of the spaces of trained runs, computed once for each run."""

import json
from collections.abc import Sequence
from pathlib import Path

from mmclust.analysis.kmeans_evaluation import kmeans_readout
from mmclust.data import catalogue
from mmclust.data.readers import cache
from mmclust.runs.record import RunRecord
from mmclust.runs.store import RunStore
from mmclust.sweeps.results import Figure, figure


def figures(store: RunStore, runs: Sequence[RunRecord], space: str) -> dict[str, Figure]:
    """Mean and deviation over runs of each metric, of k-means on a space of the last epoch; empty without runs."""
    found = [_figures(store, run, space) for run in runs]
    return {name: figure([each[name] for each in found]) for name in found[0]} if found else {}


def _figures(store: RunStore, run: RunRecord, space: str) -> dict[str, float]:
    def fill(folder: Path) -> None:
        snapshot = store.get(run.run_id).snapshot()
        labels = catalogue.load(run.spec.dataset, limit=run.spec.limit).labels
        if labels is None:
            raise ValueError(f"{run.spec.dataset} has no labels, so the clusters read out cannot be scored")
        values = kmeans_readout(snapshot, labels[snapshot.index], spaces=[space], seed=run.spec.seed)[space]
        (folder / "figures.json").write_text(json.dumps(values))

    return json.loads((cache.entry(cache.key("readout", run.run_id, space), fill) / "figures.json").read_text())
