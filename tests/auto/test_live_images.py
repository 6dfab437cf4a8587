"""The label-free curve of runs on images."""

from types import SimpleNamespace

import numpy as np
import torch
from torch import nn

from mmclust.auto.live_images import LiveAugmentations


class Coin(nn.Module):
    """The first augmentation of an image is its brightness; the second one is another cluster for one image in four."""

    def augmented_codes(self, views: tuple[torch.Tensor, ...], generator: torch.Generator) -> torch.Tensor:
        assert not self.training
        cluster = views[0].flatten(1).mean(dim=1).long()
        other = torch.where(cluster == 3, 0, cluster)
        return torch.stack([torch.eye(4)[cluster], torch.eye(4)[other]])


def test_the_fraction_of_agreeing_augmentations_leaves_training_as_it_was():
    method = Coin().train()
    images = (torch.arange(400) % 4).float()[:, None, None, None].expand(-1, 1, 2, 2)
    samples = SimpleNamespace(views=(images,), eval_index=np.arange(400))
    trainer = SimpleNamespace(method=method, samples=samples, device=torch.device("cpu"))
    before = torch.get_rng_state()
    found = LiveAugmentations(trainer)(None)  # type: ignore[arg-type]
    assert found == {"signal/augmentations": 0.75}
    assert method.training and torch.equal(before, torch.get_rng_state())
