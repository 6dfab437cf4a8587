"""Maps that figures of the papers show: codes at several stages of a run, or beside samples of its prior."""

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np

from mmclust.analysis.projection import project
from mmclust.data import catalogue
from mmclust.evaluation.snapshot import Snapshot
from mmclust.runs.record import RunRecord
from mmclust.runs.store import RunStore

N_POINTS = 1000
"""Random samples of a map, as in the published code of DCCS."""
SPACE = "z"


def drawn(store: RunStore, kind: str, runs: Sequence[RunRecord]) -> list[dict[str, Any]]:
    """Maps of the first run: title, positions (n, 2), group of each point and what the groups are.

    Args:
        store: where the run is.
        kind: "prior" for samples of the prior and codes in one t-SNE, "stages" for codes at three stages.
        runs: the first one is drawn.
    """
    run = store.get(runs[0].run_id)
    labels = catalogue.load(runs[0].spec.dataset, limit=runs[0].spec.limit).labels
    epochs = [epoch for epoch, _ in run.snapshots()]
    chosen = sorted({epochs[0], epochs[len(epochs) // 2], epochs[-1]}) if kind == "stages" else epochs[-1:]
    snapshots = [run.snapshot(epoch) for epoch in chosen]
    ids = _shared(snapshots)
    codes = [snapshot.spaces[SPACE][np.searchsorted(snapshot.index, ids)] for snapshot in snapshots]
    last = snapshots[-1]
    classes = last.y_pred[np.searchsorted(last.index, ids)] if labels is None else labels[ids]
    meaning = "cluster" if labels is None else "class"
    if kind == "prior":
        prior, categories = prior_codes(runs[0].spec.config, last.n_clusters)
        xy = project(np.concatenate((prior, codes[0])))
        return [
            _map("samples of the prior", xy[: len(prior)], categories, "category"),
            _map(f"codes at epoch {chosen[0]}", xy[len(prior) :], classes, meaning),
        ]
    maps, xy = [], None
    for epoch, values in zip(chosen, codes, strict=True):
        xy = project(values, initial=xy)
        maps.append(_map(f"epoch {epoch}", xy, classes, meaning))
    return maps


def prior_codes(config: dict[str, Any], n_clusters: int) -> tuple[np.ndarray, np.ndarray]:
    """Samples (n, S + K) of the prior of DCCS, style first as in its codes, and their categories (n,)."""
    random = np.random.default_rng(0)
    categories = random.integers(n_clusters, size=N_POINTS)
    style = config["sigma"] * random.standard_normal((N_POINTS, config["style_dim"]))
    return np.concatenate((style, np.eye(n_clusters)[categories]), axis=1), categories


def _shared(snapshots: Sequence[Snapshot]) -> np.ndarray:
    """Ids of random samples that all snapshots hold: those before the last one may be thinned."""
    ids = reduce(np.intersect1d, (snapshot.index for snapshot in snapshots))
    return np.sort(np.random.default_rng(0).permutation(ids)[:N_POINTS])


def _map(title: str, xy: np.ndarray, groups: np.ndarray, meaning: str) -> dict[str, Any]:
    return {"title": title, "xy": np.round(xy, 3).tolist(), "groups": groups.tolist(), "meaning": meaning}
