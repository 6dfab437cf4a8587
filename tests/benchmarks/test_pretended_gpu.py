"""A GPU that is only pretended: tensors know where they are and hold no values.

So what was left on the CPU, or is asked for its value, is found where there is no GPU. Backward passes need a real one.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode

from benchmarks.plain_dccs import PlainDCCS
from benchmarks.plain_imc_swav import PlainIMCSwAV
from mmclust.data.dataset import DataSpec, ViewSpec
from mmclust.engine.trainer import build
from mmclust.methods import METHODS, card, method_class
from mmclust.methods.base import Batch, Method
from mmclust.nets import augmentation

GPU = torch.device("cuda:0")
B = 16


class PretendedGenerator(torch.Generator):
    """Says that it is on the GPU."""

    device = GPU


@pytest.fixture
def pretended() -> Iterator[FakeTensorMode]:
    augmentation._constant.cache_clear()
    with FakeTensorMode() as mode:
        yield mode
    augmentation._constant.cache_clear()  # what was made here holds no values


def moved(network: nn.Module) -> None:
    """As `.to(GPU)`, which needs one."""
    known: dict[int, Tensor] = {}

    def there(tensor: Tensor) -> Tensor:
        about = {"dtype": tensor.dtype, "device": GPU}
        return known.setdefault(id(tensor), torch.empty_strided(tensor.shape, tensor.stride(), **about))

    for module in network.modules():
        for name, value in module._parameters.items():
            if value is not None:
                module._parameters[name] = nn.Parameter(there(value))
        for name, value in module._buffers.items():
            if value is not None:
                module._buffers[name] = there(value)


def method_on_gpu(name: str, preset: str, mode: FakeTensorMode) -> tuple[Method, tuple[Tensor, ...]]:
    """A method and 64 samples of its kind."""
    image = not card(name).several_views
    shapes = [(3, 32, 32)] if image else [(8,), (8,)]
    views = tuple(
        ViewSpec(name=f"view {number}", kind="image" if image else "vector", shape=shape)
        for number, shape in enumerate(shapes)
    )
    about = card(name)
    changes = {"batch_size": B} if image else {}
    config = about.config(**about.resolve("tiny", preset, changes | ({"width": 0.125} if image else {})))
    mode.__exit__(None, None, None)  # weights are drawn on the CPU, as ever
    method = build(method_class(name), config, DataSpec(name="tiny", views=views, n_clusters=3), 0)
    method.optimizers()
    method.schedule(method.stages(1)[0].name, 0.0, 1)  # what a run reads from the device once, before its first step
    mode.__enter__()
    moved(method)
    dtype = torch.uint8 if image else torch.float32
    return method, tuple(torch.empty(64, *shape, dtype=dtype, device=GPU) for shape in shapes)


@pytest.mark.parametrize("preset", ["quick", "paper"])
@pytest.mark.parametrize("name", METHODS)
def test_losses_of_every_method_stay_on_the_gpu(name: str, preset: str, pretended: FakeTensorMode) -> None:
    method, data = method_on_gpu(name, preset, pretended)
    method.optimizers()
    generator = PretendedGenerator()
    phases = set()
    for stage in method.stages(30):
        for step in range(6):
            ids = torch.empty(B, dtype=torch.int64, device=GPU)
            batch = Batch(views=tuple(view[ids] for view in data), index=ids, generator=generator)
            method.schedule(stage.name, step / 6, 30)
            for phase in method.phases(step):
                terms = method.loss_terms(batch, stage.name, phase)
                assert {value.device for value in terms.values()} == {GPU}
                assert {term for term, weight in method.weights(stage.name, phase).items() if weight} <= set(terms)
                phases.add(phase)
    assert phases == set(method.optimizers())


@pytest.mark.parametrize("name", METHODS)
def test_codes_of_every_method_stay_on_the_gpu(name: str, pretended: FakeTensorMode) -> None:
    method, data = method_on_gpu(name, "quick", pretended)
    method.eval()
    with torch.inference_mode():
        found = {**method.spaces(data), "assigned": method.assign(data), **method.landmarks(), "z": method.embed(data)}
    assert {value.device for value in found.values()} == {GPU}


def test_a_tensor_that_stays_behind_is_found(pretended: FakeTensorMode) -> None:
    method, data = method_on_gpu("dccs", "quick", pretended)
    with pytest.raises(RuntimeError, match="same device"):
        method.embed((data[0] + torch.zeros(()).expand(3, 1, 1).cpu() * torch.ones(3, 1, 1),))


@pytest.mark.parametrize("phase", ["critic", "encoder"])
def test_the_plain_dccs_sends_what_it_needs(
    phase: str, pretended: FakeTensorMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretended.__exit__(None, None, None)
    plain = PlainDCCS(np.zeros((B, 28, 28), np.uint8), seed=0)
    pretended.__enter__()
    plain.device = GPU
    for network in (plain.encoder, plain.critic, plain.discriminator):
        moved(network)
    _without_backward(monkeypatch, plain.critic_optimizer, plain.encoder_optimizer)
    images = torch.empty(B, 1, 28, 28, device=GPU)
    if phase == "critic":
        plain._critic_step(images)
    else:
        plain._encoder_step(images, images)
    assert plain.losses


def test_the_plain_imc_swav_sends_what_it_needs(pretended: FakeTensorMode, monkeypatch: pytest.MonkeyPatch) -> None:
    pretended.__exit__(None, None, None)
    plain = PlainIMCSwAV(np.zeros((B, 32, 32, 3), np.uint8), seed=0, batch_size=B)
    pretended.__enter__()
    moved(plain.networks)
    _without_backward(monkeypatch, plain.optimizer)
    plain.update([torch.empty(B, 3, size, size, device=GPU) for size in (28, 28, 18, 18)])
    assert set(plain.losses) == {"swav", "mi", "logit"}


def _without_backward(monkeypatch: pytest.MonkeyPatch, *optimizers: torch.optim.Optimizer) -> None:
    """Leave out what needs a real GPU, and the values that a pretended one does not have."""

    def gradients(outputs: Tensor, inputs: Tensor, *_: Any, **__: Any) -> tuple[Tensor, ...]:
        return (torch.zeros_like(inputs),)

    monkeypatch.setattr(torch.autograd, "grad", gradients)
    monkeypatch.setattr(Tensor, "backward", lambda self: None)
    monkeypatch.setattr(Tensor, "item", lambda self: 0.0)
    monkeypatch.setattr(Tensor, "__bool__", lambda self: False)
    for optimizer in optimizers:
        monkeypatch.setattr(optimizer, "step", lambda: None)
        monkeypatch.setattr(optimizer, "zero_grad", lambda: None)
