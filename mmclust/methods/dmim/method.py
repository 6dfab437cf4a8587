"""DMIM: Mao, Yan, Guo, Ye, Deep Mutual Information Maximin for Cross-Modal Clustering, AAAI 2021.

Shapes: V views, B batch, N samples, D common input width, F features, K clusters (or over-clusters), P pairs of views.
"""

import math
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from mmclust.data.dataset import DataSpec
from mmclust.losses.alignment import ALIGN_RATE, align_terms
from mmclust.losses.balance import cross_entropy, sinkhorn
from mmclust.losses.divergence import normal_divergence, softmax_divergence
from mmclust.losses.information import assignment_information, joint, view_pairs
from mmclust.methods.base import Batch, Method, Stage
from mmclust.methods.dmim.card import Config, stages
from mmclust.nets.inputs import ViewInputs
from mmclust.nets.kmeans import kmeans, nearest, nearest_mean_layer
from mmclust.nets.views import GaussianHead, ViewLinear, sample, view_block

EVALUATION_BATCH = 4096
SAMPLES_PER_CLUSTER = 2
"""Samples in a batch for each output of a head, at least: with fewer the joint is mostly chance."""
PLACED_SHARPNESS = 4.0
"""Of the assignments that a placed head starts with: mostly sure, none final."""


