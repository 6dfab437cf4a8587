import numpy as np
import pytest

from mmclust.analysis import projection
from mmclust.analysis.placement import place


@pytest.fixture(scope="module")
def groups() -> tuple[np.ndarray, np.ndarray]:
    """Three far groups of 40 samples with 6 dimensions, and three new samples, one in each."""
    random = np.random.default_rng(0)
    centres = 20 * np.eye(6)[:3]
    own = np.repeat(centres, 40, axis=0) + random.normal(size=(120, 6))
    return own.astype(np.float32), (centres + random.normal(size=(3, 6))).astype(np.float32)


def test_principal_components_are_exact(groups: tuple[np.ndarray, np.ndarray]):
    own, _ = groups
    xy = projection.project(own, "pca")
    np.testing.assert_allclose(place(own, xy, own[7:19], "pca"), xy[7:19], atol=1e-3)
    alike = np.ones((20, 3), np.float32)
    assert np.isfinite(place(alike, projection.project(alike, "tsne"), alike[:2], "tsne")).all()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["tsne", "umap", "pacmap"])
def test_new_samples_come_to_lie_in_their_group(kind: str, groups: tuple[np.ndarray, np.ndarray]):
    own, new = groups
    xy = projection.project(own, kind)
    before = xy.copy()
    found = place(own, xy, new, kind)
    centres = xy.reshape(3, 40, 2).mean(axis=1)
    distances = np.linalg.norm(found[:, None] - centres, axis=2)
    assert distances.argmin(axis=1).tolist() == [0, 1, 2]
    np.testing.assert_array_equal(xy, before)


def test_other_codes_and_kinds_are_refused(groups: tuple[np.ndarray, np.ndarray]):
    own, new = groups
    xy = projection.project(own, "pca")
    with pytest.raises(ValueError, match="the new codes have 5 numbers and those of the map 6"):
        place(own, xy, new[:, :5], "pca")
    with pytest.raises(ValueError, match="no place on a map of som; choose one of pca, tsne, umap, pacmap"):
        place(own, xy, new, "som")
