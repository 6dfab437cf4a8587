import numpy as np
import pytest

from mmclust.baselines import views as of_views
from mmclust.evaluation.metrics import acc

K = 4


def two_views(n_each: int = 30) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Views in each of which two clusters lie in one place, other ones than in the other view."""
    random, owner = np.random.default_rng(0), np.arange(K).repeat(n_each)
    places = 6 * np.eye(3, 5)
    first, second = places[[0, 0, 1, 2]], places[[0, 1, 2, 2]]
    data = tuple(
        (where[owner] + random.normal(0, 0.5, (len(owner), 5))).astype(np.float32) for where in (first, second)
    )
    return (data[0], data[1]), owner


@pytest.mark.filterwarnings("ignore:Graph is not fully connected:UserWarning")
@pytest.mark.parametrize("name", ["cotraining_spectral", "coregularised_spectral"])
def test_views_together_tell_clusters_that_each_alone_does_not(name: str) -> None:
    pytest.importorskip("polyview")
    data, owner = two_views()
    found = acc(owner, getattr(of_views, name)(data, K, 0).astype(np.int64))
    assert found > 0.8, "a view alone cannot tell two of the four clusters apart: 0.75 at most"


def test_aligned_features_keep_what_views_share() -> None:
    random, owner = np.random.default_rng(1), np.arange(3).repeat(40)
    data = tuple((6 * np.eye(3, 8)[owner] + random.normal(0, 1, (120, 8))).astype(np.float32) for _ in range(2))
    assert acc(owner, of_views.aligned_k_means(data, 3, 0).astype(np.int64)) > 0.95


@pytest.mark.parametrize("name", ["cotraining_spectral", "coregularised_spectral", "aligned_k_means"])
def test_one_view_and_too_many_samples_are_refused_in_words(name: str) -> None:
    with pytest.raises(ValueError, match="there is one; take spectral clustering or k-means"):
        getattr(of_views, name)((np.zeros((9, 2), np.float32),), 2, 0)
    with pytest.raises(ValueError, match="20,000 are the most"):
        of_views.umap_mixture((np.zeros((20_001, 2), np.float32),), 2, 0)
    if name != "aligned_k_means":
        with pytest.raises(ValueError, match="6,000 are the most"):
            getattr(of_views, name)((np.zeros((6_001, 2), np.float32),) * 2, 2, 0)


def test_evoc_s_outliers_are_a_cluster() -> None:
    pytest.importorskip("evoc")
    random, owner = np.random.default_rng(2), np.arange(4).repeat(60)
    data = (6 * np.eye(4, 8)[owner] + random.normal(0, 0.5, (240, 8))).astype(np.float32)
    assert of_views.evoc((data,), 4, 0).min() == 0
