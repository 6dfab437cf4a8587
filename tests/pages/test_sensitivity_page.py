import threading
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import insert, select
from streamlit.testing.v1 import AppTest

from mmclust.runs import seals
from mmclust.runs.run import Run
from mmclust.runs.store import RunStore
from mmclust.runs.tables import METRICS, RUNS, SWEEP_RUNS
from mmclust.sweeps import child
from mmclust.sweeps import record as sweeps
from mmclust.sweeps.sweep import Cell, Sweep, ablations, grid, points_of
from mmclust.ui.shell.jobs import JobQueue
from mmclust.ui.sweeps import form, walk
from tests.pages.test_pages import assert_clean, open_page, texts, wait_for_jobs

BASE = Cell(dataset="digits", method="dccs", epochs=3)


def stored(sweep: Sweep, like: Run, missing: tuple[tuple[int, int], ...] = ()) -> RunStore:
    """The sweep in the store, with copies of a finished run at its places but for the missing ones."""
    store = RunStore()
    with store.reading() as connection:
        row = dict(connection.execute(select(RUNS).where(RUNS.c.run_id == like.id)).mappings().one())
    sweeps.begin(store, sweep, n_runs=sweep.n_runs)
    rows, links = [], []
    for number, cell in enumerate(sweep.cells):
        for seed in sweep.seeds:
            if (number, seed) in missing:
                continue
            run_id = f"copy-{number}-{seed}"
            spec = replace(like.spec, seed=seed, config={**like.spec.config, **cell.changes}, launcher="sweep")
            rows.append(
                seals.sealed(row | {"run_id": run_id, "spec": spec.to_json(), "launcher": "sweep", "n_points": None})
            )
            links.append({"sweep_id": sweep.id, "cell": number, "seed": seed, "run_id": run_id})
            (store.folder(run_id)).parent.mkdir(exist_ok=True)
            store.folder(run_id).symlink_to(like.folder)
    with store.writing() as connection:
        connection.execute(insert(RUNS), rows)
        connection.execute(insert(SWEEP_RUNS), links)
        points = [
            {"run_id": r["run_id"], "step": 1, "epoch": 1.0, "name": "signal/confidence", "value": 0.5} for r in rows
        ]
        connection.execute(insert(METRICS), points)
    sweeps.end(store, sweep.id, "finished", dict.fromkeys(missing, "The loss was not finite."))
    return store


def plots(app: AppTest) -> int:
    return len(app.get("plotly_chart"))


def test_without_a_sweep_the_page_says_what_to_do_and_leads_to_the_form(started: list[Sweep]):
    app = open_page("sensitivity")
    assert_clean(app)
    assert "No sweep yet" in texts(app)
    next(button for button in app.button if button.label == "Plan a sweep").click().run()
    assert_clean(app)
    assert app.query_params["show"] == "new"


def test_one_setting_is_a_curve_and_the_slider_walks_over_its_runs(make_run: Callable[..., Run]):
    stored(grid(BASE, {"beta_aug": (0, 1, 4)}, seeds=(0, 1), title="Augmentation"), make_run(), missing=((1, 1),))
    app = open_page("sensitivity")
    assert_clean(app)
    assert plots(app) == 1
    assert "1 of 6 runs are missing" in texts(app) and "The loss was not finite" in texts(app)
    assert "mm-cells" in texts(app) and 'class="mm-walk"' in texts(app)
    slider = next(s for s in app.select_slider if s.label == "beta aug")
    slider.set_value(1).run()
    assert_clean(app)
    assert 'class="mm-walk"' in texts(app)
    app.session_state["walk:seed"] = 1
    app.run()
    assert "No finished run" in texts(app) and 'class="mm-walk"' not in texts(app)


def test_no_job_of_the_page_outlives_its_test(make_run: Callable[..., Run], background_jobs: JobQueue):
    before = set(threading.enumerate())
    stored(grid(BASE, {"beta_aug": (0, 1, 4)}, seeds=(0, 1)), make_run())
    open_page("sensitivity")
    assert any(key[0] == "walk" for key in background_jobs.jobs if isinstance(key, tuple)), "pieces are made ahead"
    background_jobs.close()
    assert not [thread for thread in set(threading.enumerate()) - before if thread.name.startswith("job")]


