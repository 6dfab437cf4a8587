"""A method that begins with a clustering found without it: the network first learns to reproduce it in every view.

Of no paper here: preset auto starts methods like this. What comes after is the method's own, unchanged objective.

Shapes: N samples, V views, B batch, K clusters.
"""

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from mmclust.losses.alignment import info_nce
from mmclust.losses.imitation import imitation
from mmclust.methods.base import Batch, Method, Stage

RATE = 1e-3
SMOOTHING = 0.1
TEMPERATURE = 0.5
REPRODUCED = 0.97
"""Fraction of samples that lie in their cluster of the start, from which the objective takes over."""
CHECK_EVERY = 25
"""Steps between looks at that fraction, at least."""
MOST_COMPARED = 4
"""Views that a step compares with each other: of many views, others each time."""
CHUNK = 4096
PHASE = "distil"
PROGRESS = "warm_start.progress"
"""What a checkpoint holds beside the method itself: the epoch from which its objective is trained, -1 before, and that
of the last look at the start."""


class WarmStart(Method):
    """Wraps a method of several views that has a single stage.

    Args:
        method: freshly built.
        clusters: (N,) the start, by the samples' ids.
        epochs: for which the start may be learnt at most; the method's objective gets what it leaves.
        noise: deviation of Gaussian noise on inputs while the start is learnt, in units of each view's deviation.
    """

    clusters: Tensor

    def __init__(self, method: Method, clusters: Int[Tensor, " n"], *, epochs: int, noise: float) -> None:
        super().__init__(method.config, method.spec)
        self.method, self.most_epochs, self.noise = method, epochs, noise
        self.register_buffer("clusters", clusters.long(), persistent=False)
        self.taken_over, self._looked, self._steps_per_epoch = -1, 0, 1
        self._data: tuple[Tensor, ...] = ()
        self._deviations: list[Tensor] = []

    @property
    def distilling(self) -> bool:
        """Whether the start is still being learnt."""
        return self.taken_over < 0

    @property
    def own_rates(self) -> frozenset[str]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Learning the start, and the method's own."""
        return self.method.own_rates | {PHASE}

    def adjust(self, values: Mapping[str, Any]) -> None:
        """The method's own."""
        self.method.adjust(values)
        self.config = self.method.config

    def start_stage(self, stage: str, data: tuple[Tensor, ...], generator: torch.Generator) -> None:
        """The method's own beginning; then the start is learnt."""
        self.method.start_stage(stage, data, generator)
        self.watch(data)

    def watch(self, data: tuple[Tensor, ...]) -> None:
        """Told all samples to train on; a training that goes on from a checkpoint has no beginning to tell them at."""
        self._data = data
        self._steps_per_epoch = max(1, len(data[0]) // max(1, self.config.batch_size or len(data[0])))
        self._deviations = [view.float().std() for view in data]

    def stages(self, epochs: int) -> tuple[Stage, ...]:
        """One for both: how long the start takes is not known before."""
        assert len(self.method.stages(epochs)) == 1, "a method with a start of its own needs no other one"
        return self.method.stages(epochs)

    def schedule(self, stage: str, epoch: float, epochs: int) -> None:
        """Between epochs, see whether the start is reproduced; afterwards the method's own schedule."""
        if self.distilling and epoch == int(epoch):
            due = (epoch - self._looked) * self._steps_per_epoch >= CHECK_EVERY
            if epoch >= self.most_epochs or (due and self.reproduced() >= REPRODUCED):
                self.taken_over = int(epoch)
            if due:
                self._looked = int(epoch)
        if not self.distilling:
            self.method.schedule(stage, epoch - self.taken_over, epochs - self.taken_over)

    @torch.inference_mode()
    def reproduced(self) -> float:
        """Fraction of all samples that the network puts where the start has them."""
        was_training = self.training
        self.eval()
        chunks = zip(*(view.split(CHUNK) for view in self._data), strict=True)
        found = torch.cat([self.method.logits(chunk).argmax(dim=1) for chunk in chunks])
        self.train(was_training)
        return (found == self.clusters).float().mean().item()

    def phases(self, step: int) -> tuple[str, ...]:
        """Learning the start, or the method's phases."""
        return (PHASE,) if self.distilling else self.method.phases(step)

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """The method's, and an Adam over everything."""
        return {PHASE: torch.optim.Adam(self.method.parameters(), lr=RATE, fused=True)} | self.method.optimizers()

    def weights(self, stage: str, phase: str) -> dict[str, float]:
        """Both terms alike while the start is learnt."""
        return {"imitation": 1.0, "align": 1.0} if phase == PHASE else self.method.weights(stage, phase)

    def loss_terms(self, batch: Batch, stage: str, phase: str) -> dict[str, Tensor]:
        """Cross entropy to the start in every view and fused, and InfoNCE between views; or the method's terms."""
        if phase != PHASE:
            return self.method.loss_terms(batch, stage, phase)
        spaces = self.method.spaces(self._noisy(batch))
        own = {name: values for name, values in spaces.items() if name.rpartition("_")[2].isdigit()}
        scores = torch.stack([values for name, values in spaces.items() if name.startswith("logits")])
        features = [values for name, values in own.items() if not name.startswith("logits")]
        n_views = len(self.spec.views)
        codes = torch.stack(features[: len(features) // n_views * n_views : len(features) // n_views]).float()
        if n_views > MOST_COMPARED:
            shown = torch.randperm(n_views, device=codes.device, generator=batch.generator)[:MOST_COMPARED]
            codes = codes[shown]
        return {
            "imitation": imitation(scores, self.clusters[batch.index], SMOOTHING),
            "align": info_nce(codes, TEMPERATURE),
        }

    def _noisy(self, batch: Batch) -> tuple[Tensor, ...]:
        """Vector views with noise; images as they are."""
        return tuple(
            view.float()
            + self.noise * deviation * torch.randn(view.shape, device=view.device, generator=batch.generator)
            if view.dim() == 2
            else view
            for view, deviation in zip(batch.views, self._deviations, strict=True)
        )

    def after_backward(self, stage: str, phase: str) -> None:
        """The method's own."""
        if phase != PHASE:
            self.method.after_backward(stage, phase)

    def after_step(self, stage: str, phase: str, step: int) -> None:
        """The method's own."""
        if phase != PHASE:
            self.method.after_step(stage, phase, step)

    def before_evaluation(self, data: tuple[Tensor, ...], evaluated: tuple[Tensor, ...]) -> None:
        """The method's own, once its objective is trained: before, it would move what learns the start."""
        if not self.distilling:
            self.method.before_evaluation(data, evaluated)

    def embed(self, views: tuple[Tensor, ...]) -> Tensor:
        """The method's own."""
        return self.method.embed(views)

    def logits(self, views: tuple[Tensor, ...]) -> Tensor:
        """The method's own."""
        return self.method.logits(views)

    def spaces(self, views: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """The method's own."""
        return self.method.spaces(views)

    def landmarks(self) -> dict[str, Tensor]:
        """The method's own."""
        return self.method.landmarks()

    def state_dict(self, *args: Any, **more: Any) -> dict[str, Any]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The method's, and how far the start is learnt."""
        progress = torch.tensor([self.taken_over, int(self._looked)])
        return self.method.state_dict(*args, **more) | {PROGRESS: progress}

    def load_state_dict(self, state_dict: Mapping[str, Any], *args: Any, **more: Any) -> Any:
        """Go on from a checkpoint."""
        self.taken_over, self._looked = state_dict[PROGRESS].tolist()
        return self.method.load_state_dict(trained(state_dict), *args, **more)


def trained(state: Mapping[str, Any]) -> dict[str, Any]:
    """What a checkpoint holds of the method alone."""
    return {name: values for name, values in state.items() if name != PROGRESS}
