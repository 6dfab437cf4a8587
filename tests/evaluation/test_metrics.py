import math
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference

from mmclust.evaluation import metrics

labels = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 7)), min_size=2, max_size=60)


def test_figures_worked_out_by_hand():
    y_true = np.array([0, 0, 0, 1, 1, 1])
    y_pred = np.array([1, 1, 0, 0, 0, 0])
    figures = metrics.score(y_true, y_pred)
    assert figures["acc"] == pytest.approx(5 / 6)
    assert figures["purity"] == pytest.approx(5 / 6)
    assert figures["ari"] == pytest.approx((4 - 6 * 7 / 15) / ((6 + 7) / 2 - 6 * 7 / 15))


@given(labels)
def test_figures_agree_with_scikit_learn(pairs):
    y_true, y_pred = np.array(pairs).T
    figures = metrics.score(y_true, y_pred)
    nmi = reference.normalized_mutual_info_score
    assert figures["ari"] == pytest.approx(reference.adjusted_rand_score(y_true, y_pred), abs=1e-9)
    assert figures["nmi"] == pytest.approx(nmi(y_true, y_pred), abs=1e-9)
    assert figures["nmi_geometric"] == pytest.approx(nmi(y_true, y_pred, average_method="geometric"), abs=1e-9)


@given(labels, st.permutations(range(8)))
def test_names_of_clusters_do_not_matter(pairs, names):
    y_true, y_pred = np.array(pairs).T
    assert metrics.score(y_true, np.array(names)[y_pred]) == pytest.approx(metrics.score(y_true, y_pred))


@given(labels)
def test_accuracy_is_the_mean_of_right_samples(pairs):
    y_true, y_pred = np.array(pairs).T
    assert metrics.is_right(y_true, y_pred).mean() == pytest.approx(metrics.acc(y_true, y_pred))


def test_single_figures_equal_those_of_score():
    rng = np.random.default_rng(0)
    y_true, y_pred = rng.integers(0, 4, 200), rng.integers(0, 6, 200)
    figures = metrics.score(y_true, y_pred)
    for one in (metrics.acc, metrics.ari, metrics.purity):
        assert one(y_true, y_pred) == figures[one.__name__]


def test_one_class_in_one_cluster_is_perfect_and_two_clusters_of_it_share_no_information():
    ones = np.zeros(6, int)
    assert metrics.score(ones, ones)["nmi"] == 1.0
    assert metrics.score(ones, ones)["ari"] == 1.0
    halves = np.array([0, 0, 0, 1, 1, 1])
    assert metrics.score(ones, halves)["nmi"] == 0.0
    assert metrics.score(ones, halves)["nmi_geometric"] == 0.0


def test_accuracy_leaves_surplus_clusters_without_a_class():
    y_true = np.array([0, 0, 1, 1])
    assert metrics.acc(y_true, np.array([0, 1, 2, 2])) == pytest.approx(3 / 4)


def test_matching_puts_the_largest_sum_on_the_diagonal():
    counts = np.array([[1, 9, 0], [0, 2, 8], [7, 0, 1]])
    order = metrics.match(counts)
    assert order.tolist() == [1, 2, 0]
    assert np.diag(counts[:, order]).tolist() == [9, 8, 7]
    assert metrics.match_classes(counts).tolist() == [2, 0, 1]


def test_matching_with_more_clusters_than_classes_puts_the_rest_last_by_size():
    counts = np.array([[1, 9, 0, 3, 2], [0, 2, 8, 0, 0]])
    assert metrics.match(counts).tolist() == [1, 2, 3, 4, 0]
    assert metrics.match_classes(counts).tolist() == [-1, 0, 1, -1, -1]


def test_matching_with_fewer_clusters_than_classes_keeps_the_order_of_classes():
    counts = np.array([[0, 1], [0, 9], [8, 0]])
    assert metrics.match(counts).tolist() == [1, 0]


def test_confusion_keeps_empty_classes_and_clusters():
    counts = metrics.confusion(np.array([0, 2]), np.array([1, 1]), 4, 3)
    assert counts.shape == (4, 3)
    assert counts[0, 1] == counts[2, 1] == 1
    assert counts.sum() == 2


@pytest.mark.parametrize(
    ("y_true", "y_pred", "words"),
    [
        ([], [], "at least one sample"),
        ([0, -2], [0, 0], "class -2 came"),
        ([-1, -1], [0, 1], "at least one sample with a class"),
    ],
)
def test_bad_labels_are_refused_in_one_sentence(y_true, y_pred, words):
    with pytest.raises(ValueError, match=words):
        metrics.score(np.array(y_true, int), np.array(y_pred, int))


