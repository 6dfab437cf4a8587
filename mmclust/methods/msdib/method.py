"""MSDIB: Multi-aspect Self-guided Deep Information Bottleneck for Multi-modal Clustering, AAAI 2025.

Shapes: V views, B batch, F features, H hidden units of the head, K clusters, S = V + 1 branches (views, then fused).
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mmclust.data.dataset import DataSpec, ViewSpec
from mmclust.losses.alignment import ALIGN_RATE, align_terms
from mmclust.losses.balance import cross_entropy, sinkhorn
from mmclust.losses.divergence import (
    assignment_overlap,
    cluster_similarity,
    corner_closeness,
    gaussian_kernel,
    normal_divergence,
)
from mmclust.losses.information import assignment_information, joint, view_pairs
from mmclust.methods.base import Batch, Method, Stage
from mmclust.methods.msdib.card import Config, several_starts, stages
from mmclust.nets.kmeans import kmeans, nearest, nearest_mean_layer
from mmclust.nets.stems import ImageStem
from mmclust.nets.views import GaussianHead, ViewLinear, ViewNorm, sample
from mmclust.seeding import seeded

INPUT_DIM, TRUNK_DIM, FEATURE_DIM, HEAD_DIM = 512, 256, 128, 100
"""Widths of the first layer and the trunk's inner one, of the trunk's end, of the features, of the head."""
SAMPLES_PER_CLUSTER = 5
"""Samples in a batch for each cluster, at least."""
BALANCE_POWER = 10
"""Sharpness of assignments before they are balanced into self-labels, as in DMIM for feature sets."""
PLACED_SHARPNESS = 4.0
"""Of the assignments that a placed head starts with: mostly sure, none final."""
CHUNK = 4096


class MSDIB(Method):
    """Compressed features of each view, fused; clusters of views and fusion stay predictable from each other."""

    config: Config
    own_rates = frozenset({"align"})
    left: Tensor
    right: Tensor
    best: Tensor
    """The network of the best start so far, flattened."""
    best_score: Tensor
    """Its objective."""
    score: Tensor
    """Sum of this start's objective over its last epoch, and the number of steps."""

    def __init__(self, config: Config, spec: DataSpec) -> None:
        super().__init__(config, spec)
        c, n_views = config, len(spec.views)
        shared, pooled = c.trunk == "shared", c.trunk == "shared" and c.statistics == "shared"

        def norm(n_branches: int, dim: int, own: bool = False) -> nn.Module:
            return ViewNorm(n_branches, dim, shared=not own, pooled=pooled) if c.normalise else nn.Identity()

        self.first = nn.ModuleList(_first_layer(view) for view in spec.views)
        self.first_norm = ViewNorm(n_views, INPUT_DIM, shared=False) if c.normalise else nn.Identity()
        self.trunk = nn.Sequential(
            ViewLinear(n_views, INPUT_DIM, INPUT_DIM, shared=shared),
            norm(n_views, INPUT_DIM, not shared),
            nn.ReLU(),
            ViewLinear(n_views, INPUT_DIM, TRUNK_DIM, shared=shared),
            norm(n_views, TRUNK_DIM, not shared),
            nn.ReLU(),
        )
        whole = c.feature == "whole"
        self.gaussian = GaussianHead(n_views, TRUNK_DIM, FEATURE_DIM, shared=shared)
        self.fusion = nn.Parameter(torch.zeros(n_views))
        feature_dim = 2 * FEATURE_DIM if whole else FEATURE_DIM
        self.head = nn.Sequential(
            ViewLinear(n_views + 1, feature_dim, HEAD_DIM),
            nn.ReLU(),
            ViewNorm(n_views + 1, HEAD_DIM, pooled=pooled),
        )
        self.clusters = ViewLinear(n_views + 1, HEAD_DIM, spec.n_clusters)
        # What is compared: the views of each pair, then each view with the fusion, which comes after the views.
        # Buffers, since indices in Python would be copied to the device in every step.
        first, second = view_pairs(n_views)
        self.n_pairs = len(first)
        self.register_buffer("left", torch.cat((first, torch.arange(n_views))), persistent=False)
        self.register_buffer("right", torch.cat((second, torch.full((n_views,), n_views))), persistent=False)
        self.warming = self.scoring = self.aligning = False
        self.adam: torch.optim.Adam | None = None
        _he_normal(self)
        n_kept = sum(values.numel() for values in self._network()) if self._several_starts else 0
        self.register_buffer("best", torch.zeros(n_kept))
        self.register_buffer("best_score", torch.tensor(math.inf))
        self.register_buffer("score", torch.zeros(2))

    @classmethod
    def validate(cls, spec: DataSpec, config: Config) -> str | None:
        """Why MSDIB cannot take such data, in one sentence; None when it can."""
        if len(spec.views) < 2:
            return (
                f"MSDIB fuses two or more views of each sample, {spec.name} has one; "
                "choose a data set of several views, or the method dccs for images."
            )
        return None

    @classmethod
    def warnings(cls, spec: DataSpec, config: Config, n_samples: int) -> tuple[str, ...]:
        """A warning where clusters are often missing from a batch, which the clustering loss cannot take well."""
        n_batch = min(config.batch_size or n_samples, n_samples)
        needed = SAMPLES_PER_CLUSTER * spec.n_clusters
        if n_batch >= needed:
            return ()
        remedy = f"raise batch_size to {needed} or more" if n_samples >= needed else "use more samples"
        return (f"{n_batch} samples in a batch leave some of {spec.n_clusters} clusters empty; {remedy}.",)

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """One Adam over everything; the alignment has another, of the encoders."""
        self.adam = torch.optim.Adam(self.parameters(), lr=self.config.learning_rate, fused=True)
        found: dict[str, torch.optim.Optimizer] = {"main": self.adam}
        if self.config.align_epochs:
            found["align"] = torch.optim.Adam(self._encoders(), lr=ALIGN_RATE, fused=True)
        return found

    def _encoders(self) -> list[nn.Parameter]:
        parts = (self.first, self.first_norm, self.trunk, self.gaussian)
        return [parameter for part in parts for parameter in part.parameters()]

    def rowwise(self) -> tuple[tuple[nn.Module, int], ...]:
        """The views' first layers, and the trunk."""
        return (*((layer, 0) for layer in self.first), (self.trunk, 1))

    def phases(self, step: int) -> tuple[str, ...]:
        """The alignment, or the objective."""
        return ("align",) if self.aligning else ("main",)

    @property
    def _several_starts(self) -> bool:
        return several_starts(self.config)

    def stages(self, epochs: int) -> tuple[Stage, ...]:
        """An alignment or several starts, in at most two thirds of the epochs; then the training."""
        return tuple(Stage(name=name, epochs=n) for name, n in stages(self.config, epochs))

    def start_stage(self, stage: str, data: tuple[Tensor, ...], generator: torch.Generator) -> None:
        """Clusters are placed in aligned features; or each start has new weights, and the best goes on."""
        self.aligning = stage == "align"
        if self.score[1] > 0:
            self._keep_if_best()
        if stage == "train" and self.best_score.isfinite():
            self._load(self.best)
        elif stage == "train" and self.config.align_epochs:
            self._place_clusters(data, generator)
        elif stage.startswith("start_") and stage != "start_1":
            self._load(self._fresh(generator))
        if self.adam is not None:
            self.adam.state.clear()

    @torch.no_grad()
    def _place_clusters(self, data: tuple[Tensor, ...], generator: torch.Generator, n_starts: int = 10) -> None:
        """The head's last layer gets the clusters that k-means finds in the fused features."""
        was_training = self.training
        self.eval()
        parts: list[tuple[Tensor, Tensor]] = []
        for views in zip(*(view.split(CHUNK) for view in data), strict=True):
            branches = self.fused(self.encode(views)[2])
            parts.append((branches[-1].float(), self.classify(branches)[0][-1].float()))
        self.train(was_training)
        features, hidden = (torch.cat(part) for part in zip(*parts, strict=True))
        owner = nearest(features, kmeans(features, self.spec.n_clusters, generator, n_starts=n_starts))
        weight, bias = nearest_mean_layer(hidden, owner, self.spec.n_clusters, sharpness=PLACED_SHARPNESS)
        self.clusters.weight.copy_(weight.unsqueeze(0))
        self.clusters.bias.copy_(bias.unsqueeze(0))

    def before_evaluation(self, data: tuple[Tensor, ...], evaluated: tuple[Tensor, ...]) -> None:
        """While views are aligned, clusters follow the features, so that curves show where k-means stands."""
        if self.aligning:
            generator = torch.Generator(data[0].device).manual_seed(0)  # evaluating must not move the run's draws
            self._place_clusters(data, generator, n_starts=1)

    def _keep_if_best(self) -> None:
        score = self.score[0] / self.score[1]
        if score < self.best_score:
            self.best_score.copy_(score)
            self.best.copy_(torch.cat([values.detach().reshape(-1).float() for values in self._network()]))
        self.score.zero_()

    def _network(self) -> list[Tensor]:
        """All weights and running statistics, without what is kept of other starts."""
        own = ("best", "best_score", "score")
        return [values for name, values in self.state_dict().items() if name not in own]

    def _load(self, flat: Tensor) -> None:
        values = self._network()
        with torch.no_grad():
            for value, part in zip(values, flat.split([value.numel() for value in values]), strict=True):
                value.copy_(part.view_as(value))

    def _fresh(self, generator: torch.Generator) -> Tensor:
        """A newly initialised network, flattened."""
        seed = int(torch.randint(2**31 - 1, (), device=generator.device, generator=generator))
        with seeded(seed):
            fresh = MSDIB(self.config, self.spec)
        return torch.cat([values.reshape(-1).float() for values in fresh._network()]).to(self.fusion.device)

    def schedule(self, stage: str, epoch: float, epochs: int) -> None:
        """No clustering loss during starts and warm-up; a start is judged by its last epoch."""
        warm = self.config.warm_start
        self.aligning = stage == "align"
        if stage in ("train", "align"):
            self.scoring = False
            self.warming = epoch < warm and len(self.stages(epochs)) == 1
        else:
            self.scoring = epoch >= int(stage.removeprefix("start_")) * warm - 1
            self.warming = True

    def after_step(self, stage: str, phase: str, step: int) -> None:
        """Sums up the objective by which starts are compared."""
        if self.scoring:
            self.score += torch.stack((self.objective, torch.ones_like(self.objective)))

    def weights(self, stage: str, phase: str) -> dict[str, float]:
        """Weights of Eq. 1: L_DDC - alpha L_IP + beta L_IC; the signs of L_IP are in its terms."""
        if phase == "align":
            return {"align": 1.0}
        c = self.config
        # Without the other two there is nothing to warm up with.
        return self._weights(0.0 if self.warming and (c.alpha or c.beta) else c.ddc)

    def _weights(self, ddc: float) -> dict[str, float]:
        c = self.config
        return {
            "separation": ddc,
            "overlap": ddc,
            "corners": ddc,
            "bottleneck": c.beta * c.kappa,
            "shared": c.beta,
            "balance": c.beta * c.balance,
            "keep_features": c.alpha,
            "keep_clusters": c.alpha,
        }

    def loss_terms(self, batch: Batch, stage: str, phase: str) -> dict[str, Tensor]:
        """The terms of Eq. 1 on a batch; the fusion's weights are watched."""
        c = self.config
        mean, scale, features = self.encode(batch.views, batch.generator, c.input_noise)
        if phase == "align":
            return self._alignment(features)
        branches = self.fused(features)
        hidden, logits = self.classify(branches)
        fused_hidden, log_probs = hidden[-1].float(), logits.float().log_softmax(dim=-1)
        probs = log_probs.exp()
        with torch.autocast(probs.device.type, enabled=False):
            terms = self.clustering(fused_hidden, probs[-1])
            of_views = normal_divergence(mean.float(), scale.float())
            terms["bottleneck"] = of_views.sum() if c.bottleneck_views == "sum" else of_views.mean()
            terms |= self.information(branches.float(), probs)
            if c.balance:
                source = probs[-1:] if c.balance_target == "shared" else probs
                codes = sinkhorn(source.detach() ** BALANCE_POWER, 5)
                terms["balance"] = cross_entropy(codes.expand_as(probs), log_probs).sum()
        # The whole objective, also while a part of it waits.
        whole = [weight * terms[name].detach() for name, weight in self._weights(c.ddc).items() if weight]
        self.objective = torch.stack(whole).sum()
        fusion = self.fusion.detach().softmax(dim=0)
        return terms | {f"weight_{number}": weight for number, weight in enumerate(fusion, start=1)}

    def _alignment(self, features: Float[Tensor, "v b f"]) -> dict[str, Tensor]:
        """The alignment's loss; `shared_information` is only watched."""
        with torch.no_grad():
            self.head(self.fused(features))  # its normalisation follows, to be ready when clusters are placed
        return align_terms(features, self.config.align_temperature)

    def clustering(self, hidden: Float[Tensor, "b h"], probs: Float[Tensor, "b k"]) -> dict[str, Tensor]:
        """The three parts of L_DDC on the fused branch (Eq. 2-4)."""
        c = self.config
        kernel = gaussian_kernel(hidden, c.kernel_width)
        return {
            "separation": cluster_similarity(probs, kernel, divisor=c.pair_divisor),
            "overlap": assignment_overlap(probs, between=c.overlap),
            "corners": cluster_similarity(corner_closeness(probs), kernel, divisor=c.pair_divisor),
        }

    def information(self, branches: Float[Tensor, "s b f"], probs: Float[Tensor, "s b k"]) -> dict[str, Tensor]:
        """What two views share (part of L_IC) and what each keeps of the fusion (L_IP, negated): Eq. 14-17."""
        density = branches.softmax(dim=-1) if self.config.feature_density == "softmax" else branches.relu() + 1e-9
        of_features = assignment_information(joint(density[self.left], density[self.right]))
        of_clusters = assignment_information(
            joint(probs[:-1], probs[-1:].expand_as(probs[:-1])), self.config.entropy_weight
        )
        return {
            "shared": of_features[: self.n_pairs].sum(),
            "keep_features": -of_features[self.n_pairs :].sum(),
            "keep_clusters": -of_clusters.sum(),
        }

    def encode(
        self, views: tuple[Tensor, ...], generator: torch.Generator | None = None, noise: float = 0.0
    ) -> tuple[Float[Tensor, "v b f"], Float[Tensor, "v b f"], Float[Tensor, "v b g"]]:
        """Means, deviations and features of all views; features are drawn where there is a generator.

        Args:
            views: raw samples.
            generator: None takes means.
            noise: deviation of noise on vector inputs.
        """
        first = [self._enter(layer, view, noise, generator) for layer, view in zip(self.first, views, strict=True)]
        inner = self.trunk(self.first_norm(torch.stack(first)).relu())
        mean, scale = self.gaussian(inner)
        if self.config.feature == "whole":
            return mean, scale, torch.cat((mean, self.gaussian.raw(inner)), dim=-1)
        return mean, scale, mean if generator is None else sample(mean, scale, generator)

    @staticmethod
    def _enter(layer: nn.Module, view: Tensor, noise: float, generator: torch.Generator | None) -> Tensor:
        if view.dim() > 2:
            return layer(view)
        values = view.float()
        if noise:
            values = values + noise * torch.randn(values.shape, device=values.device, generator=generator)
        return layer(values)

    def fused(self, features: Float[Tensor, "v b f"]) -> Float[Tensor, "s b f"]:
        """The views' features and, last, their weighted sum H^s."""
        fusion = self.fusion.softmax(dim=0)
        return torch.cat((features, torch.einsum("v,vbf->bf", fusion, features).unsqueeze(0)))

    def classify(self, branches: Float[Tensor, "s b f"]) -> tuple[Float[Tensor, "s b h"], Float[Tensor, "s b k"]]:
        """Hidden layer and scores of every branch; one head serves all."""
        hidden = self.head(branches)
        return hidden, self.clusters(hidden)

    def embed(self, views: tuple[Tensor, ...]) -> Float[Tensor, "b f"]:
        """Fused features H^s, from means."""
        return self.fused(self.encode(views)[2])[-1]

    def logits(self, views: tuple[Tensor, ...]) -> Float[Tensor, "b k"]:
        """Scores of the fused branch."""
        return self.classify(self.fused(self.encode(views)[2]))[1][-1].float()

    def spaces(self, views: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """Features h and the head's hidden layer, fused and per view, and the scores."""
        branches = self.fused(self.encode(views)[2])
        hidden, logits = self.classify(branches)
        spaces = {"h": branches[-1], "hidden": hidden[-1], "logits": logits[-1].float()}
        for number in range(1, len(views) + 1):
            spaces[f"h_{number}"] = branches[number - 1]
            spaces[f"hidden_{number}"] = hidden[number - 1]
            spaces[f"logits_{number}"] = logits[number - 1].float()
        return spaces

    def after_backward(self, stage: str, phase: str) -> None:
        """Shortens the gradient."""
        nn.utils.clip_grad_norm_(self.parameters(), self.config.clip)

    def cam_layer(self, view: int = 0) -> nn.Module | None:
        """The last convolution of a view's stem; None where it has none."""
        stems = [module for module in self.first[view].modules() if isinstance(module, ImageStem)]
        return stems[0].cam_layer if stems else None


def _first_layer(view: ViewSpec) -> nn.Module:
    """A view's own first layer, without its normalisation."""
    if view.kind == "vector":
        return nn.Linear(view.shape[0], INPUT_DIM)
    stem = ImageStem(view)
    return nn.Sequential(stem, nn.Linear(stem.features_dim, INPUT_DIM))


def _he_normal(module: nn.Module) -> None:
    """He-normal weights and zero biases."""
    for layer in module.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | ViewLinear):
            weights = layer.weight if isinstance(layer, ViewLinear) else layer.weight.unsqueeze(0)
            for weight in weights:
                nn.init.kaiming_normal_(weight.data, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


METHOD = MSDIB
