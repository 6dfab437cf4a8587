import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmclust.losses.information import assignment_information, jensen_shannon_bce, joint, view_pairs
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


def _literal_information(a: torch.Tensor, b: torch.Tensor, entropy_weight: float) -> float:
    n, k = a.shape
    p = [[sum(a[i, x].item() * b[i, y].item() for i in range(n)) / n for y in range(k)] for x in range(k)]
    p = [[(p[x][y] + p[y][x]) / 2 for y in range(k)] for x in range(k)]
    total = sum(map(sum, p))
    p = [[value / total for value in row] for row in p]
    marginal = [sum(row) for row in p]
    return sum(
        p[x][y] * (math.log(p[x][y]) - entropy_weight * (math.log(marginal[x]) + math.log(marginal[y])))
        for x in range(k)
        for y in range(k)
    )


def _probs(*shape: int, seed: int = 0) -> torch.Tensor:
    return (3 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)).softmax(-1)


@pytest.mark.parametrize("entropy_weight", [1.0, 1.5])
def test_information_of_assignments_agrees_with_the_literal_sum(entropy_weight: float) -> None:
    a, b = _probs(9, 4), _probs(9, 4, seed=1)
    found = assignment_information(joint(a, b), entropy_weight).item()
    assert found == pytest.approx(_literal_information(a, b, entropy_weight), rel=1e-6)


def test_information_is_log_k_for_equal_one_hot_assignments_and_zero_for_independent_ones() -> None:
    one_hot = torch.eye(5, dtype=torch.float64).repeat(4, 1)
    assert assignment_information(joint(one_hot, one_hot)).item() == pytest.approx(math.log(5), rel=1e-6)
    constant = torch.full((20, 5), 0.2, dtype=torch.float64)
    assert assignment_information(joint(one_hot, constant)).item() == pytest.approx(0, abs=1e-9)


def test_a_swap_of_two_clusters_in_one_view_keeps_the_symmetric_information() -> None:
    one_hot = torch.eye(4, dtype=torch.float64).repeat(3, 1)
    swapped = one_hot[:, [1, 0, 2, 3]]
    assert assignment_information(joint(one_hot, swapped)).item() == pytest.approx(math.log(4), rel=1e-6)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(3, 20), k=st.integers(2, 6), weight=st.floats(1, 2))
def test_information_ignores_order_of_views_samples_and_clusters(seed: int, n: int, k: int, weight: float) -> None:
    a, b = _probs(n, k, seed=seed), _probs(n, k, seed=seed + 1)
    generator = torch.Generator().manual_seed(seed)
    samples, clusters = torch.randperm(n, generator=generator), torch.randperm(k, generator=generator)
    value = assignment_information(joint(a, b), weight)
    torch.testing.assert_close(assignment_information(joint(b, a), weight), value)
    torch.testing.assert_close(assignment_information(joint(a[samples], b[samples]), weight), value)
    torch.testing.assert_close(assignment_information(joint(a[:, clusters], b[:, clusters]), weight), value)


def test_all_pairs_at_once_equal_pair_by_pair() -> None:
    views = _probs(4, 12, 3)
    first, second = view_pairs(4)
    assert list(zip(first, second, strict=True)) == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    together = assignment_information(joint(views[first], views[second]))
    singly = [assignment_information(joint(views[i], views[j])) for i, j in zip(first, second, strict=True)]
    torch.testing.assert_close(together, torch.stack(singly))


def test_a_joint_is_symmetric_and_sums_to_one() -> None:
    found = joint(_probs(10, 4), _probs(10, 4, seed=3))
    torch.testing.assert_close(found, found.T)
    assert found.sum().item() == pytest.approx(1)


def test_ascent_raises_the_information_with_finite_gradients_even_from_saturated_assignments() -> None:
    logits = torch.randn(2, 30, 4, generator=torch.Generator().manual_seed(0))
    logits[:, :5] *= 200
    values = []
    for _ in range(100):
        logits = logits.detach().requires_grad_()
        probs = logits.softmax(-1)
        value = assignment_information(joint(probs[0], probs[1]))
        (gradient,) = torch.autograd.grad(value, logits)
        assert gradient.isfinite().all()
        logits = logits + 50 * gradient
        values.append(value.item())
    assert values[-1] > values[0] + 0.1
