from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import pytest
from sqlalchemy import update

from mmclust.clustering import Clustering
from mmclust.plots import palette
from mmclust.reproduction import reported
from mmclust.runs.run import Run
from mmclust.runs.tables import RUNS
from mmclust.ui.compare import maps
from tests.pages.test_pages import assert_clean, open_page, texts, wait_for_jobs


def show(name: str, **query: str):
    return open_page("compare", show=name, **query)


@pytest.mark.parametrize("name", ["curves", "maps", "flows", "agreement", "leaderboard", "seeds"])
def test_without_runs_every_part_says_what_to_do(name: str):
    app = show(name)
    assert_clean(app)
    assert "mm-empty" in texts(app) and app.button


def test_chosen_runs_stand_side_by_side_with_what_differs(make_run: Callable[..., Run]):
    runs = [make_run(seed=0), make_run(seed=1)]
    app = show("curves", runs=",".join(run.id for run in runs))
    assert_clean(app)
    assert app.multiselect[0].value == [run.id for run in runs]
    table = app.dataframe[0].value
    assert list(table["seed"]) == [0, 1] and table["run"].is_unique
    assert len(app.get("echarts_chart")) == 1


def test_agreement_is_a_table_of_pairs_and_of_one_run_nothing(make_run: Callable[..., Run]):
    runs = [make_run(seed=0), make_run(seed=1)]
    app = show("agreement", runs=",".join(run.id for run in runs))
    assert_clean(app)
    assert len(app.get("plotly_chart")) == 1 and "1,797 shared samples" in texts(app)
    matched = app.dataframe[0].value
    assert len(matched) == 10 and all("shared" in cell for cell in matched.iloc[:, 1])
    assert "Only one run selected" in texts(show("agreement", runs=runs[0].id))


def test_maps_of_the_runs_stand_beside_each_other_with_one_selection(make_run: Callable[..., Run]):
    runs = [make_run(seed=seed) for seed in (0, 1, 2)]
    app = wait_for_jobs(show("maps", runs=",".join(run.id for run in runs), sel="class:3"))
    assert_clean(app)
    assert "The same 1,797 images in every map" in texts(app)
    assert "Class 3" in texts(app)
    assert "Only one run selected" in texts(show("maps", runs=runs[0].id))


def test_flows_go_from_run_to_run(make_run: Callable[..., Run]):
    runs = [make_run(seed=0), make_run(seed=1)]
    app = show("flows", runs=",".join(run.id for run in runs))
    assert_clean(app)
    assert "Click a flow or a bar" in texts(app)
    assert "Only one run selected" in texts(show("flows", runs=runs[0].id))


def test_without_classes_clusters_take_the_colours_of_their_partners_in_the_first_run():
    draw = np.random.default_rng(0)
    clusters = draw.integers(0, 4, 200)
    other = np.array([2, 3, 1, 0])[clusters]
    views = [bare_view(np.arange(200), clusters), bare_view(np.arange(200)[::-1], other[::-1])]
    first, second = maps.matched(["a", "b"], views, np.arange(200))
    assert [second.clustering.colors[k] for k in (2, 3, 1, 0)] == list(first.clustering.colors)
    assert second.partner.tolist() == [3, 2, 0, 1]
    assert second.rows[:3].tolist() == [199, 198, 197]
    assert maps.table([first, second])[0]["b"].startswith("3 (")


def bare_view(ids: np.ndarray, clusters: np.ndarray) -> Clustering:
    """As much of a view without classes as matching reads."""
    sizes = np.bincount(clusters)
    return cast(Clustering, Bare(ids, clusters, sizes, tuple(palette.cluster_colors(len(sizes)))))


@dataclass(frozen=True)
class Bare:
    ids: np.ndarray
    y_pred: np.ndarray
    sizes: np.ndarray
    colors: tuple[str, ...]
    y_true: None = None

    def cluster_name(self, cluster: int) -> str:
        return str(cluster + 1)


def test_the_runs_that_are_shown_first_can_be_compared(make_run: Callable[..., Run]):
    runs = [make_run(), make_run(seed=1)]
    odd = make_run(seed=2)
    with odd.store.writing() as connection:
        spec = replace(odd.spec, limit=500).to_json()
        connection.execute(update(RUNS).where(RUNS.c.run_id == odd.id).values(spec=spec, seal=None))
    app = show("agreement")
    assert_clean(app)
    assert app.multiselect[0].value == [run.id for run in reversed(runs)] and not app.warning


def test_runs_of_different_data_cannot_be_compared_and_that_is_said(make_run: Callable[..., Run]):
    runs = [make_run(), make_run(clusters=4)]
    app = show("agreement", runs=f"{runs[0].id},{runs[1].id},../../etc")
    assert_clean(app)
    assert app.multiselect[0].value == [run.id for run in runs]


def test_the_leaderboard_has_mean_and_deviation_over_seeds(make_run: Callable[..., Run]):
    runs = [make_run(seed=seed) for seed in (0, 0, 1, 2)][1:]  # a seed that was trained twice counts once
    app = show("leaderboard")
    assert_clean(app)
    table = app.dataframe[0].value
    assert list(table["seeds"]) == [3] and list(table["from"]) == ["our runs"]
    assert table["\u00b1 ACC"].iloc[0] == pytest.approx(0)
    minutes = 2 * sum(run.record().seconds for run in runs) / 60
    assert table["core-minutes"].iloc[0] == pytest.approx(minutes) and minutes > 0
    assert "GPU-minutes" not in table
    assert (list(table["parameters"]), list(table["peak MiB"])) == ([12345], [678]), "of the seeds that tell it"


def test_seeds_show_agreement_and_the_most_unstable_samples(make_run: Callable[..., Run]):
    make_run(seed=0)
    assert "No setting with two seeds yet" in texts(show("seeds"))
    make_run(seed=1)
    app = show("seeds")
    assert_clean(app)
    assert "ARI between seeds" in texts(app) and "Most unstable images" in texts(app)


def test_reported_numbers_of_a_data_set_name_their_table():
    rows = reported.rows("mnist")
    dccs = next(row for row in rows if row.method == "DCCS")
    assert dccs.metrics["acc"].value == pytest.approx(0.989)
    assert dccs.source.startswith("DCCS (ECCV 2020), Table 2")
    assert reported.rows("digits") == []
