import numpy as np
import pytest
from torch.nn import functional as F  # noqa: N812

from mmclust.analysis.generated import generate, variety
from mmclust.data.dataset import DataSpec, ViewSpec
from mmclust.methods.base import Method

SPEC = DataSpec(
    name="pairs",
    views=(ViewSpec(name="a", kind="vector", shape=(4,)), ViewSpec(name="b", kind="vector", shape=(1,))),
    n_clusters=3,
)


class Echo(Method):
    """View a holds the code, view b the first of the noise; cluster 2 is always taken for cluster 1."""

    noise_dim = 3

    def __init__(self):
        super().__init__(None, SPEC)

    def generate(self, clusters, noise):
        return F.one_hot(clusters, 4).float(), noise[:, :1]

    def assign(self, views):
        return F.one_hot(views[0].argmax(dim=1).clamp(max=1), 3).float()


def test_rows_share_a_code_and_columns_share_their_noise():
    found = generate(Echo(), n_noise=5, n_per_code=20)
    assert [view.shape for view in found.views] == [(3, 5, 4), (3, 5, 1)]
    assert found.views[0].argmax(axis=2).tolist() == [[0] * 5, [1] * 5, [2] * 5]
    np.testing.assert_array_equal(found.views[1][0], found.views[1][2])
    assert len(np.unique(found.views[1][0])) == 5


def test_a_walk_goes_from_one_noise_to_another_in_equal_steps():
    ends, path = generate(Echo(), n_noise=5).views[1], generate(Echo(), n_noise=5, walk=True).views[1]
    np.testing.assert_allclose(path[:, [0, 4]], ends[:, [0, 4]], atol=1e-6)
    np.testing.assert_allclose(path[:, 2], (ends[:, 0] + ends[:, 4]) / 2**0.5, atol=1e-6)


def test_the_table_says_where_generated_samples_end_up():
    found = generate(Echo(), n_noise=2, n_per_code=20)
    assert found.counts.tolist() == [[20, 0, 0], [0, 20, 0], [0, 20, 0]]
    assert found.found == pytest.approx(2 / 3)


def test_variety_compares_the_spread_within_a_code_with_that_of_real_samples():
    rng = np.random.default_rng(0)
    y_pred = np.repeat([0, 1], 500)
    real = rng.normal(size=(1000, 6)) + 20 * y_pred[:, None]
    alike = rng.normal(size=(2, 400, 6))
    assert variety(alike, real, y_pred) == pytest.approx(1, abs=0.1)
    assert variety(0.25 * alike, real, y_pred) == pytest.approx(0.25, abs=0.03)
    assert variety(np.ones((2, 8, 6)), real, y_pred) == 0
