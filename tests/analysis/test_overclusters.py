import numpy as np

from mmclust.analysis import overclusters


def test_over_clusters_are_ordered_by_the_cluster_that_owns_them():
    y_pred = np.array([0, 0, 0, 1, 1, 1, 1, 0])
    chosen = np.array([2, 2, 4, 0, 0, 1, 1, 1])
    found = overclusters.read(y_pred, np.eye(5)[chosen], 2)
    assert found.counts.tolist() == [[0, 1, 2, 0, 1], [2, 2, 0, 0, 0]]
    assert found.owner.tolist() == [1, 1, 0, 0, 0]
    assert found.order.tolist() == [2, 4, 1, 0, 3]
    assert found.purity.tolist() == [1, 2 / 3, 1, 0, 1]
    assert (found.empty, found.mixed) == (1, 1)
