import pytest
from auto.families import blobs, noise

from mmclust.auto import cluster_count, preparation
from mmclust.auto.cluster_count import Tried


@pytest.mark.parametrize("n_classes", [3, 6])
def test_clear_classes_are_counted(n_classes: int):
    views, _ = blobs(n_samples=400, n_classes=n_classes)
    found = cluster_count.suggest(preparation.choose(views, n_classes).apply(views))
    assert found.n_clusters == n_classes
    assert n_classes in found.plausible and found.runner_up != n_classes


def test_too_few_samples_are_refused_with_a_way_out():
    with pytest.raises(ValueError, match="12 samples are too few .* say how many"):
        cluster_count.suggest([noise(12, 3), noise(12, 4, seed=1)])


def test_the_largest_of_tied_numbers_is_taken_and_the_uncertain_ones_are_named():
    worths = {2: 0.5, 5: 0.69, 8: 0.7, 9: 0.685, 20: 0.4}
    tried = [Tried(n_clusters=k, evidence=worth, stability=1.0, deviation=0.05) for k, worth in worths.items()]
    found = cluster_count.chosen(tried)
    assert (found.n_clusters, found.runner_up) == (9, 8)
    assert found.plausible == (5, 8, 9)


def test_the_same_seed_suggests_the_same():
    views = [noise(120, 4), noise(120, 5, seed=1)]
    assert cluster_count.suggest(views) == cluster_count.suggest(views)
