"""The form of a training: the budget, the schedule in optimiser steps, and the number of clusters that is suggested."""

import re
from collections.abc import Callable

import pytest
from pages.test_pages import assert_clean, open_page, texts, wait_for_jobs
from streamlit.testing.v1 import AppTest

from mmclust import launch
from mmclust.auto import cluster_count
from mmclust.auto.cluster_count import Suggestion, Tried
from mmclust.runs.spec import UNKNOWN_NUMBER, RunSpec
from mmclust.runs.store import RunStore
from mmclust.specs import build_spec

WORTHS = {2: 0.4, 5: 0.69, 8: 0.7, 20: 0.3}


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Callable[[], RunSpec]:
    """Presses start where nothing is trained; gives the spec of the run."""
    monkeypatch.setattr(launch, "submit", lambda *about: None)
    return lambda: RunStore().list(examples=False)[0].spec


@pytest.fixture
def suggested(monkeypatch: pytest.MonkeyPatch) -> None:
    """The suggestion is known: 8, and 5 is as plausible."""
    tried = [Tried(n_clusters=k, evidence=worth, stability=1.0, deviation=0.01) for k, worth in WORTHS.items()]
    found = Suggestion(n_clusters=8, runner_up=5, plausible=(5, 8), tried=tuple(tried))
    monkeypatch.setattr(cluster_count, "suggest_for", lambda dataset, **about: found)


def number(app: AppTest, label: str):
    return next(box for box in app.number_input if box.label == label)


def choose(app: AppTest, label: str, option: str) -> AppTest:
    group = next(group for group in app.button_group if group.proto.label == label)
    group.set_value(option).run()
    return app


def start(app: AppTest) -> AppTest:
    next(button for button in app.button if button.label == "Start training").click().run()
    assert not app.exception and not app.warning
    return app


def test_a_budget_of_ones_own_plans_more_steps_and_is_in_the_spec(started: Callable[[], RunSpec]):
    app = open_page("train", dataset="digits", method="dccs")
    assert "optimiser steps" in texts(app)
    before = number(app, "Epochs").value or 0
    number(app, "Budget (minutes)").set_value(6.0).run()
    assert (number(app, "Epochs").value or 0) > before
    assert app.query_params["budget"] in ("6.0", ["6.0"])
    start(app)
    spec = started()
    assert spec.auto["budget_min"] == 6.0
    assert spec == build_spec("digits", "dccs", budget_min=6.0, epochs=spec.epochs)
    assert spec.epochs == build_spec("digits", "dccs", budget_min=6.0).epochs


def test_settings_of_auto_follow_the_limit_and_the_number_of_clusters(started: Callable[[], RunSpec]):
    app = open_page("train", dataset="digits", method="dccs")
    number(app, "Samples (0: all)").set_value(500).run()
    number(app, "Clusters $K$").set_value(40).run()
    start(app)
    spec = started()
    wanted = build_spec("digits", "dccs", limit=500, clusters=40)
    assert (spec.config, spec.epochs, spec.auto) == (wanted.config, wanted.epochs, wanted.auto)


def test_epochs_that_the_user_chose_stay_where_the_budget_changes():
    app = open_page("train", dataset="digits", method="dccs")
    number(app, "Epochs").set_value(7).run()
    number(app, "Budget (minutes)").set_value(6.0).run()
    assert number(app, "Epochs").value == 7


def test_the_published_settings_have_no_budget():
    app = choose(open_page("train", dataset="digits", method="dccs"), "Preset", "paper")
    assert not any(box.label == "Budget (minutes)" for box in app.number_input)
    assert "optimiser steps" in texts(app)


def test_a_suggested_number_is_taken_or_overruled(started: Callable[[], RunSpec], suggested: None):
    app = wait_for_jobs(choose(open_page("train", dataset="digits", method="dccs"), "Number of clusters", "suggest"))
    assert "**K = 8** is suggested" in texts(app) and "As plausible: 5. Runner-up: 5." in texts(app)
    slider = next(one for one in app.slider if one.label == "Clusters $K$")
    assert slider.value == 8
    slider.set_value(6).run()
    start(app)
    assert started().n_clusters == 6


def test_a_number_that_cannot_be_suggested_is_one_sentence():
    app = open_page("train", dataset="digits", method="dccs")
    number(app, "Samples (0: all)").set_value(12).run()
    app = wait_for_jobs(choose(app, "Number of clusters", "suggest"))
    assert not app.exception and "12 samples are too few to find a number of clusters" in app.warning[0].value
    assert next(button for button in app.button if button.label == "Start training").disabled


def test_every_control_of_the_form_has_a_help_text():
    app = open_page("train", dataset="digits", method="dccs")
    controls = [*app.number_input, *app.slider, *app.toggle, *app.selectbox]
    assert [one.label for one in controls if not one.proto.help and one.label != "Data set"] == []


def test_memory_is_told_and_a_process_offered_where_it_is_much(monkeypatch: pytest.MonkeyPatch) -> None:
    prepared: list[str] = []
    monkeypatch.setattr("mmclust.launch.prepare", lambda store, launcher: prepared.append(launcher))
    app = open_page("train", preset="paper")
    assert_clean(app)
    assert re.search(r"Memory: about 1\d\d MiB of [\d,]+ MiB that are free", texts(app))
    offered = "Run in a process of its own"
    assert offered not in [button.label for button in app.button]
    monkeypatch.setattr("mmclust.ram.left_mib", lambda: 200.0)
    app.run()
    next(button for button in app.button if button.label == offered).click().run()
    assert_clean(app)
    assert prepared[-1] == "process" and set(prepared[:-1]) == {"thread"}
    assert re.search(r"Memory: about 9\d\d MiB of 200 MiB", texts(app))
    assert offered not in [button.label for button in app.button]


def test_where_the_number_is_unknown_more_clusters_are_trained_and_the_run_says_so(started: Callable[[], RunSpec]):
    app = open_page("train", dataset="digits", method="dccs", preset="paper")
    choose(app, "Number of clusters", "unknown")
    assert any("looks for **42 clusters**" in caption.value for caption in app.caption)
    assert app.query_params["count"] in ("unknown", ["unknown"])
    start(app)
    assert started().n_clusters == 42 and started().tags == (UNKNOWN_NUMBER,)


def test_widgets_that_a_browser_loads_late_show_the_values_of_the_form():
    app = open_page("train", dataset="digits", method="dccs", preset="paper", epochs="7", beta_aug="1.5")
    app.run()  # the session's values were told once: a browser that comes now has only the defaults
    shown = {box.key: box.proto.default for box in app.number_input} | {
        box.key: box.proto.default[0] for box in app.slider
    }
    assert shown["form:epochs"] == 7 and shown["form:clusters"] == 10 and shown["hyperparameter:beta_aug"] == 1.5
    assert shown == pytest.approx({box.key: box.value for box in (*app.number_input, *app.slider)})
