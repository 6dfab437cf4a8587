import numpy as np
import pytest

from mmclust.auto.mirror import Mirror, mirror


def strokes(n: int, *, both_ways: bool, seed: int = 0) -> np.ndarray:
    """Images (n, 1, 16, 16) of slanted strokes that lean to one side, or to either."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:16, :16]
    lean = random.uniform(0.5, 0.9, n) * (random.choice((-1, 1), n) if both_ways else 1)
    offset = random.uniform(-3, 3, n)
    distance = columns - 7.5 - offset[:, None, None] - lean[:, None, None] * (rows - 7.5)
    return (255 * np.exp(-np.square(distance))).astype(np.uint8)[:, None]


def test_images_that_come_both_ways_are_mirrored() -> None:
    assert mirror(strokes(1200, both_ways=True)).allowed


@pytest.mark.parametrize("n_images", [60, 1200])
def test_images_that_lean_to_one_side_are_not_mirrored(n_images: int) -> None:
    found = mirror(strokes(n_images, both_ways=False))
    assert found.ratio > 1.1
    assert not found.allowed


def test_the_distances_are_those_of_a_slow_loop() -> None:
    images = strokes(12, both_ways=True).astype(np.float32)
    ratios = []
    for i, image in enumerate(images):
        others = np.delete(images, i, axis=0)
        before, after = (
            np.sqrt(np.square(each - others).sum(axis=(1, 2, 3))).min() for each in (image, image[..., ::-1])
        )
        ratios.append(after / before)
    assert mirror(images).ratio == pytest.approx(np.median(ratios), rel=1e-3)


def test_identical_images_can_be_mirrored() -> None:
    assert mirror(np.full((30, 1, 8, 8), 7, np.uint8)).ratio == 1.0


def test_few_images_must_be_nearer_when_mirrored() -> None:
    assert not Mirror(n_images=60, ratio=1.03, nearer=0.33).allowed
    assert Mirror(n_images=60, ratio=1.03, nearer=0.5).allowed
    assert Mirror(n_images=5000, ratio=1.08, nearer=0.23).allowed
