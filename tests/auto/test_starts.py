import numpy as np
import pytest
from auto.families import blobs, graph, noise, topics

from mmclust.auto import baselines, preparation, starts
from mmclust.baselines.alignment import align
from mmclust.evaluation.metrics import acc


def pool_of(views: list[np.ndarray], n_clusters: int, **more) -> starts.Pool:
    return starts.find(preparation.choose(views, n_clusters).apply(views), n_clusters, **more)


@pytest.mark.parametrize("family", [blobs, topics])
def test_clear_classes_are_found_without_labels(family):
    views, labels = family()
    pool = pool_of(views, int(labels.max()) + 1)
    assert acc(labels, pool.start.clusters) > 0.95
    assert pool.start.evidence > 1.2 * pool.chance


def test_a_view_of_noise_does_not_hurt():
    views, labels = blobs()
    assert acc(labels, pool_of([*views, noise(400)], 5).start.clusters) > 0.95


def test_a_graph_beside_texts_is_understood():
    views, labels = topics(n_samples=200, n_words=(400,))
    assert acc(labels, pool_of([*views, graph(labels)], 4).start.clusters) > 0.9


def test_unrelated_views_have_the_evidence_of_chance():
    pool = pool_of([noise(300, 15), noise(300, 20, seed=1)], 4)
    assert pool.start.evidence < 1.1 * pool.chance


def test_the_same_seed_gives_the_same_pool():
    views, _ = blobs(n_samples=150)
    first, again = (pool_of(views, 5, seed=3, align=align) for _ in range(2))
    for one, other in zip(first.candidates, again.candidates, strict=True):
        assert one.name == other.name and one.evidence == other.evidence
        np.testing.assert_array_equal(one.clusters, other.clusters)


def test_the_pool_is_sorted_by_evidence_and_the_start_is_as_good_as_any():
    views, _ = blobs(n_samples=200)
    pool = pool_of(views, 5)
    evidence = [candidate.evidence for candidate in pool.candidates]
    assert evidence == sorted(evidence, reverse=True)
    assert pool.start.evidence >= evidence[0] - starts.TIED


def test_an_earlier_choice_is_taken_by_its_name():
    views, _ = blobs(n_samples=80)
    pool = pool_of(views, 5)
    assert pool.taking(pool.candidates[-1].name).start is pool.candidates[-1]
    with pytest.raises(ValueError, match="'no such' is not known here; known are"):
        pool.taking("no such")


def test_samples_beyond_the_measured_ones_follow_their_neighbours(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(starts, "MOST_SAMPLES", 250)
    views, labels = blobs()
    assert acc(labels, pool_of(views, 5).start.clusters) > 0.95


@pytest.mark.parametrize(("n_samples", "n_clusters"), [(3, 2), (12, 12), (12, 11)])
def test_few_samples_and_as_many_clusters_as_samples_are_clustered(n_samples: int, n_clusters: int):
    pool = pool_of([noise(n_samples, 4), noise(n_samples, 5, seed=1)], n_clusters, align=align)
    assert pool.start.clusters.shape == (n_samples,)
    assert 0 <= pool.start.clusters.min() <= pool.start.clusters.max() < n_clusters


def test_two_points_in_three_clusters_are_two_clusters():
    points = np.repeat([[0.0, 1.0], [1.0, 0.0]], 25, axis=0)
    assert len(np.unique(pool_of([points, points * 2], 3).start.clusters)) == 2


def test_a_consensus_follows_the_majority():
    labels = np.arange(60) % 3
    wrong = np.random.default_rng(0).permutation(labels)
    found = starts.consensus([labels, (labels + 1) % 3, wrong], 3)
    assert acc(labels, found) == 1


def test_aligned_features_bring_the_views_of_a_class_together():
    views, labels = blobs()
    features = align(preparation.choose(views, 5).apply(views), 0.3, 0)
    assert features.shape == (400, 128)
    assert acc(labels, starts.k_means(features, 5, 0)) > 0.9


@pytest.mark.parametrize("name", [name for name, one in baselines.BASELINES.items() if not one.slow])
def test_baselines_find_clear_classes(name: str):
    views, labels = blobs()
    prepared = preparation.choose(views, 5).apply(views)
    assert acc(labels, baselines.BASELINES[name].clusters(prepared, 5, 0)) > 0.8


def test_of_the_mixtures_the_one_of_most_evidence_is_taken_whatever_its_likelihood(monkeypatch: pytest.MonkeyPatch):
    views, labels = blobs(n_samples=200)
    merged = np.where(labels == 4, 3, labels)
    monkeypatch.setattr(baselines, "umap_mixtures", lambda *a, **more: [(merged, 9.0), (labels, 1.0)])
    np.testing.assert_array_equal(baselines.umap_mixture(views, 5, 0), labels)


@pytest.mark.parametrize(("per_cluster", "n_clustered"), [(30, 250), (55, 275), (1000, 290)])
def test_slow_baselines_are_computed_on_fewer_samples_and_all_get_a_cluster(
    per_cluster: int, n_clustered: int, monkeypatch: pytest.MonkeyPatch
):
    views, labels = blobs()
    seen = []

    def first(views, n_clusters, seed):
        seen.append(len(views[0]))
        return starts.k_means(np.concatenate(views, axis=1), n_clusters, seed)

    monkeypatch.setattr(baselines, "MOST_SAMPLES_SLOW", 250)
    monkeypatch.setattr(baselines, "MOST_SAMPLES", 290)
    monkeypatch.setattr(baselines, "PER_CLUSTER", per_cluster)
    slow = baselines.Baseline(title="slow", clusters=first, slow=True)
    monkeypatch.setattr(baselines, "BASELINES", {"slow": slow})
    found = baselines.partitions(preparation.choose(views, 5).apply(views), 5, 0, slow=True)
    assert seen == [n_clustered]
    assert acc(labels, found["slow"]) > 0.9
