import math

import pytest
import torch

from mmclust.losses.start import start_terms


def test_the_term_is_the_mean_negative_log_probability_of_known_clusters() -> None:
    logits = torch.tensor([[0.0, math.log(3.0)], [0.0, 0.0], [5.0, -5.0]])
    terms = start_terms(logits, torch.tensor([1, 0, -1]))
    assert float(terms["start"]) == pytest.approx((math.log(4 / 3) + math.log(2)) / 2)
    assert float(terms["start_fit"]) == 1.0


def test_without_a_start_there_is_no_term() -> None:
    assert start_terms(torch.zeros(4, 3), None) == {}


def test_a_batch_of_unknown_clusters_has_a_term_of_zero_and_finite_gradients() -> None:
    logits = torch.randn(4, 3, requires_grad=True)
    terms = start_terms(logits, torch.full((4,), -1))
    terms["start"].backward()
    assert float(terms["start"].detach()) == 0 and float(terms["start_fit"]) == 0
    assert logits.grad is not None and not logits.grad.any()


def test_small_steps_down_the_gradient_fit_the_start() -> None:
    torch.manual_seed(0)
    logits, start = torch.randn(32, 5, requires_grad=True), torch.randint(5, (32,))
    before = float(start_terms(logits, start)["start"].detach())
    for _ in range(20):
        (gradient,) = torch.autograd.grad(start_terms(logits, start)["start"], logits)
        logits = (logits - 20 * gradient).detach().requires_grad_()
    assert float(start_terms(logits, start)["start"].detach()) < before / 2
