"""What is measured on what, and the samples and methods of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from mmclust import methods
from mmclust.data import catalogue
from mmclust.data.dataset import MultiViewDataset
from mmclust.engine.trainer import build
from mmclust.methods.base import Method

CPU = torch.device("cpu")
IMAGE_METHODS = ("dccs", "imc-swav")
SMALL: Mapping[str, Mapping[str, Any]] = {
    "dccs": {"batch_size": 64},
    "imc-swav": {"batch_size": 32, "width": 0.125, "n_prototypes": 50, "warm_up": 10},
}
"""Settings that a CPU takes in seconds; all others are the published ones."""


@dataclass(frozen=True)
class Case:
    """What is measured on what."""

    dataset: str
    device: torch.device
    limit: int | None
    seeds: tuple[int, ...] | None
    epochs: int | None
    compiled: bool

    def data(self) -> MultiViewDataset:
        """The samples; a few thousand are enough where only speed counts."""
        return catalogue.load(self.dataset, limit=self.limit)

    def method(self, name: str, data: MultiViewDataset, *, small: bool, seed: int = 0) -> Method:
        """A method with the published settings, or small ones."""
        card = methods.card(name)
        changes = dict(SMALL[name]) if small else {}
        values = card.resolve(self.dataset, "paper", changes, n_samples=data.n_samples)
        return build(methods.method_class(name), card.config(**values), data.spec, seed)

    @property
    def small(self) -> bool:
        """Whether settings should fit a CPU."""
        return self.device.type == "cpu"


def batches(n_samples: int, batch_size: int) -> Iterator[Tensor]:
    """Ids (B,) of random samples for each step, without end."""
    generator = torch.Generator().manual_seed(0)
    while True:
        yield torch.randperm(n_samples, generator=generator)[:batch_size]
