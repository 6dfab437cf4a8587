"""Samples in the order of any column."""

import numpy as np
import pytest
from columns.of_letters import N, clustering, data

from mmclust.columns import table
from mmclust.columns.table import RunTable
from mmclust.ui.components.facets import ordering


@pytest.fixture(scope="module")
def letters() -> RunTable:
    weights = np.arange(N, dtype=float)[::-1].copy()
    weights[3] = np.nan
    days = np.datetime64("2024-01-01", "ms") + np.arange(N) * np.timedelta64(1, "D")
    days[5] = np.datetime64("NaT")
    words = np.array([["b", "a", ""][i % 3] for i in range(N)], object)
    return table.of(clustering(data(weight=weights, day=days, word=words)))


@pytest.mark.parametrize(
    ("chosen", "rows", "expected"),
    [
        ("weight", [0, 1, 3, 2], [2, 1, 0, 3]),
        ("weight-", [3, 2, 1, 0], [0, 1, 2, 3]),
        ("day", [9, 5, 7], [7, 9, 5]),
        ("day-", [5, 7, 9], [9, 7, 5]),
        ("word", [0, 1, 2, 3], [1, 0, 3, 2]),
        ("word-", [0, 1, 2, 3], [0, 3, 1, 2]),
        ("font", [0, 1, 2], [2, 0, 1]),
    ],
)
def test_samples_without_a_value_come_last(
    letters: RunTable, chosen: str, rows: list[int], expected: list[int]
) -> None:
    assert ordering.order(letters, chosen, np.array(rows)).tolist() == expected