def test_samples_without_a_class_are_in_no_figure():
    y_true, y_pred = np.array([0, 0, 1, 1, -1, -1]), np.array([0, 0, 1, 0, 1, 0])
    known = y_true >= 0
    assert metrics.score(y_true, y_pred) == metrics.score(y_true[known], y_pred[known])
    assert metrics.is_right(y_true, y_pred).tolist() == [True, True, True, False, False, False]
    assert metrics.confusion(y_true, y_pred).sum() == 4
    logits = np.eye(2)[y_pred]
    assert metrics.acc_top(y_true, logits, 1) == 0.75
    one, other = metrics.per_cluster(np.eye(2)[y_pred], y_true)
    assert (one.size, other.size, one.precision, other.precision) == (4, 2, 2 / 3, 1.0)
    shown, names = metrics.shown_groups(y_true, ["cat", "dog"])
    assert shown.tolist() == [0, 0, 1, 1, 2, 2] and names == ["cat", "dog", "no class"]


def test_a_label_outside_the_table_is_refused():
    with pytest.raises(ValueError, match="cluster 3 came; cluster ids may be 0 to 2"):
        metrics.confusion(np.array([0]), np.array([3]), 2, 3)


def test_figures_of_each_cluster():
    probs = np.array([[0.9, 0.1, 0.0], [0.8, 0.2, 0.0], [0.6, 0.4, 0.0], [0.3, 0.7, 0.0]])
    first, second, empty = metrics.per_cluster(probs, np.array([1, 1, 0, 0]), 2)
    assert (first.size, first.matched_class, first.recall) == (3, 1, 1.0)
    assert first.precision == pytest.approx(2 / 3)
    assert first.confidence == pytest.approx((0.9 + 0.8 + 0.6) / 3)
    assert (second.matched_class, second.precision, second.recall) == (0, 1.0, 0.5)
    assert (empty.size, empty.confidence, empty.matched_class, empty.precision) == (0, 0.0, None, None)


def test_a_class_among_the_best_clusters_counts_as_found():
    y_true = np.array([0, 0, 0, 1, 1, 2])
    # clusters 2, 0 and 1 are matched to the classes 0, 1 and 2
    logits = np.array([[0, 1, 5], [0, 1, 5], [5, 0, 1], [5, 0, 1], [5, 0, 1], [3, 2, 1]], float)
    assert metrics.acc_top(y_true, logits, 1) == metrics.acc(y_true, logits.argmax(axis=1)) == pytest.approx(4 / 6)
    assert metrics.acc_top(y_true, logits, 2) == 1.0  # sample 2 has cluster 2 second, sample 5 cluster 1
    assert metrics.acc_top(y_true[:5], logits[:5], 3) == 1.0


def test_clusters_without_a_class_are_nobody_s_best():
    assert metrics.acc_top(np.array([0, 0]), np.array([[2.0, 1.0], [2.0, 1.0]]), 5) == 1.0
    assert metrics.acc_top(np.array([0, 0, 0]), np.array([[2.0, 1.0], [2.0, 1.0], [0.0, 1.0]]), 1) == pytest.approx(
        2 / 3
    )


def test_figures_of_each_cluster_without_labels_hide_only_what_needs_them():
    figures = metrics.per_cluster(np.array([[0.9, 0.1], [0.2, 0.8]]))
    assert [f.size for f in figures] == [1, 1]
    assert figures[0].confidence == 0.9
    assert figures[0].precision is None


def test_usage_entropy_is_ln_k_for_even_use_and_zero_for_one_cluster():
    assert metrics.usage_entropy(np.arange(10)) == pytest.approx(math.log(10))
    assert metrics.usage_entropy(np.full(10, 3)) == 0.0
    assert metrics.usage_entropy(np.eye(4, dtype=np.float32)) == pytest.approx(math.log(4))
    assert metrics.usage_entropy(np.array([[0.5, 0.5], [1.0, 0.0]])) == pytest.approx(
        -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    )


def test_seventy_thousand_samples_are_scored_in_a_blink():
    rng = np.random.default_rng(0)
    y_true, y_pred = rng.integers(0, 10, 70_000), rng.integers(0, 10, 70_000)
    times = []
    for _ in range(5):
        start = time.process_time()
        metrics.score(y_true, y_pred)
        times.append(time.process_time() - start)
    assert min(times) < 0.05
