"""IMC-SwAV trained the way the published code trains it: the yardstick of `bench train --method imc-swav`.

Written anew from the method's description, without any short cut: six crops of each image are made with PIL, beside a
plain view that nothing uses; each crop passes the networks alone; every pair of crops has its own softmaxes and
products; Sinkhorn scales view after view and looks for infinities; Adam is not fused, and every loss is read back at
every step. It shares no code with the package, so that it also serves as a second opinion on it.
"""

from collections.abc import Callable, Iterator
from itertools import count

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

BATCH_SIZE, N_CLUSTERS, N_PROTOTYPES, PROJECTION_DIM = 64, 10, 1000, 128
HIGH, LOW, N_HIGH, N_LOW = 28, 18, 2, 4
TEMPERATURE, EPSILON, ROUNDS, BETA = 0.1, 0.05, 3, 4.0
LOGIT_BOUND, LOGIT_WEIGHT = 5.0, 0.01
RATE, BETAS, WEIGHT_DECAY, WARM_UP = 5e-4, (0.8, 0.999), 1e-5, 500
MEAN, DEVIATION = (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)


class Crops(Dataset[list[Tensor]]):
    """Two large and four small crops of each image (32, 32, 3) uint8, and the image itself."""

    def __init__(self, images: np.ndarray) -> None:
        self.images = [Image.fromarray(image) for image in images]
        self.plain: Callable[[Image.Image], Tensor] = transforms.Compose(_finish())
        self.high, self.low = _augmentation(HIGH, (0.2, 1.0)), _augmentation(LOW, (0.08, 0.4))

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> list[Tensor]:
        image = self.images[index]
        crops = [self.high(image) for _ in range(N_HIGH)] + [self.low(image) for _ in range(N_LOW)]
        return [*crops, self.plain(image)]


def _finish() -> list[Callable]:
    return [transforms.ToTensor(), transforms.Normalize(MEAN, DEVIATION)]


def _augmentation(size: int, area: tuple[float, float]) -> Callable[[Image.Image], Tensor]:
    jitter = transforms.ColorJitter(0.4, 0.4, 0.4, 0.1)
    chain = [
        transforms.RandomHorizontalFlip(0.5),
        transforms.RandomResizedCrop(size, scale=area),
        transforms.RandomApply([jitter], p=0.8),
        transforms.RandomGrayscale(0.25),
    ]
    return transforms.Compose([*chain, *_finish()])


class Block(nn.Module):
    """Two convolutions and a shortcut."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after)
        self.conv2, self.norm2 = nn.Conv2d(after, after, 3, 1, 1, bias=False), nn.BatchNorm2d(after)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1:
            self.shortcut = nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))

    def forward(self, maps: Tensor) -> Tensor:
        """Maps of half the size where the stride is 2."""
        found = torch.relu(self.norm1(self.conv1(maps)))
        found = self.norm2(self.conv2(found))
        return torch.relu(found + self.shortcut(maps))


class Encoder(nn.Module):
    """ResNet-18 with one 3 x 3 convolution as its stem."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64)
        widths = (64, 64, 128, 256, 512)
        self.blocks = nn.Sequential()
        for stage in range(4):
            self.blocks.append(Block(widths[stage], widths[stage + 1], 1 if stage == 0 else 2))
            self.blocks.append(Block(widths[stage + 1], widths[stage + 1], 1))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images: Tensor) -> Tensor:
        """Embeddings (B, 512)."""
        maps = self.blocks(torch.relu(self.norm(self.conv(images))))
        return functional.adaptive_avg_pool2d(maps, 1).flatten(1)


