"""Every page, without any run and with finished, queued and failed ones; then one click path each."""

import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import delete, select, update
from streamlit.testing.v1 import AppTest

from mmclust import launch
from mmclust.data import catalogue, hub
from mmclust.runs import seals
from mmclust.runs.run import Run
from mmclust.runs.store import RunStore
from mmclust.runs.tables import RUNS
from mmclust.specs import build_spec
from mmclust.ui.shell import jobs

MAIN = str(Path(__file__).resolve().parents[2] / "pages" / "main.py")
PAGES = ("home", "data", "train", "map", "clusters", "confusion", "views", "explain", "disentangle")
ABOUT_RUNS = ("map", "clusters", "confusion", "views", "explain", "disentangle")


def open_page(name: str, **query: str) -> AppTest:
    app = AppTest.from_file(MAIN, default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    if name != "home":
        app.switch_page(f"{name}.py").run()
    return app


def texts(app: AppTest) -> str:
    """All words on the page."""
    parts = [
        element.value
        for kind in ("markdown", "caption", "warning", "error", "success", "info")
        for element in getattr(app, kind)
    ]
    parts += [element.proto.body for element in app.get("html")]
    parts += [html for component in app.get("bidi_component") if (html := component_data(component).get("html"))]
    parts += [button.label for button in app.button]
    return "\n".join(str(part) for part in parts)


def component_data(component: Any) -> dict[str, Any]:
    """What a component of ours was given."""
    return json.loads(component.proto.json or "{}")


def wait_for_jobs(app: AppTest, timeout: float = 60.0) -> AppTest:
    """Rerun, whenever background jobs have ended, until no progress bar of one is left."""
    deadline = time.monotonic() + timeout
    while app.get("progress") and time.monotonic() < deadline:
        for job in list(jobs._queue.jobs.values()):
            job.done.wait(max(0.0, deadline - time.monotonic()))
        app.run()
    assert not app.get("progress"), "a background job did not end"
    return app


def assert_clean(app: AppTest) -> None:
    assert not app.exception, app.exception[0].message
    bad = [word for word in ("Traceback", "internal error") if word in texts(app)]
    assert not bad, [error.value for error in app.error]


@pytest.mark.parametrize("page", PAGES)
def test_page_works_in_an_empty_home_and_says_what_to_do_next(page: str) -> None:
    app = open_page(page)
    assert_clean(app)
    if page in ABOUT_RUNS:
        assert "No run yet" in texts(app)
        assert [button.label for button in app.button] == ["Start training"]


@pytest.mark.parametrize("page", PAGES)
def test_page_works_with_a_finished_run(page: str, make_run: Callable[..., Run]) -> None:
    run = make_run()
    app = open_page(page, run=run.id)
    assert_clean(app)
    if page in ABOUT_RUNS:
        assert app.query_params["run"] == run.id
        assert re.search(r"<b>\d+\.\d%</b> <small>ACC", texts(app))


@pytest.mark.parametrize("clusters", [2, 7, 33])
@pytest.mark.parametrize("page", ("home", "train", *ABOUT_RUNS))
def test_page_works_with_more_or_fewer_clusters_than_classes(
    page: str, clusters: int, make_run: Callable[..., Run]
) -> None:
    app = open_page(page, run=make_run(clusters=clusters).id, projection="PCA")
    assert_clean(app)


@pytest.mark.parametrize("page", ("home", "train", *ABOUT_RUNS))
def test_page_works_without_classes_and_hides_what_needs_them(
    page: str, make_run: Callable[..., Run], tmp_path: Path
) -> None:
    path = tmp_path / "mine.npz"
    np.savez(path, images=catalogue.load("digits").views[0][:, 0])
    app = open_page(page, run=make_run(dataset=str(path)).id, projection="PCA")
    assert_clean(app)
    words = texts(app)
    if page in ABOUT_RUNS:
        assert "<small>ACC" not in words
        assert "<small>classes" in words
    if page == "confusion":
        options = next(box for box in app.selectbox if box.label == "Rows").options
        assert [name for name in options if not name.startswith("column ")] == ["epoch 1", "epoch 0"]
    if page == "clusters":
        kinds = next(group for group in app.button_group if group.label == "Images")
        assert "wrong" not in kinds.options


@pytest.mark.parametrize("page", ABOUT_RUNS)
def test_page_of_a_queued_run_says_why_there_is_nothing_to_see(page: str, make_run: Callable[..., Run]) -> None:
    run = make_run(status="queued")
    app = open_page(page, run=run.id)
    assert_clean(app)
    assert "No results for this run yet" in texts(app)


@pytest.mark.parametrize("page", ABOUT_RUNS)
def test_page_of_a_run_that_ended_before_its_first_snapshot_says_how_to_go_on(
    page: str, make_run: Callable[..., Run]
) -> None:
    run = make_run(status="queued")
    assert RunStore().claim(run.id) is not None
    silent(run)
    app = open_page(page, run=run.id)
    assert_clean(app)
    assert "This run ended before its first snapshot" in texts(app)
    assert "or from the start where there is none" in texts(app)
    assert "Resume on the Train page" in [button.label for button in app.button]


def test_a_run_that_nobody_trains_can_be_resumed_on_the_train_page(
    make_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[str] = []
    monkeypatch.setattr(launch, "submit", lambda store, run_id, launcher: served.append(run_id))
    interrupted, waiting = make_run(status="queued"), make_run(status="queued", seed=1)
    assert RunStore().claim(interrupted.id) is not None
    for run in (interrupted, waiting):
        silent(run)
        app = open_page("train", run=run.id)
        assert_clean(app)
        assert ("The run ended before the first measurement." in texts(app)) == (run is interrupted)
        next(button for button in app.button if button.label == "Resume").click().run()
        assert_clean(app)
        assert run.record().status == "queued" and run.record().served
    assert served == [interrupted.id, waiting.id]


def silent(run: Run) -> None:
    """As if its process, or whoever serves its queue, had left a minute ago."""
    with run.store.writing() as connection:
        before = time.time() - 60
        values = {"heartbeat": before, "queued": before, "waiter_seen": None, "epoch": 0.0, "seal": None}
        connection.execute(update(RUNS).where(RUNS.c.run_id == run.id).values(**values))


def test_train_page_shows_the_error_of_a_failed_run_as_a_sentence(make_run: Callable[..., Run]) -> None:
    run = make_run(status="failed", error="The GPU ran out of memory; lower batch_size.")
    app = open_page("train", run=run.id)
    assert_clean(app)
    assert [e.value for e in app.error] == ["The GPU ran out of memory; lower batch_size."]
    assert "Resume" in [button.label for button in app.button]


def test_unknown_run_in_the_url_falls_back_to_the_newest_one(make_run: Callable[..., Run]) -> None:
    run = make_run()
    app = open_page("clusters", run="dccs-digits-nothere")
    assert_clean(app)
    assert app.query_params["run"] == run.id


def test_epoch_in_the_url_shows_that_snapshot_and_junk_the_last_one(make_run: Callable[..., Run]) -> None:
    run = make_run()
    assert "<b>1</b> <small>of 3" in texts(open_page("clusters", run=run.id, epoch="1"))
    app = open_page("clusters", run=run.id, epoch="../../etc")
    assert_clean(app)
    assert "<b>3</b> <small>of 3" in texts(app)


def test_epoch_slider_goes_back_in_training_and_writes_the_url(make_run: Callable[..., Run]) -> None:
    run = make_run()
    app = open_page("clusters", run=run.id)
    app.select_slider[0].set_value(0).run()
    assert_clean(app)
    assert app.query_params["epoch"] == "0"
    assert "<b>0</b> <small>of 3" in texts(app)
    app.select_slider[0].set_value(3).run()
    assert "epoch" not in app.query_params


def test_choosing_another_run_changes_the_page_and_the_url(make_run: Callable[..., Run]) -> None:
    first, second = make_run(seed=0), make_run(seed=1)
    app = open_page("clusters", run=first.id)
    app.selectbox[0].select(second.id).run()
    assert_clean(app)
    assert app.query_params["run"] == second.id


def test_clusters_page_has_a_row_of_images_per_cluster(make_run: Callable[..., Run]) -> None:
    app = open_page("clusters", run=make_run().id)
    table = next(c for c in map(component_data, app.get("bidi_component")) if "mm-table" in c.get("html", ""))["html"]
    assert table.count("<tr>") == 11
    assert table.count('alt="Image ') == 100
    assert table.count('alt="Mean image') == 10


@pytest.mark.parametrize("kind", ["least confident", "runner-up", "random", "wrong"])
def test_clusters_page_shows_other_kinds_of_images(kind: str, make_run: Callable[..., Run]) -> None:
    app = open_page("clusters", run=make_run().id)
    next(group for group in app.button_group if group.label == "Images").set_value(kind).run()
    assert_clean(app)
    assert 'alt="Image ' in texts(app)


def test_map_page_lays_out_a_space(make_run: Callable[..., Run]) -> None:
    app = open_page("map", run=make_run().id, projection="PCA", space="z_c")
    wait_for_jobs(app)
    assert_clean(app)
    assert len(app.get("bidi_component")) == 3, "the map, the least confident samples and the panel of columns"
    assert "Nothing selected" in texts(app)


def test_a_broken_snapshot_becomes_a_sentence(make_run: Callable[..., Run]) -> None:
    run = make_run()
    for _, path in run.snapshots():
        path.write_bytes(b"not a snapshot")
    app = open_page("clusters", run=run.id)
    assert not app.exception
    assert "is damaged; look at another epoch" in texts(app) and "pickled" not in texts(app)


def test_train_page_puts_changed_sliders_into_equation_and_url() -> None:
    app = open_page("train")
    slider = next(s for s in app.slider if "Augmentation weight" in s.label)
    slider.set_value(4.5).run()
    assert_clean(app)
    assert app.query_params["beta_aug"] == "4.5"
    assert any("4.5" in latex.value and r"\beta_{Aug}" in latex.value for latex in app.latex)
    assert "Reset to preset (1 changed)" in texts(app)
    next(b for b in app.button if b.label.startswith("Reset to preset")).click().run()
    assert "beta_aug" not in app.query_params


@pytest.mark.parametrize("dataset", ["/etc/passwd", "hf:owner/name", "hf:/etc", "hf:../x"])
@pytest.mark.parametrize("page", ["train", "data", "sensitivity"])
def test_an_address_names_no_folder_of_the_server_and_fetches_nothing(
    page: str, dataset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    touched: list[str] = []
    for name in ("load", "fetch", "available"):
        monkeypatch.setattr(hub, name, touched.append)
    app = open_page(page)
    app.query_params["dataset"], app.query_params["show"] = dataset, "new"
    app.run()
    assert_clean(app)
    assert not touched
    assert all(dataset not in str(box.value) for box in (*app.selectbox, *app.radio, *app.text_input))


def test_a_run_on_data_of_the_hub_that_are_not_here_fetches_nothing(
    make_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "fetch", lambda name: pytest.fail("a page fetched data"))
    run = make_run()
    with RunStore().writing() as connection:
        row = connection.execute(select(RUNS).where(RUNS.c.run_id == run.id)).mappings().one()
        spec = replace(run.spec, dataset="hf:owner/name").to_json()
        connection.execute(RUNS.update().values(seals.sealed({**row, "spec": spec})))
    for page in ("clusters", "map", "train"):
        app = open_page(page, run=run.id)
        assert not app.exception
        assert "is not here yet; fetch it once with" in texts(app), page


def test_settings_in_the_url_fill_the_form_and_bad_ones_are_ignored() -> None:
    app = AppTest.from_file(MAIN, default_timeout=60)
    app.run()
    app.switch_page("train.py")
    for key, value in {
        "dataset": "/etc/passwd",
        "preset": "paper",
        "sigma": "0.2",
        "beta_mi": "99",
        "seed": "x",
    }.items():
        app.query_params[key] = value
    app.run()
    assert_clean(app)
    assert app.query_params["dataset"] == "digits"
    assert next(s for s in app.slider if "Style deviation" in s.label).value == pytest.approx(0.2)
    assert next(s for s in app.slider if "Mutual information weight" in s.label).value == pytest.approx(0.5)
    assert next(n for n in app.number_input if n.label == "Seed").value == 0


def test_an_impossible_plan_is_one_sentence_and_starts_nothing() -> None:
    app = open_page("train")
    next(n for n in app.number_input if "Clusters" in n.label).set_value(900)
    next(n for n in app.number_input if "Samples" in n.label).set_value(500).run()
    assert_clean(app)
    assert next(b for b in app.button if b.label == "Start training").disabled
    assert [error.value for error in app.error] == ["K = 900 is not possible here; give a whole number from 2 to 250."]
    assert RunStore().list(examples=False) == []


def test_data_page_shows_images_of_a_class_and_how_to_get_absent_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MMCLUST_DATA", raising=False)
    app = wait_for_jobs(open_page("data"))
    app.button_group[0].set_value("7").run()
    assert_clean(app)
    assert "class 7" in texts(app)
    app.radio[0].set_value("stl10").run()
    assert_clean(app)
    assert "Not available on this machine" in texts(app)


def test_home_lists_runs_renames_and_deletes_them(make_run: Callable[..., Run]) -> None:
    run = make_run()
    app = open_page("home")
    app.text_input[0].set_value("My digits").run()
    assert_clean(app)
    assert "My digits" in texts(app)
    next(b for b in app.button if b.label == "Delete …").click().run()
    assert run.folder.exists(), "asked first"
    next(b for b in app.button if b.label == "Move to the trash").click().run()
    assert_clean(app)
    assert RunStore().list(examples=False) == []
    assert not run.folder.exists()


def test_train_page_offers_the_methods_that_take_the_data() -> None:
    def offered(app: AppTest) -> list[str]:
        return next(box for box in app.selectbox if box.label == "Method").options

    app = open_page("train", dataset="digits")
    assert offered(app) == ["DCCS", "IMC-SwAV"]
    next(box for box in app.selectbox if box.label == "Data set").select("digits-2view").run()
    assert_clean(app)
    assert offered(app) == ["DMIM", "MSDIB", "DMID-UIC"]


def test_map_page_plays_the_kept_epochs(make_run: Callable[..., Run]) -> None:
    run = make_run()
    app = wait_for_jobs(open_page("map", run=run.id, projection="PCA", time="true"))
    assert_clean(app)
    assert len(app.get("bidi_component")) == 3, "the map, the least confident samples and the panel of columns"
    assert len(list((run.folder / "layouts").iterdir())) >= len(run.snapshots()) > 1


def test_home_page_leaves_the_runs_of_sweeps_out_until_they_are_asked_for(make_run: Callable[..., Run]) -> None:
    by_hand, swept = make_run(), make_run(launcher="sweep")
    app = open_page("home")
    assert by_hand.id in texts(app)
    assert swept.id not in texts(app)
    next(toggle for toggle in app.toggle if toggle.label.startswith("Show sweep runs")).set_value(True).run()
    assert_clean(app)
    assert swept.id in texts(app)
    assert by_hand.id in open_page("map").query_params["run"]


@pytest.mark.parametrize("name", PAGES)
def test_a_run_that_cannot_be_read_takes_no_page_down(name: str):
    store = RunStore()
    bad = store.create(build_spec("digits", "dccs"))
    with store.writing() as connection:
        connection.execute(update(RUNS).values(metrics='{"foo": 1.0}', status="finished", seal=None))
    app = open_page(name, run=bad.id)
    assert not app.exception and not app.error
    if name == "home":
        assert f"<b>{bad.id}</b> cannot be read (its metrics lack acc, nmi, ari)" in texts(app)
        app.button(key=f"remove-{bad.id}").click().run()
        assert store.unreadable() == [] and "cannot be read" not in texts(app)


def test_home_asks_before_it_deletes_and_brings_back_what_is_deleted_or_lost():
    store = RunStore()
    run = store.create(build_spec("digits", "dccs", title="Mine"))
    store.request(run.id, "stop")
    app = open_page("home")
    app.button(key=f"delete-{run.id}").click().run()
    assert [record.run_id for record in store.list(examples=False)] == [run.id]
    app.button(key=f"really-{run.id}").click().run()
    assert store.list(examples=False) == []
    app.button(key=f"restore-{run.id}").click().run()
    assert [record.title for record in store.list(examples=False)] == ["Mine"]
    with store.writing() as connection:
        connection.execute(delete(RUNS))
    app.run()
    assert "1 run has a folder here and no record" in texts(app)
    app.button(key="bring-back").click().run()
    assert [record.title for record in store.list(examples=False)] == ["Mine"]
    assert not app.exception and not app.error
