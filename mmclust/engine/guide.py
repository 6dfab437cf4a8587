"""Training that starts from a clustering: a term that holds it, and then lets go; neighbours as augmented partners.

None of this is in the methods' papers. Their objectives stay as they are, and what is added stands here, beside them.

Shapes: N samples, B batch, k neighbours.
"""

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from mmclust.losses.start import FIT, TERM
from mmclust.methods.base import Batch

FIT_MEMORY = 0.98
"""Of the running fraction of samples that the method puts where the start has them."""
LOOK_EVERY = 20
"""Steps between looks at that fraction: each waits for the device."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How long a start is held, in fractions of the run."""

    weight: float
    """Of the cross-entropy to the start, beside the method's own terms."""
    hold: float
    """After which the weight falls, at the latest."""
    fitted: float
    """Fraction of samples in the start's cluster from which it falls earlier; above 1: never."""
    fade: float
    """Over which it falls to 0."""
    partner: float
    """Probability that a neighbour is augmented in place of a sample."""


class Guide:
    """Leads a method from a start into its own objective.

    Args:
        schedule: of the weight.
        targets: (N,) cluster of every sample in the start, -1 where it has none; on the training device.
        neighbours: (N, k) of every sample, there too.
    """

    def __init__(self, schedule: Schedule, *, targets: Tensor, neighbours: Tensor) -> None:
        self.schedule, self.targets, self.neighbours = schedule, targets, neighbours
        self.step, self.total_steps, self.fade_from = 0, 1, 0
        self.fit = torch.zeros((), device=targets.device)

    def begin(self, total_steps: int) -> None:
        """Told by the trainer, before the first step, how many there will be."""
        self.total_steps = max(total_steps, 1)
        self.fade_from = round(self.schedule.hold * self.total_steps)

    @property
    def weight(self) -> float:
        """Of the start's term now."""
        gone = (self.step - self.fade_from) / max(self.schedule.fade * self.total_steps, 1.0)
        return self.schedule.weight * (1 - min(max(gone, 0.0), 1.0))

    def guided(self, batch: Batch, views: tuple[Tensor, ...]) -> Batch:
        """The batch with partners, and with the start's clusters while they have a weight.

        Args:
            batch: of some samples.
            views: all samples, each (N, ...).
        """
        draws = torch.rand(2, len(batch.index), device=batch.index.device, generator=batch.generator)
        column = (draws[0] * self.neighbours.shape[1]).long().unsqueeze(1)
        neighbour = self.neighbours[batch.index].gather(1, column).squeeze(1)
        ids = torch.where(draws[1] < self.schedule.partner, neighbour, batch.index)
        start = self.targets[batch.index] if self.weight else None
        return replace(batch, partners=tuple(view[ids] for view in views), start=start)

    def weights(self, terms: dict[str, Tensor]) -> dict[str, float]:
        """Weight of the start's term among the terms of a phase."""
        return {TERM: self.weight} if TERM in terms else {}

    def watch(self, terms: dict[str, Tensor]) -> None:
        """See how far the start is fitted."""
        if FIT in terms:
            self.fit = FIT_MEMORY * self.fit + (1 - FIT_MEMORY) * terms[FIT]

    def after_step(self) -> None:
        """Count the step; let go of the start once it is fitted."""
        self.step += 1
        looks = self.step % LOOK_EVERY == 0 and self.step < self.fade_from
        if looks and float(self.fit) >= self.schedule.fitted:
            self.fade_from = self.step

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {"step": self.step, "fade_from": self.fade_from, "fit": float(self.fit)}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.step, self.fade_from = state["step"], state["fade_from"]
        self.fit = torch.full((), state["fit"], device=self.targets.device)
