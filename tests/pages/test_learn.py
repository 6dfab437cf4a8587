"""The Learn page: predict, see what the runs say, go on and back; the URL says where one is."""

import pytest
from streamlit.testing.v1 import AppTest

from mmclust.lessons.lessons import LESSONS
from mmclust.lessons.shipped import STYLE, run_id
from mmclust.runs import store as stores
from tests.pages.test_pages import assert_clean, open_page, texts

GUESSES = {"style": "30", "augmentation": "30", "over-clustering": "higher", "merged": "20", "seeds": "5"}


def click(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label.startswith(label)).click().run()
    assert_clean(app)
    return app


def place(app: AppTest) -> tuple[str, str]:
    return app.query_params["lesson"], app.query_params["step"]


@pytest.mark.parametrize(("number", "name"), list(enumerate(LESSONS, start=1)))
def test_every_step_of_every_lesson_is_drawn_and_nothing_is_told_too_early(number: int, name: str) -> None:
    app = open_page("learn", lesson=str(number))
    assert_clean(app)
    assert place(app) == (str(number), "1")
    click(app, "Next")
    assert place(app) == (str(number), "2")
    assert "after your prediction" in texts(app)
    assert "You said" not in texts(app)
    assert next(button for button in app.button if button.label == "Next").disabled
    app.query_params["guess"] = GUESSES[name]
    app.run()
    assert_clean(app)
    assert "You said" in texts(app) and "mm-scene" in texts(app)
    click(app, "Next")
    assert place(app) == (str(number), "3")
    assert "Takeaway." in texts(app)


def test_a_prediction_is_made_shown_kept_in_the_url_and_taken_back() -> None:
    app = open_page("learn", lesson="1", step="2")
    app.slider[0].set_value(20).run()
    assert "guess" not in app.query_params
    click(app, "Show the result")
    assert "You said **20 %**, the runs say" in texts(app)
    assert app.query_params["guess"] == "20"
    assert not app.slider, "a prediction can't be changed once the result is shown"
    click(app, "Next")
    click(app, "Back")
    assert "You said **20 %**" in texts(app)
    click(app, "Predict again")
    assert "guess" not in app.query_params
    assert len(app.slider) == 1


def test_a_slider_that_was_moved_as_the_button_was_pressed_counts_as_it_stands() -> None:
    app = open_page("learn", lesson="1", step="2")
    app.slider[0].set_value(20)  # the browser sends both together while the page is still drawing
    click(app, "Show the result")
    assert "You said **20 %**" in texts(app)


def test_a_choice_has_to_be_made_before_the_result_is_shown() -> None:
    app = open_page("learn", lesson="3", step="2")
    show = next(button for button in app.button if button.label == "Show the result")
    assert show.disabled
    app.radio[0].set_value("same").run()
    click(app, "Show the result")
    assert "You said **no clear difference**" in texts(app)


def test_lessons_follow_each_other_and_the_first_and_last_step_are_ends() -> None:
    app = open_page("learn")
    assert place(app) == ("1", "1")
    assert next(button for button in app.button if button.label == "Back").disabled
    app.button_group[0].set_value(2).run()
    assert_clean(app)
    assert place(app) == ("2", "1")
    click(app, "Back")
    assert place(app) == ("1", "3")
    click(app, "Next lesson: Augmentation")
    assert place(app) == ("2", "1")
    assert "✓" in str(app.button_group[0].options), "a lesson that was seen to its end is ticked off"
    assert not [button for button in open_page("learn", lesson="5", step="3").button if "Next" in button.label]


@pytest.mark.parametrize("query", [{"lesson": "9"}, {"lesson": "x", "step": "-1"}, {"step": "99"}, {"guess": "inf"}])
def test_junk_in_the_url_shows_the_first_lesson(query: dict[str, str]) -> None:
    app = open_page("learn", **query)
    assert_clean(app)
    assert place(app) == ("1", "1")
    assert "guess" not in app.query_params


@pytest.mark.parametrize("page", ["map", "clusters", "confusion", "disentangle"])
def test_the_run_of_a_lesson_opens_on_other_pages(page: str) -> None:
    app = open_page(page, run=run_id(STYLE, 0), projection="PCA")
    assert_clean(app)
    assert app.query_params["run"] == run_id(STYLE, 0)
    assert not app.toast


def test_the_train_form_opens_with_the_settings_of_the_lesson() -> None:
    app = open_page("train", beta_aug="4.5")
    app.switch_page("learn.py").run()
    app.query_params["lesson"], app.query_params["step"] = "1", "3"
    app.run()
    click(app, "Try it")
    app.switch_page("train.py").run()  # the test's own browser does not follow a page's order to go elsewhere
    assert "beta_aug" not in app.query_params


def test_without_the_runs_the_page_says_how_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "open_lessons", lambda home: None)
    app = open_page("learn")
    assert_clean(app)
    assert "python -m mmclust lessons" in texts(app)
