"""Whether the device has the losses of the CPU."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

from benchmarks.device.case import CPU, IMAGE_METHODS, SMALL, Case, batches
from mmclust.data.dataset import MultiViewDataset
from mmclust.engine.steps import Steps, Values

AGREEMENT_STEPS = 50
APART = 1e-4
"""From this relative difference on losses count as apart: float32 rounds at 6e-8, and a step adds up thousands."""


class DrawnOnCPU(TorchFunctionMode):
    """Within this all numbers are drawn on the CPU and brought to the device: generators of devices are not the same.

    Args:
        seed: of the draws.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.generator = torch.Generator().manual_seed(seed)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Draw, or do what was asked for."""
        kwargs = kwargs or {}
        asked = kwargs.get("generator")
        if func not in (torch.rand, torch.randn, torch.randint) or asked is None:
            return func(*args, **kwargs)
        return func(*args, **{**kwargs, "generator": self.generator, "device": "cpu"}).to(asked.device)


def agreement(case: Case) -> dict[str, Any]:
    """The same steps in float32 with the same draws on the CPU and on the device: how far each loss term goes apart.

    On a GPU three times: as it calculates by default, where convolutions may round their inputs to TF32; without
    that; and without that once more, which shows what it does not repeat itself.
    """
    data = case.data()
    found: dict[str, Any] = {"steps": AGREEMENT_STEPS, "relative_difference_that_counts_as_apart": APART}
    for name in IMAGE_METHODS:
        expected = losses(case, name, data, CPU)
        with exact_convolutions():
            exact = losses(case, name, data, case.device)
            again = losses(case, name, data, case.device)
        about = {"beside_the_cpu": apart(exact, expected), "beside_itself": apart(again, exact)}
        if case.device.type == "cuda":
            about["with_tf32_beside_the_cpu"] = apart(losses(case, name, data, case.device), expected)
        found[name] = {"settings": dict(SMALL[name]), **about}
    return found


def losses(case: Case, name: str, data: MultiViewDataset, device: torch.device) -> dict[str, list[tuple[int, float]]]:
    """Step and value of each term in the first steps of a run."""
    method = case.method(name, data, small=True).to(device)
    views = tuple(torch.from_numpy(np.array(view)).to(device) for view in data.views)
    steps = Steps(method, views, torch.Generator(device).manual_seed(0), precision="float32")
    stage = method.stages(1)[0].name
    told: list[list[Values]] = []
    with DrawnOnCPU(0):
        method.train()
        method.start_stage(stage, views, steps.generator)
        for step, ids in enumerate(islice(batches(data.n_samples, method.config.batch_size), AGREEMENT_STEPS)):
            method.schedule(stage, step / AGREEMENT_STEPS, 1)
            told.append(steps.take(stage, ids.to(device), step))
    terms: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for step, phases in enumerate(told):
        for values in phases:
            for term, value in zip(values.names, values.vector.tolist(), strict=True):
                terms[term].append((step, value))
    return dict(terms)


def apart(found: Mapping[str, list[tuple[int, float]]], expected: Mapping[str, list[tuple[int, float]]]) -> Any:
    """The largest relative difference of each term, at which step it is, and from which step on it counts."""
    about = {}
    for term, told in expected.items():
        values, others = (np.array([value for _, value in each]) for each in (told, found[term]))
        relative = np.abs(others - values) / max(np.abs(values).max(), 1e-12)
        counts = np.flatnonzero(relative > APART)
        about[term] = {
            "largest": float(f"{relative.max():.3g}"),
            "at_step": told[int(relative.argmax())][0],
            "at_first": float(f"{relative[0]:.3g}"),
            "apart_from_step": told[int(counts[0])][0] if len(counts) else None,
        }
    return about


@contextmanager
def exact_convolutions() -> Iterator[None]:
    """Within this cuDNN calculates in full float32, and always by the same algorithms."""
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
        yield
