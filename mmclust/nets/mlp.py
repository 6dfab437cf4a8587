"""Critics and discriminators of codes. Shapes: B batch, D code, F features."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from mmclust.nets.linear import Linear, product

SLOPE = 0.2
"""Slope of LeakyReLU below zero, everywhere in DCCS."""


def xavier_normal(module: nn.Module) -> None:
    """Xavier-normal weights and zero biases in every convolution and linear layer."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.xavier_normal_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


class Critic(nn.Module):
    """Scores codes: D -> hidden -> hidden -> 1, LeakyReLU, no normalisation (a penalty per sample forbids it)."""

    def __init__(self, code_dim: int, hidden: tuple[int, int]) -> None:
        super().__init__()
        self.first = Linear(code_dim, hidden[0])
        self.second = Linear(hidden[0], hidden[1])
        self.last = Linear(hidden[1], 1)
        xavier_normal(self)

    def forward(self, codes: Float[Tensor, "b d"]) -> Float[Tensor, " b"]:
        """Scores of codes."""
        inner = F.leaky_relu(self.first(codes), SLOPE)
        return self.last(F.leaky_relu(self.second(inner), SLOPE)).squeeze(1)

    def input_gradient(self, codes: Float[Tensor, "b d"]) -> Float[Tensor, "b d"]:
        """Gradient of each code's score by the code itself.

        The gradient of a LeakyReLU network is a product of its weights and of slopes in {1, 0.2}, which are constant
        almost everywhere: written out, its own gradient needs no second pass through the graph.
        """
        with torch.no_grad():
            first = self.first(codes)
            slopes_second = _slopes(self.second(F.leaky_relu(first, SLOPE)))
            slopes_first = _slopes(first)
        gradients = product(slopes_second * self.last.weight, self.second.weight)
        return product(slopes_first * gradients, self.first.weight)


def _slopes(inputs: Tensor) -> Tensor:
    return torch.where(inputs > 0, 1.0, SLOPE)


class PairDiscriminator(nn.Module):
    """Tells whether features and code belong to the same image: (F + D) -> hidden -> hidden -> 1.

    The first layer of the concatenated pair is kept as its two column blocks: it is linear, so the features' part
    serves both kinds of pair and is computed once.
    """

    def __init__(self, features_dim: int, code_dim: int, hidden: tuple[int, int]) -> None:
        super().__init__()
        self.first_features = Linear(features_dim, hidden[0])
        self.first_codes = Linear(code_dim, hidden[0], bias=False)
        self.second = Linear(hidden[0], hidden[1])
        self.last = Linear(hidden[1], 1)
        xavier_normal(self)
        # As blocks of one layer of F + D inputs, both have that layer's spread.
        spread = math.sqrt(2 / (features_dim + code_dim + hidden[0]))
        nn.init.normal_(self.first_features.weight, std=spread)
        nn.init.normal_(self.first_codes.weight, std=spread)

    def forward(
        self, features: Float[Tensor, "b f"], codes: Float[Tensor, "b d"], order: Tensor
    ) -> tuple[Float[Tensor, " b"], Float[Tensor, " b"]]:
        """Logits of the pairs (features_i, codes_i) and (features_i, codes_order(i))."""
        from_features, from_codes = self.first_features(features), self.first_codes(codes)
        inner = torch.cat((from_features + from_codes, from_features + from_codes[order]))
        inner = F.leaky_relu(inner, SLOPE)
        joint, marginal = self.last(F.leaky_relu(self.second(inner), SLOPE)).squeeze(1).chunk(2)
        return joint, marginal
