"""The Confusion page: the table beside classes, epochs and runs, its cells, and flows."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mmclust.data import catalogue
from mmclust.runs.run import Run

from .test_pages import assert_clean, component_data, open_page, texts


def table(app: AppTest) -> dict[str, Any]:
    return next(data for c in app.get("bidi_component") if "columns" in (data := component_data(c)))


def counts(app: AppTest) -> np.ndarray:
    import base64

    data = table(app)
    flat = np.frombuffer(base64.b64decode(data["counts"]), "<u4")
    return flat.reshape(len(data["rows"]), len(data["columns"]))


def flows(app: AppTest) -> str:
    return next(html for c in app.get("bidi_component") if "mm-flows" in (html := component_data(c).get("html", "")))


def test_classes_stand_against_clusters_with_matched_cells_on_the_diagonal(make_run: Callable[..., Run]) -> None:
    app = open_page("confusion", run=make_run().id)
    assert_clean(app)
    found = counts(app)
    assert found.sum() == 1797 and np.diag(found).sum() == found.max(axis=1).sum()
    data = table(app)
    assert data["rows"][0]["rate"] == pytest.approx(found[0, 0] / found[0].sum())
    assert data["columns"][0]["rate"] == pytest.approx(found[0, 0] / found[:, 0].sum())
    assert data["words"] == ["class", "cluster", "recall", "precision"]
    assert data["matched"] == [[i, i] for i in range(10)]


def test_a_confusion_is_selected_on_all_pages_and_marked(make_run: Callable[..., Run]) -> None:
    app = open_page("confusion", run=make_run().id)
    button = next(b for b in app.button if " as " in b.label)
    n = int(button.label.rsplit(": ", 1)[1])
    button.click().run()
    assert_clean(app)
    assert app.query_params["sel"].startswith("cell:")
    row, column = table(app)["selected"]
    assert counts(app)[row, column] == n
    assert texts(app).count('alt="Image ') == n
    app.switch_page("clusters.py").run()
    assert_clean(app)
    assert f":gray[{n} image" in texts(app)


def test_rows_are_sorted_by_error_and_numbers_are_shares(make_run: Callable[..., Run]) -> None:
    app = open_page("confusion", run=make_run().id, sort="error", numbers="columns")
    rates = [row["rate"] for row in table(app)["rows"]]
    assert rates == sorted(rates)
    assert table(app)["shares"] == "columns"
    assert open_page("confusion", numbers="nonsense").query_params.get("numbers") is None


def test_pictures_stand_in_the_cells(make_run: Callable[..., Run]) -> None:
    app = open_page("confusion", run=make_run().id, thumbs="true")
    assert_clean(app)
    assert table(app)["sprite"].startswith("data:image/png") and table(app)["thumb"] > 0


def test_another_epoch_stands_in_the_rows(make_run: Callable[..., Run]) -> None:
    app = open_page("confusion", run=make_run().id, rows="epoch 0")
    assert_clean(app)
    assert table(app)["words"][0] == "cluster of epoch 0"
    assert counts(app).sum() == 1797


def test_another_run_of_the_same_data_stands_in_the_rows(make_run: Callable[..., Run]) -> None:
    first, second = make_run(seed=0), make_run(seed=1)
    app = open_page("confusion", run=first.id, rows=second.id)
    assert_clean(app)
    assert "seed 1" in table(app)["words"][0]


def test_runs_of_the_same_name_and_seed_are_not_mixed_up(make_run: Callable[..., Run]) -> None:
    shown, others = make_run(), [make_run(clusters=clusters) for clusters in (7, 12)]
    app = open_page("confusion", run=shown.id)
    for run, clusters in zip(others, (7, 12), strict=True):
        next(box for box in app.selectbox if box.label == "Rows").select(run.id).run()
        assert_clean(app)
        assert counts(app).shape == (clusters, 10)


def test_without_classes_epochs_are_compared(make_run: Callable[..., Run], unlabelled: str) -> None:
    app = open_page("confusion", run=make_run(dataset=unlabelled).id)
    assert_clean(app)
    assert table(app)["words"][0] == "cluster of epoch 1"


@pytest.mark.parametrize("show", ["table", "flows"])
def test_one_snapshot_without_classes_leaves_nothing_to_compare(
    show: str, make_run: Callable[..., Run], unlabelled: str
) -> None:
    run = make_run(dataset=unlabelled)
    for _, path in run.snapshots()[:-1]:
        path.unlink()
    app = open_page("confusion", run=run.id, show=show)
    assert_clean(app)
    assert "Nothing to compare" in texts(app)


def test_two_hundred_clusters_are_shown(make_run: Callable[..., Run]) -> None:
    app = open_page("confusion", run=make_run(clusters=200).id)
    assert_clean(app)
    assert counts(app).shape == (10, 200)
    assert "Fit all" in [toggle.label for toggle in app.toggle]
    assert "Pictures" not in [toggle.label for toggle in app.toggle], "far too many cells for pictures"


def test_flows_lead_from_epoch_to_epoch(make_run: Callable[..., Run]) -> None:
    app = open_page("confusion", run=make_run().id, show="flows")
    assert_clean(app)
    svg = flows(app)
    assert 'data-click="flow:1:' in svg and 'data-click="flow:2:' not in svg
    for epoch in (0, 1, 3):
        assert f">epoch {epoch}<title>" in svg
    next(box for box in app.multiselect if box.label == "Epochs").set_value([3]).run()
    assert_clean(app)
    assert "Choose at least two" in texts(app)


@pytest.mark.parametrize("between", ["runs", "classes"])
def test_flows_lead_to_other_runs_and_classes(between: str, make_run: Callable[..., Run]) -> None:
    run = make_run()
    make_run(seed=1)
    app = open_page("confusion", run=run.id, show="flows", between=between)
    assert_clean(app)
    assert 'data-click="flow:0:' in flows(app)


def test_a_run_that_is_deleted_while_its_flows_are_open_leaves_a_clean_page(make_run: Callable[..., Run]) -> None:
    first, second = make_run(seed=0), make_run(seed=1)
    app = open_page("confusion", run=first.id, show="flows", between="runs")
    second.store.delete(second.id)
    app.run()
    assert_clean(app)


@pytest.fixture
def unlabelled(tmp_path: Path) -> str:
    """A file with the digits without their classes."""
    path = tmp_path / "mine.npz"
    np.savez(path, images=catalogue.load("digits").views[0][:, 0])
    return str(path)
