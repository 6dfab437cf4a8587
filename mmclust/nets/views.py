"""Layers that treat all views of a batch in one operation. Shapes: V views, B batch, D inputs, F outputs.

Each view has batch statistics of its own, as if the views went through the layer one after the other.
"""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812


class ViewLinear(nn.Module):
    """A linear layer with one weight for all views, or with one for each; initialised like `nn.Linear`."""

    def __init__(self, n_views: int, in_dim: int, out_dim: int, *, shared: bool = True) -> None:
        super().__init__()
        self.shared = shared
        self.weight = nn.Parameter(torch.empty(1 if shared else n_views, out_dim, in_dim))
        self.bias = nn.Parameter(torch.empty(1 if shared else n_views, out_dim))
        bound = 1 / math.sqrt(in_dim)
        nn.init.uniform_(self.weight, -bound, bound)
        nn.init.uniform_(self.bias, -bound, bound)

    def forward(self, inputs: Float[Tensor, "v b d"]) -> Float[Tensor, "v b f"]:
        """Outputs of all views."""
        if self.shared:
            return F.linear(inputs, self.weight[0], self.bias[0])
        return torch.baddbmm(self.bias.unsqueeze(1), inputs, self.weight.transpose(1, 2))


class ViewNorm(nn.Module):
    """Batch normalisation by each view's own batch statistics; scale and shift are shared, or one for each view.

    Args:
        n_views: views side by side.
        dim: features.
        shared: one scale and shift for all views.
        pooled: in evaluation use running statistics averaged over the views, as one layer that saw the views in turn
            would have them; otherwise each view's own.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, n_views: int, dim: int, *, shared: bool = True, pooled: bool = False) -> None:
        super().__init__()
        self.n_views, self.pooled = n_views, pooled
        self.batch_norm: Callable[..., Tensor] = F.batch_norm
        """Takes its place where several processes share the rows."""
        self.weight = nn.Parameter(torch.ones(1 if shared else n_views, dim))
        self.bias = nn.Parameter(torch.zeros(1 if shared else n_views, dim))
        self.register_buffer("running_mean", torch.zeros(n_views, dim))
        self.register_buffer("running_var", torch.ones(n_views, dim))

    def forward(self, inputs: Float[Tensor, "v b d"]) -> Float[Tensor, "v b d"]:
        """Normalised features of all views."""
        v, b, d = inputs.shape
        mean, var = self.running_mean, self.running_var
        if self.pooled and not self.training:
            mean, var = mean.mean(0).expand(v, d), var.mean(0).expand(v, d)
        flat = self.batch_norm(
            inputs.transpose(0, 1).reshape(b, v * d),
            mean.reshape(-1),
            var.reshape(-1),
            self.weight.expand(v, d).reshape(-1),
            self.bias.expand(v, d).reshape(-1),
            training=self.training,
        )
        return flat.reshape(b, v, d).transpose(0, 1)


def view_block(n_views: int, in_dim: int, out_dim: int, *, shared: bool = True, pooled: bool = False) -> nn.Sequential:
    """Linear layer, batch normalisation, ReLU."""
    return nn.Sequential(
        ViewLinear(n_views, in_dim, out_dim, shared=shared),
        ViewNorm(n_views, out_dim, shared=shared, pooled=pooled),
        nn.ReLU(),
    )


class GaussianHead(nn.Module):
    """Mean and deviation of a Gaussian feature; the deviation is softplus(raw - shift) plus a floor."""

    def __init__(
        self, n_views: int, in_dim: int, out_dim: int, *, shared: bool = True, shift: float = 2.0, floor: float = 1e-6
    ) -> None:
        super().__init__()
        self.mean = ViewLinear(n_views, in_dim, out_dim, shared=shared)
        self.raw = ViewLinear(n_views, in_dim, out_dim, shared=shared)
        self.shift, self.floor = shift, floor

    def forward(self, features: Float[Tensor, "v b d"]) -> tuple[Float[Tensor, "v b f"], Float[Tensor, "v b f"]]:
        """Mean and deviation (positive)."""
        return self.mean(features), F.softplus(self.raw(features) - self.shift) + self.floor


def sample(
    mean: Float[Tensor, "v b f"], scale: Float[Tensor, "v b f"], generator: torch.Generator
) -> Float[Tensor, "v b f"]:
    """A reparameterised draw mean + scale * noise."""
    noise = torch.randn(mean.shape, device=mean.device, dtype=mean.dtype, generator=generator)
    return mean + scale * noise
