import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from mmclust.losses.swapped import conditional_entropy_balance, logit_excess, prototype_targets, swapped_prediction

V, H, B, P, K = 4, 2, 12, 30, 5


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture
def scores(generator: torch.Generator) -> torch.Tensor:
    unit = F.normalize(torch.randn(V, B, 8, generator=generator), dim=2)
    return unit @ F.normalize(torch.randn(P, 8, generator=generator), dim=1).T


def test_targets_follow_the_published_steps(scores: torch.Tensor):
    targets = prototype_targets(scores[:H], 0.05, 3)
    for view in range(H):
        plan = np.exp(scores[view].numpy().T.astype(np.float64) / 0.05)
        plan /= plan.sum()
        for _ in range(3):
            plan /= plan.sum(axis=1, keepdims=True) * P
            plan /= plan.sum(axis=0, keepdims=True) * B
        plan /= plan.sum(axis=0, keepdims=True)
        np.testing.assert_allclose(targets[view].numpy(), plan.T, atol=1e-5)


def test_many_rounds_use_all_prototypes_equally(scores: torch.Tensor):
    targets = prototype_targets(scores[:H], 0.5, 200)
    torch.testing.assert_close(targets.sum(dim=2), torch.ones(H, B))
    torch.testing.assert_close(targets.sum(dim=1), torch.full((H, P), B / P), atol=1e-3, rtol=0)


def test_targets_stay_finite_at_the_ends_of_the_cosine_and_the_hardest_epsilon(scores: torch.Tensor):
    scores = scores[:1].clone()
    scores[0, 0], scores[0, 1, 0] = -1.0, 1.0
    targets = prototype_targets(scores, 0.02, 3)
    torch.testing.assert_close(targets.sum(dim=2), torch.ones(1, B))


def test_swapped_prediction_is_the_mean_over_all_ordered_pairs(scores: torch.Tensor):
    log_probs = (scores / 0.1).log_softmax(dim=2)
    codes = prototype_targets(scores[:H], 0.05, 3)
    pairs = [-(codes[i].double() * log_probs[v].double()).sum() / B for i in range(H) for v in range(V) if v != i]
    assert len(pairs) == H * (V - 1)
    torch.testing.assert_close(swapped_prediction(codes, log_probs), torch.stack(pairs).mean().float())


def test_information_is_the_mean_over_all_pairs_of_views(scores: torch.Tensor, generator: torch.Generator):
    u = (scores / 0.1).softmax(dim=2)
    y = torch.randn(V, B, K, generator=generator).softmax(dim=2)
    literal = []
    for j in range(V):
        for i in range(V):
            joint = y[j].double().T @ u[i].double() / B
            joint = joint / joint.sum()
            conditional = (joint * (joint.sum(dim=0, keepdim=True).log() - joint.log())).sum()
            marginal = joint.sum(dim=1)
            literal.append(conditional + 4.0 * (marginal * marginal.log()).sum())
    found = conditional_entropy_balance(y, u, 4.0)
    torch.testing.assert_close(found, torch.stack(literal).mean().float())


def test_information_at_its_known_values():
    beta, u = 4.0, torch.eye(K).repeat(8, 1).unsqueeze(0)
    same = conditional_entropy_balance(u, u, beta)
    assert same.item() == pytest.approx(-beta * math.log(K), abs=1e-4)
    independent = conditional_entropy_balance(torch.full((1, 8 * K, K), 1 / K), u, beta)
    assert independent.item() == pytest.approx(-(beta - 1) * math.log(K), abs=1e-4)
    single = conditional_entropy_balance(torch.eye(K)[0].expand(1, 8 * K, K), u, beta)
    assert single.item() == pytest.approx(0.0, abs=1e-4)


def test_neither_loss_depends_on_the_order_of_samples_or_prototypes(scores: torch.Tensor, generator: torch.Generator):
    y = torch.randn(V, B, K, generator=generator).softmax(dim=2)

    def losses(scores: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        log_probs = (scores / 0.1).log_softmax(dim=2)
        codes = prototype_targets(scores[:H], 0.05, 3)
        return torch.stack([swapped_prediction(codes, log_probs), conditional_entropy_balance(y, log_probs.exp(), 4.0)])

    rows, columns = torch.randperm(B, generator=generator), torch.randperm(P, generator=generator)
    torch.testing.assert_close(losses(scores[:, rows][:, :, columns], y[:, rows]), losses(scores, y))


def test_logits_inside_the_bound_cost_nothing():
    inside = torch.empty(V, B, K).uniform_(-5, 5)
    assert logit_excess(inside) == 0
    inside[0, 0, 0] = -7.0
    assert logit_excess(inside).item() == pytest.approx(2.0 / (V * B))
