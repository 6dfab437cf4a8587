import math

import pytest
import torch

from mmclust.losses.consistency import assignment_divergence


def _literal(p: torch.Tensor, q: torch.Tensor) -> float:
    rows = [
        sum(a * (math.log(a) - math.log(b)) for a, b in zip(x, y, strict=True))
        for x, y in zip(p.tolist(), q.tolist(), strict=True)
    ]
    return sum(rows) / len(rows)


def test_it_agrees_with_the_literal_sum() -> None:
    torch.manual_seed(0)
    p, q = torch.randn(6, 4).softmax(1), torch.randn(6, 4).softmax(1)
    assert assignment_divergence(p.log(), q.log()).item() == pytest.approx(_literal(p, q), rel=1e-5)


def test_it_is_zero_for_equal_assignments_and_positive_otherwise() -> None:
    torch.manual_seed(1)
    p, q = torch.randn(6, 4).log_softmax(1), torch.randn(6, 4).log_softmax(1)
    assert assignment_divergence(p, p).item() == pytest.approx(0, abs=1e-7)
    assert assignment_divergence(p, q).item() > 0


def test_permuting_clusters_changes_nothing() -> None:
    torch.manual_seed(2)
    p, q, order = torch.randn(6, 4).log_softmax(1), torch.randn(6, 4).log_softmax(1), torch.tensor([2, 0, 3, 1])
    torch.testing.assert_close(assignment_divergence(p, q), assignment_divergence(p[:, order], q[:, order]))


def test_both_sides_receive_gradients() -> None:
    left = torch.randn(6, 4, requires_grad=True)
    right = torch.randn(6, 4, requires_grad=True)
    assignment_divergence(left.log_softmax(1), right.log_softmax(1)).backward()
    for side in (left, right):
        assert side.grad is not None
        assert side.grad.isfinite().all()
        assert side.grad.abs().sum() > 0


def test_saturated_logits_stay_finite() -> None:
    left = torch.tensor([[1e4, 0.0]]).log_softmax(1)
    assert assignment_divergence(left, left.flip(1)).isfinite()