def test_a_list_of_settings_is_drawn_side_by_side_with_a_table(make_run: Callable[..., Run]):
    stored(points_of(BASE, [{"style_dim": 20}, {"style_dim": 0}, {"beta_aug": 0}], seeds=(0, 1)), make_run())
    app = open_page("sensitivity")
    assert_clean(app)
    assert plots(app) == 1 and "runs are missing" not in texts(app)
    assert list(app.dataframe[0].value["row"]) == ["style_dim=20", "style_dim=0", "beta_aug=0"]
    assert 'class="mm-walk"' in texts(app)
    assert next(button for button in app.button if button.label == "Extend").disabled


def test_two_settings_are_a_heat_map_of_any_figure(make_run: Callable[..., Run]):
    stored(grid(BASE, {"beta_aug": (0, 1), "style_dim": (0, 10, 50)}), make_run())
    app = open_page("sensitivity")
    assert_clean(app)
    assert plots(app) == 1
    figure = next(box for box in app.selectbox if box.label == "Metric")
    assert "Purity" in figure.options
    figure.set_value("signal/confidence").run()
    assert_clean(app)
    assert app.query_params["figure"] == "signal/confidence"
    next(box for box in app.selectbox if box.label == "Second axis").set_value("nothing").run()
    assert_clean(app)


def test_500_runs_take_less_than_a_second_of_processor_time(
    make_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(walk, "make_ahead", lambda name, records: None)  # a thread of its own, not the page's time
    stored(
        grid(BASE, {"beta_aug": tuple(range(10)), "sigma": tuple(np.linspace(0.1, 0.5, 25).tolist())}, seeds=(0, 1)),
        make_run(),
    )
    app = open_page("sensitivity")
    assert_clean(app)
    began = time.thread_time()
    app.run()
    assert plots(app) == 1
    assert time.thread_time() - began < 1.0


places: list[tuple[str, float]] = []
"""Launcher of each started sweep, and the GPUs of each of its runs."""


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Sweep]:
    """Sweeps that the page starts; nothing is trained."""
    found: list[Sweep] = []
    places.clear()

    def start(store: RunStore, sweep: Sweep, launcher: str = "sweep", gpus_per_run: float = 1.0) -> None:
        found.append(sweep)
        places.append((launcher, gpus_per_run))
        sweeps.begin(store, sweep, n_runs=sweep.n_runs)
        sweeps.end(store, sweep.id, "stopped", {})

    def forecast(outcome) -> dict:
        return {"n_runs": outcome.n_runs, "n_left": outcome.n_runs, "n_workers": 2, "seconds_left": 90.0}

    monkeypatch.setattr(child, "start", start)
    monkeypatch.setattr(form, "forecast", forecast)
    return found


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def test_the_form_tells_runs_and_time_and_starts_the_sweep(started: list[Sweep]):
    app = open_page("sensitivity", show="new")
    assert_clean(app)
    next(box for box in app.selectbox if box.label == "Hyperparameter").set_value("sigma").run()
    wait_for_jobs(app)
    next(box for box in app.text_input if box.label == "Values").set_value("0.1:0.3:0.1").run()
    assert_clean(wait_for_jobs(app))
    assert "**6 runs**" in texts(app) and "1:30 (h:mm:ss or m:ss)" in texts(app)
    press(app, "Start the sweep")
    assert_clean(app)
    assert [cell.point for cell in started[0].cells] == [{"sigma": 0.1}, {"sigma": 0.2}, {"sigma": 0.3}]
    assert started[0].seeds == (0, 1)
    assert app.query_params["sweep"] == started[0].id
    assert "No finished runs yet" in texts(app)
    press(app, "Extend")
    assert_clean(app)
    assert next(box for box in app.text_input if box.label == "Values").value == "0.1, 0.2, 0.3"


