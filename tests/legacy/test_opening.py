"""A home and bundles that version 0.1.0 wrote before its names changed open with everything in them."""

import json
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mmclust import bundle, models, worker
from mmclust.analysis.gradcam import grad_cam
from mmclust.data import catalogue
from mmclust.data.preprocessing import prepare
from mmclust.evaluation.annotation import Merge, Rename, Split
from mmclust.report import sweep as report_of_sweep
from mmclust.report.export import export
from mmclust.runs.annotations import Annotations
from mmclust.runs.run import Run
from mmclust.runs.store import RunStore
from mmclust.sweeps import record as sweeps
from tests.pages.test_pages import assert_clean, open_page, texts, wait_for_jobs

HERE = Path(__file__).parent
ABOUT: dict[str, Any] = json.loads((HERE / "about.json").read_text())
RUNS: dict[str, str] = ABOUT["runs"]
PAGES = ("home", "data", "train", "map", "clusters", "confusion", "views", "explain", "disentangle", "compare")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunStore:
    """The store of the home as it was; it is the home of this test only when all of it is there."""
    with tarfile.open(HERE / "home.tar.xz") as archive:
        archive.extractall(tmp_path / "kept", filter="data")
    monkeypatch.setenv("MMCLUST_HOME", str(tmp_path / "kept" / "home"))
    return RunStore()


@pytest.fixture
def run_of(store: RunStore) -> Callable[[str], Run]:
    return lambda method: store.get(RUNS[method])


def test_every_run_is_listed_with_its_status_and_figures(store: RunStore) -> None:
    records = {record.run_id: record for record in store.list(examples=False)}
    statuses = dict.fromkeys([*RUNS.values(), ABOUT["whole"]], "finished")
    statuses |= {ABOUT["stopped"]: "stopped", ABOUT["queued"]: "queued", ABOUT["failed"]: "failed"}
    of_sweep = [record for record in records.values() if record.launcher == "sweep"]
    assert {run_id: records[run_id].status for run_id in statuses} == statuses
    assert len(records) == len(statuses) + len(of_sweep) and len(of_sweep) == 4
    assert records[ABOUT["failed"]].error == "The disk was full."
    for run_id in RUNS.values():
        record = records[run_id]
        assert set(record.metrics or {}) >= {"acc", "nmi", "ari"} and record.spec.tags == ("kept",)
        assert record.environment["steps"] == "as written" and record.n_samples == 60


@pytest.mark.parametrize("method", RUNS)
def test_a_run_has_its_spec_its_curves_and_its_codes(method: str, run_of: Callable[[str], Run]) -> None:
    run = run_of(method)
    asked = json.loads((run.folder / "spec.json").read_text())
    assert run.spec.preprocessing == tuple(asked.pop("steps"))
    assert run.spec == replace(run.spec, **asked | {"tags": ("kept",)})
    assert [epoch for epoch, _ in run.snapshots()] == [0, 3]
    snapshot = run.snapshot()
    np.testing.assert_allclose(snapshot.probs.sum(axis=1), 1, rtol=1e-4)
    assert len(snapshot.index) == 60 and snapshot.n_clusters == 10
    curves = run.metrics()
    assert {name.partition("/")[0] for name in curves["name"]} >= {"loss", "signal", "eval", "objective"}
    assert np.isfinite(curves["value"].to_numpy()).all() and max(curves["epoch"]) == 3


@pytest.mark.parametrize("method", RUNS)
def test_restored_weights_give_the_scores_that_they_gave(method: str, run_of: Callable[[str], Run]) -> None:
    run = run_of(method)
    data = catalogue.load(run.spec.dataset, limit=run.spec.limit)
    restored = models.restore(run, data.spec)
    views = tuple(torch.from_numpy(np.array(view)) for view in prepare(data, run.spec.preprocessing).views)
    with torch.no_grad():
        scores = restored.logits(views).numpy()
    np.testing.assert_allclose(scores, np.load(HERE / "logits.npz")[method], rtol=1e-3, atol=1e-4)


def test_the_weights_of_dccs_explain_an_image(run_of: Callable[[str], Run]) -> None:
    run = run_of("dccs")
    data = catalogue.load("digits", limit=60)
    heat = grad_cam(models.restore(run, data.spec), [data.views[0][:4]], run.snapshot().y_pred[:4])
    assert heat.shape == (4, 8, 8) and heat.max() > 0


def test_a_stopped_run_goes_on_and_ends_as_the_one_that_was_not_stopped(store: RunStore) -> None:
    whole, stopped = store.get(ABOUT["whole"]), store.get(ABOUT["stopped"])
    assert 0 < stopped.record().epoch < 4
    store.delete(ABOUT["queued"])
    store.requeue(stopped.id, "thread")
    active = store.claim(stopped.id)
    assert active is not None and worker.execute(active) == "finished"
    # Another processor adds in another order; on the one that trained them they are equal.
    np.testing.assert_allclose(stopped.snapshot(4).logits, whole.snapshot(4).logits, rtol=1e-2, atol=1e-3)
    ours, theirs = (run.metrics(names=["loss/aug", "loss/mi", "loss/adv"])["value"] for run in (stopped, whole))
    np.testing.assert_allclose(ours, theirs, rtol=1e-2, atol=1e-4)


