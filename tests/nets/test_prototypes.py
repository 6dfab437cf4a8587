import pytest
import torch

from mmclust.nets.kmeans import kmeans
from mmclust.nets.prototypes import Prototypes

V, B, L, K = 3, 9, 4, 5


def _generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture
def prototypes() -> Prototypes:
    torch.manual_seed(0)
    return Prototypes(V, K, L).double()


@pytest.fixture
def codes() -> torch.Tensor:
    return torch.randn(V, B, L, generator=_generator(), dtype=torch.float64)


def test_the_assignments_are_equations_10_to_12(prototypes: Prototypes, codes: torch.Tensor) -> None:
    probs = prototypes(codes).softmax(2)
    sources = [(torch.cat(tuple(codes), 1), torch.cat(tuple(prototypes.points), 1))]
    sources += [(codes[v], prototypes.points[v]) for v in range(V)]
    for found, (z, q) in zip(probs, sources, strict=True):
        s = torch.tensor([[1 / (1 + (z[i] - q[j]).norm().item()) for j in range(K)] for i in range(B)])
        r = s / s.sum(1, keepdim=True)
        p = r**2 / (r**2).sum(1, keepdim=True)
        torch.testing.assert_close(found.float(), p)


def test_squared_distances_are_an_option(codes: torch.Tensor) -> None:
    prototypes = Prototypes(V, K, L, "squared").double()
    z, q = codes.transpose(0, 1).flatten(1), prototypes.fused
    s = 1 / (1 + torch.cdist(z, q) ** 2)
    torch.testing.assert_close(prototypes(codes)[0].softmax(1), s**2 / (s**2).sum(1, keepdim=True))


def test_a_sample_on_its_prototype_is_surest_and_has_a_finite_gradient(prototypes: Prototypes) -> None:
    codes = prototypes.points.detach()[:, :1].clone().requires_grad_()
    scores = prototypes(codes)
    assert (scores.argmax(2) == 0).all()
    scores.softmax(2)[..., 0].sum().backward()
    assert codes.grad is not None
    assert codes.grad.isfinite().all()


def test_swapped_views_swap_the_views_scores_and_leave_the_fused_ones(
    prototypes: Prototypes, codes: torch.Tensor
) -> None:
    scores = prototypes(codes)
    prototypes.points.data = prototypes.points.data.flip(0)
    swapped = prototypes(codes.flip(0))
    torch.testing.assert_close(swapped[0], scores[0])
    torch.testing.assert_close(swapped[1:], scores[1:].flip(0))


def test_placed_prototypes_are_the_centres_of_separate_clumps(prototypes: Prototypes) -> None:
    centres = 20 * torch.randn(V, K, L, generator=_generator(), dtype=torch.float64)
    codes = torch.cat([centres + 0.1 * torch.randn(V, K, L, dtype=torch.float64) for _ in range(30)], dim=1)
    prototypes.place(codes, _generator())
    wanted, found = centres.transpose(0, 1).flatten(1), prototypes.fused
    assert torch.cdist(wanted, found).amin(1).max() < 0.5
    assert torch.cdist(wanted, found).argmin(1).unique().numel() == K
    torch.testing.assert_close(found[:, L : 2 * L], prototypes.points[1])


def test_kmeans_is_at_rest_and_depends_on_its_generator_alone() -> None:
    points = torch.rand(300, 2, generator=_generator())
    centres = kmeans(points, 6, _generator())
    owner = torch.cdist(points, centres).argmin(1)
    for k in range(6):
        torch.testing.assert_close(points[owner == k].mean(0), centres[k])
    torch.manual_seed(1)
    torch.testing.assert_close(kmeans(points, 6, _generator()), centres, rtol=0, atol=0)


def test_more_starts_are_never_worse() -> None:
    points = torch.rand(200, 2, generator=_generator())

    def spread(n_starts: int) -> float:
        return torch.cdist(points, kmeans(points, 8, _generator(), n_starts=n_starts)).amin(1).square().sum().item()

    assert spread(10) <= spread(1)


def test_kmeans_survives_equal_points() -> None:
    centres = kmeans(torch.ones(20, 3), 4, _generator())
    torch.testing.assert_close(centres, torch.ones(4, 3))
