import numpy as np
import pytest

from mmclust.analysis import uncertainty

LOGITS = np.log(np.array([[0.5, 0.4, 0.1], [0.1, 0.1, 0.8], [0.2, 0.79, 0.01]]))


def test_entropy_is_zero_for_one_cluster_and_ln_k_for_all_alike() -> None:
    log_probs = np.log(np.array([[1.0, 1e-300, 1e-300], [1 / 3, 1 / 3, 1 / 3], [0.5, 0.5, 1e-300]]))
    assert uncertainty.entropy(log_probs) == pytest.approx([0.0, np.log(3), np.log(2)])


def test_the_runner_up_has_the_second_largest_score() -> None:
    assert uncertainty.runner_up(LOGITS).tolist() == [1, 0, 0]
    assert uncertainty.runner_up(np.zeros((2, 1))).tolist() == [0, 0]
    assert LOGITS[0, 0] == np.log(0.5), "scores are left as they were"


def test_the_margin_is_the_log_odds_of_the_two_largest() -> None:
    assert uncertainty.margin(LOGITS) == pytest.approx([np.log(5 / 4), np.log(8), np.log(79 / 20)])
    assert np.isinf(uncertainty.margin(np.zeros((2, 1)))).all()


def test_means_by_cluster_leave_empty_ones_at_zero() -> None:
    assert uncertainty.mean_by_cluster(np.array([1.0, 3.0, 5.0]), np.array([0, 0, 2]), 3).tolist() == [2.0, 0.0, 5.0]
