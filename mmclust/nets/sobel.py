"""Edge maps as a fixed layer."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F  # noqa: N812


def sobel(images: Float[Tensor, "b 1 h w"]) -> Float[Tensor, "b 2 h w"]:
    """Horizontal and vertical Sobel edges of gray images, zero-padded, kernels divided by 8."""
    # Each kernel is a difference along one axis, smoothed along the other; sums of shifted images need no constants.
    padded = F.pad(images, (1, 1, 1, 1))
    across = padded[..., :-2] - padded[..., 2:]
    down = padded[..., :-2, :] - padded[..., 2:, :]
    horizontal = across[..., :-2, :] + 2 * across[..., 1:-1, :] + across[..., 2:, :]
    vertical = down[..., :-2] + 2 * down[..., 1:-1] + down[..., 2:]
    return torch.cat((horizontal, vertical), dim=1) / 8
