import numpy as np
import pytest
from auto.families import blobs, graph, noise, topics
from scipy import sparse

from mmclust.auto import preparation


def test_kinds_follow_the_numbers():
    views, labels = topics()
    assert preparation.kind_of(views[0]) == "counts"
    assert preparation.kind_of(noise(30)) == "signed"
    assert preparation.kind_of(abs(noise(30))) == "bounded"
    assert preparation.kind_of(graph(labels)) == "graph"
    assert preparation.kind_of(abs(noise(30)), is_image=True) == "image"


def test_sparse_and_dense_counts_are_prepared_alike():
    view = topics(n_samples=250)[0][0]
    dense, kept_sparse = (preparation.prepared(rows, "tf-idf") for rows in (view, sparse.csr_matrix(view)))
    np.testing.assert_allclose(dense, kept_sparse, atol=1e-5)
    assert dense.var(axis=0).sum() == pytest.approx(1, abs=1e-4)


def test_counts_become_tf_idf_or_l2_and_never_minmax():
    views, _ = topics()
    assert set(preparation.choose(views, 4).scalings) <= {"tf-idf", "l2"}


def test_stretched_columns_are_scaled_where_that_makes_views_agree():
    views, _ = blobs()
    stretched = [view * np.where(np.arange(view.shape[1]) % 7 == 0, 50, 1) for view in views]
    assert set(preparation.choose(stretched, 5).scalings) <= {"standard", "minmax"}


def test_a_view_of_noise_is_unrelated_and_others_are_not():
    views, _ = blobs()
    assert preparation.choose([*views, noise(400)], 5).related == (True, True, False)


def test_views_whose_rows_were_shuffled_are_unrelated():
    views, _ = blobs()
    order = np.random.default_rng(0).permutation(400)
    assert preparation.choose([views[0], views[1][order]], 5).related == (False, False)


def test_views_that_neighbours_cannot_relate_are_related_where_one_predicts_the_other():
    shared = noise(500, 2, seed=3)
    views = [
        np.hstack((shared + noise(500, 2, seed=seed) / 2, 2 * noise(500, 8, seed=seed + 10))).astype(np.float32)
        for seed in (4, 5)
    ]
    assert preparation.related([*views, noise(500, 9, seed=6)], 5) == (True, True, False)
    assert not preparation._share_neighbours(*(preparation.graphs.neighbours(view, 20)[0] for view in views))


def test_a_view_that_has_nothing_to_do_with_others_is_not_heard():
    views, labels = blobs()
    own = 20 * np.random.default_rng(5).normal(size=(5, 9))[np.random.default_rng(6).integers(0, 5, 400)]
    private = (own + noise(400, 9, seed=7)).astype(np.float32)
    found = preparation.choose([*views, private], 5)
    heard = preparation.heard(found.apply([*views, private]), found.related)
    assert len(heard) == 2
    np.testing.assert_array_equal(heard[1], found.apply([*views, private])[1])
    assert len(preparation.heard([noise(400), private], (False, False))) == 2


def test_a_copied_view_is_found_and_does_not_vote_for_its_original():
    views, _ = blobs()
    alone = preparation.choose(views, 5)
    with_copy = preparation.choose([*views, views[0].copy()], 5)
    assert with_copy.copies == (None, None, 0)
    assert with_copy.scalings[:2] == alone.scalings


def test_a_constant_view_is_prepared_as_zeros():
    views, _ = blobs(n_samples=60)
    constant = np.full((60, 3), 4.0, np.float32)
    found = preparation.choose([*views, constant], 5)
    assert not found.related[2]
    assert not found.apply([*views, constant])[2].any()


def test_samples_that_are_all_the_same_are_refused_in_a_sentence():
    with pytest.raises(ValueError, match="all 30 samples are the same in every view"):
        preparation.choose([np.ones((30, 4)), np.zeros((30, 2))], 3)


def test_large_sets_are_compared_on_a_sample_and_prepared_whole():
    views, _ = blobs(n_samples=3500, dims=(5, 6))
    found = preparation.choose(views, 5)
    assert [len(view) for view in found.apply(views)] == [3500, 3500]


def test_three_samples_are_enough_to_be_prepared():
    found = preparation.choose([noise(3, 4), noise(3, 5, seed=1)], 2)
    assert [view.shape[0] for view in found.apply([noise(3, 4), noise(3, 5, seed=1)])] == [3, 3]


def test_a_prepared_view_that_repeats_another_is_found_and_a_constant_one_is_none():
    random = np.random.default_rng(0)
    first, second = random.normal(size=(2, 80, 5)).astype(np.float32)
    constant = np.zeros((80, 5), np.float32)
    assert preparation.copies((first, second, first * 2 + 1e-4 * second, constant, constant), 4) == (
        None,
        None,
        0,
        None,
        None,
    )
