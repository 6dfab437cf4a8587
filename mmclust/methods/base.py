"""The small contract every clustering method fulfils; the trainer, the pages and the tests know no more.

Shapes: B batch, D embedding, K clusters.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from mmclust.data.dataset import DataSpec


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What a training step sees: raw samples on the training device, never labels."""

    views: tuple[Tensor, ...]
    """Each (B, C, H, W) or (B, D), in the data's source type."""
    index: Tensor
    """(B,) sample ids."""
    generator: torch.Generator
    """The run's random generator on the training device: all random draws of a step come from it."""
    labelled: Tensor | None = None
    """(B,) which samples come from the labelled part of the data; None where all do. The labels stay unknown."""
    partners: tuple[Tensor, ...] | None = None
    """Like `views`: what is augmented in place of each sample, itself or a neighbour; None: the sample itself."""
    start: Tensor | None = None
    """(B,) cluster of each sample in a start that is held (see `mmclust.losses.start`), -1 where it has none."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A leg of the training, such as pretraining."""

    name: str
    epochs: int


class Method(nn.Module):
    """A published deep clustering method.

    A method is built from its `Config` (see `card.py` beside it) and a `DataSpec`. It owns its networks and
    losses; epochs, backward passes and files belong to the engine.
    """

    own_rates: frozenset[str] = frozenset()
    """Phases whose learning rate is fixed, whatever the setting says."""
    noise_dim = 0
    """Size of the noise that generated samples differ by; 0 where a method generates none."""

    def __init__(self, config: Any, spec: DataSpec) -> None:
        super().__init__()
        self.config, self.spec = config, spec

    @classmethod
    def validate(cls, spec: DataSpec, config: Any) -> str | None:
        """Why the method cannot take such data, in one sentence with a way out; None when it can."""
        raise NotImplementedError

    @classmethod
    def warnings(cls, spec: DataSpec, config: Any, n_samples: int) -> tuple[str, ...]:
        """What a user should know before training `n_samples` samples like this, a sentence each; no reason to stop."""
        return ()

    def loss_terms(self, batch: Batch, stage: str, phase: str) -> dict[str, Tensor]:
        """Unweighted scalar loss terms of one step, by name; terms without a weight are only logged."""
        raise NotImplementedError

    def weights(self, stage: str, phase: str) -> dict[str, float]:
        """Weight of each term in the total of this phase."""
        raise NotImplementedError

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """One optimiser per turn, by the phase's name."""
        raise NotImplementedError

    def embed(self, views: tuple[Tensor, ...]) -> Tensor:
        """Embedding z (B, D) of raw samples."""
        raise NotImplementedError

    def logits(self, views: tuple[Tensor, ...]) -> Tensor:
        """Scores (B, K) of raw samples whose softmax is the assignment: Grad-CAM differentiates these."""
        raise NotImplementedError

    def spaces(self, views: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """Named arrays, each (B, ...), kept in snapshots; `logits` (B, K) is always among them.

        With several views, `logits_1`, `logits_2` ... are the views' own scores, and a space of a view ends in its
        number: `z` is fused, `z_1` the first view's.
        """
        raise NotImplementedError

    def assign(self, views: tuple[Tensor, ...]) -> Tensor:
        """Probabilities (B, K) of raw samples; rows sum to 1."""
        return self.logits(views).softmax(dim=1)

    def stages(self, epochs: int) -> tuple[Stage, ...]:
        """The legs of a run of `epochs` epochs."""
        return (Stage(name="train", epochs=epochs),)

    def phases(self, step: int) -> tuple[str, ...]:
        """Which optimisers act on the batch of a step (counted over the whole run), in that order."""
        return ("main",)

    def graph_key(self, stage: str, phase: str) -> str | None:
        """Key of what the phase does now, so that a GPU may record it once as a CUDA graph; None where it may not.

        Phases of one key do the same operations on other samples, random numbers and learning rates: nothing else that
        they read from Python changes, and `loss_terms` and `after_backward` change nothing there. Keys follow each
        other, such as warm-up and what comes after it; only the last one's recording is kept.
        """
        return None

    def compilable(self) -> tuple[nn.Module, ...]:
        """Networks that `torch.compile` may fuse: convolutions with much between them; few shapes of input."""
        return ()

    def rowwise(self) -> tuple[tuple[nn.Module, int], ...]:
        """Networks that several processes may share, each with the axis of the samples in what it takes and gives.

        Each row passes alone but for batch normalisation. What shares no work is best left out: it is computed by all.
        """
        return ()

    def landmarks(self) -> dict[str, Tensor]:
        """Points (M, D) that belong into a space beside its samples, by the space's name, e.g. prototypes."""
        return {}

    def generate(self, clusters: Tensor, noise: Tensor) -> tuple[Tensor, ...]:
        """Generated samples (B, ...) of every view for cluster codes (B,) and noise (B, `noise_dim`).

        Only where the card says `generates`.
        """
        raise NotImplementedError

    def prototype_scores(self, views: tuple[Tensor, ...]) -> Tensor:
        """Scores (B, P) of raw samples for prototypes finer than clusters; only where the card names `codes`."""
        raise NotImplementedError

    def augmented_codes(self, views: tuple[Tensor, ...], generator: torch.Generator) -> Tensor:
        """Probabilities (2, B, P) over prototypes, or clusters, of two random augmentations of each raw sample.

        Only where the card says `augments`.
        """
        raise NotImplementedError

    def cam_layer(self, view: int = 0) -> nn.Module | None:
        """The layer whose feature maps (B, F, h, w) Grad-CAM reads for a view (from 0); None without convolutions.

        Views may share it; then it is called once for each of them, in the order of the views.
        """
        return None

    def cam_layers(self, view: int = 0) -> dict[str, nn.Module]:
        """All layers that Grad-CAM may read for a view, by name, the default one first; none without convolutions."""
        layer = self.cam_layer(view)
        return {} if layer is None else {"last layer": layer}

    def adjust(self, values: Mapping[str, Any]) -> None:
        """Train on with other values of hyper-parameters that the card calls `live`.

        Learning rates of optimisers follow by themselves (see `mmclust.engine.steps.Steps.adjust`).
        """
        self.config = replace(self.config, **values)

    def start_stage(self, stage: str, data: tuple[Tensor, ...], generator: torch.Generator) -> None:
        """Called once before a stage, with all training samples on the device."""

    def schedule(self, stage: str, epoch: float, epochs: int) -> None:
        """Called before each step: learning rates, temperatures, frozen parts.

        Args:
            stage: the current leg.
            epoch: epochs trained so far over the whole run, with the fraction of the current one.
            epochs: length of the whole run.
        """

    def after_backward(self, stage: str, phase: str) -> None:
        """Called between backward pass and optimiser step, e.g. to clip gradients."""

    def after_step(self, stage: str, phase: str, step: int) -> None:
        """Called after each optimiser step, e.g. to normalise prototypes."""

    def before_evaluation(self, data: tuple[Tensor, ...], evaluated: tuple[Tensor, ...]) -> None:
        """Called before samples are embedded for a snapshot, e.g. to re-estimate batch statistics.

        Args:
            data: all training samples, on the device.
            evaluated: the samples that will be embedded; the same where all are trained on.
        """
