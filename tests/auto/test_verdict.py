from dataclasses import replace

import pytest

from mmclust.auto.verdict import Limits, Measured, verdict

GOOD = Measured(
    n_samples=500,
    n_clusters=5,
    evidence=0.6,
    evidence_by_view=(0.6, 0.6),
    alone=(0.5, 0.4),
    chance=0.2,
    simple={"k-means, all views": 0.4, "CCA + k-means": 0.5},
    noise=0.02,
    use=0.98,
    views=("text", "image"),
    related=(True, True),
)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, "better than simple methods"),
        ({"evidence": 0.5}, "as good as a simple method"),
        ({"evidence": 0.45}, "worse than a simple method"),
        ({"evidence": 0.21}, "nothing found"),
        ({"related": (False, False), "evidence": 0.2}, "nothing found"),
        ({"related": (False, False)}, "better than simple methods"),
        ({"alone": (0.9, 0.02)}, "views disagree"),
        ({"alone": (0.0, 0.0)}, "better than simple methods"),
        ({"noise": 0.2}, "as good as a simple method"),
        ({"related": (True, False)}, "views disagree"),
        ({"simple": {}}, "as good as a simple method"),
        ({"n_samples": 20}, "too small"),
        ({"use": 0.1}, "collapsed"),
    ],
)
def test_a_word_follows_from_what_is_measured(changes: dict, word: str):
    found = verdict(replace(GOOD, **changes))
    assert found.word == word
    assert all(reason.endswith(".") for reason in found.reasons)


def test_views_in_different_order_are_named():
    found = verdict(replace(GOOD, related=(False, False), evidence=0.2))
    assert "do not seem to belong together" in found.reasons[0]


def test_a_view_that_is_unrelated_to_the_others_is_named_whatever_the_word():
    found = verdict(replace(GOOD, related=(True, False)))
    assert found.reasons[0].startswith("image has no more in common")


def test_views_that_are_the_same_are_named_whatever_the_word():
    for changes in ({}, {"use": 0.1}):
        reason = verdict(replace(GOOD, copies={"image": "text"}, **changes)).reasons[-1]
        assert reason == "text and image are the same, so that their agreement says nothing."


def test_the_view_that_says_something_else_is_named():
    reason = verdict(replace(GOOD, alone=(0.6, 0.05))).reasons[0]
    assert reason == "Clusters of text alone agree with the result by 0.60, those of image alone by 0.05."


def test_a_difference_within_noise_is_told_with_it():
    assert "could be 0.20 more or less" in verdict(replace(GOOD, noise=0.2)).reasons[1]


def test_other_limits_give_other_words():
    assert verdict(GOOD, Limits(better=1.3)).word == "as good as a simple method"
    assert verdict(GOOD, Limits(beyond_chance=4)).word == "nothing found"
    assert verdict(replace(GOOD, alone=(0.9, 0.5)), Limits(silent_view=0.6)).word == "views disagree"


IMAGES = replace(GOOD, simple={"k-means on pixels": 0.5, "UMAP and mixture on edges": 0.7}, of_images=True)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, "better than k-means"),
        ({"alone": (0.9, 0.0)}, "better than k-means"),
        ({"noise": 0.2}, "as good as a simple method"),
        ({"evidence": 0.49}, "as good as a simple method"),
        ({"evidence": 0.4}, "worse than a simple method"),
        ({"evidence": 0.15}, "nothing found"),
        ({"simple": {}}, "as good as a simple method"),
    ],
)
def test_images_are_compared_with_k_means_alone_and_their_pixels_and_edges_need_not_agree(changes: dict, word: str):
    assert verdict(replace(IMAGES, **changes)).word == word


def test_what_cannot_be_told_of_images_is_said():
    reasons = verdict(IMAGES).reasons
    assert reasons[0] == "K-means on pixels has evidence 0.50; this result has 0.60."
    assert "better or worse than UMAP and mixture on edges" in reasons[-1]
