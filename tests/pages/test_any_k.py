"""Any number of clusters on pages: in the address, kept per run, on rows, map and matrix, as an annotation."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from mmclust.auto import cuts
from mmclust.auto.cluster_count import Suggestion, Tried
from mmclust.evaluation.annotation import Merge
from mmclust.runs.annotations import Annotations
from mmclust.runs.run import Run
from mmclust.runs.spec import UNKNOWN_NUMBER
from mmclust.runs.store import RunStore

from .test_clusters_page import do, press, press_in_window, rows
from .test_pages import assert_clean, open_page, texts


@pytest.mark.parametrize("page", ["clusters", "map", "confusion"])
def test_the_number_of_the_address_is_shown(make_run: Callable[..., Run], page: str) -> None:
    run = make_run()
    app = open_page(page, run=run.id, k="4")
    assert_clean(app)
    assert "<b>4 of 10</b>" in "".join(texts(app))
    assert app.query_params["k"] == "4"


def test_the_stage_plays_merged_clusters(make_run: Callable[..., Run]) -> None:
    app = open_page("map", run=make_run().id, k="4", mode="stage")
    assert_clean(app)
    assert app.slider(key="merging-slider").value == 4


def test_flows_show_what_was_merged(make_run: Callable[..., Run]) -> None:
    app = open_page("confusion", run=make_run().id, k="4", show="flows")
    assert_clean(app)
    assert any("merging" in group.options for group in app.button_group)


def test_rows_are_of_merged_clusters_and_each_run_keeps_its_own_number(make_run: Callable[..., Run]) -> None:
    run, other = make_run(), make_run(seed=1)
    app = open_page("clusters", run=run.id, k="4")
    assert rows(app).count('<th scope="row">') == 4
    app.selectbox(key="run_picker").set_value(other.id).run()
    assert rows(app).count('<th scope="row">') == 10 and "k" not in app.query_params
    app.selectbox(key="run_picker").set_value(run.id).run()
    assert rows(app).count('<th scope="row">') == 4 and app.query_params["k"] == "4"


def test_the_slider_merges_and_brings_back(make_run: Callable[..., Run]) -> None:
    app = open_page("clusters", run=make_run().id)
    app.slider(key="merging-slider").set_value(7).run()
    assert rows(app).count('<th scope="row">') == 7 and app.query_params["k"] == "7"
    press(app, "Show all 10")
    assert rows(app).count('<th scope="row">') == 10 and "k" not in app.query_params


@pytest.mark.parametrize("asked", ["0", "11", "many"])
def test_a_number_that_is_not_possible_is_told(make_run: Callable[..., Run], asked: str) -> None:
    app = open_page("clusters", run=make_run().id, k=asked)
    assert rows(app).count('<th scope="row">') == 10
    assert any("The link asks for" in warning.value and asked in warning.value for warning in app.warning)


def test_merged_clusters_are_kept_as_an_annotation(make_run: Callable[..., Run]) -> None:
    run = make_run()
    app = open_page("clusters", run=run.id, k="8")
    press(app, "Keep these 8")
    (stored,) = Annotations(RunStore()).of(run.id)
    assert all(isinstance(step, Merge) for step in stored.applied)
    assert rows(app).count('<th scope="row">') == 8 and "k" not in app.query_params


def test_an_edit_of_a_merged_cluster_is_of_that_cluster(make_run: Callable[..., Run]) -> None:
    run = make_run()
    app = open_page("clusters", run=run.id, k="9")
    do(app, "Rename")
    app.text_input[-1].set_value("mine")
    press_in_window(app, "Rename")
    (stored,) = Annotations(RunStore()).of(run.id)
    assert len(stored.applied) == 2
    app = open_page("clusters", run=run.id, annotation=stored.annotation_id)
    assert rows(app).count('<th scope="row">') == 9 and rows(app).count("<b>mine</b>") == 1


def suggested(snapshot, dataset, *, others, tree, report) -> Suggestion:
    tried = tuple(Tried(n_clusters=k, evidence=0.5, stability=k / 9, deviation=0.0) for k in (5, 6))
    return Suggestion(n_clusters=6 - len(others), runner_up=None, plausible=(6,), tried=tried)


def test_a_suggestion_is_asked_for_and_uses_other_seeds(
    make_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cuts, "suggest_cut", suggested)
    make_run(seed=1)
    app = open_page("clusters", run=make_run().id)
    press(app, "Suggest a number")
    app.run()
    assert any("**k = 5** is suggested." in text.value for text in app.markdown)
    press(app, "Show 5 clusters")
    assert rows(app).count('<th scope="row">') == 5 and app.query_params["k"] == "5"


def test_a_run_whose_number_nobody_knew_brings_its_suggestion(
    make_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cuts, "suggest_cut", suggested)
    created = RunStore.create
    monkeypatch.setattr(RunStore, "create", lambda self, spec: created(self, replace(spec, tags=(UNKNOWN_NUMBER,))))
    app = open_page("clusters", run=make_run().id)
    app.run()
    assert any("their number is unknown. Suggested: **6**" in caption.value for caption in app.caption)
    press(app, "Show 6 clusters")
    assert rows(app).count('<th scope="row">') == 6
    assert not any("their number is unknown" in caption.value for caption in app.caption)
