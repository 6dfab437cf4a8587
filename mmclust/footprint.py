"""How much memory a run will take, from its data and settings alone: nothing is read and nothing is trained.

Fitted to the peak memory of runs on a CPU. It tells a run that fits from one that does not, not one MiB from the next.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from mmclust import ram
from mmclust.data.dataset import ViewSpec
from mmclust.methods.card import MethodCard

PROGRAM_MIB = 850
"""Of a process that has loaded torch and made its first step."""
CODE_DIMS, CODE_COPIES = 64, 4
"""Numbers of a code beside its clusters, and how often the results of all samples are in memory at once."""
VECTOR_COPIES = 3
"""Of vectors: as read, prepared, and what a start or the evidence works on."""
LAYOUT_BYTES = 3_000
"""For each sample: neighbours and forces of a t-SNE."""
ASK_ABOVE = 0.5
"""Fraction of the free memory above which a run had better be in a process of its own."""


@dataclass(frozen=True, kw_only=True)
class Footprint:
    """What takes memory, in MiB."""

    data: float
    network: float
    """Weights, gradients, the state of the optimiser, and what a batch leaves for the backward pass."""
    results: float
    """Codes and assignments of all samples, and a layout of them."""

    @property
    def run(self) -> float:
        """Beyond a program that is there already."""
        return self.data + self.network + self.results

    @property
    def process(self) -> float:
        """In a process of its own."""
        return self.run + PROGRAM_MIB

    @property
    def is_large(self) -> bool:
        """Whether the run takes more than half of the memory that is free; not where that is not known."""
        left = ram.left_mib()
        return left is not None and self.run > ASK_ABOVE * left

    def sentence(self, *, own_process: bool) -> str:
        """The estimate beside what is free."""
        left, mib = ram.left_mib(), self.process if own_process else self.run
        free = "" if left is None else f" of {left:,.0f} MiB that are free"
        return f"about {mib:,.0f} MiB{free}"


def expected(
    about: MethodCard, views: Sequence[ViewSpec], *, n_samples: int, n_clusters: int, batch_size: int
) -> Footprint:
    """The memory of a run.

    Args:
        about: its method.
        views: of the data.
        n_samples: of the data.
        n_clusters: that it looks for.
        batch_size: of its steps; 0 for all samples.
    """
    values = sum(prod(view.shape) * (1 if view.kind == "image" else 4 * VECTOR_COPIES) for view in views)
    batch = min(batch_size or n_samples, n_samples)
    results = 4 * CODE_COPIES * (n_clusters + CODE_DIMS) + LAYOUT_BYTES
    pairs = 4 * n_clusters**2 * len(views)  # joint distributions of clusters
    return Footprint(
        data=n_samples * values / 2**20,
        network=about.network_mib + batch * (about.sample_mib + 4 * n_clusters / 2**20) + pairs / 2**20,
        results=n_samples * results / 2**20,
    )
