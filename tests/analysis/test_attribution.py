from typing import cast

import numpy as np
import pytest
import torch
from torch import nn

from mmclust.analysis.attribution import (
    affine_weights,
    averaged,
    integrated_gradients,
    mean_slopes,
    of_pixels,
    saliency_map,
    view_contributions,
)
from mmclust.data.dataset import DataSpec, ViewSpec
from mmclust.methods.base import Method

N_CLUSTERS = 3
SPEC = DataSpec(
    name="pairs",
    views=(ViewSpec(name="a", kind="vector", shape=(4,)), ViewSpec(name="b", kind="vector", shape=(2,))),
    n_clusters=N_CLUSTERS,
)


class Small(Method):
    def __init__(self, *, linear: bool = False):
        super().__init__(None, SPEC)
        torch.manual_seed(0)
        middle = [] if linear else [nn.Linear(6, 8), nn.Softplus(), nn.Dropout(0.5)]
        self.net = nn.Sequential(*middle, nn.Linear(6 if linear else 8, N_CLUSTERS))

    def logits(self, views):
        return self.net(torch.cat(views, dim=1))


@pytest.fixture
def views():
    rng = np.random.default_rng(0)
    return [rng.random((7, 4)).astype(np.float32), rng.random((7, 2)).astype(np.float32)]


def log_odds(method, views, targets):
    logits = method.logits(tuple(torch.from_numpy(view) for view in views)).detach().double().numpy()
    rows = np.arange(len(targets))
    others = logits.copy()
    others[rows, targets] = -np.inf
    return logits[rows, targets] - np.log(np.exp(others).sum(axis=1))


def test_attributions_of_both_views_add_up_to_the_change_of_log_odds(views):
    method, targets = Small().eval(), np.array([0, 1, 2, 0, 1, 2, 0])
    baselines = [view.mean(axis=0) for view in views]
    found = integrated_gradients(method, views, targets, baselines, n_steps=64)
    assert [part.shape for part in found] == [(7, 4), (7, 2)]
    start = [np.repeat(base[None], 7, axis=0) for base in baselines]
    expected = log_odds(method, views, targets) - log_odds(method, start, targets)
    np.testing.assert_allclose(found[0].sum(axis=1) + found[1].sum(axis=1), expected, atol=1e-3)


def test_a_column_that_the_network_ignores_gets_nothing(views):
    method = Small(linear=True)
    with torch.no_grad():
        cast(nn.Linear, method.net[0]).weight[:, 2] = 0
    found = integrated_gradients(method, views, np.zeros(7, int), [np.zeros(4), np.zeros(2)])
    assert np.abs(found[0][:, 2]).max() == 0
    assert np.abs(found[0][:, 0]).min() > 0


def test_batches_change_nothing_and_the_method_is_left_as_it_was(views):
    method = Small().train()
    arguments = (views, np.ones(7, int), [np.zeros(4), np.zeros(2)])
    whole, parts = (integrated_gradients(method, *arguments, batch_size=size) for size in (7, 2))
    np.testing.assert_allclose(whole[0], parts[0], atol=1e-6)
    assert all(module.training for module in method.modules())
    assert all(parameter.grad is None for parameter in method.parameters())


def test_bytes_are_taken_as_numbers_and_a_wrong_cluster_is_refused():
    method = Small(linear=True)
    views = [np.full((1, 4), 3, np.uint16), np.ones((1, 2), np.uint8)]
    assert np.isfinite(integrated_gradients(method, views, np.array([0]), [np.zeros(4), np.zeros(2)])[0]).all()
    with pytest.raises(ValueError, match="cluster 3 was asked about; clusters go from 0 to 2"):
        integrated_gradients(method, views, np.array([3]), [np.zeros(4), np.zeros(2)])


def test_heat_shows_what_speaks_for_a_cluster_and_nothing_else():
    parts = np.zeros((2, 1, 6, 6), np.float32)
    parts[0, 0, 1, 4], parts[0, 0, 4, 1] = 2.0, -5.0
    shown = saliency_map(parts)
    assert shown.shape == (2, 6, 6)
    assert np.unravel_index(shown[0].argmax(), (6, 6)) == (1, 4)
    assert shown[0].max() == pytest.approx(1.0)
    assert shown[0, 4, 1] < 0.01
    assert shown[1].max() == 0


def test_averages_are_taken_cluster_by_cluster_and_empty_ones_are_zero():
    found = averaged(np.array([[1.0, 0], [3, 2], [5, 5]]), np.array([0, 0, 2]), 3)
    assert found.tolist() == [[2, 1], [0, 0], [5, 5]]


def test_a_view_that_decides_alone_has_the_whole_share():
    first, second = np.array([[2.0, 1], [0, 0], [1, 1]]), np.array([[1.0], [4], [-2]])
    shares = view_contributions([first, second], np.array([0, 1, 0]), 3)
    np.testing.assert_allclose(shares, [[5 / 8, 3 / 8], [0, 1], [0, 0]])


def test_attribution_of_components_is_carried_back_to_the_columns_they_are_made_of(views):
    rng = np.random.default_rng(1)
    mixing, method, targets = rng.normal(size=(9, 4)), Small(), np.zeros(300, int)
    raw = rng.normal(size=(300, 3, 3))
    prepared = [(raw.reshape(300, 9) @ mixing / 3 + 2).astype(np.float32), rng.random((300, 2)).astype(np.float32)]
    starts = [view.mean(axis=0) for view in prepared]
    weights = affine_weights(raw, prepared[0])
    np.testing.assert_allclose(weights, mixing / 3, atol=1e-4)
    slopes = mean_slopes(method, prepared, targets, starts)
    found = of_pixels(slopes[0], weights, raw, raw.mean(axis=0))
    assert found.shape == raw.shape
    whole = integrated_gradients(method, prepared, targets, starts)[0].sum(axis=1)
    np.testing.assert_allclose(found.sum(axis=(1, 2)), whole, atol=1e-3)
