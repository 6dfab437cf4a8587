import pytest
from auto.families import blobs, noise

from mmclust.auto import cluster_count, preparation
from mmclust.auto.cluster_count import Suggestion, Tried
from mmclust.data import catalogue
from mmclust.specs import build_spec


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


@pytest.mark.parametrize(
    ("plausible", "end"),
    [
        ((4,), "runner-up 6; no other number comes near."),
        ((3, 4), "runner-up 6; 3 is as plausible."),
        ((3, 4, 6), "runner-up 6; 3, 6 are as plausible."),
    ],
)
def test_a_suggestion_is_a_sentence(plausible: tuple[int, ...], end: str):
    found = Suggestion(n_clusters=4, runner_up=6, plausible=plausible, tried=())
    assert found.sentence.startswith("4 clusters are suggested") and found.sentence.endswith(end)


def test_images_are_counted_by_pixels_and_edges_and_a_run_of_auto_keeps_what_spoke_for_it():
    found = cluster_count.suggest_for(catalogue.load("digits", limit=300))
    assert 6 <= found.n_clusters <= 14
    spec = build_spec("digits", "dccs", clusters=found.n_clusters, suggested=found.as_dict())
    assert spec.auto["clusters"]["runner_up"] == found.runner_up
    assert [one["n_clusters"] for one in spec.auto["clusters"]["tried"]] == [one.n_clusters for one in found.tried]
    assert build_spec("digits", "dccs", preset="paper", suggested=found.as_dict()).auto == {}