class PlainIMCSwAV:
    """The published training loop on images (N, 32, 32, 3) uint8.

    Args:
        images: all of them.
        seed: of weights and draws.
        batch_size: images of a step.
        device: of the networks; crops are made on the host in any case.
        n_workers: processes that make crops ahead; 0 makes them in between.
    """

    def __init__(
        self,
        images: np.ndarray,
        *,
        seed: int,
        batch_size: int = BATCH_SIZE,
        device: str | torch.device = "cpu",
        n_workers: int = 0,
    ) -> None:
        torch.manual_seed(seed)
        self.batch_size, self.device = batch_size, torch.device(device)
        self.encoder = Encoder()
        self.projection = nn.Sequential(nn.Linear(512, 512), nn.Linear(512, PROJECTION_DIM))
        self.prototypes = nn.Linear(PROJECTION_DIM, N_PROTOTYPES, bias=False)
        self.classifier = nn.Sequential(
            nn.Linear(512, 1024),
            nn.BatchNorm1d(1024),
            nn.ReLU(),
            nn.Linear(1024, 1024),
            nn.BatchNorm1d(1024),
            nn.ReLU(),
            nn.Linear(1024, N_CLUSTERS),
        )
        self.networks = nn.ModuleList([self.encoder, self.projection, self.prototypes, self.classifier]).train()
        self.networks.to(self.device)
        self.optimizer = torch.optim.Adam(self.networks.parameters(), lr=RATE, betas=BETAS, weight_decay=WEIGHT_DECAY)
        about = {"num_workers": n_workers, "persistent_workers": n_workers > 0}
        self.loader = DataLoader(Crops(images), batch_size=batch_size, shuffle=True, drop_last=True, **about)
        self.losses: dict[str, float] = {}
        self.n_updates = 0
        self.steps = self._steps()

    def train(self, n_steps: int) -> int:
        """Take steps, going on where the last call ended; the number of images used."""
        for _ in range(n_steps):
            next(self.steps)
        return n_steps * self.batch_size

    def _steps(self) -> Iterator[None]:
        for _ in count():
            for batch in self.loader:
                self.update([crop.to(self.device) for crop in batch[: N_HIGH + N_LOW]])
                yield

    def update(self, crops: list[Tensor]) -> None:
        """One step of Adam on the crops of a batch, each (B, 3, size, size)."""
        swav, information, excess = self.loss_terms(crops)
        for group in self.optimizer.param_groups:
            group["lr"] = RATE * min(1.0, (self.n_updates + 1) / WARM_UP)
        self.optimizer.zero_grad()
        (swav + information + LOGIT_WEIGHT * excess).backward()
        if self.n_updates < WARM_UP:
            self.prototypes.weight.grad = None
        self.optimizer.step()
        self.n_updates += 1
        self.losses = {"swav": swav.item(), "mi": information.item(), "logit": excess.item()}

    def loss_terms(self, crops: list[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Swapped prediction, information and excess of the logits."""
        with torch.no_grad():
            self.prototypes.weight.copy_(functional.normalize(self.prototypes.weight, dim=1))
        embeddings = [self.encoder(crop) for crop in crops]
        scores = [self.prototypes(functional.normalize(self.projection(e), dim=1)) for e in embeddings]
        return (self._swapped(scores), *self._information(embeddings, scores))

    def _swapped(self, scores: list[Tensor]) -> Tensor:
        losses = []
        for i in range(N_HIGH):
            target = codes(scores[i].detach())
            for v, other in enumerate(scores):
                if v != i:
                    probs = torch.softmax(other / TEMPERATURE, dim=1).clamp(min=1e-17)
                    losses.append(-(target * probs.log()).sum(dim=1).mean())
        return torch.stack(losses).mean()

    def _information(self, embeddings: list[Tensor], scores: list[Tensor]) -> tuple[Tensor, Tensor]:
        terms, excesses = [], []
        for embedding in embeddings:
            logits = self.classifier(embedding.detach())
            excesses.append(torch.relu(logits.abs() - LOGIT_BOUND).sum(dim=1).mean())
            y = torch.softmax(logits, dim=1)
            for score in scores:
                joint = y.t() @ torch.softmax(score.detach() / TEMPERATURE, dim=1) / len(y)
                joint = joint / joint.sum()
                of_prototypes, of_clusters = joint.sum(dim=0, keepdim=True), joint.sum(dim=1)
                conditional = (joint * (of_prototypes.log() - joint.log())).sum()
                terms.append(conditional + BETA * (of_clusters * of_clusters.log()).sum())
        return torch.stack(terms).mean(), torch.stack(excesses).mean()


@torch.no_grad()
def codes(scores: Tensor) -> Tensor:
    """Sinkhorn targets (B, P) of one view from its scores (B, P)."""
    plan = torch.exp(scores / EPSILON).t()
    if torch.isinf(plan).any():
        plan[torch.isinf(plan)] = plan[~torch.isinf(plan)].max()
    plan = plan / plan.sum()
    n_prototypes, n_samples = plan.shape
    for _ in range(ROUNDS):
        plan = plan / plan.sum(dim=1, keepdim=True) / n_prototypes
        plan = plan / plan.sum(dim=0, keepdim=True) / n_samples
    return (plan / plan.sum(dim=0, keepdim=True)).t()
