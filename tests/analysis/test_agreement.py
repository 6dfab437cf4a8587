import numpy as np
import pytest

from mmclust.analysis import agreement

NAMES = ["1 · cat", "2 · dog", "3 · owl", "4 · fox"]


def signs(counts):
    return [(sign.kind, sign.left, sign.right) for sign in agreement.diagnose(np.array(counts))]


def test_equal_assignments_have_no_sign_and_agree_wholly():
    counts = np.diag([10, 20, 30])
    assert agreement.diagnose(counts) == []
    assert agreement.agreement(counts) == agreement.matched_agreement(counts) == 1.0
    assert "no cluster is dead" in agreement.verdict(counts, [], "view 1", "view 2")


def test_two_clusters_that_changed_places_are_swapped_and_agree_once_renumbered():
    counts = np.array([[0, 48, 2], [50, 0, 0], [0, 0, 50]])
    assert signs(counts) == [("swapped", (0, 1), (1, 0))]
    assert agreement.agreement(counts) == pytest.approx(50 / 150)
    assert agreement.matched_agreement(counts) == pytest.approx(148 / 150)
    (sign,) = agreement.diagnose(counts)
    assert agreement.words(sign, "view 1", "view 2", NAMES) == (
        "**Swapped**: clusters 1 · cat and 2 · dog have changed places between view 1 and view 2."
    )
    text = agreement.verdict(counts, [sign], "view 1", "view 2")
    assert text.startswith("View 1 and view 2 name the same cluster for 33.3%")
    assert "98.7% if clusters could change their numbers" in text


def test_a_round_of_three_is_one_sign_and_names_each_partner():
    counts = 50 * np.eye(4, dtype=int)[[1, 2, 0, 3]]
    assert signs(counts) == [("swapped", (0, 1, 2), (1, 2, 0))]
    (sign,) = agreement.diagnose(counts)
    assert "1 · cat is 2 · dog, 2 · dog is 3 · owl, 3 · owl is 1 · cat" in agreement.words(sign, "a", "b", NAMES)


def test_a_cluster_whose_samples_lie_in_two_is_split_and_merged_when_read_backwards():
    counts = np.array([[50, 50, 0], [0, 4, 0], [0, 0, 100]])
    assert signs(counts) == [("dead", (1,), ()), ("split", (0,), (0, 1))]
    assert signs(counts.T) == [("dead", (), (1,)), ("merged", (0, 1), (0,))]
    dead, split = agreement.diagnose(counts)
    assert agreement.words(dead, "view 1", "view 2", NAMES) == "**Dead**: cluster 2 · dog is almost empty in view 1."
    assert agreement.words(split, "view 1", "view 2", NAMES) == (
        "**Split**: cluster 1 · cat of view 1 is divided into 1 · cat and 2 · dog in view 2."
    )


def test_a_cluster_that_is_empty_on_both_sides_is_one_sign():
    counts = np.diag([50, 0, 50])
    (sign,) = agreement.diagnose(counts)
    assert agreement.words(sign, "view 1", "view 2", NAMES).endswith("almost empty in both view 1 and view 2.")


def test_scattered_differences_are_no_sign_but_said():
    counts = np.full((4, 4), 10) + 60 * np.eye(4, dtype=int)
    assert agreement.diagnose(counts) == []
    assert "sample by sample" in agreement.verdict(counts, [], "view 1", "view 2")


@pytest.mark.parametrize("seed", range(5))
def test_renumbering_the_clusters_of_both_sides_alike_renumbers_the_signs(seed):
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 60, (5, 5)) * (rng.random((5, 5)) < 0.4) + 30 * np.eye(5, dtype=int)[rng.permutation(5)]
    order = rng.permutation(5)
    found = agreement.diagnose(counts[np.ix_(order, order)])
    renamed = sorted(
        (sign.kind, tuple(sorted(order[list(sign.left)].tolist())), tuple(sorted(order[list(sign.right)].tolist())))
        for sign in found
    )
    expected = [(s.kind, tuple(sorted(s.left)), tuple(sorted(s.right))) for s in agreement.diagnose(counts)]
    assert renamed == sorted(expected)


def test_disagreements_come_with_the_surest_first():
    left = np.log([[0.9, 0.1], [0.6, 0.4], [0.99, 0.01], [0.2, 0.8]])
    right = np.log([[0.1, 0.9], [0.4, 0.6], [0.9, 0.1], [0.3, 0.7]])
    assert agreement.certain_disagreements([left, right]).tolist() == [0, 1]
    assert agreement.certain_disagreements([left, left]).tolist() == []


def test_every_kind_of_disagreement_comes_once_before_any_comes_twice():
    sure, unsure = np.log([0.98, 0.01, 0.01]), np.log([0.5, 0.25, 0.25])
    left = np.stack([sure, sure, sure, unsure])
    right = np.stack([np.roll(sure, 1), np.roll(sure, 1), sure, np.roll(unsure, 2)])
    assert agreement.certain_disagreements([left, right]).tolist() == [0, 3, 1]