class DMIM(Method):
    """Views agree on clusters as far as possible and tell nothing beyond them that would make clusters unequal."""

    config: Config
    own_rates = frozenset({"align"})
    alignment: Tensor
    """(V, K): cluster of each view that stands for cluster k of the first."""
    first: Tensor
    second: Tensor
    labels: Tensor
    """(2, T, N) hard self-labels of clusters and over-clusters, -1 before the first; empty when not in use."""

    def __init__(self, config: Config, spec: DataSpec) -> None:
        super().__init__(config, spec)
        c, n_views = config, len(spec.views)
        self.inputs = ViewInputs(spec.views)
        norm = {"shared": c.shared_encoder, "pooled": c.shared_encoder and c.statistics == "shared"}
        self.encoder = nn.Sequential(
            view_block(n_views, self.inputs.width, c.hidden, **norm),
            view_block(n_views, c.hidden, c.feature_dim, **norm),
        )
        self.gaussian = GaussianHead(
            n_views, c.feature_dim, c.feature_dim, shared=c.shared_encoder, shift=c.deviation_shift
        )
        self.head = ViewLinear(n_views, c.feature_dim, spec.n_clusters)
        n_over = c.over_factor * spec.n_clusters if c.over_weight else 0
        self.over_head = ViewLinear(n_views, c.feature_dim, n_over) if n_over else None
        # Buffers, since indices in Python would be copied to the device in every step.
        for name, views in zip(("first", "second"), view_pairs(n_views), strict=True):
            self.register_buffer(name, views, persistent=False)
        self.renewing, self.aligning = True, False
        self.register_buffer("alignment", torch.arange(spec.n_clusters).repeat(n_views, 1))
        self.register_buffer("labels", torch.empty(2, 0, 0, dtype=torch.long))
        if config.initialisation == "normal":
            for layer in self.modules():
                if isinstance(layer, ViewLinear):
                    nn.init.normal_(layer.weight, std=0.02)
                    nn.init.zeros_(layer.bias)

    @classmethod
    def validate(cls, spec: DataSpec, config: Config) -> str | None:
        """Why DMIM cannot take such data, in one sentence; None when it can."""
        if len(spec.views) < 2:
            return (
                f"DMIM compares two or more views of each sample, {spec.name} has one; "
                "choose a data set of several views, or the method dccs for images."
            )
        return None

    @classmethod
    def warnings(cls, spec: DataSpec, config: Config, n_samples: int) -> tuple[str, ...]:
        """A warning where a batch is too small to fill the joint of two views' assignments."""
        n_batch = min(config.batch_size or n_samples, n_samples)
        over = config.over_factor if config.over_weight else 0
        n_outputs = max(1, over) * spec.n_clusters
        if n_batch >= SAMPLES_PER_CLUSTER * n_outputs:
            return ()
        what = f"{n_outputs} over-clusters" if over else f"{n_outputs} clusters"
        remedy = f"raise batch_size to {SAMPLES_PER_CLUSTER * n_outputs} or more"
        if n_samples < SAMPLES_PER_CLUSTER * n_outputs:
            remedy = "use more samples"
        lower = max(0, n_batch // (SAMPLES_PER_CLUSTER * spec.n_clusters)) if over else 0
        smaller = f", or lower over_factor to {lower}" if over else ""
        return (f"{n_batch} samples in a batch are too few for a stable joint of {what}; {remedy}{smaller}.",)

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """One Adam over everything; the alignment has another, of the encoder."""
        adam = torch.optim.Adam(self.parameters(), lr=self.config.learning_rate, fused=True)
        found: dict[str, torch.optim.Optimizer] = {"main": adam}
        if self.config.align_epochs:
            parts = (self.inputs, self.encoder, self.gaussian)
            encoder = [parameter for part in parts for parameter in part.parameters()]
            found["align"] = torch.optim.Adam(encoder, lr=ALIGN_RATE, fused=True)
        return found

    def stages(self, epochs: int) -> tuple[Stage, ...]:
        """An alignment, in at most two thirds of the epochs, if asked for; then the training."""
        return tuple(Stage(name=name, epochs=n) for name, n in stages(self.config, epochs))

    def phases(self, step: int) -> tuple[str, ...]:
        """The alignment, or the objective."""
        return ("align",) if self.aligning else ("main",)

    def rowwise(self) -> tuple[tuple[nn.Module, int], ...]:
        """The stems of image views, and the encoder."""
        return (*((stem, 0) for stem in self.inputs.stems.values()), (self.encoder, 1))

    def weights(self, stage: str, phase: str) -> dict[str, float]:
        """Weights of the objective; a head or term that is not there has none."""
        if phase == "align":
            return {"align": 1.0}
        c = self.config
        over = c.over_weight if self.over_head else 0.0
        return {
            "information": 1.0,
            "superfluous": c.beta,
            "information_over": over,
            "superfluous_over": over * c.beta if c.target_heads == "both" else 0.0,
            "bottleneck": 0.0 if c.feature == "deterministic" else c.gamma,
        }

    def loss_terms(self, batch: Batch, stage: str, phase: str) -> dict[str, Tensor]:
        """The objective's terms on a batch."""
        c = self.config
        inputs = self.inputs(batch.views, c.input_noise if self.training else 0.0, batch.generator)
        inner = self.encoder(inputs)
        mean, scale = self.gaussian(inner)
        drawn = sample(mean, scale, batch.generator)
        read = {"gaussian": drawn, "deterministic": mean, "beside": inner}[c.feature]
        if phase == "align":
            return align_terms(read, c.align_temperature)
        terms = {}
        for place, (name, head) in enumerate((("", self.head), ("_over", self.over_head))):
            if head is not None:
                log_probs = head(read).float().log_softmax(dim=-1)
                terms[f"information{name}"] = -self.information(log_probs.exp())
                terms[f"superfluous{name}"] = self.superfluous(log_probs, place, batch)
        if c.bottleneck == "gaussian":
            terms["bottleneck"] = normal_divergence(mean.float(), scale.float()).mean()
        else:
            prior = torch.randn(drawn.shape[1:], device=drawn.device, generator=batch.generator)
            terms["bottleneck"] = softmax_divergence(prior.expand_as(drawn), drawn.float())
        return terms

    def information(self, probs: Float[Tensor, "v b k"]) -> Float[Tensor, ""]:
        """I(Z_i; Z_j) of Eq. 1-2, mean over all pairs of views."""
        return assignment_information(joint(probs[self.first], probs[self.second]), self.config.entropy_weight).mean()

    def superfluous(self, log_probs: Float[Tensor, "v b k"], place: int, batch: Batch) -> Float[Tensor, ""]:
        """Divergence of the assignments from balanced self-labels, mean over views (Eq. 14).

        Args:
            log_probs: logarithms of the assignments.
            place: 0 for clusters, 1 for over-clusters.
            batch: says which samples these are.
        """
        codes = self.codes(log_probs.detach().exp(), place, batch.index)
        loss = self.config.target_loss
        views = log_probs[:1] if self.config.target == "first-view" else log_probs
        if loss == "reverse-kl":
            return (views.exp() * (views - codes.clamp_min(1e-12).log())).sum(dim=-1).mean()
        if loss == "softmax-twice":
            views = views.exp().log_softmax(dim=-1)
        return cross_entropy(codes.expand_as(views), views).mean()

    def codes(self, probs: Float[Tensor, "v b k"], place: int, index: Tensor) -> Float[Tensor, "t b k"]:
        """Self-labels q: one for all views, or one for each (T = 1 or V)."""
        c = self.config
        source = {"shared": probs.mean(dim=0, keepdim=True), "per-view": probs, "first-view": probs[:1]}[c.target]
        # Each row's largest entry becomes 1: powers of many small probabilities would all fall below the floor.
        codes = sinkhorn((source / source.amax(dim=-1, keepdim=True)) ** c.tau, c.sinkhorn_rounds)
        if not c.renew_every:
            return codes
        found = codes.argmax(dim=-1)
        kept = self.labels[place][:, index]
        found = torch.where((kept < 0) | self.renewing, found, kept)
        self.labels[place][:, index] = found
        return F.one_hot(found, probs.shape[-1]).to(probs.dtype)

    def start_stage(self, stage: str, data: tuple[Tensor, ...], generator: torch.Generator) -> None:
        """Phases the views towards each other; places the clusters; makes room for self-labels where they are kept."""
        self.aligning = stage == "align"
        if self.config.match_views:
            self.inputs.align(data)
        if self.config.align_epochs and not self.aligning:
            self._place_clusters(data, generator)
        if self.config.renew_every:
            n_targets = len(data) if self.config.target == "per-view" else 1
            self.labels = torch.full((2, n_targets, len(data[0])), -1, device=data[0].device)

    def schedule(self, stage: str, epoch: float, epochs: int) -> None:
        """Self-labels that are kept are renewed in every `renew_every`-th epoch."""
        self.aligning = stage == "align"
        if self.config.renew_every:
            self.renewing = int(epoch) % self.config.renew_every == 0

    def before_evaluation(self, data: tuple[Tensor, ...], evaluated: tuple[Tensor, ...]) -> None:
        """Matches the clusters of each view to the first view's (Hungarian on the joint of the assignments).

        While views are aligned, clusters follow the features first, so that curves show where k-means stands.
        """
        if self.aligning:
            generator = torch.Generator(data[0].device).manual_seed(0)  # evaluating must not move the run's draws
            self._place_clusters(data, generator, n_starts=1)
        if self.config.prediction != "aligned":
            return
        was_training = self.training
        self.eval()
        with torch.inference_mode():
            chunks = zip(*(view.split(EVALUATION_BATCH) for view in data), strict=True)
            parts = [self._read(chunk)[1].softmax(dim=-1) for chunk in chunks]
            together = sum((part[:1].transpose(1, 2) @ part for part in parts), torch.zeros((), device=data[0].device))
        self.train(was_training)
        matches = [linear_sum_assignment(view.cpu().numpy(), maximize=True)[1] for view in together]
        self.alignment.copy_(torch.as_tensor(np.stack(matches)))

    @torch.no_grad()
    def _place_clusters(self, data: tuple[Tensor, ...], generator: torch.Generator, n_starts: int = 10) -> None:
        """The head gets the clusters that k-means finds in the mean of the views' features."""
        was_training = self.training
        self.eval()
        chunks = zip(*(view.split(EVALUATION_BATCH) for view in data), strict=True)
        features = torch.cat([self.embed(chunk) for chunk in chunks]).float()
        self.train(was_training)
        n_clusters = self.spec.n_clusters
        owner = nearest(features, kmeans(features, n_clusters, generator, n_starts=n_starts))
        weight, bias = nearest_mean_layer(features, owner, n_clusters, sharpness=PLACED_SHARPNESS)
        self.head.weight.copy_(weight.expand_as(self.head.weight))
        self.head.bias.copy_(bias.expand_as(self.head.bias))

    def _read(self, views: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        """What the heads read when nothing is drawn (V, B, F), and the clusters' scores (V, B, K)."""
        inner = self.encoder(self.inputs(views))
        read = inner if self.config.feature == "beside" else self.gaussian.mean(inner)
        return read, self.head(read).float()

    def _fused(self, logits: Float[Tensor, "v b k"]) -> Float[Tensor, "b k"]:
        """Log-probabilities of the views together."""
        log_probs = logits.log_softmax(dim=-1)
        if self.config.prediction == "first-view":
            return log_probs[0]
        order = self.alignment.unsqueeze(1).expand_as(log_probs)
        return log_probs.gather(2, order).logsumexp(dim=0) - math.log(len(log_probs))

    def embed(self, views: tuple[Tensor, ...]) -> Float[Tensor, "b f"]:
        """Mean of the views' features; DMIM has no fusion layer."""
        return self._read(views)[0].mean(dim=0)

    def logits(self, views: tuple[Tensor, ...]) -> Float[Tensor, "b k"]:
        """Log-probabilities of the views' aligned mean assignment."""
        return self._fused(self._read(views)[1])

    def spaces(self, views: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """Features z (mean over views) and z_v, over-clusters, fused and per-view scores."""
        read, logits = self._read(views)
        spaces = {"z": read.mean(dim=0), "logits": self._fused(logits)}
        for number, (features, scores) in enumerate(zip(read, logits, strict=True), start=1):
            spaces |= {f"z_{number}": features, f"logits_{number}": scores}
        if self.over_head is not None:
            spaces["over"] = self.over_head(read).float().softmax(dim=-1).mean(dim=0)
        return spaces

    def cam_layer(self, view: int = 0) -> nn.Module | None:
        """The last convolution of a view's stem, which views of one shape share; None where it has none."""
        return self.inputs.cam_layer(view)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        # Kept self-labels have as many columns as the data has samples, which a spec does not tell.
        self.labels = torch.empty_like(state_dict[f"{prefix}labels"], device=self.labels.device)
        super()._load_from_state_dict(state_dict, prefix, *args)


METHOD = DMIM
