import numpy as np
import pytest
from scipy import sparse
from sklearn.feature_extraction.text import TfidfTransformer

from mmclust.data import scaling


def counts(n_samples: int = 60, n_columns: int = 80) -> np.ndarray:
    return np.random.default_rng(0).poisson(0.15, (n_samples, n_columns)).astype(np.float32)


def test_tf_idf_is_that_of_scikit_learn_where_all_columns_are_common():
    some = counts()[:, (counts() > 0).sum(axis=0) >= 2]
    expected = TfidfTransformer(sublinear_tf=True).fit_transform(some).toarray()
    np.testing.assert_allclose(scaling.dense_rows(scaling.tf_idf(some)), expected, atol=1e-6)


def test_tf_idf_drops_words_of_a_single_text_unless_there_are_no_others():
    view = np.array([[1, 1, 0], [1, 0, 1]], np.float32)
    np.testing.assert_allclose(scaling.dense_rows(scaling.tf_idf(view)), [[1, 0, 0], [1, 0, 0]])
    assert scaling.dense_rows(scaling.tf_idf(np.eye(2, dtype=np.float32))).trace() == 2


@pytest.mark.parametrize("scale", [scaling.unit_length, scaling.square_root, scaling.min_max, scaling.standardise])
def test_sparse_and_dense_rows_are_scaled_alike(scale):
    dense, from_sparse = scale(counts()), scale(sparse.csr_matrix(counts()))
    np.testing.assert_allclose(scaling.dense_rows(dense), scaling.dense_rows(from_sparse), atol=1e-5)


def test_standardised_columns_are_cut_off_and_constant_ones_zero():
    view = np.zeros((200, 2), np.float32)
    view[0, 0], view[:, 1] = 1e6, 3
    found = scaling.standardise(view)
    assert found[:, 0].max() == scaling.CLIP and not found[:, 1].any()


def test_views_of_mostly_zeros_become_sparse_and_others_stay_dense():
    assert sparse.issparse(scaling.as_rows(counts()))
    assert isinstance(scaling.as_rows(counts() + 1), np.ndarray)
    assert scaling.as_rows(np.zeros((5, 1, 2, 3), np.uint8)).shape == (5, 6)


@pytest.mark.parametrize(("n_samples", "n_columns"), [(300, 40), (40, 300), (300, 250)])
def test_principal_components_are_those_of_a_full_decomposition(n_samples: int, n_columns: int):
    view = np.random.default_rng(1).normal(size=(n_samples, n_columns)).astype(np.float32) * np.geomspace(
        1, 50, n_columns
    )
    centred = view - view.mean(axis=0)
    left, singular, _ = np.linalg.svd(centred, full_matrices=False)
    found = scaling.principal(view.astype(np.float32), 5)
    np.testing.assert_allclose(np.abs(found), np.abs(left * singular)[:, :5], rtol=1e-3, atol=0.05)


def test_randomised_components_of_sparse_rows_keep_the_variance():
    random = np.random.default_rng(2)
    view = sparse.csr_matrix(random.poisson(0.2 * random.gamma(0.3, size=(1, 900)), (500, 900)), dtype=np.float32)
    found = scaling.principal(view, 20)
    singular = np.linalg.svd(view.toarray() - view.toarray().mean(axis=0), compute_uv=False)
    assert (found**2).sum() > 0.99 * (singular[:20] ** 2).sum()


def test_a_view_has_total_variance_1_and_a_constant_one_stays_zero():
    view = np.random.default_rng(3).normal(size=(50, 4)).astype(np.float32) * 9
    assert scaling.unit_variance(view).var(axis=0).sum() == pytest.approx(1, abs=1e-5)
    assert not scaling.unit_variance(scaling.principal(np.full((6, 3), 2.0, np.float32), 3)).any()


def test_a_walk_on_a_graph_connects_those_with_common_neighbours():
    path = np.diag(np.ones(3), 1) + np.diag(np.ones(3), -1)
    walk = scaling.dense_rows(scaling.smooth_graph(path.astype(np.float32)))
    assert walk[0, 2] > 0 and walk[0, 3] == 0
