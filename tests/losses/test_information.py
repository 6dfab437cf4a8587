import math

import pytest
import torch

from mmclust.losses.information import jensen_shannon_bce
from mmclust.nets.mlp import SLOPE, PairDiscriminator


def _literal(joint: torch.Tensor, marginal: torch.Tensor) -> float:
    total = 0.0
    for logit in joint.tolist():
        total -= math.log(1 / (1 + math.exp(-logit)))
    for logit in marginal.tolist():
        total -= math.log(1 - 1 / (1 + math.exp(-logit)))
    return total / (len(joint) + len(marginal))


def test_it_is_ln_2_at_chance() -> None:
    assert jensen_shannon_bce(torch.zeros(5), torch.zeros(5)).item() == pytest.approx(math.log(2))


def test_it_agrees_with_the_literal_cross_entropy_over_both_halves() -> None:
    torch.manual_seed(0)
    joint, marginal = torch.randn(7), torch.randn(7)
    assert jensen_shannon_bce(joint, marginal).item() == pytest.approx(_literal(joint, marginal), rel=1e-5)


def test_swapping_the_halves_mirrors_the_logits() -> None:
    joint, marginal = torch.randn(6), torch.randn(6)
    torch.testing.assert_close(jensen_shannon_bce(joint, marginal), jensen_shannon_bce(-marginal, -joint))


def test_huge_logits_stay_finite() -> None:
    assert jensen_shannon_bce(torch.tensor([-1e4]), torch.tensor([1e4])).isfinite()


def test_the_discriminator_computes_what_concatenated_pairs_would() -> None:
    torch.manual_seed(1)
    judge, features, codes = PairDiscriminator(9, 4, (8, 6)), torch.randn(5, 9), torch.randn(5, 4)
    order = torch.tensor([1, 0, 3, 4, 2])

    def literal(pairs: torch.Tensor) -> torch.Tensor:
        weight = torch.cat((judge.first_features.weight, judge.first_codes.weight), dim=1)
        first = torch.nn.functional.linear(pairs, weight, judge.first_features.bias)
        inner = torch.nn.functional.leaky_relu(first, SLOPE)
        return judge.last(torch.nn.functional.leaky_relu(judge.second(inner), SLOPE)).squeeze(1)

    joint, marginal = judge(features, codes, order)
    torch.testing.assert_close(joint, literal(torch.cat((features, codes), dim=1)))
    torch.testing.assert_close(marginal, literal(torch.cat((features, codes[order]), dim=1)))


def test_descent_separates_joint_from_shuffled_pairs() -> None:
    torch.manual_seed(2)
    features = torch.randn(64, 6)
    codes, judge = features[:, :3] * 2, PairDiscriminator(6, 3, (32, 16))
    optimizer = torch.optim.Adam(judge.parameters(), lr=3e-3)
    losses = []
    for _ in range(60):
        loss = jensen_shannon_bce(*judge(features, codes, torch.randperm(64)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] - 0.05
