"""Baselines as runs: what they find, and that every page shows it."""

import time
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mmclust import specs, worker
from mmclust.baselines import classic
from mmclust.baselines.exploring import EXPLORED, MOST_COLUMNS, fit
from mmclust.cli.main import main
from mmclust.clustering import cluster_snapshot
from mmclust.data import catalogue, uploads
from mmclust.evaluation.metrics import acc
from mmclust.runs.run import Run
from mmclust.runs.store import RunStore
from mmclust.ui.components import cluster_members
from mmclust.ui.components.pointmap import map_points
from tests.data.made import LABELS, A, N, frame
from tests.pages.test_pages import PAGES, assert_clean, open_page, texts, wait_for_jobs


@pytest.mark.parametrize("name", EXPLORED)
def test_a_baseline_finds_groups_and_says_how_surely(name: str) -> None:
    found = fit(name, [A], 3, 0)
    assert found.logits.shape == (N, 3) and np.isfinite(found.logits).all()
    assert acc(LABELS, found.logits.argmax(axis=1)) == 1
    assert all(space.shape[0] == N and np.isfinite(space).all() for space in found.spaces.values())
    between = np.concatenate([A, [(A[LABELS == 0].mean(axis=0) + A[LABELS == 1].mean(axis=0)) / 2]])
    sure = np.exp(fit("kmeans", [between], 3, 0).logits)
    sure /= sure.sum(axis=1, keepdims=True)
    assert sure[-1].max() < 0.9 < np.median(sure.max(axis=1))


def test_clusters_are_those_of_the_table_of_baselines() -> None:
    for name, plain in (("kmeans", classic.k_means_concatenation), ("gmm", classic.gaussian_mixture)):
        np.testing.assert_array_equal(fit(name, [A, A**2], 3, 1).logits.argmax(axis=1), plain([A, A**2], 3, 1))


def test_wide_data_are_kept_as_their_principal_axes() -> None:
    wide = np.random.default_rng(0).normal(size=(40, MOST_COLUMNS + 1))
    assert {name: space.shape for name, space in fit("kmeans", [wide], 2, 0).spaces.items()} == {
        "principal axes": (40, 40)
    }


def test_umap_of_one_column_is_one_sentence() -> None:
    with pytest.raises(ValueError, match="UMAP needs 2 columns or more and 1 came"):
        fit("umap-gmm", [A[:, :1]], 3, 0)


@pytest.fixture
def table(tmp_path: Path, home: Path) -> str:
    """One view of numbers with classes, some unknown."""
    names = np.where(np.arange(N) % 10 == 9, "?", np.array(["u", "v", "w"])[LABELS])
    frame(A, label=names).to_csv(tmp_path / "one.csv", index=False)
    return str(tmp_path / "one.csv")


def explored(dataset: str, name: str = "kmeans", clusters: int | None = None) -> Run:
    store = RunStore()
    run = store.create(specs.build_spec(dataset, name, clusters=clusters))
    active = store.claim(run.id)
    assert active is not None and worker.execute(active) == "finished", run.record().error
    return run


def opened_page(page: str, run: Run) -> AppTest:
    app = open_page(page, run=run.id, projection="PCA")
    return app if page == "train" else wait_for_jobs(app)  # where the bar of the run's own progress stays


@pytest.mark.parametrize("page", [*PAGES, "compare"])
def test_every_page_shows_a_baseline_of_a_single_matrix(page: str, table: str) -> None:
    run = explored(table)
    app = opened_page(page, run)
    assert_clean(app)
    if page == "explain":
        assert "k-means is a baseline without one" in texts(app)
    if page in ("map", "clusters", "confusion"):
        assert app.query_params["run"] == run.id and "100.0%" in texts(app)


