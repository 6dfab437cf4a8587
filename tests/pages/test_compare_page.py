from collections.abc import Callable

import pytest

from mmclust.papers import reported
from mmclust.runs.run import Run
from tests.pages.test_pages import assert_clean, open_page, texts


def show(name: str, **query: str):
    return open_page("compare", show=name, **query)


@pytest.mark.parametrize("name", ["curves", "agreement", "leaderboard", "seeds"])
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
    assert len(app.get("plotly_chart")) == 1 and "1,797 samples" in texts(app)
    assert "One run alone" in texts(show("agreement", runs=runs[0].id))


def test_runs_of_different_data_cannot_be_compared_and_that_is_said(make_run: Callable[..., Run]):
    runs = [make_run(), make_run(clusters=4)]
    app = show("agreement", runs=f"{runs[0].id},{runs[1].id},../../etc")
    assert_clean(app)
    assert app.multiselect[0].value == [run.id for run in runs]


def test_the_leaderboard_has_mean_and_deviation_over_seeds(make_run: Callable[..., Run]):
    for seed in (0, 1, 2):
        make_run(seed=seed)
    app = show("leaderboard")
    assert_clean(app)
    table = app.dataframe[0].value
    assert list(table["seeds"]) == [3] and list(table["from"]) == ["our runs"]
    assert table["\u00b1 ACC"].iloc[0] == pytest.approx(0)


def test_seeds_show_agreement_and_the_most_unstable_samples(make_run: Callable[..., Run]):
    make_run(seed=0)
    assert "No setting was trained with two seeds yet" in texts(show("seeds"))
    make_run(seed=1)
    app = show("seeds")
    assert_clean(app)
    assert "ARI between seeds" in texts(app) and "Most unstable images" in texts(app)


def test_reported_numbers_of_a_data_set_name_their_table():
    rows = reported.rows("mnist")
    dccs = next(row for row in rows if row.method == "DCCS")
    assert dccs.figures["acc"].value == pytest.approx(0.989)
    assert dccs.source.startswith("DCCS (ECCV 2020), Table 2")
    assert reported.rows("digits") == []
