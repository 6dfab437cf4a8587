"""Layouts in two steps: some samples first, the others in their places among them."""

from pathlib import Path

import numpy as np
import pytest

from mmclust.analysis import large
from mmclust.analysis.projection import cached_projection


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large, "FROM", 300)
    monkeypatch.setattr(large, "SAMPLE", 150)
    monkeypatch.setattr(large, "CHUNK", 100)


@pytest.fixture(scope="module")
def blobs() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    cluster = np.arange(400) % 4
    return rng.normal(size=(400, 6)).astype(np.float32) + 12 * np.eye(6, dtype=np.float32)[cluster], cluster


def test_only_many_samples_are_laid_out_in_two_steps():
    assert all(large.is_large(301, kind) for kind in ("tsne", "umap", "pacmap"))
    assert not large.is_large(300, "umap") and not large.is_large(301, "pca")
    rows = large.first_rows(400)
    assert len(rows) == 150 and (np.diff(rows) > 0).all() and np.array_equal(rows, large.first_rows(400))


@pytest.mark.parametrize("kind", large.KINDS)
def test_the_first_stay_and_the_others_join_their_clusters(
    kind: str, blobs: tuple[np.ndarray, np.ndarray], tmp_path: Path
):
    codes, cluster = blobs
    prototypes = codes[:4] * 1.01
    told: list[float] = []
    xy = large.cached_layout(tmp_path, codes, prototypes, kind, seed=0, progress=told.append)
    rows = large.first_rows(400)
    first = cached_projection(tmp_path, large.with_prototypes(codes[rows], prototypes), kind, seed=0)
    assert np.array_equal(xy[rows], first[:150]) and np.array_equal(xy[400:], first[150:])
    assert told == sorted(told) and told[-1] == 1.0 and len({share for share in told if share > 0.6}) >= 3
    centres = np.stack([xy[rows][cluster[rows] == k].mean(axis=0) for k in range(4)])
    others = np.setdiff1d(np.arange(400), rows)
    nearest = np.linalg.norm(xy[others][:, None] - centres, axis=2).argmin(axis=1)
    assert (nearest == cluster[others]).mean() > 0.95
    files = sorted(tmp_path.iterdir())
    assert np.array_equal(large.cached_layout(tmp_path, codes, prototypes, kind, seed=0), xy)
    assert sorted(tmp_path.iterdir()) == files
