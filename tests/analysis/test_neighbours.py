import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from mmclust.analysis.neighbours import nearest, nearest_of_each_cluster, nearest_to_mean

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


def test_neighbours_of_one_sample_and_their_distances_are_those_of_scikit_learn():
    codes = np.random.default_rng(0).normal(size=(200, 5)).astype(np.float32)
    distances, expected = NearestNeighbors(n_neighbors=8).fit(codes).kneighbors(codes[[17]])
    rows, found = nearest_to_mean(codes, np.array([17]), 7)
    np.testing.assert_array_equal(rows, expected[0, 1:])
    np.testing.assert_allclose(found, distances[0, 1:], rtol=1e-5)


def test_neighbours_of_several_lie_around_their_mean_and_leave_them_out():
    line = np.arange(20, dtype=np.float32).reshape(20, 1, 1)  # codes of any shape
    rows, distances = nearest_to_mean(line, np.array([4, 6]), 3)
    assert rows[0] == 5 and set(rows[1:]) == {3, 7}
    np.testing.assert_allclose(distances, [0, 2, 2])


def test_there_are_no_more_neighbours_than_other_samples():
    assert len(nearest_to_mean(np.eye(4), np.arange(3), 10)[0]) == 1
    assert len(nearest_to_mean(np.eye(4), np.arange(4), 10)[0]) == 0
    with pytest.raises(ValueError, match="select at least one"):
        nearest_to_mean(np.eye(4), np.array([], int), 10)
