import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from mmclust.nets.encoders import (
    SMALLEST,
    PooledConv3x3,
    ResidualBlock,
    choose_encoder,
    make_encoder,
)
from mmclust.nets.mlp import Critic, PairDiscriminator


def _n_parameters(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize(
    ("name", "side", "n_parameters", "features_dim"),
    [("plain", 28, 3_472_828, 3200), ("residual-32", 32, 9_492_156, 8192), ("residual-96", 96, 9_610_620, 18432)],
)
def test_the_published_networks_have_their_published_sizes(
    name: str, side: int, n_parameters: int, features_dim: int
) -> None:
    encoder = make_encoder(name, 1, (side, side), 60, 1.0)
    assert _n_parameters(encoder) == n_parameters
    assert encoder.features_dim == features_dim


@pytest.mark.parametrize(("features_dim", "n_parameters"), [(3200, 3_864_577), (8192, 8_976_385), (18432, 19_462_145)])
def test_the_discriminators_have_their_published_sizes(features_dim: int, n_parameters: int) -> None:
    assert _n_parameters(PairDiscriminator(features_dim, 60, (1024, 512))) == n_parameters


def test_the_critic_has_its_published_size() -> None:
    assert _n_parameters(Critic(60, (1024, 512))) == 587_777


@pytest.mark.parametrize("name", SMALLEST)
@pytest.mark.parametrize("extra", [0, 5])
def test_every_encoder_gives_features_and_output_down_to_its_smallest_image(name: str, extra: int) -> None:
    side = SMALLEST[name] + extra
    encoder = make_encoder(name, 2, (side, side + 1), 7, 0.125)
    features, output = encoder(torch.randn(3, 2, side, side + 1))
    assert features.shape == (3, encoder.features_dim)
    assert output.shape == (3, 7)


def test_pooled_convolution_is_a_convolution_and_then_mean_pooling() -> None:
    torch.manual_seed(0)
    layer = PooledConv3x3(3, 5).double()
    for size in ((8, 8), (7, 9)):
        images = torch.randn(2, 3, *size, dtype=torch.float64)
        expected = F.avg_pool2d(F.conv2d(images, layer.weight, padding=1), 2)
        torch.testing.assert_close(layer(images), expected, rtol=0, atol=1e-13)


def test_the_shortcut_gives_what_convolving_before_pooling_would() -> None:
    torch.manual_seed(1)
    block, images = ResidualBlock(3, 5), torch.randn(2, 3, 8, 8)
    convolution = block.shortcut[1]
    torch.testing.assert_close(block.shortcut(images), F.avg_pool2d(convolution(images), 2))


def test_weights_are_xavier_normal_and_biases_zero() -> None:
    torch.manual_seed(2)
    encoder = make_encoder("plain", 1, (28, 28), 60, 1.0)
    weight = encoder.get_parameter("dense.0.weight")
    assert weight.std().item() == pytest.approx((2 / (3200 + 1024)) ** 0.5, rel=0.02)
    assert encoder.get_parameter("dense.3.bias").abs().sum() == 0


@pytest.mark.parametrize(
    ("side", "name"), [(8, "small"), (16, "plain"), (28, "plain"), (32, "residual-32"), (96, "residual-96")]
)
def test_the_encoder_follows_the_image_size(side: int, name: str) -> None:
    assert choose_encoder((side, side)) == name
    assert choose_encoder((side, side), "light") == (name if name == "small" else "plain")
    assert choose_encoder((side, side), "residual-32") == "residual-32"


def test_the_blocks_of_the_discriminators_first_layer_have_the_spread_of_the_whole() -> None:
    torch.manual_seed(3)
    judge = PairDiscriminator(3200, 60, (1024, 512))
    for block in (judge.first_features, judge.first_codes):
        assert block.weight.std().item() == pytest.approx((2 / (3260 + 1024)) ** 0.5, rel=0.02)


@pytest.mark.parametrize("name", SMALLEST)
def test_passes_at_once_are_those_taken_one_by_one(name: str) -> None:
    torch.manual_seed(4)
    one_by_one = make_encoder(name, 1, (20, 20), 7, 0.125)
    at_once = copy.deepcopy(one_by_one)
    batches = torch.randn(6, 1, 20, 20), 2 + torch.randn(6, 1, 20, 20)
    expected = [one_by_one(batch) for batch in batches]
    found = at_once.passes(*batches)
    for (features, output), (features_found, output_found) in zip(expected, found, strict=True):
        torch.testing.assert_close(features_found, features)
        torch.testing.assert_close(output_found, output)
    for which in (expected, found):
        sum(output.square().sum() + features.mean() for features, output in which).backward()  # pyright: ignore
    for a, b in zip(one_by_one.parameters(), at_once.parameters(), strict=True):
        torch.testing.assert_close(b.grad, a.grad, atol=1e-4, rtol=1e-4)
    for name, value in one_by_one.state_dict().items():
        torch.testing.assert_close(at_once.state_dict()[name], value)