def test_a_sweep_on_a_cluster_may_share_gpus(started: list[Sweep], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MMCLUST_RAY_ADDRESS", "127.0.0.1:1")
    app = wait_for_jobs(open_page("sensitivity", show="new"))
    assert not [box for box in app.number_input if box.label == "GPUs per run"]
    next(group for group in app.button_group if group.label == "Runs in").set_value("ray").run()
    next(box for box in app.number_input if box.label == "GPUs per run").set_value(0.25).run()
    assert "About 3:00" in texts(app) and "as many in parallel as its resources allow" in texts(app)
    assert_clean(app)
    press(app, "Start the sweep")
    assert places == [("ray", 0.25)]


def test_a_large_grid_asks_and_can_be_limited(started: list[Sweep]):
    app = open_page("sensitivity", show="new")
    next(box for box in app.text_input if box.label == "Values").set_value("0:10:0.1").run()
    wait_for_jobs(app)
    limit = next(box for box in app.number_input if box.label == "Maximum number of runs")
    assert limit.max == 202 and limit.value == 60
    wait_for_jobs(limit.set_value(202).run())
    assert next(b for b in app.button if b.label == "Start the sweep").disabled
    app.checkbox[0].check().run()
    assert not next(b for b in app.button if b.label == "Start the sweep").disabled
    limit = next(box for box in app.number_input if box.label == "Maximum number of runs")
    wait_for_jobs(limit.set_value(10).run())
    press(app, "Start the sweep")
    assert len(started[0].cells) == 5


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ("", "is no axis"),
        ("1, 1", "give each value once"),
        ("0:1:0", "is no range"),
        ("999", "beta_aug"),
        ("many", "beta_aug"),
        ("0:10:0.0001", "10000 runs are allowed"),
    ],
)
def test_values_that_cannot_be_understood_are_said(values: str, sentence: str, started: list[Sweep]):
    app = open_page("sensitivity", show="new")
    next(box for box in app.text_input if box.label == "Values").set_value(values).run()
    assert_clean(app)
    assert sentence in texts(app)
    assert "Start the sweep" not in [button.label for button in app.button]


@pytest.mark.parametrize(("values", "may_start"), [("64, 512", True), ("512", False)])
def test_batches_larger_than_the_samples_are_said_before_the_sweep_starts(
    values: str, may_start: bool, started: list[Sweep]
):
    app = open_page("sensitivity", show="new")
    next(box for box in app.number_input if box.label == "Samples (0: all)").set_value(192).run()
    next(box for box in app.selectbox if box.label == "Hyperparameter").set_value("batch_size").run()
    next(box for box in app.text_input if box.label == "Values").set_value(values).run()
    assert_clean(wait_for_jobs(app))
    said = next(warning.value for warning in app.warning)
    assert f"2 of the {4 if may_start else 2} runs cannot be trained" in said
    assert "batch_size=512: batch_size=512 exceeds the 192 samples to train on" in said
    assert ("Start the sweep" in [button.label for button in app.button]) == may_start


def test_a_sweep_that_is_not_there_any_more_gives_way_to_the_newest(make_run: Callable[..., Run]):
    sweep = grid(BASE, {"beta_aug": (0, 1)})
    stored(sweep, make_run())
    app = open_page("sensitivity", sweep="gone-123456")
    assert_clean(app)
    assert app.query_params["sweep"] == sweep.id


def test_an_ablation_is_a_table_with_the_rows_of_the_paper(make_run: Callable[..., Run]):
    sweep = ablations(BASE, {"M1: Adv": {"beta_mi": 0.0, "beta_aug": 0.0}, "M4: all": {}}, seeds=(0, 1))
    stored(sweep, make_run(), missing=((1, 0), (1, 1)))
    app = open_page("sensitivity")
    assert_clean(app)
    table = app.dataframe[0].value
    assert list(table["row"]) == ["M1: Adv", "M4: all"] and list(table["seeds"]) == [2, 0]
    assert " ± 0.0%" in table["ACC"].iloc[0] and table["ACC"].iloc[1] == "missing"
    assert plots(app) == 1


def test_what_could_be_chosen_without_labels_stands_beside_the_oracle(make_run: Callable[..., Run]):
    stored(grid(BASE, {"beta_aug": (0, 1, 4)}, seeds=(0, 1)), make_run())
    app = open_page("sensitivity", show="choosing")
    assert_clean(wait_for_jobs(app))
    table = app.dataframe[0].value
    assert {"Silhouette in the embedding", "Oracle (uses labels)", "Random run"} <= set(table["criterion"])
    assert min(table["below the oracle"]) >= 0 and plots(app) == 1
    box = next(box for box in app.selectbox if box.label == "Criterion")
    box.set_value("stability").run()
    assert_clean(app)
    assert app.query_params["criterion"] == "stability"
