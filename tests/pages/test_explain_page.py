"""The Explain page by clicking: the sheet, one cluster, one image under several clusters, a selection."""

import shutil
from collections.abc import Callable

import numpy as np
import pytest

from mmclust.data import catalogue
from mmclust.runs.run import Run
from tests.pages.test_pages import assert_clean, open_page, texts, wait_for_jobs


def explained(run: Run, **query: str):
    return wait_for_jobs(open_page("explain", run=run.id, **query), timeout=180)


def group(app, label: str):
    return next(found for found in app.button_group if found.label == label)


@pytest.mark.slow
def test_the_sheet_has_right_and_wrong_images_of_every_cluster_and_the_mean(make_run: Callable[..., Run]) -> None:
    run = make_run(weights=True)
    app = explained(run)
    assert_clean(app)
    words = texts(app)
    assert words.count("<small>right</small>") == words.count("<small>wrong</small>") == 10
    assert words.count('alt="Grad-CAM of the mean of cluster') == 10
    assert words.count('alt="Grad-CAM of Image ') >= 60
    assert "Bright regions support the cluster." in words
    assert len(app.get("bidi_component")) == 1, "the slider of the heat"
    assert len(list((run.folder / "heat").iterdir())) == 1, "kept on disk"


@pytest.mark.slow
def test_cam_method_and_cluster_are_chosen_by_clicking_and_stand_in_the_url(make_run: Callable[..., Run]) -> None:
    app = explained(make_run(weights=True))
    next(box for box in app.selectbox if box.label == "CAM method").select("eigen-cam").run()
    group(app, "Show").set_value("one cluster").run()
    next(box for box in app.selectbox if box.label == "Cluster").select("4").run()
    wait_for_jobs(app, timeout=120)
    assert_clean(app)
    assert (app.query_params["cam"], app.query_params["look"], app.query_params["cluster"]) == (
        *("eigen-cam", "one cluster", "4"),
    )
    words = texts(app)
    assert words.count('alt="Eigen-CAM of Image ') >= 12
    assert "**Right**" in words and "**Wrong**" in words and "**Least confident**" in words
    assert all(control.proto.help for control in [*app.selectbox, *app.button_group])


@pytest.mark.slow
def test_one_image_is_compared_under_its_own_cluster_and_that_of_its_class(make_run: Callable[..., Run]) -> None:
    app = explained(make_run(weights=True), look="one image")
    assert_clean(app)
    words = texts(app)
    assert words.count('alt="Evidence for cluster') in (5, 6)
    assert "(assigned cluster, and the cluster of its class)" in words or "(assigned cluster and runner-up)" in words


@pytest.mark.slow
def test_a_selection_comes_first_and_can_be_asked_about_one_cluster(make_run: Callable[..., Run]) -> None:
    app = explained(make_run(weights=True), sel="class:2")
    assert_clean(app)
    assert group(app, "Show").value == "selection"
    words = texts(app)
    assert words.count('alt="Grad-CAM of Image ') == 36
    next(box for box in app.selectbox if box.label == "Explain").select("3").run()
    wait_for_jobs(app, timeout=120)
    assert_clean(app)


@pytest.mark.slow
def test_without_classes_the_sheet_shows_the_most_and_least_confident(make_run: Callable[..., Run], tmp_path) -> None:
    path = tmp_path / "mine.npz"
    np.savez(path, images=np.repeat(np.repeat(catalogue.load("digits").views[0][:, 0], 2, axis=1), 2, axis=2))
    app = explained(make_run(dataset=str(path), weights=True))
    assert_clean(app)
    words = texts(app)
    assert words.count("<small>most confident</small>") == words.count("<small>least confident</small>") == 10


@pytest.mark.slow
def test_weights_that_vanish_while_the_page_is_open_are_a_sentence(make_run: Callable[..., Run]) -> None:
    run = make_run(weights=True)
    app = explained(run)
    (run.folder / "checkpoint.pt").unlink()
    group(app, "Show").set_value("one image").run()
    assert_clean(app)
    assert "No trained weights yet" in texts(app)
    shutil.rmtree(run.folder)
    app.run()
    assert_clean(app)


def test_without_weights_the_page_says_so(make_run: Callable[..., Run]) -> None:
    app = open_page("explain", run=make_run().id)
    assert_clean(app)
    assert "No trained weights yet" in texts(app)
