import sys
from types import ModuleType

import numpy as np
import pytest

from mmclust.analysis import topk
from mmclust.evaluation.snapshot import Snapshot


def snapshot_of(logits):
    logits = np.asarray(logits, dtype=np.float32)
    return Snapshot(epoch=1, step=1, index=np.arange(len(logits)) + 50, spaces={}, logits=logits)


@pytest.fixture
def random_snapshot():
    return snapshot_of(np.random.default_rng(0).normal(size=(200, 5)))


def test_the_most_probable_samples_come_first(random_snapshot):
    probs = random_snapshot.probs
    rows = topk.top_k(random_snapshot, 10)
    assert rows.shape == (5, 10)
    for k, row in enumerate(rows):
        np.testing.assert_array_equal(row, np.argsort(-probs[:, k])[:10])


def test_samples_are_ranked_where_every_probability_is_one():
    snapshot = snapshot_of([[200, 0], [400, 0], [300, 0]])
    assert set(snapshot.probs[:, 0]) == {1.0}
    assert topk.top_k(snapshot, 3)[0].tolist() == [1, 2, 0]


def test_an_empty_cluster_still_shows_its_nearest_samples():
    rows = topk.top_k(snapshot_of([[9, 1, 0], [9, 8, 0]]), 1)
    assert rows[1].tolist() == [1]


def test_more_images_than_there_are_samples_gives_all():
    assert topk.top_k(snapshot_of(np.eye(3)), 10).shape == (3, 3)


def test_the_least_confident_belong_to_the_cluster_and_come_first():
    snapshot = snapshot_of([[5, 0], [0.1, 0], [1, 0], [0, 2]])
    first, second = topk.least_confident(snapshot, 2)
    assert first.tolist() == [1, 2]
    assert second.tolist() == [3]


def test_right_and_wrong_samples_follow_the_matching():
    logits = [[9, 0], [8, 0], [7, 0], [0, 9], [0, 5]]
    y_true = np.array([1, 1, 0, 0, 0])  # cluster 0 is class 1, cluster 1 is class 0
    right = topk.typical(snapshot_of(logits), y_true, 5, right=True)
    wrong = topk.typical(snapshot_of(logits), y_true, 5, right=False)
    assert [rows.tolist() for rows in right] == [[0, 1], [3, 4]]
    assert [rows.tolist() for rows in wrong] == [[2], []]


def test_log_odds_are_the_logit_of_the_probability(random_snapshot):
    probs = random_snapshot.probs
    np.testing.assert_allclose(topk.log_odds(random_snapshot), np.log(probs / (1 - probs)), rtol=1e-6, atol=1e-6)


def test_one_cluster_has_an_order_too():
    assert topk.top_k(snapshot_of([[1.0], [3.0], [2.0]]), 2).tolist() == [[1, 2]]


def test_clusters_are_shown_while_another_thread_loads_torch(random_snapshot, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", ModuleType("torch"))  # as it stands there at first
    assert [len(rows) for rows in topk.most_confident(random_snapshot, 3)] == [3] * 5
    assert topk.top_k(random_snapshot, 3).shape == (5, 3)