def test_note_names_and_annotation_are_there_with_what_was_undone(store: RunStore) -> None:
    about = ABOUT["annotation"]
    record = store.record(about["run"])
    assert record.note == "see *cluster 3*" and record.cluster_names == {2: "threes", 4: "fives"}
    (annotation,) = Annotations(store).of(about["run"])
    assert annotation.name == "by eye" and annotation.n_applied == 3
    rename, split, merge, undone = annotation.steps
    assert rename == Rename(cluster=about["largest"], name="many")
    assert isinstance(split, Split) and len(split.centres) == 2
    assert merge == Merge(clusters=tuple(about["merged"]))
    assert undone == Rename(cluster=0, name="taken back")


def test_the_sweep_is_there_with_its_runs(store: RunStore, tmp_path: Path) -> None:
    record = sweeps.get(store, ABOUT["sweep"])
    assert record.status == "finished" and record.title == "kept sweep" and not record.failures
    assert record.sweep.axes() == {"beta": (0.1, 0.5)} and record.sweep.id == ABOUT["sweep"]
    runs = [store.record(run_id) for run_id in record.runs.values()]
    assert len(runs) == len(record.sweep.cells) * len(record.sweep.seeds)
    assert all(run.status == "finished" and (run.metrics or {})["acc"] > 0.3 for run in runs)
    files = report_of_sweep.export(store, record.sweep_id, tmp_path / "out")
    assert "kept sweep" in next(file for file in files if file.suffix == ".html").read_text()


def test_the_data_set_of_ones_own_is_there(store: RunStore) -> None:
    data = catalogue.load(ABOUT["dataset"])
    assert data.spec.classes == ("low", "middle", "high") and [view.shape for view in data.views] == [(48, 6), (48, 4)]


def test_a_run_is_exported_with_its_report(run_of: Callable[[str], Run], tmp_path: Path) -> None:
    run = run_of("dccs")
    files = export(run, tmp_path / "out", Annotations(run.store).of(run.id))
    assert len(files) == 8 and "as it was" in (tmp_path / "out" / "report.html").read_text()


def test_the_bundle_of_a_run_is_read(home: Path) -> None:
    store = RunStore()
    opened = bundle.read(store, HERE / "run.mmclust")
    (run_id,) = opened.run_ids
    run = store.get(run_id)
    assert run.record().note == "see *cluster 3*" and run.spec.preprocessing == () and len(run.snapshots()) == 2
    assert [annotation.n_applied for annotation in Annotations(store).of(run_id)] == [3]
    images = torch.from_numpy(np.array(catalogue.load("digits", limit=60).views[0]))
    with torch.no_grad():
        scores = models.restore(run, catalogue.describe("digits")).logits((images,)).numpy()
    np.testing.assert_allclose(scores, np.load(HERE / "logits.npz")["dccs"], rtol=1e-3, atol=1e-4)


def test_the_bundle_of_a_sweep_is_read(home: Path) -> None:
    store = RunStore()
    opened = bundle.read(store, HERE / "sweep.mmclust")
    record = sweeps.get(store, opened.sweep_id)
    assert opened.sweep_id == ABOUT["sweep"] and set(record.runs.values()) == set(opened.run_ids)
    assert {store.get(run_id).spec.preprocessing for run_id in opened.run_ids} == {
        ("flatten", "minmax", "pca-100", "unit")
    }


@pytest.mark.parametrize(
    ("method", "page"),
    [("dccs", page) for page in PAGES] + [("dmid-uic", page) for page in ("train", "map", "views", "disentangle")],
)
def test_a_page_shows_a_run(method: str, page: str, run_of: Callable[[str], Run]) -> None:
    run = run_of(method)
    app = open_page(page, run=run.id, projection="PCA")
    if page not in ("home", "train"):  # those show the progress of a run that waits
        wait_for_jobs(app)
    assert_clean(app)


def test_the_page_of_sweeps_shows_the_sweep(store: RunStore) -> None:
    app = open_page("sensitivity", sweep=ABOUT["sweep"])
    assert_clean(app)
    assert len(app.get("plotly_chart")) >= 1 and "4 of 4 runs finished" in texts(app)
    assert any("kept sweep" in option for box in app.selectbox for option in box.options)


def test_a_selection_that_a_link_names_is_found(run_of: Callable[[str], Run]) -> None:
    chosen = ABOUT["selection"]
    app = open_page("clusters", run=run_of("dccs").id, sel=chosen["text"])
    assert_clean(app)
    assert f"**A few** :gray[{len(chosen['ids'])} images]" in texts(app)
