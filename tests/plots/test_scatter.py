# plotly builds its classes at run time, out of sight of the type checker
# pyright: reportAttributeAccessIssue=false, reportIndexIssue=false, reportArgumentType=false

import numpy as np
import pytest

from mmclust.plots import scatter


@pytest.fixture
def points():
    rng = np.random.default_rng(0)
    return rng.normal(size=(50, 2)), np.arange(100, 150), rng.integers(0, 3, 50)


def test_every_point_carries_its_sample_id(points):
    xy, ids, groups = points
    figure = scatter.group_map(xy, ids, groups, ["a", "b", "c"])
    assert sorted(int(row[0]) for trace in figure.data for row in trace.customdata) == ids.tolist()
    for group, trace in enumerate(figure.data):
        np.testing.assert_allclose(trace.x, xy[groups == group, 0], rtol=1e-6)
        assert trace.customdata[:, 0].tolist() == ids[groups == group].tolist()


def test_groups_without_points_get_no_trace(points):
    xy, ids, groups = points
    figure = scatter.group_map(xy, ids, np.where(groups == 1, 0, groups), ["a", "b", "c"])
    assert [trace.name for trace in figure.data] == ["a", "c"]


def test_details_follow_the_id_and_show_on_hover(points):
    xy, ids, groups = points
    confidence = np.linspace(0, 1, 50)
    names = np.array(["x", "y"])[groups % 2]
    figure = scatter.group_map(xy, ids, groups, "abc", details={"confidence": confidence, "class": names})
    first = figure.data[0]
    assert "confidence %{customdata[1]:.3f}" in first.hovertemplate
    assert "class %{customdata[2]}" in first.hovertemplate
    assert first.customdata[0].tolist() == [ids[groups == 0][0], confidence[groups == 0][0], names[groups == 0][0]]


def test_seventy_thousand_points_travel_as_bytes():
    rng = np.random.default_rng(0)
    figure = scatter.group_map(
        rng.normal(size=(70_000, 2)), np.arange(70_000), rng.integers(0, 10, 70_000), "abcdefghij"
    )
    assert len(figure.to_json()) < 2_000_000
    assert figure.data[0].marker.size >= 2


def test_axes_are_named_after_the_method_and_share_one_scale(points):
    xy, ids, groups = points
    figure = scatter.group_map(xy, ids, groups, "abc", method="UMAP")
    assert (figure.layout.xaxis.title.text, figure.layout.yaxis.title.text) == ("UMAP 1", "UMAP 2")
    assert figure.layout.yaxis.scaleanchor == "x"
