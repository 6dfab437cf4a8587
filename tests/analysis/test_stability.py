import numpy as np

from mmclust.analysis.stability import pairwise_ari

FIRST = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2])


def test_pairs_of_equal_and_of_crossed_clusterings():
    crossed = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2])
    found = pairwise_ari([FIRST, np.array([2, 1, 0])[FIRST], crossed])
    np.testing.assert_allclose(found[0], [1, 1, -1 / 3], atol=1e-9)
    np.testing.assert_allclose(found, found.T)
