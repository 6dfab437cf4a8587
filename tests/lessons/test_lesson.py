import numpy as np
import pytest

from mmclust.lessons.lesson import FEW, HIGHER, LOWER, SAME, Guess, difference, n_seeds, percent
from mmclust.lessons.make import _rounded
from mmclust.lessons.merged import result, scattered
from mmclust.lessons.seeds import best_of
from mmclust.lessons.style import nearest
from mmclust.plots.dots import seed_dots
from mmclust.sweeps.results import summarise

SHARE = Guess(question="How many?", answer=63.4, step=5)
CHOICE = Guess(question="Which?", answer="b", options={"a": "first", "b": "second"})


def test_a_prediction_is_compared_with_the_runs():
    assert SHARE.verdict(60.0) == "You said **60 %**, the runs say **63 %**: close."
    assert SHARE.verdict(90.0).endswith("you expected more.")
    assert SHARE.verdict(10.0).endswith("you expected less.")
    assert CHOICE.verdict("b") == "You said **second**, and the runs agree."
    assert CHOICE.verdict("a") == "You said **first**; the runs say **second**."


@pytest.mark.parametrize("text", ["", "abc", "101", "-1", "nan"])
def test_an_impossible_prediction_in_an_address_is_none(text: str):
    assert SHARE.read(text) is None
    assert CHOICE.read(text) is None


def test_a_prediction_is_read_from_an_address():
    assert SHARE.read("85") == 85
    assert CHOICE.read("a") == "a"


def test_a_difference_counts_from_twice_its_standard_error_on():
    far, near = summarise([0.9, 0.91, 0.92]), summarise([0.8, 0.81, 0.82])
    wide = summarise([0.7, 0.8, 0.9])
    assert (difference(far, near), difference(near, far), difference(wide, near)) == (HIGHER, LOWER, SAME)
    assert difference(summarise([0.99]), near) == FEW


def test_figures_in_words():
    assert percent(summarise([0.9, 0.92])) == "91.0 ± 1.4 %"
    assert percent(summarise([0.9])) == "90.0 %"
    assert n_seeds(summarise([0.9]), summarise([0.8])) == "1 seed each"
    assert n_seeds(summarise([0.9, 0.8]), summarise([0.8])) == "2 and 1 seeds"


def test_the_best_of_so_many_is_the_mean_over_all_sets_of_runs():
    assert best_of([3.0, 1.0, 2.0]) == pytest.approx([2.0, (2 + 3 + 3) / 3, 3.0])


def test_nearest_samples_are_those_of_all_distances():
    codes = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)
    distances = np.linalg.norm(codes[:, None] - codes, axis=2)
    np.fill_diagonal(distances, np.inf)
    assert (nearest(codes, 5) == distances.argsort(axis=1)[:, :5]).all()


def test_scattered_mistakes_leave_as_many_right_as_asked_for():
    labels = np.arange(200) % 4
    moved = scattered(labels, labels, 150)
    assert (moved == labels).sum() == 150
    assert result(labels, moved).scores["acc"] == 0.75
    assert len(np.unique(moved[moved != labels])) == 4


def test_rounded_scores_keep_their_order_of_magnitude():
    values = np.random.default_rng(0).normal(size=1000).astype(np.float32) * 30
    assert np.allclose(_rounded(values), values, rtol=2**-12, atol=0)
    assert (_rounded(np.arange(5)) == np.arange(5)).all(), "whole numbers stay"


def test_dots_name_every_seed_and_escape_names():
    html = seed_dots({"<b>": [0.5, 0.75], "other": [0.6]}, axis="ACC", alt="two settings", marks={1: "best"})
    assert html.count("mm-dots-seed") == 3
    assert "&lt;b&gt;: 62.5 ± 17.7 %" in html and "other: 60.0 %" in html
    assert 'title="seed 1: 75.0 %"' in html and ">best</small>" in html
