"""Clusters as points among the codes of several views. Shapes: V views, B batch, L latent, K clusters, N samples."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mmclust.nets.kmeans import kmeans

Distance = Literal["plain", "squared"]
TINY = 1e-8
"""Added under the root, which has no gradient at 0."""


class Prototypes(nn.Module):
    """K points in the concatenated codes of V views; a view's block of columns are the prototypes of that view.

    Distances add up: the squared distance of fused codes is the sum of the views' squared distances, so that one
    product gives all of them.
    """

    def __init__(self, n_views: int, n_clusters: int, latent_dim: int, distance: Distance = "plain") -> None:
        super().__init__()
        self.distance = distance
        self.points = nn.Parameter(torch.randn(n_views, n_clusters, latent_dim))

    @property
    def fused(self) -> Float[Tensor, "k vl"]:
        """Prototypes of the concatenation."""
        return self.points.transpose(0, 1).flatten(1)

    @torch.no_grad()
    def place(self, codes: Float[Tensor, "v n l"], generator: torch.Generator) -> None:
        """Move the prototypes to the k-means centres of all fused codes."""
        n_views, n_clusters, latent_dim = self.points.shape
        centres = kmeans(codes.transpose(0, 1).flatten(1), n_clusters, generator)
        self.points.copy_(centres.view(n_clusters, n_views, latent_dim).transpose(0, 1))

    def forward(self, codes: Float[Tensor, "v b l"]) -> Float[Tensor, "s b k"]:
        """Scores whose softmax is the assignment: of the fused code first, then of each view (S = 1 + V).

        DMID-UIC Eq. 10-12: s = 1 / (1 + distance), r = s / sum s, p = r^2 / sum r^2; so log p = 2 log s + constant.
        """
        norms = codes.square().sum(2).unsqueeze(2) + self.points.square().sum(2).unsqueeze(1)
        squared = (norms - 2 * codes @ self.points.transpose(1, 2)).clamp_min(0)  # (V, B, K)
        squared = torch.cat((squared.sum(dim=0, keepdim=True), squared))
        distances = squared if self.distance == "squared" else (squared + TINY).sqrt()
        return -2 * distances.log1p()
