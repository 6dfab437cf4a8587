"""A run at an epoch: where what is derived from it is kept."""

from dataclasses import replace
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


@pytest.fixture
def pieces() -> Snapshot:
    """Six clusters: three pairs of pieces, whose codes touch; the second piece of each pair is the larger one."""
    draw = np.random.default_rng(0)
    piece = np.repeat(np.arange(6), [8, 12] * 3)
    codes = (np.stack([8 * (piece // 2), piece % 2], axis=1) + draw.normal(0, 0.4, (N, 2))).astype(np.float32)
    logits = (4 * np.eye(6)[piece]).astype(np.float32)
    return Snapshot(
        epoch=2, step=4, index=np.arange(N), spaces={"z": codes}, logits=logits, view_logits=(logits[:, ::-1],)
    )


def test_merged_clusters_keep_number_name_and_colour_of_their_largest_part(pieces: Snapshot) -> None:
    whole = of(pieces, dataset=None)
    shown = whole.merged(3)
    assert shown.sizes.tolist() == [20, 20, 20] and shown.unmerged is whole and shown.own is whole
    assert [shown.cluster_name(k) for k in range(3)] == ["mine", "4", "6"]
    assert shown.colors == tuple(whole.colors[k] for k in (1, 3, 5))
    assert [group.origin for group in shown.groups] == [(0, 1), (2, 3), (4, 5)]
    assert np.array_equal(shown.y_pred, whole.y_pred // 2)
    assert shown.merged(6) is whole and shown.merged(None) is whole and whole.merged(3) is shown
    assert shown.merged(5).cut is not None and shown.merged(5).unmerged is whole
    assert whole.merged(1).sizes.tolist() == [60] and shown.tree is whole.tree
    with pytest.raises(ValueError, match="k = 7 came; clusters of this run can be merged to 1 to 6"):
        whole.merged(7)


def test_views_and_other_epochs_are_merged_alike(pieces: Snapshot) -> None:
    shown = of(pieces, dataset=None).merged(3)
    alone = shown.of_view(0)
    assert alone.snapshot.n_clusters == 3 and alone.unmerged is not None and alone.unmerged.snapshot.n_clusters == 6
    assert np.array_equal(alone.y_pred, 2 - shown.y_pred)
    other = of(pieces, dataset=None)
    moved = other.merged_like(shown)
    assert np.array_equal(moved.y_pred, shown.y_pred) and other.merged_like(other) is other
    assert np.array_equal(shown.laid_over(pieces).y_pred, shown.y_pred)
    assert shown.form != other.form and moved.form == shown.form


def test_clusters_of_captions_without_classes_are_named_by_their_words(pieces: Snapshot) -> None:
    data = catalogue.load("digits", limit=N)
    things = np.array(["red rose", "green grass", "blue sea"])[pieces.y_pred // 2]
    captioned = replace(data, labels=None, texts=np.array([f"a {thing} here" for thing in things], object))
    whole = of(pieces, dataset=captioned)
    shown = whole.merged(3)
    assert shown.cluster_name(0) == "mine" and set(shown.cluster_name(1)[4:].split(", ")) == {"green", "grass"}
    assert shown.cluster_name(1).startswith("4 · ") and set(shown.cluster_meaning(2).split(", ")) == {"blue", "sea"}
    assert of(pieces, dataset=replace(data, labels=None)).cluster_name(0) == "1"
    with_classes = of(pieces, dataset=replace(captioned, labels=data.labels))
    assert "green" not in "".join(map(with_classes.cluster_name, range(6)))
