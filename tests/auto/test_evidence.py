import numpy as np
import pytest
from auto.families import blobs, noise

from mmclust.auto.evidence import Evidence, above_chance, total, with_products
from mmclust.auto.preparation import prepared


def evidence(views: list[np.ndarray], n_clusters: int) -> Evidence:
    return Evidence([prepared(view, "standard") for view in views], n_clusters)


def test_classes_that_every_view_shows_have_much_evidence_and_random_ones_none():
    views, labels = blobs()
    measure = evidence(views, 5)
    assert measure.of(labels) > 0.8
    assert abs(measure.by_view(np.random.default_rng(0).permutation(labels))).max() < 0.08


def test_a_cluster_that_merges_two_classes_has_less_evidence_than_the_classes():
    views, labels = blobs()
    measure = evidence(views, 5)
    assert measure.of(np.where(labels == 4, 3, labels)) < measure.of(labels) - 0.05


def test_clusters_that_one_view_alone_knows_have_less_evidence_than_shared_ones():
    views, labels = blobs(dims=(20,))
    other = np.where(noise(400, 1)[:, 0] > 0, 1, 0)
    private = noise(400, 20, seed=1) + 8 * other[:, None]
    measure = evidence([views[0], private], 2)
    shared = measure.by_view(other)
    assert shared[1] > 0.9 and shared[0] < 0.05
    assert measure.of(other) == pytest.approx(total(shared))


def test_a_view_of_few_columns_predicts_round_clusters_too():
    points = np.concatenate([noise(400, 3), noise(400, 3, seed=8)], axis=1)
    shell = (np.linalg.norm(points[:, :3], axis=1) > 1.54).astype(np.int64)
    assert Evidence([points[:, :3]], 2).of(shell) > 0.4
    assert np.array_equal(with_products(np.zeros((5, 2))), np.zeros((5, 5)))


def test_products_fill_up_views_of_few_columns_and_weigh_as_much_as_these():
    assert {d: with_products(noise(50, d)).shape[1] for d in (1, 8, 16, 20, 21)} == {
        1: 2,
        8: 44,
        16: 94,
        20: 98,
        21: 21,
    }
    lengths = np.linalg.norm(with_products(prepared(noise(50, 8), "none").astype(np.float64)), axis=0)
    assert np.linalg.norm(lengths[:8]) == pytest.approx(np.linalg.norm(lengths[8:]))


def test_evidence_does_not_depend_on_the_names_of_clusters():
    views, labels = blobs()
    measure = evidence(views, 5)
    assert measure.of((labels + 3) % 5 * 2) == pytest.approx(measure.of(labels))


def test_one_cluster_and_one_cluster_a_sample_have_no_evidence():
    views, _ = blobs(n_samples=40)
    measure = evidence(views, 5)
    assert measure.of(np.zeros(40, np.int64)) == 0
    assert measure.of(np.arange(40)) == pytest.approx(0, abs=1e-6)


def test_total_lies_between_the_geometric_and_the_plain_mean():
    assert total(np.array([0.25, 0.25])) == pytest.approx(0.25)
    assert total(np.array([0.16, 0.0])) == pytest.approx(0.04)
    assert total(np.array([0.36, 0.04])) == pytest.approx(0.16)


def test_mutual_information_above_chance_is_ln_2_less_a_little_for_equal_halves():
    halves = np.arange(1000) % 2
    assert above_chance(halves, halves) == pytest.approx(np.log(2), abs=2e-3)
    assert above_chance(halves, np.arange(1000)) == pytest.approx(0, abs=1e-9)


def test_evidence_of_unbalanced_clusters_is_weighed_by_their_own_entropy_too():
    labels = (np.arange(400) % 10 == 0).astype(np.int64)
    views = [noise(400, 4, seed=seed) + 9 * labels[:, None] for seed in (0, 1)]
    share = np.array([0.9, 0.1])
    of_largest = float((share * np.log(1 / share)).sum() / np.log(2))
    assert evidence(views, 2).of(labels) == pytest.approx(of_largest**0.75, abs=0.03)


def test_noise_is_what_other_draws_of_the_samples_would_change():
    """Beside the deviation of the difference over data sets drawn anew from the same blobs."""
    found, noise = [], []
    for seed in range(40):
        random = np.random.default_rng(seed)
        labels = random.integers(0, 3, 300)
        views = [np.eye(3)[labels] * 2 + random.normal(size=(300, 3)) for _ in range(2)]
        other = np.where(random.random(300) < 0.2, random.integers(0, 3, 300), labels)
        measure = Evidence(views, 3, n_repeats=1)
        found.append(measure.of(labels) - measure.of(other))
        noise.append(measure.noise(labels, other))
    assert np.mean(noise) == pytest.approx(np.std(found), rel=0.35)


def test_noise_of_a_partition_beside_itself_and_of_one_cluster_is_none():
    random = np.random.default_rng(0)
    measure = Evidence([random.normal(size=(60, 4))], 3)
    clusters = random.integers(0, 3, 60)
    assert measure.noise(clusters, clusters) == 0
    assert measure.noise(np.zeros(60, int), np.zeros(60, int)) == 0
