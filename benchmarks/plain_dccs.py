"""DCCS trained the way the published code trains it, at 28 x 28: the yardstick of `bench train`.

Written anew from the method's description, without any short cut: each image of each batch is augmented with PIL
although only every fifth batch uses it, prior and permutation are drawn on the host, the critic runs once per kind
of input, its gradient penalty differentiates twice, Adam is not fused, and every loss is read back at every step.
It shares no code with the package, so that it also serves as a second opinion on it.
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

N_CLUSTERS, STYLE_DIM, SIGMA = 10, 50, 0.1
N_CRITIC, PENALTY, BATCH_SIZE = 4, 10.0, 64
BETA_MI, BETA_AUG, BETA_ADV = 0.5, 2.0, 1.0
FEATURES, HIDDEN, SLOPE = 3200, (1024, 512), 0.2


class ImagePairs(Dataset[tuple[Tensor, Tensor]]):
    """Each image (28, 28) uint8 as it is and randomly augmented, both (1, 28, 28) in [-1, 1]."""

    def __init__(self, images: np.ndarray) -> None:
        self.images = [Image.fromarray(image) for image in images]
        finish = [transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))]
        self.plain: Callable[[Image.Image], Tensor] = transforms.Compose([transforms.Grayscale(1), *finish])
        self.augmented: Callable[[Image.Image], Tensor] = transforms.Compose(
            [
                transforms.RandomResizedCrop(28, scale=(0.4, 1.0)),
                transforms.Grayscale(1),
                transforms.ColorJitter(0.4, 0.4, 0.4, 0.125),
                *finish,
            ]
        )

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        image = self.images[index]
        return self.plain(image), self.augmented(image)


class Encoder(nn.Module):
    """Two strided convolutions and two dense layers; gives code (z_s, z_c), logits and flattened features."""

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv2d(1, 64, 4, stride=2, bias=False),
            nn.BatchNorm2d(64),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(64, 128, 4, stride=2, bias=False),
            nn.BatchNorm2d(128),
            nn.LeakyReLU(SLOPE),
            nn.Flatten(),
        )
        self.dense = nn.Sequential(
            nn.Linear(FEATURES, HIDDEN[0], bias=False),
            nn.BatchNorm1d(HIDDEN[0]),
            nn.LeakyReLU(SLOPE),
            nn.Linear(HIDDEN[0], STYLE_DIM + N_CLUSTERS),
        )

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Code (B, 60), logits (B, 10), features (B, 3200)."""
        features = self.convolutions(images)
        output = self.dense(features)
        style, logits = output[:, :STYLE_DIM], output[:, STYLE_DIM:]
        return torch.cat((style, torch.softmax(logits, dim=1)), dim=1), logits, features


def judge(in_dim: int) -> nn.Sequential:
    """The network of critic and discriminator: dense 1024, 512, 1."""
    return nn.Sequential(
        nn.Linear(in_dim, HIDDEN[0]),
        nn.LeakyReLU(SLOPE),
        nn.Linear(HIDDEN[0], HIDDEN[1]),
        nn.LeakyReLU(SLOPE),
        nn.Linear(HIDDEN[1], 1),
    )


def initialise(module: nn.Module) -> None:
    """Xavier-normal weights, zero biases."""
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.xavier_normal_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


class PlainDCCS:
    """The published training loop on images (N, 28, 28) uint8.

    Args:
        images: all of them.
        seed: of weights and draws.
        device: of the networks; images are made and the prior is drawn on the host in any case.
        n_workers: processes that make images ahead; 0 makes them in between.
    """

    def __init__(
        self, images: np.ndarray, *, seed: int, device: str | torch.device = "cpu", n_workers: int = 0
    ) -> None:
        torch.manual_seed(seed)
        self.device = torch.device(device)
        self.random = np.random.RandomState(seed)  # noqa: NPY002 - as old as the code it stands for
        self.encoder, self.critic, self.discriminator = Encoder(), judge(STYLE_DIM + N_CLUSTERS), judge(FEATURES + 60)
        for network in (self.encoder, self.critic, self.discriminator):
            network.apply(initialise).train().to(self.device)
        together = [*self.encoder.parameters(), *self.discriminator.parameters()]
        self.encoder_optimizer = torch.optim.Adam(together, lr=1e-4, betas=(0.5, 0.9))
        self.critic_optimizer = torch.optim.Adam(self.critic.parameters(), lr=1e-4, betas=(0.5, 0.9))
        about = {"num_workers": n_workers, "persistent_workers": n_workers > 0}
        self.loader = DataLoader(ImagePairs(images), batch_size=BATCH_SIZE, shuffle=True, drop_last=True, **about)
        self.losses: dict[str, float] = {}
        self.steps = self._steps()

    def train(self, n_steps: int) -> int:
        """Take steps, going on where the last call ended; the number of images used."""
        for _ in range(n_steps):
            next(self.steps)
        return n_steps * BATCH_SIZE

    def _steps(self) -> Iterator[None]:
        step = 0
        for _ in count():
            for images, augmented in ([part.to(self.device) for part in batch] for batch in self.loader):
                if step % (N_CRITIC + 1) == N_CRITIC:
                    self._encoder_step(images, augmented)
                else:
                    self._critic_step(images)
                step += 1
                yield

    def _sample_prior(self, n_samples: int) -> Tensor:
        style = self.random.normal(0, SIGMA, (n_samples, STYLE_DIM))
        category = np.eye(N_CLUSTERS)[self.random.randint(N_CLUSTERS, size=n_samples)]
        return torch.from_numpy(np.concatenate((style, category), axis=1).astype(np.float32)).to(self.device)

    def _critic_step(self, images: Tensor) -> None:
        with torch.no_grad():
            codes, _, _ = self.encoder(images)
        prior = self._sample_prior(len(images))
        share = torch.rand(len(images), 1).to(self.device)
        between = (share * prior + (1 - share) * codes).requires_grad_()
        scores = self.critic(between)
        (gradients,) = torch.autograd.grad(scores, between, torch.ones_like(scores), create_graph=True)
        norms = torch.sqrt((gradients**2).sum(dim=1) + 1e-12)
        loss = self.critic(codes).mean() - self.critic(prior).mean() + PENALTY * ((norms - 1) ** 2).mean()
        self.critic_optimizer.zero_grad()
        (BETA_ADV * loss).backward()
        self.critic_optimizer.step()
        self.losses["critic"] = loss.item()

    def _encoder_step(self, images: Tensor, augmented: Tensor) -> None:
        _, logits_augmented, _ = self.encoder(augmented)
        codes, logits, features = self.encoder(images)
        order = torch.from_numpy(self.random.permutation(len(images))).to(self.device)
        joint, marginal = torch.cat((features, codes), dim=1), torch.cat((features, codes[order]), dim=1)
        truth = torch.cat((torch.ones(len(images), 1), torch.zeros(len(images), 1))).to(self.device)
        mi = functional.binary_cross_entropy_with_logits(self.discriminator(torch.cat((joint, marginal))), truth)
        log_probs, log_probs_augmented = torch.log_softmax(logits, dim=1), torch.log_softmax(logits_augmented, dim=1)
        aug = (log_probs.exp() * (log_probs - log_probs_augmented)).sum(dim=1).mean()
        adv = -self.critic(codes).mean()
        self.encoder_optimizer.zero_grad()
        (BETA_MI * mi + BETA_AUG * aug + BETA_ADV * adv).backward()
        self.encoder_optimizer.step()
        self.losses |= {"mi": mi.item(), "aug": aug.item(), "adv": adv.item()}
