"""A small clustering of drawn letters with all kinds of columns, made without training."""

from types import SimpleNamespace
from typing import Any

import numpy as np

from mmclust.clustering import Clustering, cluster_snapshot
from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.evaluation.snapshot import Snapshot

N = 40


def snapshot(epoch: int, seed: int = 0, n: int = N) -> Snapshot:
    """Scores of three clusters that differ from epoch to epoch, by one view and by another."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, 3)).astype(np.float32)
    views = (logits, np.roll(logits, 1, axis=1))
    return Snapshot(epoch=epoch, step=epoch, index=np.arange(n), spaces={"z": logits}, logits=logits, view_logits=views)


def data(**columns: np.ndarray) -> MultiViewDataset:
    """Samples with classes, parts, captions, style factors and further columns."""
    spec = DataSpec(
        name="letters",
        views=(ViewSpec(name="left", kind="vector", shape=(2,)), ViewSpec(name="right", kind="vector", shape=(2,))),
        n_clusters=2,
        classes=("straße", "字"),
    )
    return MultiViewDataset(
        spec=spec,
        views=(np.zeros((N, 2), np.float32), np.ones((N, 2), np.float32)),
        labels=np.arange(N) % 2,
        split=(np.arange(N) >= 30).astype(np.uint8),
        factors={"font": np.arange(N) % 3, "size": np.linspace(1, 2, N, dtype=np.float32)},
        factor_names={"font": ("sans", "serif", "mono")},
        texts=np.array([f"letter {i} says 'ü'" if i else "" for i in range(N)], object),
        columns=columns,
    )


def clustering(dataset: MultiViewDataset | None, earlier: tuple[Snapshot, ...] = (), **record: Any) -> Clustering:
    """A clustering at epoch 3, after others that are saved."""
    saved = {one.epoch: one for one in (*earlier, snapshot(3))}
    run = SimpleNamespace(snapshots=lambda: [(epoch, None) for epoch in saved], snapshot=saved.__getitem__)
    about = SimpleNamespace(run_id="x-1", cluster_names={}, spec=SimpleNamespace(dataset="letters"), **record)
    return cluster_snapshot(about, run, 0, saved[3], dataset)  # type: ignore[arg-type]
