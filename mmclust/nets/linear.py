"""A linear layer that is fast on any CPU: the same function as `torch.nn.Linear`, through oneDNN.

torch multiplies float32 matrices with MKL, which keeps its fastest kernels for its maker's processors; oneDNN, which
torch brings as well, has them for all. In bf16 the weight's copy in that type is kept until the weight changes, as
several passes share it between two updates.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.autograd.graph import increment_version
from torch.optim.optimizer import register_optimizer_step_post_hook

SMALLEST = 2**15
"""Weights of fewer values are multiplied as ever: there the call costs more than the product."""


def product(inputs: Tensor, weight: Tensor) -> Tensor:
    """Inputs (B, F) times weight (F, D): the way back through a linear layer; differentiable once."""
    return _Transposed.apply(inputs, weight) if _is_for_onednn(inputs, weight) else inputs @ weight


def _tell_of_the_change(optimizer: torch.optim.Optimizer, *_: Any) -> None:
    """Fused optimisers write weights without raising their version, on which `Linear` relies."""
    increment_version([weight for group in optimizer.param_groups for weight in group["params"]])


register_optimizer_step_post_hook(_tell_of_the_change)


class Linear(nn.Linear):
    """`torch.nn.Linear` through oneDNN where it runs on a CPU."""

    def forward(self, input: Tensor) -> Tensor:
        """Output (B, F) of inputs (B, D)."""
        in_bf16 = torch.is_autocast_enabled("cpu")
        if not _is_for_onednn(input, self.weight) or (in_bf16 and not torch.ops.mkldnn._is_mkldnn_bf16_supported()):
            return super().forward(input)
        if in_bf16:
            bias = None if self.bias is None else self.bias.bfloat16()
            return _Product.apply(input.bfloat16(), self.weight, bias, self._in_bf16())
        return _Product.apply(input, self.weight, self.bias, self.weight)

    def _in_bf16(self) -> Tensor:
        """The weight in bfloat16, converted anew only after it has changed."""
        version = self.weight._version
        if self.__dict__.get("_converted_version") != (version, self.weight.data_ptr()):
            with torch.inference_mode(False), torch.no_grad():  # made in an evaluation, it serves the training too
                self.__dict__["_converted"] = self.weight.bfloat16()
            self.__dict__["_converted_version"] = (version, self.weight.data_ptr())
        return self.__dict__["_converted"]


def _is_for_onednn(inputs: Tensor, weight: Tensor) -> bool:
    fits = inputs.device.type == "cpu" and inputs.dim() == 2 and weight.dtype == torch.float32
    return fits and inputs.dtype in (torch.float32, torch.bfloat16) and weight.numel() >= SMALLEST and _has_onednn()


def _has_onednn() -> bool:
    return torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")


def _times(left: Tensor, right: Tensor, bias: Tensor | None = None) -> Tensor:
    """Left (A, C) times the transpose of right (B, C), both with any strides."""
    return torch.ops.mkldnn._linear_pointwise(left, right, bias, "none", [], "")


class _Product(torch.autograd.Function):
    """Linear layer and its gradients; `multiplied` is the weight in the type of the inputs."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, weight: Tensor, bias: Tensor | None, multiplied: Tensor) -> Tensor:  # noqa: D102
        ctx.save_for_backward(inputs, multiplied)
        ctx.weight_dtype = weight.dtype
        return _times(inputs, multiplied, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradients: Tensor) -> tuple[Tensor | None, ...]:  # noqa: D102
        inputs, multiplied = ctx.saved_tensors
        of_inputs, of_weight, of_bias, _ = ctx.needs_input_grad
        return (
            _times(gradients, multiplied.t()) if of_inputs else None,
            _times(gradients.t(), inputs.t()).to(ctx.weight_dtype) if of_weight else None,
            gradients.sum(dim=0) if of_bias else None,
            None,
        )


class _Transposed(torch.autograd.Function):
    """Product with a weight; its gradient has the weight's own layout, so that it adds up without a copy."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, weight: Tensor) -> Tensor:  # noqa: D102
        ctx.save_for_backward(inputs, weight)
        return _times(inputs, weight.t())

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradients: Tensor) -> tuple[Tensor | None, ...]:  # noqa: D102
        inputs, weight = ctx.saved_tensors
        of_inputs, of_weight = ctx.needs_input_grad
        return (
            _times(gradients, weight) if of_inputs else None,
            _times(inputs.t(), gradients.t()) if of_weight else None,
        )
