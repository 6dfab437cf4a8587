"""What k-means and linear classifiers read out of the spaces of trained runs, computed once for each run."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmclust.analysis import probes
from mmclust.analysis.kmeans_evaluation import evaluate_kmeans
from mmclust.data import catalogue
from mmclust.data.readers import cache
from mmclust.evaluation.snapshot import Snapshot
from mmclust.runs.record import RunRecord
from mmclust.runs.store import RunStore
from mmclust.sweeps.results import SeedSummary, summarise


def summarise_metrics(store: RunStore, runs: Sequence[RunRecord], space: str) -> dict[str, SeedSummary]:
    """Mean and deviation over runs of each metric, of k-means on a space of the last epoch; empty without runs."""
    found = [_metrics(store, run, space) for run in runs]
    return {name: summarise([each[name] for each in found]) for name in found[0]} if found else {}


def _metrics(store: RunStore, run: RunRecord, space: str) -> dict[str, float]:
    def fill(folder: Path) -> None:
        snapshot, labels = _snapshot(store, run)
        values = evaluate_kmeans(snapshot, labels[snapshot.index], spaces=[space], seed=run.spec.seed)[space]
        (folder / "figures.json").write_text(json.dumps(values))

    return json.loads((cache.entry(cache.key("readout", run.run_id, space), fill) / "figures.json").read_text())


def probed(store: RunStore, run: RunRecord, space: str) -> float:
    """Mean accuracy over folds of a linear classifier on a space of the last epoch."""

    def fill(folder: Path) -> None:
        snapshot, labels = _snapshot(store, run)
        codes = snapshot.spaces[space]
        chosen = probes.sample(len(codes))
        accuracy = probes.probe_classes(codes[chosen], labels[snapshot.index][chosen])
        (folder / "figures.json").write_text(json.dumps(float(accuracy.mean())))

    return json.loads((cache.entry(cache.key("probe", run.run_id, space), fill) / "figures.json").read_text())


def _snapshot(store: RunStore, run: RunRecord) -> tuple[Snapshot, np.ndarray]:
    labels = catalogue.load(run.spec.dataset, limit=run.spec.limit).labels
    if labels is None:
        raise ValueError(f"{run.spec.dataset} has no labels, so the clusters read out cannot be scored")
    return store.get(run.run_id).snapshot(), labels
