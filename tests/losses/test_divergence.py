import math

import pytest
import torch

from mmclust.losses.divergence import (
    assignment_overlap,
    cluster_similarity,
    corner_closeness,
    gaussian_kernel,
    normal_divergence,
    softmax_divergence,
)


def _literal_kernel(hidden: torch.Tensor, width: float) -> torch.Tensor:
    n = len(hidden)
    distances = [
        [sum((a - b) ** 2 for a, b in zip(x, y, strict=True)) for y in hidden.tolist()] for x in hidden.tolist()
    ]
    pairs = sorted(distances[i][j] for i in range(n) for j in range(i + 1, n))
    scale = width * pairs[(len(pairs) - 1) // 2]
    return torch.tensor([[math.exp(-d / (2 * scale)) for d in row] for row in distances], dtype=hidden.dtype)


def _literal_similarity(columns: torch.Tensor, kernel: torch.Tensor) -> float:
    k = columns.shape[1]
    total = 0.0
    for i in range(k):
        for j in range(i + 1, k):
            a, b = columns[:, i], columns[:, j]
            total += (a @ kernel @ b / torch.sqrt((a @ kernel @ a) * (b @ kernel @ b))).item()
    return 2 / (k * (k - 1)) * total


def _probs(n: int = 9, k: int = 4, seed: int = 0) -> torch.Tensor:
    return (2 * torch.randn(n, k, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)).softmax(1)


def _hidden(n: int = 9, d: int = 5) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(7), dtype=torch.float64)


@pytest.mark.parametrize("width", [0.15, 0.7])
def test_kernel_agrees_with_the_literal_one(width: float) -> None:
    torch.testing.assert_close(gaussian_kernel(_hidden(), width), _literal_kernel(_hidden(), width))


def test_kernel_stays_finite_when_all_rows_are_equal() -> None:
    hidden = torch.ones(6, 3, requires_grad=True)
    kernel = gaussian_kernel(hidden)
    torch.testing.assert_close(kernel, torch.ones(6, 6))
    kernel.sum().backward()
    assert hidden.grad is not None
    assert hidden.grad.isfinite().all()


def test_kernel_does_not_depend_on_the_scale_of_the_features() -> None:
    torch.testing.assert_close(gaussian_kernel(_hidden()), gaussian_kernel(100 * _hidden()))


def test_similarity_agrees_with_the_literal_sum_over_pairs() -> None:
    kernel = gaussian_kernel(_hidden())
    assert cluster_similarity(_probs(), kernel).item() == pytest.approx(_literal_similarity(_probs(), kernel))


def test_similarity_is_one_for_equal_columns_and_zero_for_clusters_far_apart() -> None:
    kernel = gaussian_kernel(_hidden())
    assert cluster_similarity(torch.full((9, 3), 1 / 3, dtype=torch.float64), kernel).item() == pytest.approx(1)
    hidden = torch.tensor([[0.0], [0.0], [100.0], [100.0]])
    assert cluster_similarity(torch.eye(2).repeat_interleave(2, 0), gaussian_kernel(hidden, 0.05)).item() < 1e-4


def test_permuting_samples_and_clusters_changes_no_term() -> None:
    samples, clusters = torch.randperm(9), torch.randperm(4)
    y, h = _probs(), _hidden()
    moved = y[samples][:, clusters]
    torch.testing.assert_close(
        cluster_similarity(moved, gaussian_kernel(h[samples])), cluster_similarity(y, gaussian_kernel(h))
    )
    for between in ("samples", "clusters"):
        torch.testing.assert_close(assignment_overlap(moved, between=between), assignment_overlap(y, between=between))
    torch.testing.assert_close(corner_closeness(moved), corner_closeness(y)[samples][:, clusters])


def test_overlap_is_the_mean_inner_product_of_different_rows_or_columns() -> None:
    y = _probs(5, 3)
    rows = [float(y[i] @ y[j]) for i in range(5) for j in range(i + 1, 5)]
    columns = [float(y[:, i] @ y[:, j]) for i in range(3) for j in range(i + 1, 3)]
    assert assignment_overlap(y).item() == pytest.approx(sum(rows) / len(rows))
    assert assignment_overlap(y, between="clusters").item() == pytest.approx(sum(columns) / len(columns))


def test_corner_closeness_is_one_at_the_own_corner() -> None:
    found = corner_closeness(torch.eye(3))
    torch.testing.assert_close(found, torch.eye(3) + (1 - torch.eye(3)) * math.exp(-2))
    y = _probs(4, 3)
    literal = [[math.exp(-sum((a - (j == c)) ** 2 for c, a in enumerate(row))) for j in range(3)] for row in y.tolist()]
    torch.testing.assert_close(corner_closeness(y), torch.tensor(literal, dtype=y.dtype))


def test_normal_divergence_agrees_with_torchs_own_and_vanishes_at_the_prior() -> None:
    mean, scale = torch.randn(2, 6, 3), torch.rand(2, 6, 3) + 0.1
    both = torch.distributions.kl_divergence(
        torch.distributions.Normal(mean, scale), torch.distributions.Normal(0.0, 1.0)
    )
    torch.testing.assert_close(normal_divergence(mean, scale), both.sum(-1).mean(-1))
    assert normal_divergence(torch.zeros(4, 3), torch.ones(4, 3)).item() == 0


def test_softmax_divergence_agrees_with_the_literal_mean_over_elements() -> None:
    prior, features = torch.randn(4, 3), torch.randn(4, 3)
    p, q = prior.softmax(1), features.softmax(1)
    literal = sum((p[i, j] * (p[i, j].log() - q[i, j].log())).item() for i in range(4) for j in range(3)) / 12
    assert softmax_divergence(prior, features).item() == pytest.approx(literal, abs=1e-6)
    assert softmax_divergence(prior, prior + 3).item() == pytest.approx(0, abs=1e-6)


def test_descent_on_the_three_terms_makes_confident_separate_clusters() -> None:
    torch.manual_seed(0)
    hidden = torch.cat([torch.randn(15, 2) * 0.2 + centre for centre in torch.tensor([[0.0, 0], [3, 0], [0, 3]])])
    logits = (hidden @ torch.randn(2, 3) * 0.3).requires_grad_()
    optimizer = torch.optim.Adam([logits], lr=0.05)
    kernel = gaussian_kernel(hidden)
    values = []
    for _ in range(200):
        y = logits.softmax(1)
        loss = cluster_similarity(y, kernel) + assignment_overlap(y) + cluster_similarity(corner_closeness(y), kernel)
        optimizer.zero_grad()
        loss.backward()
        assert logits.grad is not None
        assert logits.grad.isfinite().all()
        optimizer.step()
        values.append(loss.item())
    assert values[-1] < values[0] - 0.5
