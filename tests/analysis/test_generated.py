import numpy as np
import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from mmclust.analysis.generated import generate
from mmclust.data.dataset import DataSpec, ViewSpec
from mmclust.methods.base import Method

SPEC = DataSpec(
    name="pairs",
    views=(ViewSpec(name="a", kind="vector", shape=(4,)), ViewSpec(name="b", kind="vector", shape=(1,))),
    n_clusters=3,
)


class Echo(Method):
    """View a holds the code, view b the noise; cluster 2 is always taken for cluster 1."""

    def __init__(self):
        super().__init__(None, SPEC)

    def generate(self, clusters, generator):
        return F.one_hot(clusters, 4).float(), torch.randn(len(clusters), 1, generator=generator)

    def assign(self, views):
        return F.one_hot(views[0].argmax(dim=1).clamp(max=1), 3).float()


def test_rows_share_a_code_and_columns_share_their_noise():
    found = generate(Echo(), n_noise=5, n_per_code=20)
    assert [view.shape for view in found.views] == [(3, 5, 4), (3, 5, 1)]
    assert found.views[0].argmax(axis=2).tolist() == [[0] * 5, [1] * 5, [2] * 5]
    np.testing.assert_array_equal(found.views[1][0], found.views[1][2])
    assert len(np.unique(found.views[1][0])) == 5


def test_the_table_says_where_generated_samples_end_up():
    found = generate(Echo(), n_noise=2, n_per_code=20)
    assert found.counts.tolist() == [[20, 0, 0], [0, 20, 0], [0, 20, 0]]
    assert found.found == pytest.approx(2 / 3)
