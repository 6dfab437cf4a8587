"""IMC-SwAV: Ntelemis, Jin, Thomas, Information Maximization Clustering via Multi-View Self-Labelling, KBS 2022.

Shapes: B batch, C channels, H x W pixels, V views (crops) of an image, E embedding, D projection, P prototypes,
K clusters.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from mmclust.data.dataset import DataSpec
from mmclust.losses.start import start_terms
from mmclust.losses.swapped import conditional_entropy_balance, logit_excess, prototype_targets, swapped_prediction
from mmclust.methods.base import Batch, Method
from mmclust.methods.imc_swav.card import MILESTONES, Config
from mmclust.nets.augmentation import jitter_color, jitter_gray, random_resized_crop, sometimes, to_gray
from mmclust.nets.cropnorm import CropNorm1d, crops_together
from mmclust.nets.resnet import ResNet18
from mmclust.nets.statistics import measure_statistics, some_batches

N_HIGH = 2
SMALLEST_CROP = 4
SMALLEST_IMAGE = 16
"""Smaller images are enlarged to this many pixels: the stages of a ResNet-18 halve three times."""
SMALLEST_AREA = 0.08
"""Share of the image that a small crop shows at least."""
HUE_SHARE = 0.25
"""The paper's hue jitter 0.1 beside its other jitters of 0.4."""
DECAY = 0.4
BANK = ("bank_embeddings", "bank_prototypes")
"""Under these names a checkpoint keeps what waits for the classifier."""

NORMALISATION = {
    "cifar10": ((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)),
    "cifar20": ((0.5071, 0.4867, 0.4408), (0.2675, 0.2565, 0.2761)),
    "cifar100": ((0.5071, 0.4867, 0.4408), (0.2675, 0.2565, 0.2761)),
    "stl10": ((0.43, 0.42, 0.39), (0.27, 0.26, 0.27)),
    "tiny-imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
}
"""Published mean and deviation of each channel; for other data they are measured on the training images."""


