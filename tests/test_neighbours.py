"""Neighbours are those of a plain search; among many points nearly all of them."""

import numpy as np
import pytest

from mmclust import neighbours


@pytest.fixture
def points() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(300, 5)).astype(np.float32)


def plain(asked: np.ndarray, known: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    distances = np.linalg.norm(asked[:, None].astype(np.float64) - known[None], axis=2)
    found = distances.argsort(axis=1)[:, :count]
    return found, np.take_along_axis(distances, found, axis=1)


@pytest.mark.parametrize("offset", [0.0, 1000.0])
def test_they_are_exact_also_far_from_zero(points: np.ndarray, offset: float):
    nearest = neighbours.among(points[:20] + offset, points + offset, 7)
    found, distances = plain(points[:20], points, 7)
    assert np.array_equal(nearest.found, found) and nearest.recall == 1.0
    np.testing.assert_allclose(nearest.distances, distances, atol=2e-3)


def test_nobody_is_his_own_neighbour_not_even_among_equal_points(points: np.ndarray):
    points[:50] = points[0]
    nearest = neighbours.of_each(points, 6)
    assert nearest.found.shape == nearest.distances.shape == (300, 6)
    assert not (nearest.found == np.arange(300)[:, None]).any()
    assert (nearest.distances[:50] == 0).all()


def test_points_may_have_axes_and_be_fewer_than_the_neighbours(points: np.ndarray):
    nearest = neighbours.among(points[:2].reshape(2, 5, 1), points[:4].reshape(4, 5, 1), 9)
    assert nearest.found.shape == (2, 4)
    assert neighbours.of_each(points[:4], 9).found.shape == (4, 3)


def test_among_many_points_the_recall_that_is_said_is_kept(monkeypatch):
    points = np.random.default_rng(1).normal(size=(6000, 12)).astype(np.float32)
    monkeypatch.setattr(neighbours, "PROBED_CELLS", 1)
    nearest = neighbours.of_each(points, 10, exact=1000)
    true = neighbours.of_each(points, 10).found
    share = np.mean([len(np.intersect1d(*rows)) for rows in zip(nearest.found, true, strict=True)]) / 10
    assert neighbours.RECALL <= nearest.recall <= 1.0
    assert share == pytest.approx(nearest.recall, abs=0.02)


def test_cells_with_too_few_points_are_made_up_for(points: np.ndarray):
    many = np.concatenate((np.repeat(points[:2], 700, axis=0), points))
    nearest = neighbours.among(many, many, 20, exact=100)
    assert nearest.found.min() >= 0


def test_layouts_of_one_space_search_once(points: np.ndarray, monkeypatch: pytest.MonkeyPatch):
    searched = []
    among, true = neighbours.among, {k: neighbours.of_each(points, k) for k in (4, 9)}
    monkeypatch.setattr(neighbours, "SHARED", 10)
    monkeypatch.setattr(
        neighbours, "among", lambda *given, **about: searched.append(given[2]) or among(*given, **about)
    )
    few, more = neighbours.of_all(points, 4), neighbours.of_all(points, 9)
    own = neighbours.of_all(points.copy(), 5, itself=True)
    assert searched == [10]
    for found, k in ((few, 4), (more, 9)):
        np.testing.assert_array_equal(found.found, true[k].found)
        np.testing.assert_allclose(found.distances, true[k].distances)
    np.testing.assert_array_equal(own.found, np.column_stack([np.arange(len(points)), few.found]))
    neighbours.of_all(points, 12)
    neighbours.of_all(points[:-1], 4)
    assert searched == [10, 13, 10], "more of them, or other points"
