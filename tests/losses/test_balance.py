import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from mmclust.losses.balance import cross_entropy, sinkhorn


def _literal(scores: torch.Tensor, n_rounds: int) -> torch.Tensor:
    codes = [[max(v, 1e-12) for v in row] for row in scores.tolist()]
    n, k = len(codes), len(codes[0])
    for _ in range(n_rounds):
        sums = [sum(codes[i][j] for i in range(n)) for j in range(k)]
        codes = [[codes[i][j] / sums[j] * n / k for j in range(k)] for i in range(n)]
        codes = [[v / sum(row) for v in row] for row in codes]
    return torch.tensor(codes)


def test_it_agrees_with_literal_scaling_of_columns_then_rows() -> None:
    torch.manual_seed(0)
    scores = torch.rand(7, 3)
    torch.testing.assert_close(sinkhorn(scores, 4), _literal(scores, 4))


def test_one_round_by_hand() -> None:
    scores = torch.tensor([[3.0, 1.0], [1.0, 1.0]])
    # columns to 1: (3/4, 1/2), (1/4, 1/2); rows to 1: (3/5, 2/5), (1/3, 2/3)
    torch.testing.assert_close(sinkhorn(scores, 1), torch.tensor([[3 / 5, 2 / 5], [1 / 3, 2 / 3]]))


@pytest.mark.parametrize("seed", range(3))
def test_sharp_scores_and_many_rounds_give_the_exact_optimal_transport_plan(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, k = 8, 4
    value = rng.random((n, k))
    columns = np.kron(np.ones(n), np.eye(k))  # each column holds n / k
    rows = np.kron(np.eye(n), np.ones(k))  # each row holds 1
    exact = linprog(
        -value.ravel(),
        A_eq=np.vstack((columns, rows)),
        b_eq=np.concatenate((np.full(k, n / k), np.ones(n))),
        bounds=(0, None),
    )
    scores = torch.from_numpy(np.exp((value - value.max()) / 0.04))
    plan = sinkhorn(scores, 5000).numpy()
    np.testing.assert_allclose(plan.sum(0), n / k, rtol=1e-3)
    assert -exact.fun * 0.98 < (plan * value).sum() < -exact.fun * 1.0001


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(2, 20), k=st.integers(2, 6), power=st.floats(0.5, 12))
def test_rows_sum_to_one_and_permuting_samples_and_clusters_permutes_the_codes(
    seed: int, n: int, k: int, power: float
) -> None:
    generator = torch.Generator().manual_seed(seed)
    scores = torch.rand(n, k, generator=generator, dtype=torch.float64) ** power
    codes = sinkhorn(scores, 5)
    torch.testing.assert_close(codes.sum(1), torch.ones(n, dtype=torch.float64))
    samples, clusters = torch.randperm(n, generator=generator), torch.randperm(k, generator=generator)
    torch.testing.assert_close(sinkhorn(scores[samples][:, clusters], 5), codes[samples][:, clusters])


def test_many_rounds_use_all_clusters_equally() -> None:
    torch.manual_seed(1)
    scores = torch.rand(30, 5, dtype=torch.float64)
    scores[:, 0] *= 20  # a cluster that everybody prefers
    torch.testing.assert_close(sinkhorn(scores, 300).sum(0), torch.full((5,), 6.0, dtype=torch.float64))


def test_leading_dimensions_are_treated_one_by_one() -> None:
    torch.manual_seed(2)
    scores = torch.rand(3, 8, 4)
    torch.testing.assert_close(sinkhorn(scores, 3), torch.stack([sinkhorn(s, 3) for s in scores]))


def test_targets_have_no_gradient_and_stay_finite_for_empty_columns() -> None:
    scores = torch.zeros(6, 3)
    scores[:, 0] = 1
    codes = sinkhorn(scores.requires_grad_(), 5)
    assert codes.isfinite().all()
    assert not codes.requires_grad


def test_cross_entropy_agrees_with_the_literal_sum_per_view() -> None:
    torch.manual_seed(3)
    codes, probs = torch.rand(2, 5, 3).softmax(-1), torch.rand(2, 5, 3).softmax(-1)
    for v in range(2):
        literal = -sum(codes[v, i, j].item() * math.log(probs[v, i, j].item()) for i in range(5) for j in range(3))
        assert cross_entropy(codes, probs.log())[v].item() == pytest.approx(literal / 5, rel=1e-5)


def test_descent_on_balanced_codes_spreads_a_crowded_cluster() -> None:
    torch.manual_seed(4)
    logits = torch.randn(40, 4)
    logits[:, 0] += 3
    logits.requires_grad_()
    before = logits.softmax(1).mean(0).max().item()
    for _ in range(30):
        loss = cross_entropy(sinkhorn(logits.detach().softmax(1) ** 3, 5), logits.log_softmax(1))
        (gradient,) = torch.autograd.grad(loss, logits)
        assert gradient.isfinite().all()
        logits = (logits - 5 * gradient).detach().requires_grad_()
    assert logits.softmax(1).mean(0).max().item() < before - 0.3