def test_samples_without_a_class_are_neither_right_nor_wrong(table: str) -> None:
    run = explored(table)
    shown = cluster_snapshot(run.record(), run, 0, run.snapshot(), dataset=catalogue.load(table))
    assert shown.right is not None and shown.wrong is not None and shown.y_true is not None
    assert not shown.wrong.any() and (shown.right | (shown.y_true < 0)).all()
    rows = np.arange(N)
    points = map_points.Points(rows=rows, xy=np.zeros((N, 2)), views=None, landmarks=np.empty((0, 0)))
    coloring = next(one for one in map_points.colorings(shown, points) if one.key == "correctness")
    assert coloring.names == ("right", "wrong", "no class")
    np.testing.assert_array_equal(coloring.values, np.where(shown.y_true < 0, 2, 0))
    frame_ = map_points.frame(shown, shown.snapshot, rows, shown.ids, np.zeros((N, 2)))
    np.testing.assert_array_equal(frame_.values["correctness"], coloring.values)
    assert not len(cluster_members.members(shown, 0, "wrong", 5))


@pytest.mark.parametrize("page", ["train", "map", "clusters", "confusion", "disentangle", "explain"])
def test_pages_show_a_baseline_without_classes(page: str, tmp_path: Path, home: Path) -> None:
    np.save(tmp_path / "few.npy", np.concatenate([A[:, :2], A[:, :2] + 100]))
    run = explored(str(tmp_path / "few.npy"), "gmm", clusters=2)
    assert not run.record().metrics
    assert_clean(opened_page(page, run))


def test_a_baseline_is_repeated_by_its_spec_and_scored_on_known_classes_alone(table: str) -> None:
    run = explored(table, "gmm")
    record, snapshot = run.record(), run.snapshot()
    assert record.metrics is not None and record.metrics["acc"] == 1 and record.n_samples == N
    found = run.understanding()
    assert found is not None and "6 without a class" in found["understood"]
    again = RunStore().create(run.spec)
    active = RunStore().claim(again.id)
    assert active is not None and worker.execute(active) == "finished"
    np.testing.assert_array_equal(again.snapshot().logits, snapshot.logits)


def test_the_command_trains_a_baseline_and_says_what_it_lacks(table: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--dataset", table, "--method", "kmeans", "--json"]) == 0
    assert '"method": "kmeans"' in capsys.readouterr().out
    for options, words in (
        (["--epochs", "5"], "k-means is a baseline without epochs; leave that out"),
        (["--set", "batch_size=5"], "k-means is a baseline without set; leave that out"),
        (["--clusters", "1"], "clusters=1 is not allowed"),
    ):
        assert main(["train", "--dataset", table, "--method", "kmeans", *options]) == 2
        err = capsys.readouterr().err
        assert words in err and err.count("\n") == 1
    assert main(["datasets", table]) == 0
    assert "note: One view of numbers can be explored with baselines" in capsys.readouterr().out


def test_the_baselines_are_started_and_opened_on_the_page_of_the_data(table: str) -> None:
    name = uploads.keep(catalogue.load(table), uploads.About(title="My numbers"))
    app = wait_for_jobs(open_page("data", dataset=name))
    labels = [button.label for button in app.button]
    assert "Explore with baselines" in labels and "Train on this" not in labels
    app = wait_for_jobs(app.button(key="data-baselines").click().run())
    assert_clean(app)
    app.multiselect[0].set_value(["kmeans"])
    app = next(button for button in app.button if button.label == "Explore").click().run()
    assert_clean(app)
    store = RunStore()
    (record,) = store.list(examples=False)
    assert (record.spec.method, record.spec.dataset, record.spec.n_clusters) == ("kmeans", name, None)
    deadline = time.monotonic() + 60
    while store.record(record.run_id).active and time.monotonic() < deadline:
        time.sleep(0.2)
    app = wait_for_jobs(app.run())
    assert "ACC 100.0%, NMI 100.0%" in texts(app)
    assert {"Map", "Clusters", "Confusion"} <= {button.label for button in app.button}
    app = open_page("train", dataset=name)
    assert "One view of numbers can be explored with baselines" in texts(app)
    assert "Open on the Data page" in [button.label for button in app.button]
