"""Training steps as methods write them: loss terms, gradients, optimiser."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

from mmclust.engine.guide import Guide
from mmclust.methods.base import Batch, Method

Precision = Literal["float32", "bf16"]
RATE = "learning_rate"
"""What every method calls its learning rate."""


@dataclass(frozen=True)
class Values:
    """What a phase has to tell, left on the device until somebody reads it."""

    names: tuple[str, ...]
    """`loss/<term>` for weighted terms, `signal/<term>` for watched ones, `objective/<phase>` for the weighted sum."""
    vector: Tensor
    """(n,) float32, one number for each name."""


class Objective(NamedTuple):
    """What a phase minimises."""

    total: Tensor
    """The weighted sum."""
    terms: dict[str, Tensor]
    weights: Mapping[str, float]
    """Of the terms that have any."""


class Steps:
    """Takes training steps.

    Args:
        method: on the generator's device.
        views: all samples, each (N, ...), there too.
        generator: of every draw.
        precision: "bf16" computes networks in bfloat16 where the method allows; weights stay float32.
        n_labelled: where samples without labels are trained on too: how many come before them.
    """

    n_recorded = 0
    """Phases that a GPU has recorded so far."""
    guide: Guide | None = None
    """What leads the method away from a start, if anything does."""

    def __init__(
        self,
        method: Method,
        views: tuple[Tensor, ...],
        generator: torch.Generator,
        *,
        precision: Precision,
        n_labelled: int | None = None,
    ) -> None:
        self.method, self.views, self.generator = method, views, generator
        self.precision, self.n_labelled = precision, n_labelled
        self.optimizers = method.optimizers()

    def take(self, stage: str, ids: Tensor, step: int) -> list[Values]:
        """All phases of one step.

        Args:
            stage: the current leg.
            ids: samples (B,) of the batch.
            step: steps taken so far over the whole run.
        """
        batch = self.batch(ids)
        found = []
        for phase in self.method.phases(step):
            found.append(self.phase(stage, phase, batch))
            self.method.after_step(stage, phase, step)
        if self.guide is not None:
            self.guide.after_step()
        return found

    def restore(self, optimizers: dict[str, Any]) -> None:
        """Go on with the optimisers' states of a checkpoint, by their turns."""
        for name, optimizer in self.optimizers.items():
            optimizer.load_state_dict(optimizers[name])

    def adjust(self, values: Mapping[str, Any]) -> None:
        """Go on with other values of live hyper-parameters; learning rates keep their place in a schedule."""
        before = self.method.config
        self.method.adjust(values)
        if RATE in values:
            factor = values[RATE] / getattr(before, RATE)
            for phase, optimizer in self.optimizers.items():
                for group in optimizer.param_groups:
                    group["lr"] *= 1.0 if phase in self.method.own_rates else factor

    def batch(self, ids: Tensor) -> Batch:
        """The samples `ids` (B,)."""
        batch = Batch(
            views=tuple(view[ids] for view in self.views),
            index=ids,
            generator=self.generator,
            labelled=None if self.n_labelled is None else ids < self.n_labelled,
        )
        return batch if self.guide is None else self.guide.guided(batch, self.views)

    def phase(self, stage: str, phase: str, batch: Batch) -> Values:
        """One phase, from the loss terms to the optimiser's step."""
        optimizer = self.optimizers[phase]
        total, terms, weights = self.objective(stage, phase, batch)
        optimizer.zero_grad(set_to_none=True)
        total.backward()
        self.method.after_backward(stage, phase)
        optimizer.step()
        names = [f"{'loss' if name in weights else 'signal'}/{name}" for name in terms]
        told = [*terms.values(), total]
        return Values((*names, f"objective/{phase}"), torch.stack([value.detach().float() for value in told]))

    def objective(self, stage: str, phase: str, batch: Batch) -> Objective:
        """The loss terms of a phase and their weighted sum."""
        with torch.autocast(self.generator.device.type, torch.bfloat16, enabled=self.precision == "bf16"):
            terms = self.method.loss_terms(batch, stage, phase)
        weights = self.method.weights(stage, phase)
        if self.guide is not None:
            self.guide.watch(terms)
            weights = weights | self.guide.weights(terms)
        total = sum(weight * terms[name] for name, weight in weights.items() if weight != 0)
        assert isinstance(total, Tensor), f"the phase {phase} has no weighted term"
        return Objective(total, terms, weights)
