"""Batch-norm statistics measured anew: at the start, and for an evaluation on other samples than the training's."""

from collections.abc import Callable, Iterable
from typing import TypeVar

import torch
from torch import Tensor, nn

MOST_BATCHES = 50
B = TypeVar("B")


@torch.no_grad()
def measure_statistics(network: nn.Module, batches: Iterable[B], run: Callable[[B], object]) -> None:
    """Replace the running statistics of all batch norms by their means over some batches.

    Args:
        network: that has the norms; left in the mode it came in.
        batches: inputs; each counts alike.
        run: passes a batch through the network.
    """
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the mean over all batches
    was_training = network.training
    network.train()
    for batch in batches:
        run(batch)
    network.train(was_training)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum


def some_batches(images: Tensor, batch_size: int) -> Iterable[Tensor]:
    """Up to 50 whole batches of shuffled images, always the same: a run's random numbers are left alone."""
    n_batches = min(MOST_BATCHES, max(1, len(images) // batch_size))
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0)).to(images.device)
    return (images[ids] for ids in order[: n_batches * batch_size].chunk(n_batches))
