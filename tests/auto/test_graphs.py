import numpy as np
import pytest
from auto.families import blobs, noise

from mmclust.auto import graphs


def test_neighbours_are_those_of_a_slow_search_without_the_sample_itself():
    points = noise(80, 6)
    found, distances = graphs.neighbours(points, 4)
    slow = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(slow, np.inf)
    np.testing.assert_array_equal(found, slow.argsort(axis=1)[:, :4])
    np.testing.assert_allclose(distances, np.sort(slow, axis=1)[:, :4], atol=1e-3)


def test_equal_points_are_neighbours_of_each_other_but_not_of_themselves():
    found, _ = graphs.neighbours(np.zeros((9, 3), np.float32), 5)
    assert found.shape == (9, 5)


def test_many_samples_are_searched_approximately_and_nearly_right(monkeypatch: pytest.MonkeyPatch):
    points = blobs(n_samples=1500, dims=(8,))[0][0]
    exact, _ = graphs.neighbours(points, 10)
    monkeypatch.setattr(graphs, "EXACT_NEIGHBOURS", 1000)
    assert graphs.overlap(exact, graphs.neighbours(points, 10)[0]) > 0.8


def test_overlap_is_1_for_equal_views_and_0_for_unrelated_ones():
    first, second = (graphs.neighbours(noise(300, 6, seed=seed), 8)[0] for seed in (0, 1))
    assert graphs.overlap(first, first) == pytest.approx(1)
    assert abs(graphs.overlap(first, second)) < 0.02
    by_chance = graphs.overlap_by_chance(first, first)
    assert abs(by_chance.mean()) < 0.02


@pytest.mark.parametrize("dense_up_to", [1000, 100])
def test_spectral_embedding_puts_each_component_of_a_graph_in_one_place(
    dense_up_to: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(graphs, "DENSE_SPECTRUM", dense_up_to)
    points = np.concatenate([noise(70, 4), noise(80, 4) + 100, noise(90, 4) - 100])
    embedding = graphs.spectral_embedding(graphs.affinity(points, 10), 3)
    inside = np.split(embedding, [70, 150])
    assert all(np.ptp(part, axis=0).max() < 0.05 for part in inside)
    assert np.linalg.norm(inside[0][0] - inside[1][0]) > 0.5
