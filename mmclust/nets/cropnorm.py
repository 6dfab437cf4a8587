"""Batch norm for several crops of a batch that pass through a network together, each with statistics of its own.

A network that meets one crop after the other normalises each alone. These layers do the same to rows of several crops,
one below the other, so that convolutions and products work on one large batch.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class CropNorm1d(nn.BatchNorm1d):
    """Batch norm of vectors."""

    n_crops = 1

    def forward(self, input: Tensor) -> Tensor:
        """Rows (V B, F) of V crops, normalised crop by crop."""
        return apart(super().forward, input, self.n_crops)


class CropNorm2d(nn.BatchNorm2d):
    """Batch norm of feature maps."""

    n_crops = 1

    def forward(self, input: Tensor) -> Tensor:
        """Maps (V B, F, h, w) of V crops, normalised crop by crop."""
        return apart(super().forward, input, self.n_crops)


@contextmanager
def crops_together(network: nn.Module, n_crops: int) -> Iterator[None]:
    """Within this, rows that pass through the network are those of `n_crops` crops, one below the other."""
    norms = [module for module in network.modules() if isinstance(module, CropNorm1d | CropNorm2d)]
    for norm in norms:
        norm.n_crops = n_crops
    try:
        yield
    finally:
        for norm in norms:
            norm.n_crops = 1


def apart(norm: Callable[[Tensor], Tensor], rows: Tensor, n_crops: int) -> Tensor:
    """Rows of several crops, one below the other, normalised crop by crop."""
    return norm(rows) if n_crops == 1 else torch.cat([norm(part) for part in rows.chunk(n_crops)])
