import numpy as np
import pytest

from mmclust.data import catalogue, shapes


def test_shapes_are_the_same_at_every_call() -> None:
    first, second = catalogue.load("shapes"), catalogue.load("shapes")
    assert np.array_equal(first.views[0], second.views[0])
    assert first.labels is not None and second.labels is not None and np.array_equal(first.labels, second.labels)
    assert first.views[0].shape == (8000, 3, 32, 32) and first.views[0].dtype == np.uint8
    assert np.bincount(first.labels).tolist() == [1000] * 8
    assert set(first.factors) == {"x", "y", "size", "hue", "rotation"}


def one(shape: str, **changes: float) -> np.ndarray:
    style = {"x": 0.0, "y": 0.0, "size": 10.0, "hue": 0.0, "rotation": 0.0} | changes
    return shapes.draw(shape, **{name: np.array([value]) for name, value in style.items()})[0]


def mask(picture: np.ndarray) -> np.ndarray:
    return picture.max(axis=0) > 120


@pytest.mark.parametrize("shape", shapes.CLASSES)
def test_x_and_y_move_a_shape_and_change_nothing_else(shape: str) -> None:
    still, moved = one(shape), one(shape, x=3, y=-2)
    assert np.array_equal(np.roll(still, (-2, 3), axis=(1, 2)), moved)


@pytest.mark.parametrize("shape", shapes.CLASSES)
def test_area_grows_with_the_square_of_size(shape: str) -> None:
    ratio = mask(one(shape, size=12)).sum() / mask(one(shape, size=6)).sum()
    assert ratio == pytest.approx(4, rel=0.25)


def test_a_quarter_turn_is_clockwise() -> None:
    assert np.array_equal(np.rot90(mask(one("triangle")), k=-1), mask(one("triangle", rotation=np.pi / 2)))


def test_hue_runs_from_red_over_green_to_blue() -> None:
    for hue, channel in ((0, 0), (1 / 3, 1), (2 / 3, 2)):
        assert one("circle", hue=hue)[:, 16, 16].argmax() == channel


def test_shapes_of_one_style_differ_in_many_pixels() -> None:
    masks = [mask(one(shape)) for shape in shapes.CLASSES]
    for i in range(len(masks)):
        for j in range(i):
            assert (masks[i] != masks[j]).sum() > 25, (shapes.CLASSES[i], shapes.CLASSES[j])


@pytest.mark.parametrize("shape", shapes.CLASSES)
def test_a_shape_looks_the_same_after_its_period_and_not_before(shape: str) -> None:
    data = catalogue.load("shapes", limit=200)
    assert data.labels is not None
    periods = np.unique(data.periods["rotation"][data.labels == shapes.CLASSES.index(shape)])
    assert len(periods) == 1
    still, period = one(shape, rotation=0.3).astype(int), float(periods[0])
    assert np.abs(one(shape, rotation=0.3 + (period or 1.0)).astype(int) - still).max() <= 3
    if period:
        assert np.abs(one(shape, rotation=0.3 + period / 2).astype(int) - still).max() > 100
    assert (data.periods["hue"] == 1).all()
