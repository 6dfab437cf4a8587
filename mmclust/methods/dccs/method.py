"""DCCS: Zhao, Lu, Ma, Zhang, Zheng, Deep Image Clustering with Category-Style Representation, ECCV 2020.

Shapes: B batch, C channels, H x W pixels, S style dimensions, K clusters, F features; a code is z = (z_s, z_c).
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from mmclust.data.dataset import DataSpec
from mmclust.losses.adversarial import gradient_penalty, wasserstein_gap
from mmclust.losses.consistency import assignment_divergence
from mmclust.losses.information import jensen_shannon_bce
from mmclust.losses.start import start_terms
from mmclust.methods.base import Batch, Method
from mmclust.methods.dccs.card import Config
from mmclust.nets.augmentation import (
    jitter_color,
    jitter_gray,
    random_resized_crop,
    random_slant,
    to_gray,
    to_gray_shuffled,
)
from mmclust.nets.encoders import SMALLEST, choose_encoder, make_encoder
from mmclust.nets.mlp import Critic, PairDiscriminator
from mmclust.nets.sobel import sobel
from mmclust.nets.statistics import measure_statistics, some_batches

LAST_SHARE = 0.01
"""What a falling learning rate ends at."""
HUE_SHARE = 0.3125
"""The paper's hue jitter 0.125 beside its other jitters of 0.4."""


