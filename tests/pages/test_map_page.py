"""The Map page: two maps, figures of projection quality, selections from other pages, and runs that lack something."""

import json
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mmclust import specs
from mmclust.analysis import large, placement, projection, projection_quality
from mmclust.data import uploads
from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec, WordSpace
from mmclust.evaluation.snapshot import Snapshot
from mmclust.features import phrases
from mmclust.runs.run import Run
from mmclust.runs.store import RunStore
from mmclust.ui.shell import files

from .test_pages import assert_clean, component_data, open_page, texts, wait_for_jobs


def opened(run: Run, **query: str) -> AppTest:
    """The page when everything on it is worked out, laid out by PCA."""
    return wait_for_jobs(open_page("map", **({"run": run.id, "projection": "PCA"} | query)))


def maps(app: AppTest) -> list[Any]:
    """The maps on the page."""
    return [found for found in app.get("bidi_component") if found.proto.component_name == "mmclust-map"]


@pytest.fixture
def make_own_run(tmp_path: Path) -> Callable[..., Run]:
    """A run on a file of random numbers: of any size, with and without labels, images or a view of numbers."""

    def make(
        n: int = 50,
        clusters: int = 3,
        *,
        labels: bool = True,
        vectors: bool = False,
        epochs=(0, 1),
        end=True,
        dataset: str = "",
    ) -> Run:
        random = np.random.default_rng(0)
        arrays: dict[str, Any] = {"images": random.integers(0, 255, (n, 9, 9), dtype=np.uint8)}
        if vectors:
            arrays = {"left": random.normal(size=(n, 6)), "right": random.normal(size=(n, 4))}
        if labels:
            arrays["labels"] = np.arange(n) % clusters
        path = tmp_path / f"{n}-{clusters}.npz"
        np.savez(path, **arrays)
        method = "msdib" if vectors else "dccs"
        run = RunStore().create(specs.build_spec(dataset or str(path), method, epochs=3, clusters=clusters))
        active = RunStore().claim(run.id)
        assert active is not None
        active.begin(n_samples=n, n_train=n, n_clusters=clusters, environment={})
        for epoch in epochs:
            codes = random.normal(size=(n, 5)).astype(np.float32)
            logits = random.normal(size=(n, clusters)).astype(np.float32)
            active.snapshot(
                Snapshot(epoch=epoch, step=epoch, index=np.arange(n), spaces={"z": codes, "z_s": codes}, logits=logits)
            )
        if end:
            active.finish("finished")
        return run

    return make


def test_two_maps_stand_side_by_side_each_with_its_own_figures(make_run: Callable[..., Run]) -> None:
    app = opened(make_run(), beside="true", projection2="PCA", space="z_c")
    assert_clean(app)
    assert len(maps(app)) == 2
    words = texts(app)
    assert words.count("<small>trustworthiness</small>") == 2 and words.count("<small>continuity</small>") == 2
    assert "**PCA of Z_c, category**" in words and "**PCA of Z_s, style**" in words


