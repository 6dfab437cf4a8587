import numpy as np
import pytest

from mmclust.analysis.stability import consensus, pairwise_ari

FIRST = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2])


def renamed(clusters: np.ndarray, order: list[int]) -> np.ndarray:
    return np.array(order)[clusters]


def test_names_of_clusters_do_not_matter():
    found = consensus([FIRST, renamed(FIRST, [2, 0, 1]), renamed(FIRST, [1, 2, 0])])
    assert (found.agreement == 1).all()
    np.testing.assert_allclose(pairwise_ari([found.clusters, FIRST]), 1)


def test_a_sample_that_one_of_three_runs_puts_elsewhere_has_two_votes_of_three():
    other = FIRST.copy()
    other[0] = 1
    found = consensus([FIRST, renamed(FIRST, [1, 2, 0]), renamed(other, [2, 0, 1])])
    np.testing.assert_allclose(found.agreement, [2 / 3, *[1] * 8])
    np.testing.assert_allclose(pairwise_ari([found.clusters, FIRST])[0, 1], 1)


def test_the_reference_is_the_run_that_is_most_like_the_others():
    odd = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2])
    assert consensus([odd, FIRST, renamed(FIRST, [1, 0, 2])]).reference in (1, 2)


def test_the_vote_is_better_than_the_runs_it_comes_from():
    draw = np.random.default_rng(0)
    truth = draw.integers(0, 4, 2000)
    runs = []
    for _ in range(9):
        run = truth.copy()
        wrong = draw.random(len(truth)) < 0.3
        run[wrong] = draw.integers(0, 4, wrong.sum())
        runs.append(renamed(run, list(draw.permutation(4))))
    found = pairwise_ari([truth, consensus(runs).clusters, *runs])[0]
    assert found[1] > found[2:].max() + 0.2


def test_different_numbers_of_clusters_can_vote():
    found = consensus([FIRST, np.minimum(FIRST, 1), np.arange(9)])
    assert found.agreement.min() > 0 and found.agreement.max() <= 1


def test_pairs_of_equal_and_of_crossed_clusterings():
    crossed = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2])
    found = pairwise_ari([FIRST, renamed(FIRST, [2, 1, 0]), crossed])
    np.testing.assert_allclose(found[0], [1, 1, -1 / 3], atol=1e-9)
    np.testing.assert_allclose(found, found.T)


def test_one_run_alone_is_refused():
    with pytest.raises(ValueError, match="two or more"):
        consensus([FIRST])
