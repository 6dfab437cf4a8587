from dataclasses import replace

import pytest

from mmclust.auto.verdict import Limits, Measured, verdict

GOOD = Measured(
    n_samples=500,
    n_clusters=5,
    evidence=0.6,
    evidence_by_view=(0.6, 0.6),
    chance=0.2,
    simple={"k-means, all views": 0.4, "CCA + k-means": 0.5},
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
        ({"evidence_by_view": (0.9, 0.02)}, "views disagree"),
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


def test_other_limits_give_other_words():
    assert verdict(GOOD, Limits(better=1.3)).word == "as good as a simple method"
    assert verdict(GOOD, Limits(beyond_chance=4)).word == "nothing found"
    assert verdict(replace(GOOD, evidence_by_view=(0.9, 0.5)), Limits(silent_view=0.6)).word == "views disagree"
