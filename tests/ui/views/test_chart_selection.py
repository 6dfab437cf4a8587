from mmclust.ui.views.chart_selection import values


def test_customdata_is_read_as_a_list_and_as_a_mapping_of_positions() -> None:
    assert values({"customdata": [7, 0.5]}) == [7, 0.5]
    assert values({"customdata": {"0": 7, "10": 2, "1": 0.5}}) == [7, 0.5, 2]
    assert values({"x": 1}) == []
