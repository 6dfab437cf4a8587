"""One training by several processes: each works on a share of every batch, all have the losses of the whole.

Every process holds the same method, draws the same random numbers and computes the same losses. The networks that a
method names in `Method.rowwise` pass a share of the rows each, by batch statistics of all shares; what they give is
gathered with its gradient, so that a loss of the whole batch (mutual information, balance, contrast) has it.
DistributedDataParallel takes the mean of the gradients. Up to rounding this is what one process does.

Shapes: B batch, W processes, b rows of a share, F features.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.nn import functional as F  # noqa: N812
from torch.nn.parallel import DistributedDataParallel

from mmclust.engine.steps import Objective, Steps
from mmclust.methods.base import Batch, Method
from mmclust.nets.cropnorm import apart
from mmclust.nets.views import ViewNorm


class Team:
    """The processes that train one method together; all have called `init_process_group`."""

    def __init__(self) -> None:
        self.rank, self.size = distributed.get_rank(), distributed.get_world_size()

    @property
    def leads(self) -> bool:
        """Whether this process evaluates, logs and keeps checkpoints."""
        return self.rank == 0

    def share(self, method: Method) -> None:
        """From now on the networks of a method that can be shared are, while it trains."""
        for network, axis in method.rowwise():
            _Shared(network, axis, self)

    def steps(self, method: Method, views: tuple[Tensor, ...], generator: torch.Generator, **about: Any) -> Steps:
        """Takes training steps with others; arguments as of `Steps`."""
        return TeamSteps(method, views, generator, **about)

    def agree(self, method: Method) -> None:
        """Take over the weights and statistics of the process that leads."""
        for values in (*method.parameters(), *method.buffers()):
            if values.numel():
                distributed.broadcast(values.data, 0)


class TeamSteps(Steps):
    """Takes training steps with others."""

    def __init__(self, *args: Any, **about: Any) -> None:
        super().__init__(*args, **about)
        # A phase trains some of the networks: the others have no gradient in it.
        self.together = DistributedDataParallel(
            _Objective(self.method, super().objective), forward_sync_buffers=False, find_unused_parameters=True
        )

    def objective(self, stage: str, phase: str, batch: Batch) -> Objective:
        """As ever, and the way back goes through all processes."""
        return self.together(stage, phase, batch)


class _Objective(nn.Module):
    """The objective as DistributedDataParallel takes it: a module that holds all weights."""

    def __init__(self, method: Method, objective: Callable[[str, str, Batch], Objective]) -> None:
        super().__init__()
        self.method, self.objective = method, objective

    def forward(self, stage: str, phase: str, batch: Batch) -> Objective:
        """Total and what is told; only the total leads back, so that weights of other terms count as unused."""
        found = self.objective(stage, phase, batch)
        return Objective(found.total, {name: term.detach() for name, term in found.terms.items()}, found.weights)


class _Shared:
    """Hooks on a network: it is given a share of the rows, and what it gives is gathered.

    Args:
        network: in training; in evaluation it passes all rows.
        axis: of the rows, 0 or 1. On axis 0 there may be rows of several crops, one below the other.
        team: that shares.
    """

    def __init__(self, network: nn.Module, axis: int, team: Team) -> None:
        self.axis, self.team, self.n_rows = axis, team, 0
        norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d)]
        self.norm = norms[0] if norms else None
        for norm in norms:
            norm.__dict__["forward"] = partial(_normalise, norm)  # of this one alone
        for module in network.modules():
            if isinstance(module, ViewNorm):
                module.batch_norm = batch_norm
        network.register_forward_pre_hook(self._give)
        network.register_forward_hook(self._gather)

    def _apart(self, rows: Tensor) -> Tensor:
        """Rows on axis 1."""
        return rows if self.axis else rows.unflatten(0, (getattr(self.norm, "n_crops", 1), -1))

    def _together(self, rows: Tensor) -> Tensor:
        return rows if self.axis else rows.flatten(0, 1)

    def _give(self, network: nn.Module, args: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
        if not network.training:
            return None
        whole = [self._apart(each) for each in args]
        self.n_rows = whole[0].shape[1]
        return tuple(self._together(each.tensor_split(self.team.size, 1)[self.team.rank]) for each in whole)

    def _gather(self, network: nn.Module, args: tuple[Tensor, ...], rows: Tensor) -> Tensor | None:
        if not network.training:
            return None
        return self._together(_Gather.apply(self._apart(rows), self.n_rows, self.team))


class _Gather(torch.autograd.Function):
    """Shares (V, b, ...) of all processes, one below the other: (V, B, ...)."""

    @staticmethod
    def forward(ctx: Any, share: Tensor, n_rows: int, team: Team) -> Tensor:  # noqa: D102
        ctx.team = team
        sizes = [len(part) for part in torch.empty(n_rows).tensor_split(team.size)]
        padded = share.new_zeros((share.shape[0], sizes[0], *share.shape[2:]))
        padded[:, : share.shape[1]] = share
        shares = [torch.empty_like(padded) for _ in sizes]
        distributed.all_gather(shares, padded)
        return torch.cat([part[:, :size] for part, size in zip(shares, sizes, strict=True)], dim=1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:  # noqa: D102
        # A sum, since what was gathered may be shared again: then each process has the gradient of its rows alone.
        total = gradient.contiguous().clone()
        distributed.all_reduce(total)
        return total.tensor_split(ctx.team.size, 1)[ctx.team.rank], None, None


class _Sum(torch.autograd.Function):
    """Sum over all processes."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:  # noqa: D102
        total = values.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:  # noqa: D102
        total = gradient.contiguous().clone()
        distributed.all_reduce(total)
        return total


