import numpy as np
import pytest
from sklearn.cross_decomposition import CCA

from mmclust.baselines import classic
from mmclust.baselines.autoencoder import autoencoder_k_means, codes
from mmclust.evaluation.metrics import acc

METHODS = [
    classic.k_means_best_view,
    classic.k_means_concatenation,
    classic.pca_k_means,
    classic.gaussian_mixture,
    classic.agglomerative,
    classic.spectral,
    classic.cca_k_means,
    autoencoder_k_means,
]


@pytest.fixture
def blobs() -> tuple[list[np.ndarray], np.ndarray]:
    """Three well separated groups, seen through two views of 4 and 6 columns."""
    rng = np.random.default_rng(0)
    labels = np.arange(150) % 3
    views = [(8 * rng.normal(size=(3, d)))[labels] + rng.normal(size=(150, d)) for d in (4, 6)]
    return views, labels


@pytest.mark.parametrize("method", METHODS)
def test_clear_groups_are_found_and_a_seed_gives_the_same_clusters(method, blobs):
    views, labels = blobs
    found = method(views, 3, 0)
    assert found.shape == (150,)
    assert acc(labels, found.astype(np.int64)) > 0.99
    np.testing.assert_array_equal(found, method(views, 3, 0))


def test_the_best_view_is_chosen_without_regard_to_its_scale(blobs):
    views, labels = blobs
    noise = 1e-3 * np.random.default_rng(1).normal(size=(150, 5))  # of the lowest inertia by far
    for several in ([views[0], noise], [noise, 1000 * views[0]]):
        assert acc(labels, classic.k_means_best_view(several, 3, 0).astype(np.int64)) > 0.99


@pytest.mark.parametrize("method", [classic.spectral, classic.agglomerative])
def test_what_does_not_fit_is_refused_in_a_sentence_before_anything_is_computed(method):
    with pytest.raises(ValueError, match="70,000 samples are too many: .* 20,000 are the most; use") as caught:
        method([np.empty((70_000, 1), np.float32)], 10, 0)
    assert "\n" not in str(caught.value)


def test_the_codes_of_the_autoencoder_keep_more_than_random_weights_do():
    draw = np.random.default_rng(0)
    hidden = draw.normal(size=(400, 3))
    columns = np.tanh(hidden @ draw.normal(size=(3, 30))).astype(np.float32)

    def explained(found: np.ndarray) -> float:
        """Share of the variance of what made the columns that a linear map of the codes gives back."""
        inputs = np.column_stack([found, np.ones(len(found))])
        rest = hidden - inputs @ np.linalg.lstsq(inputs, hidden, rcond=None)[0]
        return 1 - rest.var() / hidden.var()

    assert explained(codes(columns, 0, epochs=15)) > max(0.9, explained(codes(columns, 0, epochs=0)))


def test_the_silhouette_of_one_cluster_is_the_lowest():
    view = np.random.default_rng(0).normal(size=(20, 2))
    assert classic.silhouette(view, np.zeros(20, dtype=int)) == -1.0


def test_shared_directions_of_two_views_are_the_canonical_variates():
    rng = np.random.default_rng(0)
    common = rng.normal(size=(400, 2)) * [1.0, 0.8]
    views = [np.c_[common, rng.normal(size=(400, 3))] @ rng.normal(size=(5, 5)) for _ in range(2)]
    views = [view + 0.3 * rng.normal(size=view.shape) for view in views]
    theirs = CCA(n_components=2, max_iter=5000).fit(*views).transform(*views)
    summed = theirs[0] / theirs[0].std(axis=0) + theirs[1] / theirs[1].std(axis=0)
    ours = classic.shared_directions(views, 2)
    for direction in range(2):
        correlation = np.corrcoef(ours[:, direction], summed[:, direction])[0, 1]
        assert abs(correlation) > 0.99


def test_what_is_shared_by_three_views_is_found_under_louder_private_parts():
    rng = np.random.default_rng(0)
    labels = np.arange(300) % 3
    signal = np.eye(3)[labels] + 0.1 * rng.normal(size=(300, 3))
    views = [np.c_[signal @ rng.normal(size=(3, 3)), 5 * rng.normal(size=(300, 4))] for _ in range(3)]
    assert acc(labels, classic.cca_k_means(views, 3, 0).astype(np.int64)) > 0.95
    assert acc(labels, classic.k_means_concatenation(views, 3, 0).astype(np.int64)) < 0.7


def test_constant_columns_and_single_views_do_no_harm(blobs):
    views, labels = blobs
    padded = [np.c_[view, np.ones(150)] for view in views]
    assert acc(labels, classic.cca_k_means(padded, 3, 0).astype(np.int64)) > 0.99
    assert acc(labels, classic.k_means_best_view(views[:1], 3, 0).astype(np.int64)) > 0.99
    with pytest.raises(ValueError, match="needs two views"):
        classic.cca_k_means(views[:1], 3, 0)
