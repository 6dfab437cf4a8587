import numpy as np

from mmclust.ui.components.cluster_members import in_turn


def test_parts_of_a_merged_cluster_take_turns_in_the_order_of_their_ranks() -> None:
    ranked = np.array([4, 0, 1, 5, 2, 3])
    own = np.array([True, True, True, True, True, False])
    parts = np.array([7, 7, 2, 2, 7, 7])
    assert in_turn(ranked, own, parts).tolist() == [4, 2, 0, 3, 1, 5]


def test_a_cluster_of_one_part_keeps_its_order() -> None:
    ranked = np.array([2, 0, 1])
    assert in_turn(ranked, np.ones(3, bool), np.zeros(3, int)).tolist() == [2, 0, 1]
