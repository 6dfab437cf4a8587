import pytest
import torch
from torch import nn

from mmclust.nets.cropnorm import CropNorm1d, CropNorm2d, crops_together


@pytest.mark.parametrize(("norm", "shape"), [(CropNorm1d, (5,)), (CropNorm2d, (5, 4, 3))])
def test_crops_together_are_normalised_as_one_after_the_other(norm: type[nn.Module], shape: tuple[int, ...]):
    together, alone = nn.Sequential(norm(5)), nn.Sequential(norm(5))
    crops = torch.randn(3, 8, *shape) * torch.tensor([1.0, 5.0, 0.1]).view(3, 1, *[1] * len(shape))
    with crops_together(together, 3):
        found = together(crops.flatten(0, 1)).unflatten(0, (3, 8))
    torch.testing.assert_close(found, torch.stack([alone(crop) for crop in crops]))
    for mine, theirs in zip(together.buffers(), alone.buffers(), strict=True):
        torch.testing.assert_close(mine, theirs)


def test_afterwards_a_batch_is_one_crop_again():
    network = nn.Sequential(CropNorm1d(2))
    with pytest.raises(ZeroDivisionError), crops_together(network, 2):
        _ = 1 / 0
    rows = torch.tensor([[0.0, 1.0], [2.0, 3.0], [10.0, 11.0], [12.0, 13.0]])
    torch.testing.assert_close(network(rows), nn.BatchNorm1d(2)(rows))
