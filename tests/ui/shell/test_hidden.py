"""What a session may see that hides accuracy."""

import numpy as np
import pytest

from mmclust.data import catalogue
from mmclust.ui import lessons
from mmclust.ui.shell import frame, hidden


def test_nothing_is_hidden_where_there_is_no_session():
    assert not hidden.hidden()
    assert hidden.of_curves({"eval/acc": 1}) == {"eval/acc": 1}


def test_curves_of_labels_are_left_out_and_others_stay(monkeypatch):
    monkeypatch.setattr(hidden, "hidden", lambda: True)
    points = {"eval/acc": 1, "view/acc_1": 2, "signal/evidence": 3, "loss/mi": 4}
    assert hidden.of_curves(points) == {"signal/evidence": 3, "loss/mi": 4}


def test_data_without_labels_are_the_same_samples():
    data = catalogue.load("digits", limit=50)
    blind = hidden.without_labels(data)
    assert blind.labels is None and blind.spec.classes == () and data.labels is not None
    np.testing.assert_array_equal(blind.views[0], data.views[0])
    assert blind.spec.n_clusters == data.spec.n_clusters


def test_lessons_wait_where_accuracy_is_hidden(monkeypatch):
    told = []
    monkeypatch.setattr(hidden, "hidden", lambda: True)
    monkeypatch.setattr(frame, "empty", lambda title, *_: told.append(title))
    monkeypatch.setattr(lessons.cache, "store", lambda: pytest.fail("a lesson was read"))
    lessons.draw_lessons()
    assert told == ["Accuracy is hidden"]
