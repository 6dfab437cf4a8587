import pytest
import torch

from mmclust.losses.adversarial import gradient_penalty, wasserstein_gap
from mmclust.nets.mlp import Critic


def test_wasserstein_gap_is_the_difference_of_mean_scores() -> None:
    assert wasserstein_gap(torch.tensor([1.0, 3.0]), torch.tensor([-1.0, 0.0])).item() == pytest.approx(2.5)


def test_penalty_is_zero_for_gradients_of_length_one() -> None:
    assert gradient_penalty(torch.eye(4)).item() == pytest.approx(0, abs=1e-6)


def test_penalty_by_hand() -> None:
    gradients = torch.tensor([[3.0, 4.0], [0.0, 0.0]])  # lengths 5 and 0
    assert gradient_penalty(gradients).item() == pytest.approx((16 + 1) / 2, rel=1e-5)


def test_penalty_has_a_finite_gradient_at_zero() -> None:
    gradients = torch.zeros(2, 3, requires_grad=True)
    gradient_penalty(gradients).backward()
    assert gradients.grad is not None
    assert gradients.grad.isfinite().all()


def _critic(seed: int = 0) -> Critic:
    torch.manual_seed(seed)
    return Critic(6, (16, 8)).double()


def test_input_gradients_agree_with_automatic_differentiation() -> None:
    critic, codes = _critic(), torch.randn(10, 6, dtype=torch.float64)
    points = codes.clone().requires_grad_()
    (expected,) = torch.autograd.grad(critic(points).sum(), points)
    torch.testing.assert_close(critic.input_gradient(codes), expected)


def test_input_gradients_agree_with_finite_differences() -> None:
    critic, codes, step = _critic(1), torch.randn(3, 6, dtype=torch.float64), 1e-6
    gradients = critic.input_gradient(codes)
    shifts = step * torch.eye(6, dtype=torch.float64)
    numeric = torch.stack([(critic(codes + s) - critic(codes - s)) / (2 * step) for s in shifts], dim=1)
    torch.testing.assert_close(gradients, numeric, rtol=1e-5, atol=1e-7)


def test_the_penalty_moves_the_weights_as_double_backpropagation_does() -> None:
    critic, codes = _critic(2), torch.randn(5, 6, dtype=torch.float64)
    gradient_penalty(critic.input_gradient(codes)).backward()
    closed_form = [p.grad.clone() for p in critic.parameters() if p.grad is not None]
    critic.zero_grad()
    points = codes.clone().requires_grad_()
    (gradients,) = torch.autograd.grad(critic(points).sum(), points, create_graph=True)
    gradient_penalty(gradients).backward()
    expected = [p.grad for p in critic.parameters() if p.grad is not None and p.grad.abs().sum() > 0]
    for ours, theirs in zip([g for g in closed_form if g.abs().sum() > 0], expected, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_the_penalty_weight_gradient_agrees_with_finite_differences() -> None:
    critic, codes, step = _critic(3), torch.randn(5, 6, dtype=torch.float64), 1e-6
    gradient_penalty(critic.input_gradient(codes)).backward()
    weight = critic.first.weight
    assert weight.grad is not None
    values = []
    for sign in (1, -1):
        with torch.no_grad():
            weight[2, 3] += sign * step
            values.append(gradient_penalty(critic.input_gradient(codes)).item())
            weight[2, 3] -= sign * step
    assert weight.grad[2, 3].item() == pytest.approx((values[0] - values[1]) / (2 * step), rel=1e-4, abs=1e-8)


def test_twenty_steps_of_descent_lower_the_critic_objective() -> None:
    torch.manual_seed(0)
    critic = Critic(4, (32, 16))
    prior, codes = torch.randn(64, 4) + 1, torch.randn(64, 4) - 1
    optimizer = torch.optim.Adam(critic.parameters(), lr=1e-3)
    values = []
    for _ in range(20):
        gradients = critic.input_gradient((prior + codes) / 2)
        loss = -wasserstein_gap(critic(prior), critic(codes)) + 10 * gradient_penalty(gradients)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        values.append(loss.item())
    assert values[-1] < values[0]
