from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from mmclust.auto import shallow
from mmclust.auto.evidence import Evidence
from mmclust.data.dataset import ViewSpec
from mmclust.evaluation.metrics import acc

GRAY = ViewSpec(name="image", kind="image", shape=(1, 16, 16))


def bars(n: int, n_classes: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, 1, 16, 16) of bars at an angle of their class, moved and noisy, and the classes."""
    random = np.random.default_rng(seed)
    classes = np.arange(n) % n_classes
    rows, columns = np.mgrid[:16, :16] - 7.5
    angle = np.pi * classes / n_classes + random.normal(0, 0.05, n)
    across = np.cos(angle)[:, None, None] * columns + np.sin(angle)[:, None, None] * rows
    bar = np.exp(-np.square((across - random.uniform(-2, 2, n)[:, None, None]) / 1.5))
    images = 200 * bar + random.normal(20, 8, (n, 16, 16))
    return images.clip(0, 255).astype(np.uint8)[:, None], classes


def test_bars_are_clustered_by_their_angle() -> None:
    images, classes = bars(400)
    found = shallow.start(shallow.describe(images, GRAY), 4)
    assert acc(classes, found.clusters) > 0.95
    assert found.is_clear
    assert found.taken.space == "joint"
    assert found.neighbours.shape == (400, shallow.N_NEIGHBOURS)
    assert not (found.neighbours == np.arange(400)[:, None]).any()


def test_the_same_seed_gives_the_same_start() -> None:
    codes = shallow.describe(bars(200)[0], GRAY)
    first, second = (shallow.start(codes, 4, seed=3) for _ in range(2))
    assert (first.clusters == second.clusters).all()


def test_one_of_the_likeliest_of_all_mixtures_is_taken() -> None:
    codes = shallow.describe(bars(200)[0], GRAY)
    found = shallow.start(codes, 4)
    most = max(candidate.likelihood for candidate in found.candidates)
    assert len(found.candidates) == shallow.N_LAYOUTS * shallow.N_MIXTURES
    assert found.taken.likelihood >= most - shallow.TIED_NATS > 0


def test_evidence_decides_between_mixtures_that_are_as_likely() -> None:
    images, classes = bars(200)
    codes = shallow.describe(images, GRAY)
    true, random = classes, np.random.default_rng(0).permutation(classes)
    common = {"space": "joint", "layout": 0, "mixture": 0, "stability": 1.0}
    tied = [
        shallow.Candidate(clusters=clusters, likelihood=likelihood, **common)
        for clusters, likelihood in ((random, 1.01), (true, 1.0))
    ]
    measure = Evidence((codes.pixels, codes.hog), 4)
    assert shallow._best(tied, measure) is tied[1]
    ahead = replace(tied[0], likelihood=2.0)
    assert shallow._best([ahead, tied[1]], measure) is ahead


def test_edges_alone_are_taken_only_where_every_sign_is_for_them() -> None:
    images, classes = bars(200)
    codes = shallow.describe(images, GRAY)
    measure = Evidence((codes.pixels, codes.hog), 4)
    random = np.random.default_rng(0).permutation(classes)
    poor = shallow.Candidate(space="joint", layout=0, mixture=0, clusters=random, likelihood=1.0, stability=0.5)
    good = replace(poor, space="hog", clusters=classes, likelihood=2.0, stability=0.9)
    found = {"joint": [poor], "pixels": [replace(poor, space="pixels")], "hog": [good]}
    assert shallow._leading(found, measure) == "hog"
    for lacking in ({"likelihood": 0.9}, {"stability": 0.4}, {"clusters": random}):
        assert shallow._leading(found | {"hog": [replace(good, **lacking)]}, measure) == "joint"


def test_a_likelihood_does_not_depend_on_the_scale_of_a_layout() -> None:
    images, classes = bars(200)
    places = shallow.describe(images, GRAY).hog[:, :4].astype(np.float64)
    plain, large = (shallow._explained([factor * places], [classes])[0] for factor in (10, 100))
    assert plain > 0.5
    assert plain == pytest.approx(large, abs=0.05)


def test_clusters_that_explain_all_layouts_are_likelier_than_those_of_a_single_one() -> None:
    random = np.random.default_rng(0)
    lasting, passing = np.arange(200) % 2, np.arange(200) // 100
    first, second = (random.normal(size=(200, 2)) for _ in range(2))
    first[:, 0] += 6 * lasting
    first[:, 1] += 9 * passing
    second[:, 0] += 6 * lasting
    one = shallow._explained([first], [lasting, passing])
    both = shallow._explained([first, second], [lasting, passing])
    assert one[0] < one[1]
    assert both[0] > both[1]


def test_the_number_of_threads_does_not_change_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for n_threads in ("1", "4"):
        monkeypatch.setenv("MMCLUST_THREADS", n_threads)
        with threadpool_limits(int(n_threads)):
            points = np.random.default_rng(0).normal(size=(1500, 100)).astype(np.float32)
            found.append(shallow._laid_out(points, 0))
    assert (found[0] == found[1]).all()


def test_noise_forms_no_clear_clusters() -> None:
    images = np.random.default_rng(0).integers(0, 256, (300, 1, 16, 16)).astype(np.uint8)
    assert not shallow.start(shallow.describe(images, GRAY), 10).is_clear


@pytest.mark.parametrize(("n_images", "n_clusters"), [(3, 2), (12, 12), (25, 5), (60, 5)])
def test_few_images_are_clustered_all_the_same(n_images: int, n_clusters: int) -> None:
    images, _ = bars(n_images, n_clusters)
    found = shallow.start(shallow.describe(images, GRAY), n_clusters)
    assert found.clusters.shape == (n_images,)
    assert found.clusters.min() >= 0 and found.clusters.max() < n_clusters


def test_identical_images_do_no_harm() -> None:
    found = shallow.start(shallow.describe(np.full((40, 1, 16, 16), 9, np.uint8), GRAY), 3)
    assert found.clusters.shape == (40,)


def test_images_beyond_the_sample_follow_their_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shallow, "MOST_SAMPLED", 150)
    images, classes = bars(600)
    codes = shallow.describe(images, GRAY)
    found = shallow.start(codes, 4)
    assert len(found.taken.clusters) == 150
    assert acc(classes, found.clusters) > 0.9
    assert acc(classes, shallow.baseline(codes, "hog", 4)) > 0.8


def test_predictability_is_one_for_separate_groups_and_chance_for_shuffled_ones() -> None:
    random = np.random.default_rng(0)
    clusters = np.arange(200) % 2
    points = random.normal(size=(200, 3)).astype(np.float32) + 20 * clusters[:, None]
    assert shallow.predictability(points, clusters) == 1.0
    assert shallow.predictability(points, random.permutation(clusters)) == pytest.approx(0.5, abs=0.15)