class IMCSwAV(Method):
    """Learns prototypes by predicting codes across crops, and beside it a classifier that is informed by them."""

    config: Config
    mean: Tensor
    deviation: Tensor
    n_steps: Tensor

    def __init__(self, config: Config, spec: DataSpec) -> None:
        super().__init__(config, spec)
        view = spec.views[0]
        channels, size = view.shape[0], enlarged((view.shape[1], view.shape[2]))
        self.sizes = crop_sizes(config, min(size))
        # Measured on CPUs: channels last is faster at any width, and twice as fast where layers are narrow.
        self.encoder = ResNet18(channels, size, config.width).to(memory_format=torch.channels_last)
        embedding_dim = self.encoder.embedding_dim
        if config.head == "linear":
            self.projection = nn.Sequential(
                nn.Linear(embedding_dim, embedding_dim), nn.Linear(embedding_dim, config.projection_dim)
            )
        else:
            hidden = 4 * embedding_dim
            self.projection = nn.Sequential(
                nn.Linear(embedding_dim, hidden),
                CropNorm1d(hidden),
                nn.ReLU(inplace=True),
                nn.Linear(hidden, config.projection_dim),
            )
        self.prototypes = nn.Linear(config.projection_dim, config.n_prototypes, bias=False)
        hidden = max(32, round(1024 * config.width))
        self.classifier = nn.Sequential(
            *_layer(embedding_dim, hidden), *_layer(hidden, hidden), nn.Linear(hidden, spec.n_clusters)
        )
        known = NORMALISATION.get(spec.name) if config.normalisation == "published" else None
        self.normalised = known is not None
        mean, deviation = known or ((0.5,) * channels, (0.5,) * channels)
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1))
        self.register_buffer("deviation", torch.tensor(deviation).view(1, -1, 1, 1))
        self.register_buffer("n_steps", torch.zeros((), dtype=torch.int64))
        self.bank: list[tuple[Tensor, Tensor]] = []
        self._idle = False

    @classmethod
    def validate(cls, spec: DataSpec, config: Config) -> str | None:
        """Why IMC-SwAV cannot take such data, in one sentence; None when it can."""
        if len(spec.views) != 1 or spec.views[0].kind != "image":
            return (
                f"IMC-SwAV takes one image view, {spec.name} has {len(spec.views)} views; choose a data set of images."
            )
        size = min(enlarged((spec.views[0].shape[1], spec.views[0].shape[2])))
        sizes = dict(zip(("high_size", "low_size"), crop_sizes(config, size), strict=True))
        if not config.n_low:
            del sizes["low_size"]
        for name, crop in sizes.items():
            if not SMALLEST_CROP <= crop <= size:
                return (
                    f"{name}={crop} does not fit the {size} pixels at which images of {spec.name} are seen; "
                    f"set {name} to {SMALLEST_CROP} to {size}, or to 0 for the usual share."
                )
        if config.n_prototypes < spec.n_clusters:
            return (
                f"n_prototypes={config.n_prototypes} are fewer than the {spec.n_clusters} clusters, but a cluster "
                "is a set of prototypes; raise n_prototypes or look for fewer clusters."
            )
        if config.batch_size < spec.n_clusters:
            return (
                f"batch_size={config.batch_size} is smaller than the {spec.n_clusters} clusters, so that no batch can "
                "show them all; raise batch_size well above that or look for fewer clusters."
            )
        return None

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """One Adam over everything, as published: betas (0.8, 0.999), weight decay 1e-5."""
        self.adam = torch.optim.Adam(
            self.parameters(),
            lr=self.config.learning_rate,
            betas=(0.8, 0.999),
            weight_decay=self.config.weight_decay,
            fused=True,
        )
        return {"main": self.adam}

    def weights(self, stage: str, phase: str) -> dict[str, float]:
        """Weights of the published total."""
        return {"swav": self.config.swav_weight, "mi": 1.0, "logit": self.config.logit_weight}

    def graph_key(self, stage: str, phase: str) -> str:
        """The same operations during warm-up, and after it."""
        return "warm-up" if self._steps < self.config.warm_up else "train"

    def compilable(self) -> tuple[nn.Module, ...]:
        """The encoder, for two sizes of crops."""
        return (self.encoder,)

    def rowwise(self) -> tuple[tuple[nn.Module, int], ...]:
        """The encoder."""
        return ((self.encoder, 0),)

    def start_stage(self, stage: str, data: tuple[Tensor, ...], generator: torch.Generator) -> None:
        """Measure mean and deviation of the channels, where the paper gives none."""
        if not self.normalised:
            some = self._unit(data[0][:: max(1, len(data[0]) // 10_000)])
            self.mean.copy_(some.mean(dim=(0, 2, 3)).view_as(self.mean))
            self.deviation.copy_(some.std(dim=(0, 2, 3)).view_as(self.mean).clamp_min(1e-3))

    def schedule(self, stage: str, epoch: float, epochs: int) -> None:
        """Learning rate: a rise over the first steps, then a fall at each milestone. An epoch starts with no bank."""
        if epoch == int(epoch):
            self.bank.clear()
        rate = self.config.learning_rate * DECAY ** sum(epoch >= share * epochs for share in MILESTONES)
        if self._steps < self.config.warm_up:
            rate *= (self._steps + 1) / self.config.warm_up
        self.adam.param_groups[0]["lr"] = rate

    def loss_terms(self, batch: Batch, stage: str, phase: str) -> dict[str, Tensor]:
        """The three terms; entropies of prototype and cluster use and agreement of crops are only watched."""
        with torch.no_grad():
            self.prototypes.weight.copy_(F.normalize(self.prototypes.weight))
        crops = self.crops(batch.views[0], batch.generator, batch.partners[0] if batch.partners else None)
        together = self.together(batch.views[0].device)
        embeddings = torch.cat([_embed(self.encoder, same_size, together) for same_size in crops])
        projections = _rows(self.projection, embeddings)
        with torch.autocast(embeddings.device.type, enabled=False):
            unit = F.normalize(projections.float(), dim=2)
            scores = unit @ self.prototypes.weight.T
            log_probs = (scores / self.config.temperature).log_softmax(dim=2)
            codes = prototype_targets(scores[:N_HIGH], self.config.epsilon, self.config.sinkhorn_rounds)
            prototypes = log_probs.detach().exp()
            terms = {
                "swav": swapped_prediction(codes, log_probs),
                "prototype_entropy": _entropy(prototypes.mean(dim=(0, 1))),
            }
        known = embeddings.detach(), prototypes
        if batch.labelled is not None:
            known = self._banked(*known, batch.labelled)
        self._idle = known is None
        terms |= self._cluster_terms(*known) if known else self._idle_terms()
        if batch.start is None:
            return terms
        # Unlike the classifier's own terms, the start is held by the encoder too.
        return terms | start_terms(_rows(self.classifier, embeddings[:1])[0], batch.start)

    def _cluster_terms(
        self, embeddings: Float[Tensor, "v b e"], prototypes: Float[Tensor, "v b p"]
    ) -> dict[str, Tensor]:
        """The classifier's terms, and how often it puts both large crops of an image into one cluster."""
        logits = _rows(self.classifier, embeddings).float()
        with torch.autocast(logits.device.type, enabled=False):
            clusters = logits.softmax(dim=2)
            return {
                "mi": conditional_entropy_balance(clusters, prototypes, self.config.beta),
                "logit": logit_excess(logits),
                "cluster_entropy": _entropy(clusters.detach().mean(dim=(0, 1))),
                "crops": (clusters[0].argmax(dim=1) == clusters[1].argmax(dim=1)).float().mean(),
            }

    def _idle_terms(self) -> dict[str, Tensor]:
        """Terms of a step in which the classifier does not learn; the gradient of this zero is zero."""
        zero = 0 * next(self.classifier.parameters()).sum()
        return {"mi": zero, "logit": zero}

    def _banked(self, embeddings: Tensor, prototypes: Tensor, labelled: Tensor) -> tuple[Tensor, Tensor] | None:
        """Embeddings and codes of the labelled part over the last steps; None until a batch of them is together."""
        self.bank.append((embeddings[:, labelled].float(), prototypes[:, labelled]))
        if sum(part.shape[1] for part, _ in self.bank) < self.config.batch_size:
            return None
        together = tuple(torch.cat(parts, dim=1) for parts in zip(*self.bank, strict=True))
        self.bank.clear()
        return together[0], together[1]

    def after_backward(self, stage: str, phase: str) -> None:
        """Prototypes stay where they are during warm-up: without a gradient Adam passes them by.

        A classifier that did not learn in this step gets zero gradients, so that Adam moves it on, or none. Before its
        first update it has no momentum to coast on: published code then has no gradient for Adam at all.
        """
        if self._steps < self.config.warm_up:
            self.prototypes.weight.grad = None
        if self._idle:
            coasts = self.config.idle_classifier == "coast"
            for parameter in self.classifier.parameters():
                parameter.grad = torch.zeros_like(parameter) if coasts and parameter in self.adam.state else None

    def after_step(self, stage: str, phase: str, step: int) -> None:
        """Count the steps, which warm-up is measured in."""
        self._steps += 1
        self.n_steps.fill_(self._steps)

    @torch.no_grad()
    def before_evaluation(self, data: tuple[Tensor, ...], evaluated: tuple[Tensor, ...]) -> None:
        """Measure batch-norm statistics on whole images: those of small jittered crops do not fit them."""
        if self.config.statistics == "off":
            return
        images = data[0] if self.config.statistics == "train" else evaluated[0]
        batches = some_batches(images, self.config.batch_size)
        measure_statistics(self, batches, lambda batch: self.classifier(self.encoder(self.plain(batch))))

    def together(self, device: torch.device) -> bool:
        """Whether crops of one size pass the encoder as one batch, which changes no result.

        Measured: in float32 a CPU is faster with each crop alone (its caches hold the maps), in bf16 with all together.
        """
        return device.type != "cpu" or torch.is_autocast_enabled("cpu")

    def crops(
        self, images: Tensor, generator: torch.Generator, partners: Tensor | None = None
    ) -> tuple[Float[Tensor, "v b c s s"], ...]:
        """Two large, and where asked for the small, augmented crops of raw images, ready for the encoder.

        Args:
            images: (B, C, H, W) raw.
            generator: of all draws.
            partners: images whose crop takes the place of the second large one.
        """
        whole, (high, low) = self._unit(images), self.sizes
        seen = (whole, *(whole if partners is None else self._unit(partners) for _ in range(N_HIGH - 1)))
        large = self._augmented(torch.cat(seen), N_HIGH, high, self.config.high_area, 1.0, generator)
        if not self.config.n_low:
            return (large,)
        many = whole.repeat(self.config.n_low, 1, 1, 1)
        return large, self._augmented(many, self.config.n_low, low, SMALLEST_AREA, self.config.low_area, generator)

    def _augmented(
        self, images: Tensor, n_crops: int, size: int, min_area: float, max_area: float, generator: torch.Generator
    ) -> Float[Tensor, "v b c s s"]:
        crop = random_resized_crop(
            images,
            min_area=min_area,
            max_area=max_area,
            size=size,
            flip=self.config.flip,
            generator=generator,
        )
        strength = self.config.jitter
        if crop.shape[1] == 3:
            changed = jitter_color(crop, strength, HUE_SHARE * strength, generator)
            crop = sometimes(crop, changed, self.config.jitter_share, generator)
            crop = sometimes(crop, to_gray(crop).expand_as(crop), self.config.gray_share, generator)
        elif crop.shape[1] == 1:
            crop = sometimes(crop, jitter_gray(crop, strength, generator), self.config.jitter_share, generator)
        return ((crop - self.mean) / self.deviation).unflatten(0, (n_crops, -1))

    def plain(self, images: Tensor) -> Float[Tensor, "b c h w"]:
        """Whole raw images, normalised and where they are tiny enlarged, as they are evaluated."""
        whole = (self._unit(images) - self.mean) / self.deviation
        size = enlarged((whole.shape[2], whole.shape[3]))
        return whole if size == whole.shape[2:] else F.interpolate(whole, size, mode="bilinear")

    def _unit(self, images: Tensor) -> Tensor:
        view = self.spec.views[0]
        return (images.float() - view.low) / (view.high - view.low)

    def embed(self, views: tuple[Tensor, ...]) -> Float[Tensor, "b e"]:
        """Embedding e of raw samples."""
        return self.encoder(self.plain(views[0]))

    def logits(self, views: tuple[Tensor, ...]) -> Float[Tensor, "b k"]:
        """Classifier scores of raw samples; gradients pass into the encoder, as Grad-CAM needs them."""
        return self.classifier(self.embed(views)).float()

    def spaces(self, views: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """z: the embedding; p: the projection on the unit sphere, where the prototypes are."""
        embedding = self.embed(views)
        return {
            "z": embedding,
            "p": F.normalize(self.projection(embedding).float()),
            "logits": self.classifier(embedding),
        }

    def landmarks(self) -> dict[str, Tensor]:
        """The prototypes."""
        return {"p": F.normalize(self.prototypes.weight)}

    def prototype_scores(self, views: tuple[Tensor, ...]) -> Float[Tensor, "b p"]:
        """Cosines s of raw samples and prototypes."""
        unit = F.normalize(self.projection(self.embed(views)).float())
        return unit @ F.normalize(self.prototypes.weight).T

    @torch.no_grad()
    def augmented_codes(self, views: tuple[Tensor, ...], generator: torch.Generator) -> Float[Tensor, "2 b p"]:
        """Codes u of the two large crops; batch statistics are what they are in training."""
        large = self.crops(views[0], generator)[0]
        unit = F.normalize(torch.stack([self.projection(self.encoder(crop)).float() for crop in large]), dim=2)
        return (unit @ F.normalize(self.prototypes.weight).T / self.config.temperature).softmax(dim=2)

    def cam_layer(self, view: int = 0) -> nn.Module:
        """The last stage of the encoder."""
        return self.encoder.cam_layer

    def cam_layers(self, view: int = 0) -> dict[str, nn.Module]:
        """The last stage, and the one before for a map of twice the detail."""
        return {"stage 4": self.encoder.cam_layer, "stage 3": self.encoder.stages[-2]}

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        if self.bank:
            for name, parts in zip(BANK, zip(*self.bank, strict=True), strict=True):
                destination[prefix + name] = torch.cat(parts, dim=1)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        self.bank = [tuple(state_dict.pop(prefix + name) for name in BANK)] if prefix + BANK[0] in state_dict else []
        super()._load_from_state_dict(state_dict, prefix, *args)
        self.__dict__.pop("_counted", None)

    @property
    def _steps(self) -> int:
        # Read from the buffer once (a run that goes on brings it), then counted here: reading waits for the device.
        if not hasattr(self, "_counted"):
            self._counted = int(self.n_steps)
        return self._counted

    @_steps.setter
    def _steps(self, value: int) -> None:
        self._counted = value


def enlarged(size: tuple[int, int]) -> tuple[int, int]:
    """Pixels (H, W) at which whole images are seen: their own, or more where they are tiny."""
    factor = max(1.0, SMALLEST_IMAGE / min(size))
    return round(size[0] * factor), round(size[1] * factor)


def crop_sizes(config: Config, size: int) -> tuple[int, int]:
    """Pixels of large and small crops for images seen at `size` pixels."""
    return config.high_size or round(size * 7 / 8), config.low_size or round(size * 9 / 16)


def _embed(encoder: nn.Module, crops: Float[Tensor, "v b c s s"], together: bool) -> Float[Tensor, "v b e"]:
    """Embeddings of crops of one size; batch norm sees each crop of the batch alone."""
    return _rows(encoder, crops) if together else torch.stack([encoder(crop) for crop in crops])


def _rows(network: nn.Module, crops: Tensor) -> Float[Tensor, "v b f"]:
    """What the network gives for all crops (V, B, ...) at once, with the batch statistics of each crop alone."""
    with crops_together(network, len(crops)):
        return network(crops.flatten(0, 1)).unflatten(0, crops.shape[:2])


def _layer(in_dim: int, out_dim: int) -> tuple[nn.Module, ...]:
    return nn.Linear(in_dim, out_dim), CropNorm1d(out_dim), nn.ReLU(inplace=True)


def _entropy(probs: Float[Tensor, " n"]) -> Float[Tensor, ""]:
    return torch.special.entr(probs).sum()


METHOD = IMCSwAV
