"""The verdict without labels on every page, what earned a result, and accuracy that is hidden until it is revealed."""

import json
import re
from collections.abc import Callable

import pytest
from pages.conftest import write_beside
from pages.test_pages import open_page, texts

from mmclust.auto.account import AUTO
from mmclust.runs.run import Run

ABOUT_IMAGES = {
    "kind": "images",
    "kept": "start",
    "why": "The deep clustering collapsed into few clusters, so the shallow start is the result.",
    "verdict": {"word": "collapsed", "reasons": ["Cluster use is 20%."]},
    "start": {"space": "joint", "predictability": 0.91, "clear": True},
    "mirror": {"allowed": False},
    "candidates": [
        {
            "name": "mild",
            "taken": True,
            "signals": {"use": 0.2, "agreement": 0.8, "predictability": 0.7},
            "moved": 321,
            "metrics": {"acc": 0.2, "nmi": 0.1, "ari": 0.1},
        }
    ],
    "n_samples": 1797,
    "partitions": {"start": {"acc": 0.88, "nmi": 0.8, "ari": 0.8}, "UMAP and mixture on pixels": None},
}


def expanders(app) -> str:
    return "\n".join(expander.label for expander in app.expander)


def reveal(app):
    next(button for button in app.button if button.key == "reveal").click().run()
    return app


def hide(app):
    next(toggle for toggle in app.toggle if toggle.key == "hide-accuracy").set_value(True).run()
    return app


@pytest.mark.parametrize("page", ["train", "map", "clusters", "confusion", "explain"])
def test_the_verdict_and_its_reasons_stand_on_the_page(make_run: Callable[..., Run], page: str):
    run = make_run(weights=page == "explain")
    app = open_page(page, run=run.id)
    assert not app.exception
    assert "As good as a simple method" in expanders(app)
    assert "in 93% of cases" in texts(app)


def test_the_list_of_runs_shows_verdicts(make_run: Callable[..., Run]):
    write_beside(make_run(), word="nothing found")
    assert "Nothing found" in texts(open_page("home"))


def test_a_run_that_is_damaged_or_unjudged_shows_no_verdict(make_run: Callable[..., Run]):
    run = make_run()
    (run.folder / "beside.json").write_text("{")
    app = open_page("map", run=run.id)
    assert not app.exception and not any("simple method" in expander.label for expander in app.expander)


def test_a_start_that_was_kept_is_told_with_what_earned_the_result(make_run: Callable[..., Run]):
    run = make_run(weights=True)
    (run.folder / "beside.json").unlink()
    (run.folder / AUTO).write_text(json.dumps(ABOUT_IMAGES))
    app = open_page("train", run=run.id)
    assert not app.exception
    assert "start kept" in expanders(app) and "The start was kept as the result" in expanders(app)
    assert "What earned this result" in texts(app)
    assert {metric.value for metric in app.metric} >= {"0.91", "0.70", "321"}
    shown = app.dataframe[0].value
    assert "ACC" in shown and any("this result" in name for name in shown["clustering"])
    assert "The network explained here" in texts(open_page("explain", run=run.id))


def test_hidden_accuracy_is_on_no_page_until_it_is_revealed(make_run: Callable[..., Run]):
    run = make_run()
    app = open_page("home")
    acc = f"{run.record().metrics['acc']:.1%}"  # pyright: ignore[reportOptionalSubscript]
    assert acc in texts(app)
    assert acc not in texts(hide(app)) and "are hidden" in texts(app)
    for page in ("map", "clusters", "confusion", "train", "compare"):
        app.query_params["run"] = run.id
        app.switch_page(f"{page}.py").run()
        assert not app.exception, page
        words = re.sub("data:image/[^\"' ]*", "", texts(app)) + "".join(str(box.options) for box in app.selectbox)
        assert "ACC" not in words, page
        assert "are hidden" in words
    app.switch_page("confusion.py").run()
    assert "classes" not in next(box for box in app.selectbox if box.label == "Rows").options
    app.switch_page("home.py").run()
    assert acc in texts(reveal(app))


def test_the_leaderboard_waits_for_accuracy_to_be_revealed(make_run: Callable[..., Run]):
    make_run()
    app = hide(open_page("home"))
    app.query_params["show"] = "leaderboard"
    app.switch_page("compare.py").run()
    assert "Accuracy is hidden" in texts(app) and not app.dataframe
    assert reveal(app).dataframe


def test_the_table_of_simple_methods_has_no_accuracy_while_it_is_hidden(make_run: Callable[..., Run]):
    run = make_run()
    (run.folder / AUTO).write_text(json.dumps(ABOUT_IMAGES))
    app = hide(open_page("train", run=run.id))
    assert "ACC" not in app.dataframe[0].value
    assert "ACC" in reveal(app).dataframe[0].value
