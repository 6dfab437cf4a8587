"""Brings views of any kind to one common width. Shapes: V views, B batch, N samples, D common width."""

from collections.abc import Sequence
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from mmclust.nets.stems import ImageLike, ImageStem


@torch.no_grad()
def matching_rotations(views: Float[Tensor, "v n d"], n_rounds: int = 3) -> Float[Tensor, "v d d"]:
    """Rotations after which the views' samples lie as close together as rotations can bring them; no labels needed.

    Generalised orthogonal Procrustes (Gower, Psychometrika 1975): each view is turned towards the mean of the turned
    views, which starts as the first view. Layers that views share then meet like things in like places.

    Args:
        views: all samples of all views, in one width.
        n_rounds: renewals of the mean.

    Returns:
        Orthogonal matrices, to be multiplied from the right.
    """
    centred = views - views.mean(dim=1, keepdim=True)
    reference = centred[0]
    rotations = torch.empty(0)
    for _ in range(n_rounds):
        left, _, right = torch.linalg.svd(centred.transpose(1, 2) @ reference)
        rotations = left @ right
        reference = (centred @ rotations).mean(dim=0)
    return rotations


def padded(values: Float[Tensor, "b d"], width: int) -> Float[Tensor, "b w"]:
    """Columns of zeros added on the right."""
    return F.pad(values, (0, width - values.shape[1]))


class ViewInputs(nn.Module):
    """Vector views are padded with zeros to the widest; image views go through a stem and a linear layer.

    Image views of the same shape share their stem, as views share the encoder behind it.

    Args:
        views: specs of the views; images have three axes, vectors one.
        image_width: common width when no view is a vector.
    """

    width: int
    """The common width D."""
    rotations: Tensor
    """(V, D, D) turns of the views, none at first; empty where image views are not turned."""

    def __init__(self, views: Sequence[ImageLike], image_width: int = 100) -> None:
        super().__init__()
        self.width = max((view.shape[0] for view in views if len(view.shape) == 1), default=image_width)
        self.stems = nn.ModuleDict()
        self.keys: list[str | None] = []
        for view in views:
            key = None if len(view.shape) == 1 else "x".join(map(str, view.shape))
            self.keys.append(key)
            if key is not None and key not in self.stems:
                stem = ImageStem(view)
                self.stems[key] = nn.Sequential(stem, nn.Linear(stem.features_dim, self.width))
        turns = torch.empty(0) if self.stems else torch.eye(self.width).repeat(len(views), 1, 1)
        self.register_buffer("rotations", turns)

    def align(self, data: tuple[Tensor, ...]) -> None:
        """Turns the views so that they resemble each other (see `matching_rotations`); only where all are vectors."""
        if not self.stems:
            views = torch.stack([padded(view.float(), self.width) for view in data])
            self.rotations.copy_(matching_rotations(views))

    def cam_layer(self, view: int) -> nn.Module | None:
        """The layer of a view's stem that Grad-CAM reads; None for vector views."""
        key = self.keys[view]
        if key is None:
            return None
        stem = cast(nn.Sequential, self.stems[key])[0]
        assert isinstance(stem, ImageStem)
        return stem.cam_layer

    def forward(
        self, views: tuple[Tensor, ...], noise: float = 0.0, generator: torch.Generator | None = None
    ) -> Float[Tensor, "v b d"]:
        """All views side by side.

        Args:
            views: raw samples, each (B, D_v) or (B, C, H, W).
            noise: deviation of Gaussian noise, added where a view has values.
            generator: of the noise.
        """
        each = zip(views, self.keys, strict=True)
        stacked = torch.stack([self._one(view, key, noise, generator) for view, key in each])
        return stacked if self.stems else stacked @ self.rotations

    def _one(self, view: Tensor, key: str | None, noise: float, generator: torch.Generator | None) -> Tensor:
        values = view.float() if key is None else self.stems[key](view)
        if noise:
            values = values + noise * torch.randn(values.shape, device=values.device, generator=generator)
        return padded(values, self.width)
