"""The example's networks and losses. Shapes: B batch, D embedding, K clusters, V views."""

import torch
from torch import Tensor, nn

from mmclust.data.dataset import DataSpec
from mmclust.methods.base import Batch, Method
from tests.methods.example.card import Config

EMBEDDING_DIM = 8


class Example(Method):
    """A linear layer per view; the mean of their codes is the embedding."""

    config: Config

    def __init__(self, config: Config, spec: DataSpec) -> None:
        super().__init__(config, spec)
        self.encoders = nn.ModuleList(nn.Linear(view.shape[0], EMBEDDING_DIM) for view in spec.views)
        self.head = nn.Linear(EMBEDDING_DIM, spec.n_clusters)

    @classmethod
    def validate(cls, spec: DataSpec, config: Config) -> str | None:
        """Two views or more."""
        if len(spec.views) > 1:
            return None
        return f"Example compares views and {spec.name} has one; choose DCCS for one image view, or data with several"

    def loss_terms(self, batch: Batch, stage: str, phase: str) -> dict[str, Tensor]:
        """Views are drawn to the mean assignment, and that to even use."""
        probs = torch.stack([(self.head(z) / self.config.temperature).softmax(1) for z in self._codes(batch.views)])
        mean = probs.mean(0)
        use = mean.mean(0)
        return {"agreement": (probs - mean).square().sum(2).mean(), "balance": torch.xlogy(use, use).sum()}

    def weights(self, stage: str, phase: str) -> dict[str, float]:
        """As on the card."""
        return {"agreement": 1.0, "balance": self.config.balance}

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """One Adam."""
        return {"main": torch.optim.Adam(self.parameters(), lr=self.config.learning_rate)}

    def embed(self, views: tuple[Tensor, ...]) -> Tensor:
        """The mean code."""
        return torch.stack(self._codes(views)).mean(0)

    def logits(self, views: tuple[Tensor, ...]) -> Tensor:
        """Scores of the mean code."""
        return self.head(self.embed(views)) / self.config.temperature

    def spaces(self, views: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """The codes and scores of all views together and of each."""
        found = {"z": self.embed(views), "logits": self.logits(views)}
        for number, code in enumerate(self._codes(views), start=1):
            found |= {f"z_{number}": code, f"logits_{number}": self.head(code) / self.config.temperature}
        return found

    def _codes(self, views: tuple[Tensor, ...]) -> list[Tensor]:
        return [encoder(view) for encoder, view in zip(self.encoders, views, strict=True)]


METHOD = Example
