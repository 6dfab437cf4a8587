import numpy as np

from mmclust.analysis.neighbours import nearest, nearest_of_each_cluster

STYLE = np.array([[0.0], [1.0], [5.0], [0.2], [1.1], [4.0]])
CLUSTER = np.array([0, 0, 0, 1, 1, 1])


def test_a_row_holds_the_sample_itself_and_its_like_in_the_other_clusters():
    found = nearest_of_each_cluster(STYLE, np.array([0, 2, 4]), CLUSTER, np.array([0, 1, 2]))
    assert found.tolist() == [[0, 3, -1], [2, 5, -1], [1, 4, -1]]


def test_nearest_come_in_order_without_the_sample_itself():
    assert nearest(STYLE, 0, 3).tolist() == [3, 1, 4]
    assert nearest(STYLE, 0, 2, among=CLUSTER != 0).tolist() == [3, 4]
    assert nearest(STYLE, 0, 99).shape == (5,)
    assert nearest(STYLE, 0, 3, among=np.zeros(6, bool)).size == 0


def test_twins_of_the_sample_are_not_taken_for_it():
    values = np.zeros((4, 2))
    assert nearest_of_each_cluster(values, np.array([3]), np.zeros(4, int), np.array([0])).tolist() == [[3]]
    assert 3 not in nearest(values, 3, 3)
