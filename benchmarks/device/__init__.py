"""What has to be known of a GPU before it is trusted.

Does it train as the CPU does, which execution mode is fast there and right, do two runs disturb each other, what
do memory and a Grad-CAM sheet cost, how long do many seeds take.

Every part is a function of its own that runs on a CPU as well, smaller, and one that fails does not take the others'
figures with it. Losses are compared as shares of the largest value of their term.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from benchmarks import machine, on_device
from benchmarks.device.beside_cpu import agreement
from benchmarks.device.case import IMAGE_METHODS, SMALL, Case
from benchmarks.device.costs import memory, seeds_side_by_side, sheet
from benchmarks.device.modes import execution_modes
from benchmarks.device.two_runs import together
from mmclust import methods

PARTS: Mapping[str, Callable[[Case], dict[str, Any]]] = {
    "agreement": agreement,
    "modes": execution_modes,
    "together": together,
    "memory": memory,
    "gradcam": sheet,
    "seeds": seeds_side_by_side,
}


def measure(
    dataset: str = "digits",
    *,
    device: str = "cpu",
    parts: Sequence[str] | None = None,
    limit: int | None = None,
    seeds: Sequence[int] | None = None,
    epochs: int | None = None,
    compiled: bool = False,
    say: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """All parts, or some, in one document.

    Args:
        dataset: catalogue name of images; the parts about pairs of views take `digits-2view`.
        device: cpu, cuda, or auto for a GPU where there is one.
        parts: keys of `PARTS`; None for all.
        limit: samples.
        seeds: of the part about seeds; None for 20 on a GPU and 2 on a CPU.
        epochs: of the part about seeds; None for the published ones on a GPU and 2 on a CPU.
        compiled: try compiled networks on a CPU too, which takes a minute or two.
        say: given a line for each part.

    Raises:
        ValueError: there is no such part or device, or the data are no images.
    """
    wanted = tuple(parts or PARTS)
    if unknown := [name for name in wanted if name not in PARTS]:
        raise ValueError(f"part {unknown[0]!r} is not known; choose of {', '.join(PARTS)}")
    about = Case(dataset, on_device.chosen(device), limit, tuple(seeds) if seeds else None, epochs, compiled)
    data = about.data()
    for name in IMAGE_METHODS:
        card = methods.card(name)
        config = card.config(**card.resolve(dataset, "paper", SMALL[name], n_samples=data.n_samples))
        if reason := methods.method_class(name).validate(data.spec, config):
            raise ValueError(reason)
    found = {}
    for name in wanted:
        on_device.forget(about.device)
        began = time.perf_counter()
        found[name] = on_device.attempt(partial(PARTS[name], about))
        found[name]["seconds"] = round(time.perf_counter() - began, 1)
        say(f"{name}: {found[name].get('failed', 'done')} ({found[name]['seconds']} s)")
    return {
        "bench": "device",
        "what": f"{dataset}, {data.n_samples} samples",
        "device": on_device.describe(about.device),
        "parts": found,
        "machine": machine.describe(),
    }
