"""DMID-UIC: Wang, Wang, Zhang, Deep Mutual Information Decoupling based Unsupervised Image Clustering, JASE 2025.

Shapes: V views, B batch, D values of a view, L latent dimensions of a view, K clusters, S = 1 + V sources of an
assignment (the fused code first, then each view).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from mmclust.data.dataset import DataSpec, ViewSpec
from mmclust.losses.alignment import align_terms
from mmclust.losses.conditional import code_loss, discriminator_loss, generator_loss, generator_loss_exponential
from mmclust.losses.consistency import assignment_divergence
from mmclust.losses.selflabel import shared_target, target_divergence
from mmclust.methods.base import Batch, Method, Stage
from mmclust.methods.dmid_uic.card import Config, stages
from mmclust.nets.dense import ConditionalGenerator, decoder, discriminator, encoder
from mmclust.nets.modes import evaluating, without_gradient
from mmclust.nets.prototypes import Distance, Prototypes
from mmclust.nets.statistics import measure_statistics
from mmclust.nets.stems import ImageStem

PRETRAINING = ("autoencode", "align")
"""Stages before the prototypes are trained; each has one optimiser of the same name."""
GAN_BETAS = (0.5, 0.9)
CHUNK = 1000
"""Samples at a time where all are passed through the encoders."""


@dataclass(frozen=True)
class _Drawn:
    """What the phases of one batch share: no turn before the encoders' moves what they are computed with."""

    batch: Batch
    log_probs: Tensor
    """(S, B, K) of the real samples, with gradient to encoders and prototypes."""
    clusters: Tensor
    """(B,) codes of the generated samples."""
    fakes: tuple[Tensor, ...]
    """Each (B, D), with gradient to the generators."""


