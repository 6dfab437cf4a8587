import numpy as np
import pytest

from mmclust.analysis import codes


@pytest.fixture
def use():
    # three prototypes on a circle; two samples at the first, one at the second, none at the third
    prototypes = np.array([[1, 0], [0, 1], [-1, 0]], float)
    points = np.array([[1, 0], [1, 0], [0, 1]], float)
    probs = np.array([[1, 0], [1, 0], [0, 1]], float)
    return codes.use(points, prototypes, probs, temperature=0.05)


def test_a_prototype_belongs_to_the_cluster_that_uses_it(use):
    assert use.nearest.tolist() == [0, 0, 1]
    assert use.counts.tolist() == [2, 1, 0]
    assert use.owner[:2].tolist() == [0, 1]
    assert use.purity[:2] == pytest.approx([1, 1], abs=1e-6)
    assert use.order.tolist()[0] == 0
    assert use.joint.sum() == pytest.approx(1)
    assert use.joint[0, 0] == pytest.approx(2 / 3, abs=1e-6)


def test_entropy_is_that_of_the_nearest_prototypes(use):
    assert use.entropy == pytest.approx(-(2 / 3) * np.log(2 / 3) - (1 / 3) * np.log(1 / 3))


def test_many_samples_are_read_in_parts_that_change_nothing(monkeypatch):
    rng = np.random.default_rng(0)
    points, prototypes = rng.normal(size=(50, 4)), rng.normal(size=(7, 4))
    probs = rng.dirichlet(np.ones(3), size=50)
    whole = codes.use(points, prototypes, probs, 0.1)
    monkeypatch.setattr(codes, "CHUNK", 9)
    parts = codes.use(points, prototypes, probs, 0.1)
    np.testing.assert_array_equal(whole.nearest, parts.nearest)
    np.testing.assert_allclose(whole.joint, parts.joint)


def test_divergence_is_0_for_equal_codes_and_ln_2_for_codes_that_share_nothing():
    first = np.array([[1.0, 0, 0], [0, 0.5, 0.5]])
    found = codes.divergences(first, first)
    np.testing.assert_allclose(found, [[0, np.log(2)], [np.log(2), 0]], atol=1e-12)


def test_divergence_by_hand():
    # JSD of (1, 0) and (1/2, 1/2): H(3/4, 1/4) - H(1/2, 1/2) / 2
    wanted = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25)) - 0.5 * np.log(2)
    assert codes.divergences(np.array([[1.0, 0]]), np.array([[0.5, 0.5]]))[0, 0] == pytest.approx(wanted)