class DCCS(Method):
    """Splits an image into category and style, held to a prior by a critic and to the image by augmentation."""

    config: Config

    def __init__(self, config: Config, spec: DataSpec) -> None:
        super().__init__(config, spec)
        view = spec.views[0]
        channels = {"gray": 1, "sobel": 2, "rgb": 3}[config.input]
        size = (view.shape[1], view.shape[2])
        name = choose_encoder(size, config.encoder)
        code_dim = config.style_dim + spec.n_clusters
        # The small network goes with narrower critics: 1024 units would dwarf it.
        scale = config.width / (4 if name == "small" else 1)
        hidden = max(16, round(1024 * scale)), max(16, round(512 * scale))
        self.encoder = make_encoder(name, channels, size, code_dim, config.width)
        self.critic = Critic(code_dim, hidden)
        self.discriminator = PairDiscriminator(self.encoder.features_dim, code_dim, hidden)

    @classmethod
    def validate(cls, spec: DataSpec, config: Config) -> str | None:
        """Why DCCS cannot take such data, in one sentence; None when it can."""
        images = [view for view in spec.views if view.kind == "image"]
        if len(spec.views) != 1 or not images:
            return f"DCCS takes one image view, {spec.name} has {len(spec.views)} views; choose a data set of images."
        channels, height, width = images[0].shape
        if config.input == "rgb" and channels != 3:
            return f"input=rgb needs colour images, {spec.name} has {channels} channel; use input=gray or sobel."
        name = choose_encoder((height, width), config.encoder)
        if min(height, width) < SMALLEST[name]:
            return (
                f"Images of {height} x {width} pixels are too small for the encoder {name}, which needs at least "
                f"{SMALLEST[name]} x {SMALLEST[name]}; choose encoder=auto or larger images."
            )
        return None

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """Two Adams, as published: lr 1e-4, betas (0.5, 0.9). Encoder and discriminator move together."""
        together = [*self.encoder.parameters(), *self.discriminator.parameters()]
        adam = {"lr": self.config.learning_rate, "betas": (0.5, 0.9), "fused": True}
        self._optimizers: dict[str, torch.optim.Optimizer] = {
            "critic": torch.optim.Adam(self.critic.parameters(), **adam),
            "encoder": torch.optim.Adam(together, **adam),
        }
        return self._optimizers

    def schedule(self, stage: str, epoch: float, epochs: int) -> None:
        """Set the learning rate of both optimisers."""
        if self.config.schedule == "constant":
            return
        share = 0.5 + 0.5 * math.cos(math.pi * min(epoch / epochs, 1.0))
        for optimizer in self._optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = self.config.learning_rate * (LAST_SHARE + (1 - LAST_SHARE) * share)

    def phases(self, step: int) -> tuple[str, ...]:
        """Every (n_critic + 1)-th step moves the encoder, the others the critic."""
        return ("encoder",) if step % (self.config.n_critic + 1) == self.config.n_critic else ("critic",)

    def graph_key(self, stage: str, phase: str) -> str:
        """Always the same operations for each phase."""
        return phase

    def rowwise(self) -> tuple[tuple[nn.Module, int], ...]:
        """The encoder's convolutions."""
        return tuple((part, 0) for part in self.encoder.convolutions)

    def weights(self, stage: str, phase: str) -> dict[str, float]:
        """Weights of the published totals."""
        c = self.config
        if phase == "critic":
            return {"critic": c.beta_adv, "penalty": c.beta_adv * c.lambda_gp}
        return {"mi": c.beta_mi, "aug": c.beta_aug, "adv": c.beta_adv}

    def loss_terms(self, batch: Batch, stage: str, phase: str) -> dict[str, Tensor]:
        """Terms of the critic's or the encoder's objective; `wasserstein` is only watched."""
        # In the encoder's turn the critic only passes gradients on: computing its own would be waste.
        self.critic.requires_grad_(phase == "critic")
        return self._critic_terms(batch) if phase == "critic" else self._encoder_terms(batch)

    def _critic_terms(self, batch: Batch) -> dict[str, Tensor]:
        with torch.no_grad():  # train mode: batch statistics, running statistics move on
            codes, _, _ = self.encode(self.plain(batch.views[0]))
            prior = self.sample_prior(len(codes), batch.generator)
            share = torch.rand(len(codes), 1, device=codes.device, generator=batch.generator)
            between = torch.lerp(codes, prior, share)
        with torch.autocast(codes.device.type, enabled=False):
            prior_scores, code_scores = self.critic(torch.cat((prior, codes))).chunk(2)
            gap = wasserstein_gap(prior_scores, code_scores)
            penalty = gradient_penalty(self.critic.input_gradient(between))
            return {"critic": -gap, "penalty": penalty, "wasserstein": gap.detach()}

    def _encoder_terms(self, batch: Batch) -> dict[str, Tensor]:
        images = batch.views[0]
        # Two passes, augmented first: each has its own batch statistics and moves the running ones. Published code
        # makes the first one only where its term has a weight.
        inputs = [self.plain(images)]
        if self.config.beta_aug:
            partners = images if batch.partners is None else batch.partners[0]
            inputs.insert(0, self.augmented(partners, batch.generator))
        passed = self.encoder.passes(*inputs)
        features, output = passed[-1]
        codes, logits = self._code(output)
        order = torch.rand(len(codes), device=codes.device, generator=batch.generator).argsort()
        joint, marginal = self.discriminator(features, codes, order)
        with torch.autocast(codes.device.type, enabled=False):
            terms = {
                "mi": jensen_shannon_bce(joint.float(), marginal.float()),
                "adv": -self.critic(codes).mean(),
            }
            if self.config.beta_aug:
                augmented = self._code(passed[0][1])[1].log_softmax(1)
                terms["aug"] = assignment_divergence(logits.log_softmax(1), augmented)
            return terms | start_terms(logits, batch.start)

    def encode(
        self, inputs: Float[Tensor, "b c h w"]
    ) -> tuple[Float[Tensor, "b d"], Float[Tensor, "b k"], Float[Tensor, "b f"]]:
        """Code z = (z_s, z_c), category logits and flattened features of prepared images; code and logits float32."""
        features, output = self.encoder(inputs)
        return *self._code(output), features

    def _code(self, output: Float[Tensor, "b d"]) -> tuple[Float[Tensor, "b d"], Float[Tensor, "b k"]]:
        """Code and logits of the encoder's output."""
        style, logits = output.float().split((self.config.style_dim, self.spec.n_clusters), dim=1)
        return torch.cat((style, logits.softmax(dim=1)), dim=1), logits

    def sample_prior(self, n_samples: int, generator: torch.Generator) -> Float[Tensor, "n d"]:
        """Prior codes: Gaussian style of deviation sigma beside a uniform one-hot category."""
        device = generator.device
        style = self.config.sigma * torch.randn(n_samples, self.config.style_dim, device=device, generator=generator)
        category = torch.randint(self.spec.n_clusters, (n_samples,), device=device, generator=generator)
        return torch.cat((style, F.one_hot(category, self.spec.n_clusters).to(style.dtype)), dim=1)

    def plain(self, images: Tensor) -> Float[Tensor, "b c h w"]:
        """Raw images as the encoder takes them, values in [-1, 1]."""
        images = self._unit(images)
        return self._finish(images if self.config.input == "rgb" else to_gray(images))

    def augmented(self, images: Tensor, generator: torch.Generator) -> Float[Tensor, "b c h w"]:
        """T(x): random crop, mirror, channel shuffle and jitter of raw images, as the encoder takes them.

        Crop and luma are linear and act on different axes, so the luma is taken first: a third of the work.
        """
        c = self.config
        images = self._unit(images)
        if c.input == "rgb":
            order = torch.rand(len(images), 3, 1, 1, device=images.device, generator=generator).argsort(dim=1)
            images = images.gather(1, order.expand_as(images))
        else:
            images = to_gray_shuffled(images, generator)
        if c.rotation:
            images = random_slant(images, rotation=c.rotation, shear=c.rotation / 100, generator=generator)
        images = random_resized_crop(images, min_area=c.crop_area, flip=c.flip, generator=generator)
        if c.input == "rgb":
            return self._finish(jitter_color(images, c.jitter, HUE_SHARE * c.jitter, generator))
        return self._finish(jitter_gray(images, c.jitter, generator))

    def _unit(self, images: Tensor) -> Tensor:
        view = self.spec.views[0]
        return (images.float() - view.low) / (view.high - view.low)

    def _finish(self, images: Tensor) -> Tensor:
        images = images * 2 - 1
        return sobel(images) if self.config.input == "sobel" else images

    def embed(self, views: tuple[Tensor, ...]) -> Float[Tensor, "b d"]:
        """Codes z = (z_s, z_c) of raw images."""
        return self.encode(self.plain(views[0]))[0]

    def logits(self, views: tuple[Tensor, ...]) -> Float[Tensor, "b k"]:
        """Category logits of raw images."""
        return self.encode(self.plain(views[0]))[1]

    def spaces(self, views: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """Code z, category z_c, style z_s (absent when S = 0) and the category logits."""
        codes, logits, _ = self.encode(self.plain(views[0]))
        style, category = codes.split((self.config.style_dim, self.spec.n_clusters), dim=1)
        spaces = {"z": codes, "z_c": category, "logits": logits}
        return spaces | {"z_s": style} if self.config.style_dim else spaces

    def before_evaluation(self, data: tuple[Tensor, ...], evaluated: tuple[Tensor, ...]) -> None:
        """Measure batch-norm statistics on plain training images, where the running ones lag behind a short run."""
        if self.config.statistics == "train":
            batches = some_batches(data[0], self.config.batch_size)
            measure_statistics(self.encoder, batches, lambda images: self.encoder(self.plain(images)))

    @torch.no_grad()
    def augmented_codes(self, views: tuple[Tensor, ...], generator: torch.Generator) -> Float[Tensor, "2 b k"]:
        """Categories z_c of two augmentations."""
        return torch.stack([self.encode(self.augmented(views[0], generator))[1].softmax(dim=1) for _ in range(2)])

    def cam_layer(self, view: int = 0) -> nn.Module:
        """The last convolution block of the encoder."""
        return self.encoder.cam_layer


METHOD = DCCS
