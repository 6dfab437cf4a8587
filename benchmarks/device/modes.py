"""Which execution mode is fast on the device, and right."""

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import torch

from benchmarks.device.case import IMAGE_METHODS, Case, batches
from benchmarks.train_on_device import precisions
from mmclust.engine import execution
from mmclust.engine.graphs import CudaGraphs
from mmclust.engine.steps import Precision, Steps
from mmclust.methods.base import Method


def execution_modes(case: Case, graphs: Callable[[Steps], Any] = CudaGraphs) -> dict[str, Any]:
    """Eager, as a CUDA graph, compiled: milliseconds a step, how far losses and weights are from those of eager steps.

    `chosen` is the sentence on them that a very long run would tell. On a CPU what is compiled is tried only when asked
    for, and nothing is recorded unless `graphs` can do it there.
    """
    data = case.data()
    views = tuple(torch.from_numpy(np.array(view)).to(case.device) for view in data.views)
    found: dict[str, Any] = {}
    for name in IMAGE_METHODS:
        for precision in precisions(case.device):
            method = case.method(name, data, small=case.small).to(case.device)
            trials: dict[str, execution.Trial] = {}
            seconds: dict[str, float] = {}

            def trial(
                mode: execution.ExecutionMode,
                method: Method = method,
                precision: Precision = precision,
                trials: dict[str, execution.Trial] = trials,
                seconds: dict[str, float] = seconds,
            ) -> execution.Trial:
                began = time.perf_counter()
                ids = (each.to(case.device) for each in batches(data.n_samples, method.config.batch_size))
                about = {"seed": 0, "precision": precision, "n_labelled": None, "graphs": graphs}
                trials[mode.name] = execution.try_steps(mode, method, views, ids, **about)
                seconds[mode.name] = time.perf_counter() - began
                return trials[mode.name]

            wanted = _worth_trying(case, method, graphs)
            _, said = execution.choose(trial, wanted, n_steps=10**9)
            plain = trials[execution.EAGER.name]
            told: dict[str, Any] = {
                mode: _beside(each, plain) | {"trial_s": round(seconds[mode], 2)} for mode, each in trials.items()
            }
            found[f"{name}, {precision}"] = {"chosen": said, **told, "batch_size": method.config.batch_size}
    return found


def _worth_trying(case: Case, method: Method, graphs: Any) -> list[execution.ExecutionMode]:
    """Each mode that is for such a method, and possible here."""
    known = list(execution.modes_to_try(method, n_labelled=None))
    if execution.COMPILED_GRAPHED in known:
        known.append(execution.COMPILED)
    if case.device.type == "cuda":
        return known
    records = graphs is not CudaGraphs
    return [mode for mode in known if (records or not mode.graphed) and (case.compiled or not mode.compiled)]


def _beside(trial: execution.Trial, plain: execution.Trial) -> dict[str, float]:
    """Speed of a mode, and how far its first steps are from eager ones.

    The largest difference of any loss, as a fraction of its largest value; and of each layer's update, the median.
    """
    pairs = list(zip(trial.values[: execution.CHECKED_STEPS], plain.values[: execution.CHECKED_STEPS], strict=True))
    largest = 0.0
    for names in {mine.names for mine, _ in pairs}:
        lost = [not name.startswith("signal/") for name in names]
        ours, expected = (
            torch.stack([values.vector.cpu() for values in side])[:, lost]
            for side in zip(*(pair for pair in pairs if pair[0].names == names), strict=True)
        )
        largest = max(largest, float(((ours - expected).abs() / expected.abs().amax(dim=0).clamp_min(1e-12)).max()))
    layers = zip(trial.updates, plain.updates, strict=True)
    weights = median(float((mine - theirs).norm() / theirs.norm().clamp_min(1e-12)) for mine, theirs in layers)
    return {
        "ms_a_step": round(1000 * trial.seconds, 4),
        "loss_difference": float(f"{largest:.3g}"),
        "weight_difference": float(f"{weights:.3g}"),
    }
