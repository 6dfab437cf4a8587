import numpy as np
import pytest

from mmclust.auto.mirror import mirror


def strokes(lean: np.ndarray, seed: int = 0) -> np.ndarray:
    """Images (n, 1, 16, 16) of strokes that lean to a side, somewhere in the image."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:16, :16]
    offset = random.uniform(-3, 3, len(lean))
    distance = columns - 7.5 - offset[:, None, None] - lean[:, None, None] * (rows - 7.5)
    return (255 * np.exp(-np.square(distance))).astype(np.uint8)[:, None]


@pytest.mark.parametrize("n_images", [60, 600])
def test_clusters_that_lean_both_ways_are_mirrored(n_images: int) -> None:
    random = np.random.default_rng(1)
    clusters = np.arange(n_images) % 2
    lean = np.where(clusters, 0.1, 0.9) * random.choice((-1, 1), n_images)
    assert mirror(strokes(lean), clusters).allowed


@pytest.mark.parametrize("n_images", [60, 600])
def test_images_that_lean_to_one_side_are_not_mirrored(n_images: int) -> None:
    clusters = np.arange(n_images) % 2
    found = mirror(strokes(np.where(clusters, 0.4, 0.9)), clusters)
    assert found.ratio > 1.1
    assert not found.allowed


def test_clusters_that_mirroring_exchanges_are_not_mirrored() -> None:
    clusters = np.arange(600) % 2
    found = mirror(strokes(np.where(clusters, 0.7, -0.7)), clusters)
    assert found.ratio == pytest.approx(1.0, abs=0.1)
    assert not found.allowed


def test_the_distances_are_those_of_a_slow_loop() -> None:
    images = strokes(np.linspace(-1, 1, 12)).astype(np.float32)
    ratios = []
    for i, image in enumerate(images):
        others = np.delete(images, i, axis=0)
        before, after = (
            np.sqrt(np.square(each - others).sum(axis=(1, 2, 3))).min() for each in (image, image[..., ::-1])
        )
        ratios.append(after / before)
    assert mirror(images, np.zeros(12, int)).ratio == pytest.approx(np.median(ratios), rel=1e-3)


def test_identical_images_can_be_mirrored() -> None:
    found = mirror(np.full((30, 1, 8, 8), 7, np.uint8), np.zeros(30, int))
    assert found.ratio == 1.0 and found.allowed