def batch_norm(
    rows: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """As `torch.nn.functional.batch_norm`, in training by mean and variance over the rows of all processes.

    torch's own SyncBatchNorm asks for a GPU.

    Args:
        rows: (b, F) or (b, F, h, w).
        running_mean: (F,), moved on in training.
        running_var: (F,), too.
        weight: (F,).
        bias: (F,).
        training: whether to use statistics of the batch.
        momentum: how far the running statistics move.
        eps: added to the variance.
    """
    if not training:
        return F.batch_norm(rows, running_mean, running_var, weight, bias, False, momentum, eps)
    over, shape = [0, *range(2, rows.dim())], (1, -1, *(1,) * (rows.dim() - 2))
    n_own = rows.new_full((1,), rows.numel() / rows.shape[1])
    *_, n_all = total = _Sum.apply(torch.cat((rows.sum(over), n_own)))
    mean = total[:-1] / n_all
    centred = rows - mean.view(shape)
    var = _Sum.apply(centred.square().sum(over)) / n_all
    if running_mean is not None and running_var is not None:
        with torch.no_grad():
            running_mean.lerp_(mean, momentum)
            running_var.lerp_(var * n_all / (n_all - 1), momentum)
    normed = centred * (var + eps).rsqrt().view(shape)
    return normed if weight is None or bias is None else normed * weight.view(shape) + bias.view(shape)


def _normalise(norm: nn.BatchNorm1d | nn.BatchNorm2d, rows: Tensor) -> Tensor:
    """What the forward pass of a batch norm does, crop by crop where it takes several."""
    return apart(partial(_one_batch, norm), rows, getattr(norm, "n_crops", 1))


def _one_batch(norm: nn.BatchNorm1d | nn.BatchNorm2d, rows: Tensor) -> Tensor:
    momentum = norm.momentum
    if norm.training and norm.num_batches_tracked is not None:
        norm.num_batches_tracked += 1
        if momentum is None:  # the mean over all batches
            momentum = 1 / float(norm.num_batches_tracked)
    about = (norm.running_mean, norm.running_var, norm.weight, norm.bias, norm.training)
    return batch_norm(rows, *about, momentum or 0.0, norm.eps)
