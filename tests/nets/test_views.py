import pytest
import torch
from torch import nn

from mmclust.nets.views import GaussianHead, ViewLinear, ViewNorm, sample, view_block


def _inputs(n_views: int = 3, n_samples: int = 12, dim: int = 5) -> torch.Tensor:
    return torch.randn(n_views, n_samples, dim, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("shared", [True, False])
def test_a_linear_layer_for_views_equals_ordinary_ones_view_by_view(shared: bool) -> None:
    layer, inputs = ViewLinear(3, 5, 4, shared=shared), _inputs()
    for v in range(3):
        place = 0 if shared else v
        literal = nn.functional.linear(inputs[v], layer.weight[place], layer.bias[place])
        torch.testing.assert_close(layer(inputs)[v], literal)


def test_it_starts_with_the_spread_of_an_ordinary_linear_layer() -> None:
    torch.manual_seed(0)
    ours, theirs = ViewLinear(1, 300, 400), nn.Linear(300, 400)
    assert ours.weight.std().item() == pytest.approx(theirs.weight.std().item(), rel=0.02)


def test_pooled_normalisation_equals_one_layer_that_sees_the_views_in_turn() -> None:
    """In training exactly; in evaluation up to the order in which running statistics forget."""
    inputs = _inputs()
    ours, theirs = ViewNorm(3, 5, pooled=True), nn.BatchNorm1d(5)
    with torch.no_grad():
        for layer in (ours, theirs):
            layer.weight.copy_(torch.linspace(0.5, 1.5, 5))
            layer.bias.copy_(torch.linspace(-1, 1, 5))
    for _ in range(200):
        in_turn = torch.stack([theirs(view) for view in inputs])
    torch.testing.assert_close(ours(inputs), in_turn)
    for _ in range(199):
        ours(inputs)
    # The one layer remembers later views more: (0.81, 0.9, 1) / 2.71 of its memory.
    means = inputs.mean(1)
    remembered = (0.81 * means[0] + 0.9 * means[1] + means[2]) / 2.71
    torch.testing.assert_close(theirs.running_mean, remembered, atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(ours.running_mean.mean(0), means.mean(0), atol=1e-4, rtol=1e-3)
    shift, scale = means.mean(0), (inputs.var(1).mean(0) + 1e-5).sqrt()
    literal = (inputs - shift) / scale * ours.weight + ours.bias
    torch.testing.assert_close(ours.eval()(inputs), literal, atol=1e-4, rtol=1e-3)


def test_separate_normalisation_equals_a_layer_for_each_view_in_training_and_evaluation() -> None:
    inputs = _inputs() * torch.tensor([1.0, 5, 0.2])[:, None, None]
    ours = ViewNorm(3, 5, shared=False)
    theirs = [nn.BatchNorm1d(5) for _ in range(3)]
    for _ in range(3):
        torch.testing.assert_close(ours(inputs), torch.stack([n(x) for n, x in zip(theirs, inputs, strict=True)]))
    ours.eval()
    torch.testing.assert_close(ours(inputs), torch.stack([n.eval()(x) for n, x in zip(theirs, inputs, strict=True)]))


def test_a_block_ends_in_a_relu_and_passes_gradients_to_all_views() -> None:
    inputs = _inputs().requires_grad_()
    output = view_block(3, 5, 4)(inputs)
    assert (output >= 0).all()
    output.square().sum().backward()
    assert inputs.grad is not None
    assert (inputs.grad.abs().sum((1, 2)) > 0).all()


def test_the_gaussian_head_gives_small_positive_deviations_and_samples_follow_them() -> None:
    torch.manual_seed(0)
    mean, scale = GaussianHead(2, 5, 7)(_inputs(2, 4000))
    assert (scale > 0).all()
    assert scale.mean().item() == pytest.approx(0.15, abs=0.05)
    drawn = sample(mean, scale, torch.Generator().manual_seed(1))
    standard = (drawn - mean) / scale
    assert standard.mean().abs().item() < 0.02
    assert standard.std().item() == pytest.approx(1, abs=0.02)
