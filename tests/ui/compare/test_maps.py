import numpy as np

from mmclust.ui.compare.maps import turned


def test_a_turned_and_mirrored_layout_lies_like_the_other_one() -> None:
    target = np.random.default_rng(0).normal(size=(40, 2))
    angle = np.array([[0.6, -0.8], [0.8, 0.6]]) @ np.diag([1.0, -1.0])
    xy = target @ angle + np.array([3.0, -7.0])
    np.testing.assert_allclose(turned(xy, xy[:25], target[:25]), target, atol=1e-9)
