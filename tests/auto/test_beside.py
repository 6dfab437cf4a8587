"""Simple methods that are computed after a run and stored with it."""

from pathlib import Path

import numpy as np
import pytest
from auto.families import blobs

from mmclust.auto import account, baselines, beside
from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.evaluation.snapshot import Snapshot


@pytest.fixture(autouse=True)
def quick_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {name: one for name, one in baselines.BASELINES.items() if not one.slow}
    monkeypatch.setattr(baselines, "BASELINES", kept)


def snapshot(clusters: np.ndarray, n_clusters: int = 5) -> Snapshot:
    logits = 4 * np.eye(n_clusters, dtype=np.float32)[clusters]
    return Snapshot(epoch=1, step=1, index=np.arange(len(clusters)), spaces={}, logits=logits)


@pytest.mark.parametrize("most", [10_000, 250])
def test_a_result_that_simple_methods_beat_is_said_to_be_worse(
    most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Also where these are computed on some of the samples, which are too many for them."""
    monkeypatch.setattr(baselines, "MOST_SAMPLES", most)
    views, labels = blobs(n_samples=300, dims=(12, 8))
    specs = tuple(ViewSpec(name=f"v{i}", kind="vector", shape=view.shape[1:]) for i, view in enumerate(views))
    data = MultiViewDataset(spec=DataSpec(name="x", views=specs, n_clusters=5), views=tuple(views), labels=labels)
    mixed = np.where(np.random.default_rng(0).random(len(labels)) < 0.8, labels, (labels + 1) % 5)
    told: list[float] = []
    beside.add(tmp_path, data, snapshot(mixed), seed=0, report=told.append)
    found = account.read(tmp_path)
    assert found is not None
    assert found.headline == "Worse than a simple method"
    assert {one.name for one in found.simple} == {one.title for one in baselines.BASELINES.values()}
    assert all((one.metrics or {})["acc"] > 0.9 for one in found.simple)
    assert told == sorted(told) and told[-1] == 1.0


def test_images_in_one_cluster_have_collapsed(tmp_path: Path):
    random = np.random.default_rng(0)
    images = random.integers(0, 255, (120, 1, 16, 16)).astype(np.uint8)
    spec = DataSpec(name="x", views=(ViewSpec(name="i", kind="image", shape=(1, 16, 16)),), n_clusters=3)
    data = MultiViewDataset(spec=spec, views=(images,), labels=None)
    beside.add(tmp_path, data, snapshot(np.zeros(120, int), 3), seed=0, report=lambda fraction: None)
    found = account.read(tmp_path)
    assert found is not None and found.headline == "Collapsed"
    assert len(found.simple) == 3 and all(one.metrics is None for one in found.simple)
