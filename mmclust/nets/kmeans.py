"""k-means on the training device, with the run's own random generator. Shapes: N samples, D dimensions, K clusters."""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor

MAX_ROUNDS = 100


@torch.no_grad()
def kmeans(
    points: Float[Tensor, "n d"], n_clusters: int, generator: torch.Generator, *, n_starts: int = 10
) -> Float[Tensor, "k d"]:
    """Centres of the best of several k-means runs by the sum of squared distances.

    Lloyd's rounds from k-means++ starts (Arthur and Vassilvitskii, SODA 2007). A centre that lost all its points
    stays where it is.

    Args:
        points: at least `n_clusters` of them.
        n_clusters: number of centres.
        generator: on the device of the points.
        n_starts: runs to choose from.
    """
    runs = [_lloyd(points, _spread_start(points, n_clusters, generator)) for _ in range(n_starts)]
    return min(runs, key=lambda run: run[1])[0]


@torch.no_grad()
def nearest_mean_layer(
    hidden: Float[Tensor, "n h"], owner: Int[Tensor, " n"], n_clusters: int, *, sharpness: float
) -> tuple[Float[Tensor, "k h"], Float[Tensor, " k"]]:
    """Weight and bias of a linear layer whose softmax assigns samples to the cluster of the nearest mean.

    The scores (h'c_i - |c_i|^2 / 2) / s have the softmax of -|h - c_i|^2 / 2s; s is the mean squared distance of
    samples from their own mean c_i, divided by the sharpness.

    Args:
        hidden: what the layer reads.
        owner: cluster of each sample.
        n_clusters: outputs of the layer; a cluster without samples has its mean at 0.
        sharpness: at 1 assignments are soft, at 4 mostly sure.
    """
    members = torch.nn.functional.one_hot(owner, n_clusters).to(hidden.dtype)
    means = members.T @ hidden / members.sum(dim=0).clamp_min(1).unsqueeze(1)
    spread = (hidden - means[owner]).square().sum(dim=1).mean().clamp_min(1e-9)
    scale = sharpness / spread
    return scale * means, -0.5 * scale * means.square().sum(dim=1)


@torch.no_grad()
def nearest(points: Float[Tensor, "n d"], centres: Float[Tensor, "k d"]) -> Int[Tensor, " n"]:
    """Number of the centre closest to each point."""
    return _squared(points, centres).argmin(dim=1)


def _spread_start(points: Tensor, n_clusters: int, generator: torch.Generator) -> Float[Tensor, "k d"]:
    """Points drawn one after the other, far ones more often: k-means++.

    Of a few points drawn at each place the best is kept, as the authors recommend: plain draws often put two centres
    into one clump, and rounds of k-means cannot undo that.
    """
    n_tries = 2 + int(math.log(n_clusters))
    centres = points[torch.randint(len(points), (1,), device=points.device, generator=generator)]
    nearest = _squared(points, centres).squeeze(1)
    for _ in range(n_clusters - 1):
        # a cumulated draw takes any number of points, torch.multinomial at most 2^24; equal points draw at random
        mass = (nearest + 1e-12).double().cumsum(0)
        share = torch.rand(n_tries, device=points.device, dtype=torch.float64, generator=generator)
        tried = points[torch.searchsorted(mass, share * mass[-1]).clamp_max(len(points) - 1)]
        distances = torch.minimum(nearest.unsqueeze(1), _squared(points, tried))  # (N, tries)
        best = distances.sum(dim=0).argmin()
        centres, nearest = torch.cat((centres, tried[best : best + 1])), distances[:, best]
    return centres


def _lloyd(points: Tensor, centres: Tensor) -> tuple[Float[Tensor, "k d"], float]:
    """Centres at rest, and their sum of squared distances."""
    owner: Int[Tensor, " n"] | None = None
    for _ in range(MAX_ROUNDS):
        distances = _squared(points, centres)
        closest = distances.argmin(dim=1)
        if owner is not None and torch.equal(closest, owner):
            break
        owner = closest
        counts = torch.bincount(owner, minlength=len(centres)).unsqueeze(1)
        sums = torch.zeros_like(centres).index_add_(0, owner, points)
        centres = torch.where(counts > 0, sums / counts.clamp_min(1), centres)
    return centres, _squared(points, centres).amin(dim=1).sum().item()


def _squared(points: Tensor, centres: Tensor) -> Float[Tensor, "n k"]:
    """Squared distances, as one product; never negative."""
    cross = points @ centres.T
    return (points.square().sum(1, keepdim=True) + centres.square().sum(1) - 2 * cross).clamp_min(0)
