"""Modes that networks are in for a while: evaluation, and passing gradients on without collecting any."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from torch import nn


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """The module in evaluation mode, then as it was; gradients are unaffected."""
    was_training = module.training
    module.eval()
    try:
        yield
    finally:
        module.train(was_training)


@contextmanager
def without_gradient(parameters: Sequence[nn.Parameter]) -> Iterator[None]:
    """Parameters pass gradients on without collecting any of their own, then they do again."""
    for parameter in parameters:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in parameters:
            parameter.requires_grad_(True)
