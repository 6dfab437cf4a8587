"""The label-free curve of a run on images: whether two augmentations of an image end in the same cluster."""

from typing import TYPE_CHECKING

import numpy as np
import torch

from mmclust.evaluation.snapshot import Snapshot

if TYPE_CHECKING:
    from mmclust.engine.trainer import Trainer

MOST_SAMPLES = 1000
"""Images that the curve is measured on."""
CHUNK = 250


class LiveAugmentations:
    """Measures `signal/augmentations` at every evaluation of a training.

    Draws have their own generator: the training is the same with it as without.

    Args:
        trainer: whose method gives codes of augmented samples.
    """

    def __init__(self, trainer: "Trainer") -> None:
        self.trainer = trainer
        rows = np.sort(np.random.default_rng(0).permutation(trainer.samples.eval_index)[:MOST_SAMPLES])
        self.rows = torch.from_numpy(rows).to(trainer.device)

    def __call__(self, snapshot: Snapshot) -> dict[str, float]:
        """Fraction of images of which two augmentations get the same cluster, or prototype where there are some."""
        method, views = self.trainer.method, self.trainer.samples.views
        generator = torch.Generator(self.trainer.device).manual_seed(0)
        was_training = method.training
        method.eval()
        agreeing = 0
        for rows in self.rows.split(CHUNK):
            first, second = method.augmented_codes(tuple(view[rows] for view in views), generator).argmax(dim=2)
            agreeing += int((first == second).sum())
        method.train(was_training)
        return {"signal/augmentations": agreeing / len(self.rows)}
