"""A run at an epoch: where what is derived from it is kept."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mmclust.clustering import Clustering, cluster_snapshot
from mmclust.data import catalogue
from mmclust.evaluation import metrics
from mmclust.evaluation.snapshot import Snapshot


def test_what_is_worked_out_of_the_example_is_kept_in_the_home_beside_what_ships_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MMCLUST_HOME", str(tmp_path / "home"))
    shipped, run = tmp_path / "assets", SimpleNamespace(folder=tmp_path / "assets")
    (shipped / "layouts").mkdir(parents=True)
    (shipped / "layouts" / "a.npy").write_bytes(b"1")
    example = SimpleNamespace(run=run, record=SimpleNamespace(run_id="x-1", example=True))
    kept = Clustering.folder(example, "layouts")  # type: ignore[arg-type]
    assert kept.is_relative_to(tmp_path / "home") and (kept / "a.npy").read_bytes() == b"1"
    (kept / "b.npy").write_bytes(b"2")
    assert Clustering.folder(example, "layouts") == kept and (kept / "b.npy").exists()  # type: ignore[arg-type]
    assert [path.name for path in (shipped / "layouts").iterdir()] == ["a.npy"]
    (shipped / "layouts" / "c.npy").write_bytes(b"3")
    assert (Clustering.folder(example, "layouts") / "c.npy").exists()  # type: ignore[arg-type]
    own = SimpleNamespace(run=run, record=SimpleNamespace(run_id="x-2", example=False))
    assert Clustering.folder(own, "layouts") == shipped / "layouts"  # type: ignore[arg-type]


N = 60


@pytest.fixture
def snapshot() -> Snapshot:
    logits = np.random.default_rng(0).normal(size=(N, 3)).astype(np.float32)
    return Snapshot(epoch=2, step=4, index=np.arange(N)[::-1], spaces={"z": logits}, logits=logits)


def of(snapshot: Snapshot, **options) -> Clustering:
    record = SimpleNamespace(run_id="x-1", cluster_names={1: "mine"}, spec=SimpleNamespace(dataset="digits"))
    return cluster_snapshot(record, SimpleNamespace(), 0, snapshot, **options)  # type: ignore[arg-type]


def test_without_the_data_clusters_are_known_and_classes_are_not(snapshot: Snapshot) -> None:
    bare = of(snapshot, dataset=None)
    assert [one.size for one in bare.per_cluster] == bare.sizes.tolist() and bare.sizes.sum() == N
    assert [bare.short_name(k) for k in range(3)] == ["1", "mine", "3"]
    assert bare.classes == bare.class_names == () and bare.counts is None and bare.scores == {}
    with pytest.raises(ValueError, match="the data of run x-1 are not at hand; put digits back"):
        _ = bare.data


def test_clusters_are_matched_and_measured_over_all_classes_of_the_data(snapshot: Snapshot) -> None:
    data = catalogue.load("digits", limit=N)
    shown = of(snapshot, dataset=data)
    assert data.labels is not None and shown.counts is not None and shown.matched is not None
    np.testing.assert_array_equal(shown.y_true, data.labels[::-1])
    assert shown.class_names == tuple("0123456789") and shown.counts.shape == (10, 3)
    assert [one.matched_class for one in shown.per_cluster] == shown.matched.tolist()
    assert shown.scores["acc"] == metrics.acc(data.labels[::-1], snapshot.y_pred)
