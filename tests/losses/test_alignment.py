import math

import pytest
import torch

from mmclust.losses.alignment import align_terms, info_nce

V, B, L = 3, 6, 5


@pytest.fixture
def codes() -> torch.Tensor:
    return torch.randn(V, B, L, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_it_agrees_with_a_literal_computation_over_ordered_pairs(codes: torch.Tensor) -> None:
    total, n_pairs = 0.0, 0
    for a in range(V):
        for b in range(V):
            if a == b:
                continue
            n_pairs += 1
            for i in range(B):
                scores = [torch.cosine_similarity(codes[a, i], codes[b, j], dim=0).item() / 0.3 for j in range(B)]
                total -= (scores[i] - math.log(sum(math.exp(s) for s in scores))) / B
    assert info_nce(codes, 0.3).item() == pytest.approx(total / n_pairs)


def test_it_ignores_the_order_of_views_and_samples_and_the_length_of_codes(codes: torch.Tensor) -> None:
    value = info_nce(codes, 0.5)
    torch.testing.assert_close(info_nce(codes.flip(0), 0.5), value)
    torch.testing.assert_close(info_nce(codes[:, torch.randperm(B)], 0.5), value)
    torch.testing.assert_close(info_nce(codes * 7, 0.5), value)


def test_equal_codes_of_all_samples_tell_nothing() -> None:
    assert info_nce(torch.ones(2, B, L), 0.5).item() == pytest.approx(math.log(B))


def test_views_that_agree_on_distinct_samples_tell_nearly_all(codes: torch.Tensor) -> None:
    same = codes[:1].expand(2, B, L)
    assert info_nce(same, 0.05) < 0.1 * math.log(B)
    assert info_nce(same, 0.05) < info_nce(codes[:2], 0.05)


def test_descent_lowers_it_with_finite_gradients(codes: torch.Tensor) -> None:
    codes = codes.requires_grad_()
    losses = []
    for _ in range(20):
        loss = info_nce(codes, 0.5)
        losses.append(loss.item())
        (gradient,) = torch.autograd.grad(loss, codes)
        assert gradient.isfinite().all()
        codes = (codes - 5 * gradient).detach().requires_grad_()
    assert losses[-1] < losses[0] - 0.1


def test_what_views_share_is_watched_as_a_bound_without_gradient() -> None:
    codes = torch.randn(2, 8, 5, generator=torch.Generator().manual_seed(0)).requires_grad_()
    terms = align_terms(codes, 0.5)
    assert float(terms["align"].detach() + terms["shared_information"]) == pytest.approx(math.log(8))
    assert terms["align"].requires_grad and not terms["shared_information"].requires_grad
