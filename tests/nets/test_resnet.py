import pytest
import torch

from mmclust.nets.resnet import ResNet18


def test_the_published_size():
    encoder = ResNet18(3, (32, 32), 1.0)
    assert sum(p.numel() for p in encoder.parameters()) == 11_168_832
    assert encoder.embedding_dim == 512


@pytest.mark.parametrize(("side", "crop", "last"), [(32, 28, 4), (32, 18, 3), (96, 76, 5), (96, 52, 4), (64, 36, 3)])
def test_maps_have_the_published_sizes(side: int, crop: int, last: int):
    encoder = ResNet18(3, (side, side), 0.125).eval()
    sizes = []
    encoder.cam_layer.register_forward_hook(lambda module, inputs, output: sizes.append(output.shape[2:]))
    assert encoder(torch.zeros(2, 3, crop, crop)).shape == (2, 64)
    assert sizes == [(last, last)]


def test_convolutions_keep_the_variance_of_gradients():
    encoder = ResNet18(3, (32, 32), 1.0)
    weight = encoder.get_parameter("stages.1.1.main.0.weight")
    assert weight.std().item() == pytest.approx((2 / (128 * 9)) ** 0.5, rel=0.02)
