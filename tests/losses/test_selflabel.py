import numpy as np
import pytest
import torch

from mmclust.losses.selflabel import N_ROUNDS, shared_target, target_divergence

S, B, K = 3, 12, 4


@pytest.fixture
def log_probs() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(S, B, K, generator=generator, dtype=torch.float64).log_softmax(2)


@pytest.mark.parametrize("balanced", [True, False])
def test_the_target_agrees_with_a_literal_computation(log_probs: torch.Tensor, balanced: bool) -> None:
    scores = np.exp(log_probs.numpy()).mean(axis=0) ** 2.5
    for _ in range(N_ROUNDS if balanced else 0):
        for k in range(K):
            scores[:, k] *= B / K / scores[:, k].sum()
        for n in range(B):
            scores[n] /= scores[n].sum()
    scores /= scores.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(shared_target(log_probs, 2.5, balanced=balanced).numpy(), scores)


def test_a_balanced_target_uses_all_clusters_even_when_assignments_do_not(log_probs: torch.Tensor) -> None:
    crowded = (log_probs + torch.tensor([3.0, 0, 0, 0])).log_softmax(2)
    target = shared_target(crowded, 2.0)
    torch.testing.assert_close(target.sum(1), torch.ones(B, dtype=torch.float64))
    torch.testing.assert_close(target.sum(0), torch.full((K,), B / K, dtype=torch.float64), atol=0.3, rtol=0)
    assert shared_target(crowded, 2.0, balanced=False).sum(0)[0] > 0.8 * B


def test_the_target_does_not_depend_on_the_order_of_views_samples_or_clusters(log_probs: torch.Tensor) -> None:
    target = shared_target(log_probs, 3.0)
    rows, columns = torch.randperm(B), torch.randperm(K)
    torch.testing.assert_close(shared_target(log_probs.flip(0), 3.0), target)
    torch.testing.assert_close(shared_target(log_probs[:, rows], 3.0), target[rows])
    torch.testing.assert_close(shared_target(log_probs[..., columns], 3.0), target[:, columns])


def test_a_higher_power_makes_the_target_sharper(log_probs: torch.Tensor) -> None:
    sharpness = [shared_target(log_probs, tau).amax(1).mean().item() for tau in (1.0, 2.5, 6.0)]
    assert sharpness == sorted(sharpness)


def test_the_target_carries_no_gradient(log_probs: torch.Tensor) -> None:
    assert not shared_target(log_probs.requires_grad_(), 2.0).requires_grad


def test_the_divergence_is_kullback_leiblers_from_target_to_assignment(log_probs: torch.Tensor) -> None:
    target = shared_target(log_probs, 2.0)
    expected = [
        sum((target[n, k] * (target[n, k].log() - log_probs[s, n, k])).item() for n in range(B) for k in range(K)) / B
        for s in range(S)
    ]
    assert target_divergence(target, log_probs).tolist() == pytest.approx(expected)
    assert target_divergence(target, target.log()).item() == pytest.approx(0)


def test_the_divergence_takes_targets_of_zero() -> None:
    log_probs = torch.tensor([[0.5, 0.5]]).log().requires_grad_()
    loss = target_divergence(torch.tensor([[1.0, 0.0]]), log_probs)
    loss.backward()
    assert loss.item() == pytest.approx(np.log(2))
    assert log_probs.grad is not None
    assert log_probs.grad.tolist() == [[-1.0, 0.0]]


def test_descent_brings_assignments_to_the_target(log_probs: torch.Tensor) -> None:
    target = shared_target(log_probs, 4.0)
    scores = log_probs.clone().requires_grad_()
    losses = []
    for _ in range(20):
        loss = target_divergence(target, scores.log_softmax(2)).sum()
        losses.append(loss.item())
        (gradient,) = torch.autograd.grad(loss, scores)
        scores = (scores - 2 * gradient).detach().requires_grad_()
    assert losses[-1] < losses[0] / 2
