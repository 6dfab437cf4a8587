import time

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from mmclust.analysis import consensus as room
from mmclust.analysis.consensus import consensus
from mmclust.evaluation.metrics import ari


def noisy(n: int, n_clusters: int, n_runs: int, share: float) -> tuple[np.ndarray, list[np.ndarray]]:
    """A clustering, and runs that move a share of the samples and number the clusters in orders of their own."""
    draw = np.random.default_rng(0)
    truth = draw.integers(0, n_clusters, n)
    runs = []
    for _ in range(n_runs):
        moved = np.where(draw.random(n) < share, draw.integers(0, n_clusters, n), truth)
        runs.append(draw.permutation(n_clusters)[moved])
    return truth, runs


def test_the_consensus_is_average_linkage_on_the_whole_matrix():
    _, runs = noisy(200, 4, 5, 0.1)
    whole = np.mean([run[:, None] == run for run in runs], axis=0)
    tree = linkage(squareform(1 - whole, checks=False), "average")
    expected = fcluster(tree, 4, "maxclust") - 1
    assert ari(expected.astype(np.int64), consensus(runs, 4).clusters) == pytest.approx(1.0)


def test_closeness_is_the_mean_co_association_with_the_own_cluster():
    _, runs = noisy(120, 3, 4, 0.2)
    found = consensus(runs, 3)
    whole = np.mean([run[:, None] == run for run in runs], axis=0)
    expected = [whole[i, found.clusters == k].mean() for i, k in enumerate(found.clusters)]
    assert found.closeness == pytest.approx(np.array(expected))


def test_runs_that_agree_give_their_clusters():
    truth, runs = noisy(100, 5, 3, 0.0)
    found = consensus(runs, 5)
    assert ari(truth, found.clusters) == 1.0
    assert (found.agreement == 1).all() and (found.closeness == 1).all()
    assert (np.diff(np.bincount(found.clusters)) <= 0).all(), "the largest cluster comes first"


def test_a_sample_that_one_of_three_runs_puts_elsewhere_has_two_of_three():
    first = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2])
    other = first.copy()
    other[0] = 1
    found = consensus([first, np.array([1, 2, 0])[first], np.array([2, 0, 1])[other]])
    assert found.agreement == pytest.approx([2 / 3, *[1] * 8])
    assert found.unstable[0] == 0
    assert ari(first, found.clusters) == 1.0


def test_the_consensus_is_better_than_the_runs_it_comes_from():
    truth, runs = noisy(2000, 4, 9, 0.4)
    found = consensus(runs)
    alone = [ari(truth, run) for run in runs]
    assert ari(truth, found.clusters) > max(alone) + 0.2
    assert (np.diff(found.agreement[found.unstable]) >= 0).all()


def test_runs_may_have_different_numbers_of_clusters():
    first = np.repeat([0, 1, 2], 4)
    halves = 2 * first + np.tile([0, 0, 1, 1], 3)
    found = consensus([first, np.minimum(first, 1), halves], 3)
    assert ari(first, found.clusters) == 1.0
    assert found.agreement.min() >= 1 / 3 and found.agreement.max() == 1
    assert len(set(consensus([first, halves]).clusters)) == 6, "as many as the run with most, where none are asked for"


def test_runs_that_have_all_collapsed_have_a_consensus():
    found = consensus([np.zeros(5, int), np.full(5, 3)])
    assert set(found.clusters) == {0} and (found.agreement == 1).all()


def test_rare_patterns_join_the_cluster_they_are_closest_to(monkeypatch: pytest.MonkeyPatch):
    truth, runs = noisy(2000, 4, 6, 0.2)
    whole = consensus(runs, 4).clusters
    monkeypatch.setattr(room, "MOST_PATTERNS", 60)
    part = consensus(runs, 4).clusters
    assert ari(whole, part) > 0.9
    assert ari(truth, part) > 0.9


def test_seventy_thousand_samples_need_no_matrix_of_samples():
    truth, runs = noisy(70_000, 10, 5, 0.05)
    began = time.process_time()
    found = consensus(runs, 10)
    assert time.process_time() - began < 60, "seconds on one core; some three are usual"
    assert ari(truth, found.clusters) > 0.99


def test_one_run_or_too_many_clusters_are_refused_in_a_sentence():
    with pytest.raises(ValueError, match="two or more"):
        consensus([np.zeros(3, int)], 2)
    with pytest.raises(ValueError, match="choose fewer clusters"):
        consensus([np.zeros(3, int), np.zeros(3, int)], 2)
