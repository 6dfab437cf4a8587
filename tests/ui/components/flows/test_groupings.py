"""Columns as groupings of samples."""

import numpy as np

from mmclust.ui.components.flows import groupings


def test_numbers_fall_into_ranges_of_equally_many() -> None:
    values = np.append(np.arange(80.0), np.nan)
    codes, names = groupings.ranges(values)
    assert len(names) == groupings.RANGES and codes[-1] == -1
    assert np.bincount(codes[:-1]).tolist() == [10] * 8 and names[0] == "0 to 9.88"


def test_dates_have_ranges_of_days() -> None:
    days = np.datetime64("2024-01-01", "ms") + np.arange(16) * np.timedelta64(1, "D")
    codes, names = groupings.ranges(np.append(days, np.datetime64("NaT")))
    assert codes[0] == 0 and codes[15] == len(names) - 1 and codes[16] == -1
    assert names[0].startswith("2024-01-01 to ")


def test_one_value_is_one_range_and_no_value_is_none() -> None:
    codes, names = groupings.ranges(np.full(3, 2.0))
    assert codes.tolist() == [0, 0, 0] and names == ("2",)
    codes, names = groupings.ranges(np.full(3, np.nan))
    assert codes.tolist() == [-1, -1, -1] and names == ("no value",)
