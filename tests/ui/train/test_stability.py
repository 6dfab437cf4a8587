"""Stability of clusters from the snapshots of a run."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mmclust.evaluation.snapshot import Snapshot
from mmclust.ui.train import stability


def run_of(folder: Path, *clusters: np.ndarray) -> SimpleNamespace:
    kept = []
    for epoch, found in enumerate(clusters):
        snapshot = Snapshot(
            epoch=epoch, step=epoch, index=np.arange(len(found)), spaces={}, logits=np.eye(3, dtype=np.float32)[found]
        )
        path = folder / f"epoch_{epoch:04d}.npz"
        snapshot.save(path)
        kept.append((epoch, path))
    return SimpleNamespace(snapshots=lambda: kept)


def test_clusters_that_are_only_numbered_anew_are_stable(tmp_path: Path):
    first = np.arange(30) % 3
    moved = np.where(np.arange(30) < 6, 0, (first + 1) % 3)
    found = stability.curve(run_of(tmp_path, first, (first + 1) % 3, moved))  # pyright: ignore[reportArgumentType]
    assert found.epoch.tolist() == [1.0, 2.0]
    assert found.value == pytest.approx([1.0, 26 / 30])


def test_one_snapshot_has_no_stability(tmp_path: Path):
    assert not len(stability.curve(run_of(tmp_path, np.zeros(4, int))))  # pyright: ignore[reportArgumentType]
