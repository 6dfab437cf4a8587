import numpy as np
import pytest

from mmclust.analysis.groupings import aligned, arrange, joint, straightened

COUNTS = np.array([[1, 90, 9, 0], [0, 20, 80, 0], [70, 0, 30, 5]])


def test_samples_are_found_by_their_ids_in_any_order() -> None:
    ids, groups = np.array([7, 2, 9]), np.array([1, 0, 2])
    assert aligned(ids, groups, np.array([2, 3, 9, 7, 100])).tolist() == [0, -1, 2, 1, -1]
    assert aligned(ids[:0], groups[:0], ids).tolist() == [-1, -1, -1]


def test_a_joint_table_counts_what_both_groupings_know() -> None:
    left, right = np.array([0, 0, 1, -1, 1]), np.array([2, 2, 0, 1, -1])
    assert joint(left, right, 2, 3).tolist() == [[0, 0, 2], [1, 0, 0]]


def test_matched_cells_lie_on_the_diagonal_and_columns_without_a_row_come_last() -> None:
    found = arrange(COUNTS)
    assert found.rows.tolist() == [0, 1, 2]
    assert found.columns.tolist() == [1, 2, 0, 3]
    assert found.partner.tolist() == [2, 0, 1, -1]


def test_precision_and_recall_are_of_the_matched_cells() -> None:
    found = arrange(COUNTS)
    assert found.recall == pytest.approx([0.9, 0.8, 70 / 105])
    assert found.precision == pytest.approx([70 / 71, 90 / 110, 80 / 119, 0.0])


def test_rows_are_sorted_by_size_or_by_error_and_columns_follow() -> None:
    by_error = arrange(COUNTS, "error")
    assert by_error.rows.tolist() == [2, 1, 0]
    assert by_error.columns.tolist() == [0, 2, 1, 3]
    assert arrange(COUNTS, "size").rows.tolist() == [2, 0, 1]


def test_empty_rows_come_last_by_error_and_more_rows_than_columns_are_fine() -> None:
    counts = np.array([[0, 0], [5, 1], [1, 5], [3, 3]])
    found = arrange(counts, "error")
    assert found.rows.tolist() == [3, 1, 2, 0]
    assert found.recall[3] == 0.0 and sorted(found.columns) == [0, 1]


def test_flows_between_the_same_groups_in_another_order_do_not_cross() -> None:
    table = np.array([[0, 0, 9], [9, 0, 0], [0, 9, 0]])
    orders = straightened([table, table], np.array([0, 1, 2]))
    assert orders[1].tolist() == [2, 0, 1]
    assert orders[2].tolist() == [1, 2, 0]


def test_groups_without_samples_come_last() -> None:
    assert straightened([np.array([[0, 0, 4], [2, 0, 0]])], np.array([1, 0]))[1].tolist() == [0, 2, 1]
