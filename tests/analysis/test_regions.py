import numpy as np
import pytest

from mmclust.analysis import regions


def two_pairs(n_each: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Positions of four lumps, two of them close to each other, and the lump of each sample."""
    centres = np.array([[0, 0], [1.2, 0], [10, 0], [10, 8]])
    lump = np.repeat(np.arange(4), n_each)
    return centres[lump] + np.random.default_rng(0).normal(0, 0.25, (4 * n_each, 2)), lump


def test_coarse_regions_join_what_fine_ones_tell_apart() -> None:
    xy, lump = two_pairs()
    coarse, fine = regions.find(xy, scales=(0.06, 0.02))
    assert len(coarse.sizes) == 3 and len(fine.sizes) == 4
    assert coarse.sizes[0] == 400 and set(lump[coarse.of_sample == 0]) == {0, 1}
    for region in range(4):
        inside = fine.of_sample == region
        assert inside.sum() == fine.sizes[region] and np.bincount(lump[inside]).max() > 0.95 * inside.sum()
        assert np.linalg.norm(fine.peaks[region] - xy[inside].mean(axis=0)) < 0.5


def test_few_samples_are_no_region_and_places_that_are_no_numbers_lie_outside() -> None:
    xy, _ = two_pairs()
    xy = np.concatenate([xy, [[30.0, 30.0]], [[np.nan, 0.0]]])
    for scale in regions.find(xy):
        assert scale.of_sample[-1] == -1 and scale.of_sample[-2] == -1
        assert scale.sizes.sum() == (scale.of_sample >= 0).sum() and (np.diff(scale.sizes) <= 0).all()


def test_one_place_is_one_region_and_nowhere_is_none() -> None:
    (one,) = regions.find(np.full((9, 2), 3.0), scales=(0.05,))
    assert one.sizes.tolist() == [9] and one.peaks == pytest.approx(np.full((1, 2), 3.0), abs=1e-6)
    assert all(not len(scale.sizes) for scale in regions.find(np.full((4, 2), np.nan)))
    assert all(not len(scale.sizes) for scale in regions.find(np.empty((0, 2))))


def test_a_typical_value_is_one_that_most_have_and_others_do_not() -> None:
    of_sample = np.repeat([0, 1, 2, -1], 10)
    codes = np.array([0] * 8 + [1] * 2 + [1] * 10 + [0, 1] * 5 + [0] * 10)
    values = regions.typical_values(of_sample, 3, codes, 2)
    assert [value for value, _ in values] == [-1, 1, -1]  # the first value is had elsewhere nearly as often
    assert values[1][1] == 1 - 17 / 40
    assert regions.typical_values(of_sample, 3, np.full(40, -1), 2) == [(-1, 0.0)] * 3
