"""PaCMAP with our neighbours: its own pairs, were its search exact."""

import numpy as np
import pytest

from mmclust import neighbours
from mmclust.analysis import pacmap_layouts

pytestmark = pytest.mark.slow  # it compiles itself when it is first imported


def test_pairs_are_those_of_the_library_for_exact_neighbours():
    from pacmap import pacmap

    points = np.random.default_rng(0).normal(size=(300, 7)).astype(np.float32)
    near = neighbours.of_each(points, 10 + pacmap_layouts.CANDIDATES)
    places = near.found.astype(np.int32)
    scales = np.maximum(near.distances[:, 3:6].mean(axis=1), 1e-10)
    scaled = pacmap.scale_dist(near.distances, scales, places)
    theirs = pacmap.sample_neighbors_pair(points, scaled, places, np.int32(10))
    ours = pacmap_layouts._pairs(points, 10)
    assert ours.dtype == theirs.dtype and ours.shape == theirs.shape
    assert {*map(tuple, ours.tolist())} == {*map(tuple, theirs.tolist())}


def test_a_sample_of_the_picture_is_placed_near_itself():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(200, 5)).astype(np.float32) + 10 * np.eye(5, dtype=np.float32)[np.arange(200) % 4]
    xy = pacmap_layouts.lay_out(
        points, seed=0, n_neighbors=10, mid_near=0.5, further=2.0, initial=None, report=lambda share: None
    )
    placed = pacmap_layouts.placer(points, xy, seed=0, n_neighbors=10)(points[:40])
    assert np.linalg.norm(placed - xy[:40], axis=1).mean() < 0.2 * np.linalg.norm(xy - xy.mean(axis=0), axis=1).mean()
