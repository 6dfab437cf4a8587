"""Edge maps as a fixed layer."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F  # noqa: N812


def sobel(images: Float[Tensor, "b 1 h w"]) -> Float[Tensor, "b 2 h w"]:
    """Horizontal and vertical Sobel edges of gray images, zero-padded, kernels divided by 8."""
    horizontal = torch.tensor([[1, 0, -1], [2, 0, -2], [1, 0, -1]], dtype=images.dtype, device=images.device)
    vertical = torch.tensor([[1, 2, 1], [0, 0, 0], [-1, -2, -1]], dtype=images.dtype, device=images.device)
    return F.conv2d(images, torch.stack((horizontal, vertical)).unsqueeze(1) / 8, padding=1)
