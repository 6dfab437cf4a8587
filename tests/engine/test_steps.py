"""What every method's steps have in common: nothing in them waits for the device."""

from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F  # noqa: N812
from torch.utils._python_dispatch import TorchDispatchMode

from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.engine.throughput import StopAfter
from mmclust.engine.trainer import Trainer, build
from mmclust.methods import METHODS, card, method_class

N = 64
WAITS = (
    torch.ops.aten._local_scalar_dense,
    torch.ops.aten.nonzero,
    torch.ops.aten.masked_select,
    torch.ops.aten.is_nonzero,
    torch.ops.aten.equal,
    torch.ops.aten.lift_fresh,
)
"""Results that go to Python, sizes that depend on values, and numbers that Python copies to the device."""


class NoneWaits(TorchDispatchMode):
    """Notes operations for which a GPU would be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        masked = func.overloadpacket is torch.ops.aten.index and any(
            i is not None and i.dtype in (torch.bool, torch.uint8) for i in args[1]
        )
        if func.overloadpacket in WAITS or masked:
            self.found.append(str(func))
        return func(*args, **(kwargs or {}))


def _data(views: tuple[ViewSpec, ...]) -> MultiViewDataset:
    rng = np.random.default_rng(0)
    arrays = tuple(
        rng.integers(0, 256, (N, *view.shape), dtype=np.uint8)
        if view.kind == "image"
        else rng.random((N, *view.shape), dtype=np.float32)
        for view in views
    )
    return MultiViewDataset(spec=DataSpec(name="tiny", views=views, n_clusters=3), views=arrays)


def _image(channels: int) -> tuple[ViewSpec, ...]:
    return (ViewSpec(name="image", kind="image", shape=(channels, 32, 32)),)


TWO = tuple(ViewSpec(name=name, kind="vector", shape=(dim,)) for name, dim in (("first", 12), ("second", 20)))
SMALL = {"batch_size": 16}
CASES = [
    ("dccs", _image(1), {"width": 0.125}),
    ("dccs", _image(3), {"width": 0.125, "input": "rgb"}),
    ("dccs", _image(3), {"width": 0.125, "input": "sobel", "rotation": 10.0}),
    ("imc-swav", _image(1), {"width": 0.125, "warm_up": 2}),
    ("imc-swav", _image(3), {"width": 0.125, "warm_up": 2, "head": "mlp"}),
    ("dmim", TWO, {}),
    ("msdib", TWO, {}),
    ("dmid-uic", TWO, {}),
]


def _unchecked_one_hot(clusters: torch.Tensor, n_clusters: int) -> torch.Tensor:
    """As on a GPU: only on a CPU does torch look at the values first."""
    return (clusters.unsqueeze(-1) == torch.arange(n_clusters)).long()


@pytest.mark.parametrize(("name", "views", "changes"), CASES)
def test_no_step_waits_for_the_device(
    name: str, views: tuple[ViewSpec, ...], changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    data, about = _data(views), card(name)
    config = about.config(**about.resolve("tiny", "quick", SMALL | changes))
    recorder = StopAfter()
    recorder.deadline = float("inf")
    trainer = Trainer(
        build(method_class(name), config, data.spec, 0), data, recorder, epochs=6, seed=0, device=torch.device("cpu")
    )
    watched, n_steps = NoneWaits(), 0
    take = trainer.steps.take

    def watch(stage: str, ids: torch.Tensor, step: int) -> Any:
        nonlocal n_steps
        n_steps += 1
        with watched:
            return take(stage, ids, step)

    monkeypatch.setattr(trainer.steps, "take", watch)
    monkeypatch.setattr(F, "one_hot", _unchecked_one_hot)
    trainer.fit()
    assert n_steps == trainer.total_steps > 10
    assert not watched.found, set(watched.found)


def test_a_step_that_waits_is_noticed() -> None:
    with NoneWaits() as watched:
        values = torch.arange(4.0)
        float(values[0])
        values[values > 2]
        torch.tensor(1.0)
    assert {name.split(".")[1] for name in watched.found} == {"_local_scalar_dense", "index", "lift_fresh"}


def test_every_method_is_watched() -> None:
    assert {name for name, _, _ in CASES} == set(METHODS)
