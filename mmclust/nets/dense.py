"""Dense networks of one view: encoder, decoder, conditional generator, discriminator with one unit per cluster.

Shapes: B batch, D values of a view, L latent, K clusters.
"""

import itertools

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

WIDTHS = (256, 128)
"""Hidden layers from the data's side to the code's."""


def normed(in_dim: int, hidden: tuple[int, ...], out_dim: int) -> nn.Sequential:
    """Linear layers with batch normalisation and ReLU between them."""
    layers: list[nn.Module] = []
    for narrow, wide in itertools.pairwise((in_dim, *hidden)):
        layers += [nn.Linear(narrow, wide), nn.BatchNorm1d(wide), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, nn.Linear((in_dim, *hidden)[-1], out_dim))


def encoder(in_dim: int, latent_dim: int) -> nn.Sequential:
    """D -> 256 -> 128 -> L."""
    return normed(in_dim, WIDTHS, latent_dim)


def decoder(latent_dim: int, out_dim: int) -> nn.Sequential:
    """L -> 128 -> 256 -> D, values in [0, 1]."""
    return normed(latent_dim, WIDTHS[::-1], out_dim).append(nn.Sigmoid())


class ConditionalGenerator(nn.Module):
    """Noise and a cluster's code -> 128 -> 256 -> D, values in [0, 1]."""

    def __init__(self, noise_dim: int, n_clusters: int, out_dim: int) -> None:
        super().__init__()
        self.n_clusters = n_clusters
        self.layers = decoder(noise_dim + n_clusters, out_dim)

    def forward(self, noise: Float[Tensor, "b n"], clusters: Int[Tensor, " b"]) -> Float[Tensor, "b d"]:
        """Samples of the clusters."""
        return self.layers(torch.cat((noise, F.one_hot(clusters, self.n_clusters).to(noise.dtype)), dim=1))


def discriminator(in_dim: int, n_clusters: int) -> nn.Sequential:
    """D -> 256 -> 128 -> K+1 logits, LeakyReLU 0.2, no normalisation: real and generated samples share a pass."""
    first, second = WIDTHS
    return nn.Sequential(
        nn.Linear(in_dim, first),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Linear(first, second),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Linear(second, n_clusters + 1),
    )
