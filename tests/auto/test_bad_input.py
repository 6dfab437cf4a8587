"""Data that are hard or wrong: what preset auto makes of them before and after a method was trained."""

from typing import Any

import numpy as np
import pytest
from auto.families import blobs, graph, noise, topics
from scipy import sparse

from mmclust.auto import preparation, starts, view_run
from mmclust.data import preprocessing
from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.evaluation.snapshot import Snapshot
from mmclust.specs import build_spec


@pytest.fixture(autouse=True)
def quick_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starts, "ALIGN_NOISE", ())
    monkeypatch.setattr(starts, "N_SEEDS", 2)


def judged(views: list[np.ndarray], labels: np.ndarray, n_clusters: int) -> dict[str, Any]:
    """What is stored beside a run whose method changed nothing of its start."""
    specs = tuple(ViewSpec(name=f"v{i}", kind="vector", shape=view.shape[1:]) for i, view in enumerate(views))
    spec = DataSpec(name="mine", views=specs, n_clusters=n_clusters)
    data = MultiViewDataset(spec=spec, views=tuple(views), labels=labels)
    steps, found = view_run.chosen_steps(data, n_clusters)
    run = view_run.ViewRun(preprocessing.prepare(data, steps), n_clusters, seed=0)
    logits = np.eye(n_clusters, dtype=np.float32)[run.pool.start.clusters]
    deep = Snapshot(epoch=1, step=1, index=np.arange(len(labels)), spaces={}, logits=logits)
    earned = run.earned(deep, curve=[], taken_over=1)
    about = [
        {"name": view.name, "related": related, "kind": kind, "copy_of": copy}
        for view, related, kind, copy in zip(specs, found.related, found.kinds, found.copies, strict=True)
    ]
    return view_run.document(run, earned, about, steps=steps)


def test_one_cluster_is_refused():
    with pytest.raises(ValueError, match="clusters=1 is not allowed .* 2 or more"):
        build_spec("digits-2view", "dmim", clusters=1)


@pytest.mark.parametrize("n_samples", [3, 12])
def test_as_many_clusters_as_samples_are_too_few_samples(n_samples: int):
    views, _ = blobs(n_samples=n_samples)
    found = judged(views, np.arange(n_samples), n_samples)
    assert found["verdict"]["word"] in ("too small", "nothing found")
    assert found["n_samples"] == n_samples


def test_three_samples_in_two_clusters_are_too_few():
    views, _ = blobs(n_samples=3)
    assert judged(views, np.array([0, 0, 1]), 2)["verdict"]["word"] in ("too small", "nothing found")


def test_a_view_of_noise_is_named_and_does_not_hide_the_classes():
    views, labels = blobs(n_samples=160)
    found = judged([*views, noise(160)], labels, 5)
    assert [view["related"] for view in found["views"]] == [True, True, False]
    assert found["partitions"]["start"]["acc"] > 0.9
    assert any("v2 has no more in common" in reason for reason in found["verdict"]["reasons"])


def test_a_copy_of_a_view_is_named_and_gains_no_vote():
    views, labels = blobs(n_samples=160)
    found = judged([*views, views[0].copy()], labels, 5)
    assert [view["copy_of"] for view in found["views"]] == [None, None, 0]
    assert found["partitions"]["start"]["acc"] > 0.9


def test_a_constant_view_does_no_harm():
    views, labels = blobs(n_samples=160)
    found = judged([*views, np.full((160, 4), 3, np.float32)], labels, 5)
    assert found["partitions"]["start"]["acc"] > 0.9
    assert found["views"][2]["related"] is False


def test_twenty_thousand_sparse_columns_are_counts():
    views, labels = topics(n_samples=160, n_words=(20_000, 700))
    assert preparation.kind_of(sparse.csr_matrix(views[0])) == "counts"
    found = judged(views, labels, 4)
    assert [view["kind"] for view in found["views"]] == ["counts", "counts"]
    assert found["partitions"]["start"]["acc"] > 0.8


def test_a_graph_is_taken_for_one_only_where_it_is_symmetric():
    views, labels = topics(n_samples=160)
    edges = graph(labels)
    assert preparation.kind_of(edges) == "graph"
    assert preparation.kind_of(np.triu(edges)) == "counts"
    found = judged([edges, views[0]], labels, 4)
    assert found["views"][0]["kind"] == "graph" and found["partitions"]["start"]["acc"] > 0.9


def test_unrelated_views_are_said_to_be_unrelated():
    first, labels = blobs(n_samples=160)
    found = judged([first[0], noise(160)], labels, 5)
    assert found["verdict"]["word"] == "nothing found"
    assert "do not seem to belong together" in found["verdict"]["reasons"][0]


def test_views_in_different_order_are_said_not_to_belong_together():
    views, labels = blobs(n_samples=160)
    order = np.random.default_rng(0).permutation(160)
    found = judged([views[0], views[1][order]], labels, 5)
    assert found["verdict"]["word"] == "nothing found"
    assert found["verdict"]["reasons"][0].startswith("The rows of these views do not seem to belong together")