class DMIDUIC(Method):
    """Clusters views by a shared, balanced target, beside generators that draw every view of a cluster."""

    config: Config

    def __init__(self, config: Config, spec: DataSpec) -> None:
        super().__init__(config, spec)
        n_views, sizes = len(spec.views), [math.prod(view.shape) for view in spec.views]
        self.encoders = nn.ModuleList(self._encoder(view) for view in spec.views)
        self.prototypes = Prototypes(n_views, spec.n_clusters, config.latent_dim, cast(Distance, config.distance))
        if config.generative:
            self.generators = nn.ModuleList(
                ConditionalGenerator(config.noise_dim, spec.n_clusters, size) for size in sizes
            )
            self.discriminators = nn.ModuleList(discriminator(size, spec.n_clusters) for size in sizes)
        if config.autoencoder_epochs:
            self.decoders = nn.ModuleList(decoder(config.latent_dim, size) for size in sizes)
        self.noise_dim, self.tau = config.noise_dim, config.tau_start
        self._stage, self._ce_reaches_encoders = "train", config.ce_warmup == 0
        self._shared: _Drawn | None = None

    def _encoder(self, view: ViewSpec) -> nn.Module:
        if self.config.encoder == "conv" and view.kind == "image":
            stem = ImageStem(view)
            return nn.Sequential(stem, encoder(stem.features_dim, self.config.latent_dim))
        return encoder(math.prod(view.shape), self.config.latent_dim)

    @classmethod
    def validate(cls, spec: DataSpec, config: Config) -> str | None:
        """Why DMID-UIC cannot take such data, in one sentence; None when it can."""
        if len(spec.views) < 2:
            return (
                f"DMID-UIC needs two views or more, {spec.name} has {len(spec.views)}; choose a data set of several "
                "views, or DCCS for one image view."
            )
        if spec.n_clusters > config.batch_size:
            return (
                f"DMID-UIC balances {spec.n_clusters} clusters within a batch of {config.batch_size}; raise batch_size "
                f"to {spec.n_clusters} or more."
            )
        return None

    # -- training ------------------------------------------------------------------------------------------------

    def stages(self, epochs: int) -> tuple[Stage, ...]:
        """Pretraining within the run's epochs, each kind in at most half of what is left, then the training."""
        return tuple(Stage(name=name, epochs=n) for name, n in stages(self.config, epochs))

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """An Adam for each phase; the discriminators' rate is alpha times the others'."""
        c = self.config
        adam = partial(torch.optim.Adam, lr=c.learning_rate, fused=True)
        found = {"encoder": adam([*self.encoders.parameters(), *self.prototypes.parameters()])}
        if c.generative:
            discriminators = self.discriminators.parameters()
            found["discriminator"] = adam(discriminators, lr=c.alpha * c.learning_rate, betas=GAN_BETAS)
            found["generator"] = adam(self.generators.parameters(), betas=GAN_BETAS)
        if c.align_epochs:
            found["align"] = adam(self.encoders.parameters())
        if c.autoencoder_epochs:
            found["autoencode"] = adam([*self.encoders.parameters(), *self.decoders.parameters()])
        return dict[str, torch.optim.Optimizer](found)

    def phases(self, step: int) -> tuple[str, ...]:
        """Discriminators, generators, encoders with prototypes, on the same batch; one phase in pretraining."""
        if self._stage in PRETRAINING:
            return (self._stage,)
        return ("discriminator", "generator", "encoder") if self.config.generative else ("encoder",)

    def schedule(self, stage: str, epoch: float, epochs: int) -> None:
        """The sharpness tau rises over a share of the training; L_ce reaches the encoders after its warm-up."""
        c = self.config
        self._stage = stage
        length = self.stages(epochs)[-1].epochs
        trained = max(0.0, epoch - (epochs - length))
        self.tau = c.tau_start + (c.tau_end - c.tau_start) * min(1.0, trained / (length * c.tau_ramp))
        self._ce_reaches_encoders = trained >= c.ce_warmup

    def rowwise(self) -> tuple[tuple[nn.Module, int], ...]:
        """Encoders, and what is generated or decoded."""
        names = ("encoders", "generators", "decoders")
        return tuple((network, 0) for name in names for network in getattr(self, name, ()))

    def weights(self, stage: str, phase: str) -> dict[str, float]:
        """Weights of the totals, DMID-UIC Eq. 16 with every term minimised by its own networks."""
        c = self.config
        if phase == "discriminator":
            return {"dis": 1.0}
        if phase == "generator":
            return {"gan": 1.0, "ce": c.lambda_ce} if c.recover_code else {"gan": 1.0}
        if phase == "encoder":
            return {"con": c.lambda_ce} | ({"ce": c.lambda_ce} if self._encoders_see_fakes else {})
        return {"align": 1.0} if phase == "align" else {"reconstruction": 1.0}

    @property
    def _encoders_see_fakes(self) -> bool:
        return self.config.generative and self.config.recover_code and self._ce_reaches_encoders

    def loss_terms(self, batch: Batch, stage: str, phase: str) -> dict[str, Tensor]:
        """Terms of one phase's objective; `tau`, `shared_information` and `code_found` are only watched."""
        if phase == "align":
            return self._align_terms(batch)
        if phase == "autoencode":
            return self._autoencode_terms(batch)
        shared = self._share(batch)
        terms = {"discriminator": self._discriminate, "generator": self._deceive, "encoder": self._cluster}[phase]
        return terms(shared)

    def after_step(self, stage: str, phase: str, step: int) -> None:
        """The batch is done with: let go of its graph."""
        if phase == "encoder":
            self._shared = None

    def _align_terms(self, batch: Batch) -> dict[str, Tensor]:
        codes = self.encode(batch.views)
        return align_terms(codes, self.config.align_temperature)

    def _autoencode_terms(self, batch: Batch) -> dict[str, Tensor]:
        codes, images = self.encode(batch.views), self._flat(batch.views)
        losses = [F.mse_loss(d(z).float(), x) for d, z, x in zip(self.decoders, codes, images, strict=True)]
        return {"reconstruction": torch.stack(losses).mean()}

    def _share(self, batch: Batch) -> _Drawn:
        """Assignments and generated samples of a batch, computed once for its turns."""
        if self._shared is None or self._shared.batch is not batch:
            log_probs = self._log_probs(self.encode(batch.views))
            clusters, fakes = torch.empty(0), ()
            if self.config.generative:
                clusters = self._draw_clusters(log_probs[0].detach().exp(), batch.generator)
                fakes = self._draw(clusters, batch.generator)
            self._shared = _Drawn(batch=batch, log_probs=log_probs, clusters=clusters, fakes=fakes)
        return self._shared

    def _draw_clusters(self, probs: Float[Tensor, "b k"], generator: torch.Generator) -> Int[Tensor, " b"]:
        """Codes from the prior, as many as samples."""
        n_samples, n_clusters = probs.shape
        if self.config.prior == "batch":
            return torch.multinomial(probs.mean(dim=0), n_samples, replacement=True, generator=generator)
        return torch.randint(n_clusters, (n_samples,), device=probs.device, generator=generator)

    def _draw(self, clusters: Int[Tensor, " b"], generator: torch.Generator) -> tuple[Float[Tensor, "b d"], ...]:
        """One sample of every view from the same noise and code."""
        noise = torch.randn(len(clusters), self.noise_dim, device=clusters.device, generator=generator)
        return self._drawn_from(clusters, noise)

    def _drawn_from(self, clusters: Int[Tensor, " b"], noise: Float[Tensor, "b z"]) -> tuple[Float[Tensor, "b d"], ...]:
        return tuple(g(noise, clusters).float() for g in self.generators)

    def _discriminate(self, shared: _Drawn) -> dict[str, Tensor]:
        """The discriminators' phase, Eq. 6."""
        self.discriminators.requires_grad_(True)
        probs, codes = shared.log_probs[0].detach().exp(), self._one_hot(shared.clusters)
        losses: list[Tensor] = []
        for network, real, fake in zip(self.discriminators, self._flat(shared.batch.views), shared.fakes, strict=True):
            told, of_fake = network(torch.cat((real, fake.detach()))).float().chunk(2)
            losses.append(discriminator_loss(told, of_fake, probs, codes, fake_units=self.config.fake_units))
        return {"dis": torch.stack(losses).sum()}

    def _deceive(self, shared: _Drawn) -> dict[str, Tensor]:
        """The generators' phase, Eq. 5 and 14: discriminators and encoders only pass gradients on."""
        deceived = generator_loss_exponential if self.config.generator_loss == "paper" else generator_loss
        codes = self._one_hot(shared.clusters)
        self.discriminators.requires_grad_(False)
        losses = [
            deceived(network(fake).float(), codes)
            for network, fake in zip(self.discriminators, shared.fakes, strict=True)
        ]
        terms = {"gan": torch.stack(losses).sum()}
        if self.config.recover_code:
            frozen = [*self.encoders.parameters(), *self.prototypes.parameters()]
            with without_gradient(frozen):
                terms |= self._recover(shared.fakes, shared.clusters)
        return terms

    def _cluster(self, shared: _Drawn) -> dict[str, Tensor]:
        """The turn of encoders and prototypes: targets T and Eq. 13; Eq. 14 on what was generated."""
        log_probs = shared.log_probs
        terms = {"con": self._contrast(log_probs), "tau": torch.full((), self.tau, device=log_probs.device)}
        if self._encoders_see_fakes:
            terms |= self._recover(tuple(fake.detach() for fake in shared.fakes), shared.clusters)
        return terms

    def _contrast(self, log_probs: Float[Tensor, "s b k"]) -> Float[Tensor, ""]:
        """L_con from the assignments P (first) and P^v."""
        if self.config.target == "printed":  # Eq. 13 read literally: both sides keep their gradient
            return torch.stack([assignment_divergence(log_probs[0], of_view) for of_view in log_probs[1:]]).mean()
        sources = log_probs[:1] if self.config.target == "fused" else log_probs
        target = shared_target(sources, self.tau, balanced=self.config.balance)
        divergences = target_divergence(target, log_probs)
        return divergences[0] + divergences[1:].mean()

    def _recover(self, fakes: tuple[Tensor, ...], clusters: Int[Tensor, " b"]) -> dict[str, Tensor]:
        """L_ce of generated samples, each (B, D), encoded as in evaluation: their own statistics would flatter."""
        with evaluating(self.encoders):
            log_probs = self._log_probs(self.encode(self._shaped(fakes)))
        losses = code_loss(log_probs, clusters)
        found = (log_probs[0].detach().argmax(dim=1) == clusters).float().mean()
        return {"ce": losses[0] + losses[1:].mean(), "code_found": found}

    def _one_hot(self, clusters: Int[Tensor, " b"]) -> Float[Tensor, "b k"]:
        return F.one_hot(clusters, self.spec.n_clusters).float()

    # -- start ---------------------------------------------------------------------------------------------------

    def start_stage(self, stage: str, data: tuple[Tensor, ...], generator: torch.Generator) -> None:
        """Give the batch normalisations the statistics of the data; before training, place the prototypes.

        Untouched, the layers of a random encoder normalise by mean 0 and variance 1, and k-means of such codes finds
        little but brightness.

        Raises:
            ValueError: values outside [0, 1], where generators draw.
        """
        self._stage = stage
        self._check_range(data)
        measure_statistics(self.encoders, self._chunks(data), self.encode)
        if stage == "train":
            self.prototypes.place(self._all_codes(data), generator)

    def before_evaluation(self, data: tuple[Tensor, ...], evaluated: tuple[Tensor, ...]) -> None:
        """In pretraining, prototypes follow the codes, so that curves and pictures show where k-means stands."""
        if self._stage in PRETRAINING:
            generator = torch.Generator(data[0].device).manual_seed(0)  # evaluating must not move the run's draws
            self.prototypes.place(self._all_codes(data), generator)

    def _check_range(self, data: tuple[Tensor, ...]) -> None:
        if not (self.config.generative or self.config.autoencoder_epochs):
            return
        for view, values in zip(self.spec.views, data, strict=True):
            low, high = values.min().item(), values.max().item()
            if view.kind == "vector" and (low < -1e-4 or high > 1 + 1e-4):
                raise ValueError(
                    f"view {view.name} has values from {low:g} to {high:g}, but generators and decoders draw values "
                    "from 0 to 1; add the step minmax, or set generative=false and autoencoder_epochs=0"
                )

    @torch.no_grad()
    def _all_codes(self, data: tuple[Tensor, ...]) -> Float[Tensor, "v n l"]:
        with evaluating(self.encoders):
            return torch.cat([self.encode(views) for views in self._chunks(data)], dim=1)

    @staticmethod
    def _chunks(data: tuple[Tensor, ...]) -> Iterator[tuple[Tensor, ...]]:
        """All samples in parts of nearly equal size."""
        n_parts = math.ceil(len(data[0]) / CHUNK)
        return zip(*(view.tensor_split(n_parts) for view in data), strict=True)

    # -- reading -------------------------------------------------------------------------------------------------

    def encode(self, views: tuple[Tensor, ...]) -> Float[Tensor, "v b l"]:
        """Codes of every view, float32."""
        inputs = [
            view if spec.kind == "image" and self.config.encoder == "conv" else self._flat_view(spec, view)
            for spec, view in zip(self.spec.views, views, strict=True)
        ]
        return torch.stack([net(x).float() for net, x in zip(self.encoders, inputs, strict=True)])

    def _scores(self, codes: Float[Tensor, "v b l"]) -> Float[Tensor, "s b k"]:
        with torch.autocast(codes.device.type, enabled=False):
            return self.prototypes(codes)

    def _log_probs(self, codes: Float[Tensor, "v b l"]) -> Float[Tensor, "s b k"]:
        return self._scores(codes).log_softmax(dim=2)

    def _flat(self, views: tuple[Tensor, ...]) -> list[Float[Tensor, "b d"]]:
        return [self._flat_view(spec, view) for spec, view in zip(self.spec.views, views, strict=True)]

    @staticmethod
    def _flat_view(spec: ViewSpec, view: Tensor) -> Float[Tensor, "b d"]:
        """A view as rows of floats; pixels in [0, 1]."""
        if spec.kind == "image":
            return (view.flatten(1).float() - spec.low) / (spec.high - spec.low)
        return view.float()

    def _shaped(self, flat: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Rows in [0, 1] as the data has them: images in their shape and range, vectors as they are."""
        return tuple(
            (rows * (spec.high - spec.low) + spec.low).view(-1, *spec.shape) if spec.kind == "image" else rows
            for spec, rows in zip(self.spec.views, flat, strict=True)
        )

    def embed(self, views: tuple[Tensor, ...]) -> Float[Tensor, "b d"]:
        """Fused codes: the views' codes side by side."""
        return self.encode(views).transpose(0, 1).flatten(1)

    def logits(self, views: tuple[Tensor, ...]) -> Float[Tensor, "b k"]:
        """Scores of the fused codes; their softmax is P."""
        return self._scores(self.encode(views))[0]

    def spaces(self, views: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """Fused codes z and scores, and those of each view."""
        codes = self.encode(views)
        scores = self._scores(codes)
        spaces = {"z": codes.transpose(0, 1).flatten(1), "logits": scores[0]}
        for number, (code, score) in enumerate(zip(codes, scores[1:], strict=True), start=1):
            spaces |= {f"z_{number}": code, f"logits_{number}": score}
        return spaces

    def landmarks(self) -> dict[str, Tensor]:
        """Prototypes in the fused space, and their blocks in each view's."""
        blocks = {f"z_{number}": block for number, block in enumerate(self.prototypes.points, start=1)}
        return {"z": self.prototypes.fused} | blocks

    @torch.no_grad()
    def generate(self, clusters: Int[Tensor, " b"], noise: Float[Tensor, "b z"]) -> tuple[Tensor, ...]:
        """Generated samples of every view, in the form of the data, from one noise and code each.

        Raises:
            ValueError: the run was trained without generators.
        """
        if not self.config.generative:
            raise ValueError(
                "this run has no generators, since generative is off; train one with generative=true to see samples"
            )
        with evaluating(self.generators):
            return self._shaped(self._drawn_from(clusters, noise))

    def cam_layer(self, view: int = 0) -> nn.Module | None:
        """The last convolution of an image view; None for dense encoders."""
        stems = (m for m in self.encoders[view].modules() if isinstance(m, ImageStem))
        return next((stem.cam_layer for stem in stems), None)


METHOD = DMIDUIC
