"""Preset auto on several views, from the file to what earned the result."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from auto.families import blobs, noise, topics
from scipy.io import savemat

from mmclust import worker
from mmclust.auto import baselines, pools, record, view_run
from mmclust.data import catalogue, preprocessing
from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.evaluation.metrics import acc
from mmclust.evaluation.snapshot import Snapshot
from mmclust.runs.run import Run
from mmclust.runs.spec import RunSpec
from mmclust.runs.store import RunStore
from mmclust.specs import build_spec

CHEAP = 1e-3
"""Minutes: the shortest schedule."""


def dataset(views: list[np.ndarray], labels: np.ndarray | None = None) -> MultiViewDataset:
    n_clusters = 5 if labels is None else int(labels.max()) + 1
    specs = tuple(ViewSpec(name=f"v{i}", kind="vector", shape=view.shape[1:]) for i, view in enumerate(views))
    return MultiViewDataset(
        spec=DataSpec(name="mine", views=specs, n_clusters=n_clusters), views=tuple(views), labels=labels
    )


def trained(spec: RunSpec) -> Run:
    store = RunStore()
    run = store.create(spec)
    active = store.claim(run.id)
    assert active is not None
    assert worker.execute(active) == "finished", run.record().error
    return run


def told(run: Run) -> dict:
    return json.loads((run.folder / view_run.FILE).read_text())


def saved(folder: Path, views: list[np.ndarray], labels: np.ndarray) -> str:
    path = folder / "mine.mat"
    savemat(path, {f"X{i}": view for i, view in enumerate(views, start=1)} | {"Y": labels[:, None] + 1})
    return str(path)


def test_chosen_steps_are_plain_and_give_what_was_chosen():
    views, labels = topics(n_samples=150)
    data = dataset(views, labels)
    steps, found = view_run.chosen_steps(data, 4)
    assert steps == ("1:tf-idf", "2:tf-idf", "pca-100", "unit")
    prepared = view_run.comparable(preprocessing.prepare(data, steps))
    for one, other in zip(prepared, found.apply(views), strict=True):
        np.testing.assert_allclose(np.abs(one[:, :3]), np.abs(other[:, :3]), atol=1e-3)


def test_images_are_flattened_before_anything_else():
    views, labels = blobs(n_samples=60, dims=(16, 8))
    specs = (ViewSpec(name="a", kind="image", shape=(1, 4, 4)), ViewSpec(name="b", kind="vector", shape=(8,)))
    pixels = np.clip(views[0].reshape(-1, 1, 4, 4) * 20 + 120, 0, 255).astype(np.uint8)
    data = MultiViewDataset(spec=DataSpec(name="x", views=specs, n_clusters=5), views=(pixels, views[1]), labels=labels)
    assert view_run.chosen_steps(data, 5)[0][0] == "flatten"


def test_live_evidence_follows_the_clusters():
    views, labels = blobs(n_samples=200)
    live = view_run.LiveEvidence(dataset(views, labels), 5)

    def of(clusters: np.ndarray, index: np.ndarray) -> dict[str, float]:
        logits = np.eye(5, dtype=np.float32)[clusters]
        return live(Snapshot(epoch=1, step=1, index=index, spaces={}, logits=logits))

    right = of(labels, np.arange(200))["signal/evidence"]
    assert right > of(np.random.default_rng(0).permutation(labels), np.arange(200))["signal/evidence"] + 0.4
    assert of(labels[:100], np.arange(100)) == {}


def test_a_result_of_less_evidence_than_its_start_is_not_kept():
    views, labels = blobs(n_samples=150)
    this = view_run.ViewRun(dataset(views, labels), 5, seed=0)
    wrong = np.random.default_rng(0).permutation(labels)
    for clusters, kept in ((wrong, "start"), (this.pool.start.clusters, "method")):
        deep = Snapshot(epoch=9, step=9, index=np.arange(150), spaces={}, logits=np.eye(5, dtype=np.float32)[clusters])
        earned = this.earned(deep, curve=[(0, 0.1), (4, 0.5)], taken_over=5)
        assert earned.kept == kept
        assert acc(labels, earned.clusters) > 0.9
        assert earned.document["evidence"]["distilled"] == 0.5
    assert record.as_start(deep, this.pool.start.clusters, 5).y_pred.tolist() == this.pool.start.clusters.tolist()


def test_pools_are_kept_and_found_again(monkeypatch: pytest.MonkeyPatch):
    views = [noise(40, 3), noise(40, 4, seed=1)]
    first = pools.pool(views, 3, seed=0)
    monkeypatch.setattr("mmclust.auto.starts.find", None)
    again = pools.pool(views, 3, seed=0)
    assert [one.name for one in again.candidates] == [one.name for one in first.candidates]
    np.testing.assert_array_equal(again.start.clusters, first.start.clusters)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["dmim", "msdib", "dmid-uic"])
def test_a_run_tells_what_earned_its_result_and_its_spec_repeats_it(method: str, tmp_path: Path):
    views, labels = blobs(n_samples=160)
    spec = build_spec(saved(tmp_path, views, labels), method, budget_min=CHEAP)
    assert spec.preprocessing == ("auto",)
    run = trained(spec)
    about, decided = told(run), RunStore().get(run.id).spec
    assert "auto" not in decided.preprocessing and decided.auto["start"] == about["start"]["name"]
    assert about["verdict"]["word"] and about["partitions"]["start"]["acc"] > 0.9
    assert (run.record().metrics or {})["acc"] > 0.9
    assert {one.title for one in baselines.BASELINES.values()} < set(about["partitions"])
    assert set(about["partition_evidence"]) == set(about["partitions"])
    with np.load(run.folder / view_run.ARRAYS) as arrays:
        assert {"start", "method", "UMAP_+_Gaussian_mixture"} <= set(arrays)
    again = trained(decided)
    assert again.record().metrics == run.record().metrics
    assert set(run.metrics(["signal/evidence"])["name"]) == {"signal/evidence"}


@pytest.mark.slow
def test_a_data_set_by_name_and_by_path_gives_the_same_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MMCLUST_DATA", str(tmp_path))
    views, labels = blobs(n_samples=1400, n_classes=7, dims=(40, 254))
    folder = tmp_path / "caltech-2v"
    folder.mkdir()
    for name, key, values in (("view1", "fea", views[0]), ("view2", "fea", views[1]), ("L", "labels", labels[:, None])):
        savemat(folder / f"{name}.mat", {key: values})
    runs = [trained(build_spec(name, "dmim", budget_min=CHEAP, limit=300)) for name in ("caltech-2v", str(folder))]
    by_name, by_path = (RunStore().get(run.id).spec for run in runs)
    assert (by_name.config, by_name.epochs, by_name.preprocessing, by_name.auto) == (
        *(by_path.config, by_path.epochs),
        *(by_path.preprocessing, by_path.auto),
    )
    assert runs[0].record().metrics == runs[1].record().metrics


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, entry in catalogue.DATASETS.items() if not entry.bundled])
def test_every_data_set_of_the_catalogue_gives_the_same_run_by_name_and_by_path(name: str):
    path = catalogue.DATASETS[name].found_at()
    if path is None:
        pytest.skip(f"{name} is not here")
    try:
        plain = catalogue.sized(str(path))[0]
    except ValueError as reason:
        pytest.skip(f"{name} is made from several files: {reason}")
    method = "dmim" if len(plain.views) > 1 else "dccs"
    about = {"budget_min": CHEAP, "limit": 200, "epochs": 1, "device": "cpu"}
    specs = [build_spec(each, method, **about) for each in (name, str(path))]
    assert replace(specs[0], dataset="") == replace(specs[1], dataset="")
    by_name, by_path = (trained(spec) for spec in specs)
    assert by_name.record().metrics == by_path.record().metrics
    decided = [RunStore().get(run.id).spec for run in (by_name, by_path)]
    assert replace(decided[0], dataset="") == replace(decided[1], dataset="")


def test_samples_that_are_all_the_same_fail_with_a_sentence(tmp_path: Path):
    same = [np.ones((30, 4), np.float32) * np.arange(4), np.ones((30, 3), np.float32) * np.arange(3)]
    store = RunStore()
    run = store.create(build_spec(saved(tmp_path, same, np.arange(30) % 3), "dmim", budget_min=CHEAP))
    active = store.claim(run.id)
    assert active is not None
    assert worker.execute(active) == "failed"
    assert "All 30 samples of view X1 of mine are the same" in run.record().error
