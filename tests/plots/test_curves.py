# plotly builds its classes at run time, out of sight of the type checker
# pyright: reportAttributeAccessIssue=false, reportIndexIssue=false, reportArgumentType=false
import json

import numpy as np
import pandas as pd
import pytest

from mmclust.plots import curves


@pytest.fixture
def frame():
    rows = [(step / 100, "loss/adv", 1 / (1 + step)) for step in range(3000)]
    rows += [(step / 100, "loss/critic", -step / 3000) for step in range(0, 3000, 5)]
    rows += [(epoch, f"eval/{name}", 0.5 + epoch / 100) for epoch in range(1, 31) for name in ("acc", "nmi", "ari")]
    rows += [(epoch, "signal/usage_entropy", 2.0) for epoch in range(1, 31)]
    return pd.DataFrame(rows, columns=["epoch", "name", "value"])


def test_short_curves_are_drawn_as_they_are():
    epoch, value = curves.decimate(np.arange(5.0), np.array([1.0, 2, np.nan, np.inf, 5]))
    assert epoch.tolist() == [0, 1, 4]
    assert value.tolist() == [1, 2, 5]


def test_long_curves_become_means_and_keep_their_last_point():
    epoch, value = curves.decimate(np.arange(10_001.0), np.arange(10_001.0) * 2, max_points=101)
    assert len(epoch) == 101
    assert (epoch[-1], value[-1]) == (10_000, 20_000)
    assert value[0] == pytest.approx(np.arange(100).mean() * 2)
    np.testing.assert_allclose(value, 2 * epoch)


@pytest.mark.parametrize("n", [3, 7, 1000, 1001, 1999, 54_321])
def test_no_point_is_counted_twice_or_lost(n):
    value = np.random.default_rng(0).random(n)
    limit = max(2, n // 3)
    shown = curves.decimate(np.arange(float(n)), value, max_points=limit)[1]
    assert len(shown) == limit
    edges = np.linspace(0, n - 1, limit).astype(int)
    assert (shown[:-1] * np.diff(edges)).sum() == pytest.approx(value[:-1].sum())


def test_a_spike_in_a_long_curve_still_shows():
    value = np.zeros(10_000)
    value[5000] = 100.0
    assert curves.decimate(np.arange(10_000.0), value)[1].max() >= 5


def test_curves_have_a_line_each_and_little_to_send(frame):
    option = curves.named_curves(frame, ["loss/adv", "loss/critic"], {"loss/adv": "adversarial"})
    assert [series["name"] for series in option["series"]] == ["adversarial", "critic"]
    source = option["dataset"]["source"]
    assert len(source) <= curves.MAX_POINTS
    assert option["animation"] is False
    for series in option["series"]:
        assert {series["encode"]["x"], series["encode"]["y"]} <= set(source.columns)
    assert source["critic"].dropna().iloc[-1] == pytest.approx(-2995 / 3000, abs=1e-6)
    del option["dataset"]
    json.dumps(option)


def test_scores_are_drawn_in_percent(frame):
    option = curves.score_curves(frame)
    assert [series["name"] for series in option["series"]] == ["ACC", "NMI", "ARI"]
    assert option["dataset"]["source"]["ACC"].iloc[-1] == pytest.approx(80)


def test_scores_of_a_run_without_labels_are_an_empty_chart(frame):
    option = curves.score_curves(frame[frame["name"].str.startswith("loss/")])
    assert option["series"] == []


def test_an_empty_table_gives_empty_charts():
    empty = pd.DataFrame({"epoch": [], "name": [], "value": []})
    assert curves.score_curves(empty)["series"] == []
    assert len(curves.curve_figure(empty, ["loss/adv"], y_name="loss").data) == 0


def test_the_figure_names_its_axes_and_leaves_the_background_to_the_page(frame):
    figure = curves.curve_figure(frame, ["eval/acc", "eval/absent"], y_name="ACC", percent=True)
    assert [trace.name for trace in figure.data] == ["acc"]
    assert figure.layout.xaxis.title.text == "epoch"
    assert figure.layout.yaxis.tickformat == ".0%"
    assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0,0,0,0)"
