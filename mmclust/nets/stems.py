"""Convolutional stems: image views become feature vectors. Shapes: B batch, C channels, H x W pixels, F features."""

import math
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

SMALL_SIDE = 7
"""Feature maps are halved until their shorter side is at most this many pixels."""


@runtime_checkable
class ImageLike(Protocol):
    """What a stem has to know of an image view; a `ViewSpec` is one."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(C, H, W)."""
        ...

    @property
    def low(self) -> float:
        """Smallest value of a pixel."""
        ...

    @property
    def high(self) -> float:
        """Largest value of a pixel."""
        ...


class ImageStem(nn.Module):
    """3 x 3 convolutions of stride 2 with batch normalisation, 32 channels doubling up to 128, flattened.

    Pixels come in their source type and range and are scaled to [0, 1] inside. Images under 14 pixels get one
    convolution at full size first.
    """

    features_dim: int
    """Size F of the flattened features."""

    def __init__(self, view: ImageLike) -> None:
        super().__init__()
        self.low, self.high = view.low, view.high
        channels, height, width = view.shape
        side = min(height, width)
        n_halvings = max(1, math.ceil(math.log2(max(side, 2) / SMALL_SIDE)))
        strides = ([1] if side < 2 * SMALL_SIDE else []) + [2] * n_halvings
        blocks, last = [], channels
        for i, stride in enumerate(strides):
            out = min(32 * 2**i, 128)
            conv = nn.Conv2d(last, out, 3, stride=stride, padding=1, bias=False)
            blocks.append(nn.Sequential(conv, nn.BatchNorm2d(out), nn.ReLU()))
            last = out
            height, width = math.ceil(height / stride), math.ceil(width / stride)
        self.blocks = nn.Sequential(*blocks)
        self.features_dim = last * height * width

    @property
    def cam_layer(self) -> nn.Module:
        """The module whose output (B, f, h, w) Grad-CAM reads."""
        return self.blocks[-1]

    def forward(self, images: Tensor) -> Float[Tensor, "b f"]:
        """Features of raw images (B, C, H, W) of any type."""
        pixels = (images.to(torch.get_default_dtype()) - self.low) / (self.high - self.low)
        return self.blocks(pixels).flatten(1)