def test_a_map_is_not_held_back_by_the_other_one(make_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    going_on = threading.Event()
    lay_out = projection.cached_projection

    def slowly(folder: Path, values: np.ndarray, kind: str, **options: Any) -> np.ndarray:
        if kind == "tsne":
            going_on.wait(30)
        return lay_out(folder, values, "pca", **options)

    monkeypatch.setattr(projection, "cached_projection", slowly)
    app = open_page("map", run=make_run().id, projection="PCA", beside="true", projection2="t-SNE")
    deadline = time.monotonic() + 30
    while not maps(app) and time.monotonic() < deadline:
        app.run()
    assert len(maps(app)) == 1 and app.get("progress")
    going_on.set()
    assert len(maps(wait_for_jobs(app))) == 2


def test_comparing_neighbours_is_kept_with_the_run(make_run: Callable[..., Run]) -> None:
    run = make_run()
    opened(run)
    assert len(list((run.folder / "layouts").glob("quality-*.npz"))) == 1


def test_of_many_samples_some_are_shown_first_and_then_all(
    make_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(large, "FROM", 1000)
    monkeypatch.setattr(large, "SAMPLE", 300)
    going_on = threading.Event()
    placer = placement.placer

    def slowly(*arguments: Any, **options: Any) -> placement.Place:
        going_on.wait(60)
        return placer(*arguments, **options)

    monkeypatch.setattr(placement, "placer", slowly)
    app = open_page("map", run=make_run().id, projection="UMAP")
    deadline = time.monotonic() + 120
    while not maps(app) and time.monotonic() < deadline:
        app.run()
    assert_clean(app)
    assert "300 random samples of 1,797." in texts(app)
    assert any("Placing the other 1,497 points" in bar.proto.text for bar in app.get("progress"))
    going_on.set()
    app = wait_for_jobs(app, timeout=120)
    assert len(maps(app)) == 1 and "random samples of" not in texts(app)


def test_points_of_a_large_map_are_marked_when_that_is_asked_for(
    make_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projection_quality, "REFERENCES", 400)
    app = opened(make_run())
    assert_clean(app)
    assert "±" in texts(app) and "400 random samples" in texts(app)
    (marks,) = [toggle for toggle in app.toggle if toggle.label == "Mark each point"]
    app = wait_for_jobs(marks.set_value(True).run())
    assert_clean(app)
    assert "±" not in texts(app) and "400 random samples" in texts(app)


def test_a_selection_of_another_page_is_drawn_counted_and_offered(make_run: Callable[..., Run]) -> None:
    app = opened(make_run(), sel="cluster:4")
    assert_clean(app)
    words = texts(app)
    assert "**Cluster 4 · " in words and "images of 1,797]" in words and "clusters: 4 · " in words
    keys = {button.key for button in app.button}
    assert {"selection-explain.py", "selection-clear"} <= keys and "selection-map.py" not in keys
    app.button(key="selection-clear").click().run()
    assert "Nothing selected" in texts(app) and "sel" not in app.query_params


def test_nearest_samples_are_found_in_any_space_and_can_be_selected(make_run: Callable[..., Run]) -> None:
    app = opened(make_run(), sel="cell:9-3")
    app.session_state["map-tab"] = "nearest"
    app.run()
    assert_clean(app)
    assert "of these 35 are in the same cluster" in texts(app)
    next(box for box in app.selectbox if box.label == "In the space").select("z_s").run()
    assert app.query_params["near"] == "z_s"
    app.button(key="select-nearest").click().run()
    assert_clean(app)
    assert "**Nearest to the middle of the selection in z" in texts(app) and "35 images of" in texts(app)


@pytest.mark.parametrize("kind", ["t-SNE", "UMAP", "PaCMAP"])
@pytest.mark.slow
def test_fifty_samples_are_laid_out_by_every_projection(kind: str, make_own_run: Callable[..., Run]) -> None:
    app = opened(make_own_run(), projection=kind)
    assert_clean(app)
    assert len(maps(app)) == 1 and "trustworthiness" in texts(app)


def test_a_run_without_labels_is_coloured_by_what_is_known(make_own_run: Callable[..., Run]) -> None:
    app = opened(make_own_run(labels=False), sel="cluster:1")
    assert_clean(app)
    assert "clusters: 1 100%" in texts(app) and "classes:" not in texts(app)
    app = opened(make_own_run(labels=False), sel="class:1")
    assert_clean(app)
    assert "Nothing selected" in texts(app)


def test_views_of_numbers_are_drawn_as_profiles(make_own_run: Callable[..., Run]) -> None:
    app = opened(make_own_run(vectors=True), sel="cluster:1")
    assert_clean(app)
    assert len(maps(app)) == 1 and "samples of 50]" in texts(app)


def test_one_snapshot_offers_no_time(make_own_run: Callable[..., Run]) -> None:
    app = opened(make_own_run(epochs=(0,)))
    assert_clean(app)
    labels = [toggle.label for toggle in app.toggle]
    assert "Side by side" in labels and "Through time" not in labels


def test_two_hundred_clusters_are_shown(make_own_run: Callable[..., Run]) -> None:
    app = opened(make_own_run(400, 200), sel="cluster:200")
    assert_clean(app)
    assert "**Cluster 200" in texts(app)


def test_a_run_that_still_trains_is_shown_as_far_as_it_is(make_own_run: Callable[..., Run]) -> None:
    app = opened(make_own_run(end=False), time="true")
    assert_clean(app)
    assert len(maps(app)) == 1


def test_a_map_through_time_stays_right_at_an_epoch_that_holds_some_of_the_samples(
    make_own_run: Callable[..., Run],
) -> None:
    run, kept = make_own_run(), np.arange(30, 50)
    codes = np.random.default_rng(1).normal(size=(len(kept), 5)).astype(np.float32)
    early = Snapshot(epoch=0, step=0, index=kept, spaces={"z": codes, "z_s": codes}, logits=codes[:, :3])
    early.save(run.snapshots()[0][1])
    for epoch in ("1", "0"):  # who comes later gets the timeline that was worked out for the first
        app = opened(run, time="true", epoch=epoch)
        assert_clean(app)
        content = published(component_data(maps(app)[0])["url"])
        size = int.from_bytes(content[:4], "little")
        _, offset, count = json.loads(content[4 : 4 + size])["arrays"]["ids"]
        assert np.frombuffer(content, "<u4", count, offset).tolist() == kept.tolist()


def test_a_run_deleted_while_its_map_is_open_leaves_no_files_behind(make_own_run: Callable[..., Run]) -> None:
    run = make_own_run()
    app = opened(run)
    RunStore().delete(run.id)
    app.run()
    assert_clean(app)
    assert not run.folder.exists()


def test_captions_reach_the_card_of_the_map_and_the_rows_of_the_clusters(make_own_run: Callable[..., Run]) -> None:
    data = MultiViewDataset(
        spec=DataSpec(name="told", views=(ViewSpec(name="image", kind="image", shape=(1, 9, 9)),), n_clusters=3),
        views=(np.zeros((50, 1, 9, 9), np.uint8),),
        texts=np.array([f"a picture of number {i}" for i in range(50)], object),
    )
    run = make_own_run(labels=False, dataset=uploads.keep(data, uploads.About(title="told")))
    content = published(component_data(maps(opened(run))[0])["url"])
    header = json.loads(content[4 : 4 + int.from_bytes(content[:4], "little")])
    assert json.loads(published(header["texts"]))[4] == "a picture of number 4"
    app = open_page("clusters", run=run.id)
    assert_clean(app)
    assert re.search(r'class="mm-cap[^>]*>a picture of number \d+<', texts(app))


def published(address: str) -> bytes:
    """What the browser gets from an address of the map."""
    return files._published.blobs[address.rsplit("/", 1)[-1]]


def test_a_phrase_lights_the_nearest_pictures_and_is_a_column(
    make_own_run: Callable[..., Run], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(0)
    codes = random.normal(size=(50, 4)).astype(np.float16)
    spec = DataSpec(name="x", views=(ViewSpec(name="x", kind="image", shape=(1, 9, 9)),), n_clusters=3)
    name = uploads.keep(
        MultiViewDataset(
            spec=spec,
            views=(random.integers(0, 255, (50, 1, 9, 9), np.uint8),),
            word_space=WordSpace(codes=codes, extractor="cliptext:M/t", weights="random"),
        ),
        uploads.About(title="Described"),
    )
    asked = []
    monkeypatch.setattr(phrases, "_described", lambda *about: asked.append(about) or np.eye(4, dtype=np.float32)[1])
    app = opened(make_own_run(dataset=name), words="a red car")
    assert_clean(app)
    assert asked == [("cliptext:M/t", "random", "a red car")]
    assert "Nearest to “a red car”" in texts(app) and "20 images of 50" in texts(app)
    columns = [found for found in app.get("bidi_component") if found.proto.component_name == "mmclust-facets"]
    assert "similarity" in [column["key"] for column in component_data(columns[0])["catalogue"]]
    app.text_input(key="words").set_value("").run()
    assert_clean(app)


def test_of_data_that_are_gone_is_said_what_can_be_done(make_own_run: Callable[..., Run]) -> None:
    run = make_own_run()
    Path(run.spec.dataset).unlink()
    app = opened(run)
    assert not app.exception
    told = [one.value.replace("\\", "") for one in app.warning]  # as Markdown
    assert any(f"data of run {run.id} are gone: {run.spec.dataset} is not here" in text for text in told), told
