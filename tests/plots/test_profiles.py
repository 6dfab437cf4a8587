# plotly builds its classes at run time, out of sight of the type checker
# pyright: reportAttributeAccessIssue=false
import numpy as np
import pytest

from mmclust.plots import profiles


def test_bars_reach_as_high_as_their_values_on_each_columns_own_scale():
    pictures = profiles.profiles(np.array([[0.0, 10.0], [5.0, 20.0]]), np.array([0, 10]), np.array([5, 20]), width=8)
    assert pictures.shape == (2, 36, 8, 4)
    heights = (pictures[..., 3] > 0).sum(axis=1)
    assert heights[0, :3].tolist() == [1, 1, 1]  # the lowest value is still a line
    assert heights[1, :3].tolist() == [36, 36, 36]
    assert heights[0, 4:7].tolist() == [1, 1, 1] and heights[1, 4:7].tolist() == [36, 36, 36]
    assert heights[:, 3].tolist() == [0, 0]  # a gap between bars
    assert pictures[1, -1, 0].tolist() == [0x13, 0x91, 0xA5, 255]


@pytest.mark.parametrize("n_columns", [1, 6, 64, 65, 254, 2000])
def test_views_of_any_width_fill_the_picture(n_columns):
    values = np.ones((3, n_columns))
    pictures = profiles.profiles(values, np.zeros(n_columns), np.ones(n_columns))
    filled = np.all(pictures[0, :, :, 3] > 0, axis=0)
    assert filled[0] and filled.mean() >= 0.75


def test_wide_views_show_means_of_neighbouring_columns():
    assert profiles.binned(np.array([[0.0, 2.0, 4.0, 8.0]]), 2).tolist() == [[1.0, 6.0]]
    assert profiles.binned(np.arange(10.0)[None], 3).sum() == pytest.approx((0 + 1 + 2) / 3 + 4 + 7.5)


def test_ranges_leave_out_extremes_and_constant_columns_divide_nothing_by_zero():
    values = np.stack([np.linspace(0, 1, 1001), np.full(1001, 3.0)], axis=1)
    values[0, 0] = 1e6
    low, high = profiles.column_ranges(values)
    assert 0 < low[0] < 0.02 and 0.98 < high[0] < 1
    assert (low[1], high[1]) == (3.0, 4.0)
    assert np.isfinite(profiles.profiles(values[:5], low, high)).all()


def test_the_columns_that_matter_most_are_named_for_or_against():
    attribution = np.array([0.1, -2.0, 0.0, 1.0])
    assert profiles.largest(attribution, 3).tolist() == [1, 3, 0]
    assert profiles.largest(np.zeros(4), 3).tolist() == []
    figure = profiles.attribution_figure(attribution, profiles.column_names(4), top=2)
    assert [note.text for note in figure.layout.annotations] == ["2", "4"]
    assert figure.data[0].hovertext[1] == "column 2"
    assert figure.layout.xaxis.title.text and figure.layout.yaxis.title.text


def test_signed_bars_rise_in_blue_and_fall_in_orange_from_the_middle():
    (picture,) = profiles.signed_profiles(np.array([[4.0, -2.0]]), width=2, height=20)
    above, below = picture[:10, :, 3] > 0, picture[11:, :, 3] > 0
    assert above.sum(axis=0).tolist() == [9, 0]
    assert below.sum(axis=0).tolist() == [0, 4]
    assert picture[5, 0, 2] > picture[5, 0, 0] and picture[12, 1, 0] > picture[12, 1, 2]
    assert profiles.signed_profiles(np.zeros((2, 7))).shape == (2, 48, 128, 4)
