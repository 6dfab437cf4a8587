"""Data sets of several views on the pages Data and Train."""

import numpy as np
import pytest
from scipy.io import savemat

from mmclust.ui.shell import cache
from tests.pages.test_pages import assert_clean, open_page, texts, wait_for_jobs


def test_samples_of_several_views_are_shown_side_by_side_with_their_views_and_classes() -> None:
    app = wait_for_jobs(open_page("data", dataset="digits-2view"))
    assert_clean(app)
    words = texts(app)
    assert "left to right: pixels, strokes" in words and "A profile has one bar per column" in words
    assert words.count('alt="strokes of sample') > 10
    assert "mm-bars" in words
    app.button_group[0].set_value(3).run()
    assert "of 183 samples" in texts(app)
    figures = app.get("plotly_chart")
    assert len(figures) == 1, "the strokes of one sample in full"
    app.session_state["data-tab"] = "Views"
    words = texts(wait_for_jobs(app.run()))
    assert "<td>72 numbers</td>" in words and "<td>8 × 8 pixels</td>" in words


def test_every_control_of_the_data_page_has_a_help_text() -> None:
    app = wait_for_jobs(open_page("data", dataset="digits-2view"))
    controls = [*app.radio, *app.button_group, *app.number_input, *app.button]
    assert len(controls) >= 5
    assert [control.label for control in controls if not control.proto.help] == []


def test_classes_without_names_can_be_chosen_too(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng, labels = np.random.default_rng(0), np.arange(60) % 7
    savemat(tmp_path / "caltech-2v.mat", {"X1": rng.random((60, 40)), "X2": rng.random((60, 254)), "Y": labels})
    monkeypatch.setenv("MMCLUST_DATA", str(tmp_path))
    app = wait_for_jobs(open_page("data", dataset="caltech-2v"))
    assert_clean(app)
    assert "class 7" in texts(app)
    app.button_group[0].set_value(6).run()
    assert "of 8 samples" in texts(app) and ">class 1<" not in texts(app)


def test_the_form_shows_what_is_odd_about_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "warnings", lambda *_: ("2 of the 72 columns of view strokes are constant.",))
    app = open_page("train", dataset="digits-2view")
    assert_clean(app)
    assert "2 of the 72 columns of view strokes are constant." in texts(app)
    assert "1,797 samples in 2 views (pixels 8 × 8, strokes 72 numbers), 10 classes" in texts(app)


def test_a_method_of_images_is_not_offered_for_two_views_not_even_by_the_url() -> None:
    app = open_page("train", dataset="digits-2view", method="dccs")
    assert_clean(app)
    box = next(box for box in app.selectbox if box.label == "Method")
    assert "DCCS" not in box.options
    assert box.value != "dccs"
    one = open_page("train", dataset="digits", method="msdib")
    assert_clean(one)
    assert "MSDIB" not in next(box for box in one.selectbox if box.label == "Method").options
