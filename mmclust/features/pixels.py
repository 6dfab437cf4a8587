"""Images as networks that were trained on ImageNet want them."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mmclust.data.dataset import ViewSpec

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's pixels."""


def prepared(
    images: Tensor,
    spec: ViewSpec,
    px: int,
    *,
    mean: Sequence[float] = MEAN,
    deviation: Sequence[float] = DEVIATION,
) -> Tensor:
    """Images (B, C, H, W) of any type as networks want them: (B, 3, px, px), normalised, by default as ImageNet's."""
    unit = (images.float() - spec.low) / (spec.high - spec.low)
    unit = unit.expand(-1, 3, -1, -1) if unit.shape[1] == 1 else unit
    if unit.shape[-2:] != (px, px):
        unit = nn.functional.interpolate(unit, size=(px, px), mode="bilinear", antialias=True, align_corners=False)
    middle, scale = (torch.tensor(values, device=unit.device).view(1, 3, 1, 1) for values in (mean, deviation))
    return (unit - middle) / scale
