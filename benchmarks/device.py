"""What has to be known of a GPU before it is trusted.

Does it train as the CPU does, which execution mode is fast there and right, do two runs disturb each other, what
do memory and a Grad-CAM sheet cost, how long do many seeds take.

Every part is a function of its own that runs on a CPU as well, smaller, and one that fails does not take the others'
figures with it. Losses are compared as shares of the largest value of their term.
"""

import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import fmean, median
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from benchmarks import machine, on_device
from benchmarks.train_on_device import Laps, precisions
from mmclust import methods
from mmclust.analysis.gradcam import grad_cam
from mmclust.data import catalogue
from mmclust.data.dataset import MultiViewDataset
from mmclust.engine import execution
from mmclust.engine.graphs import CudaGraphs
from mmclust.engine.recorder import Request
from mmclust.engine.steps import Precision, Steps, Values
from mmclust.engine.trainer import Trainer, build
from mmclust.evaluation.snapshot import Snapshot
from mmclust.methods.base import Method
from mmclust.runs.store import RunStore
from mmclust.sweeps.runner import run_sweep
from mmclust.sweeps.sweep import Cell, Sweep

CPU = torch.device("cpu")
IMAGE_METHODS = ("dccs", "imc-swav")
PAIR_METHODS, PAIRS = ("dmim", "msdib", "dmid-uic"), "digits-2view"
SMALL: Mapping[str, Mapping[str, Any]] = {
    "dccs": {"batch_size": 64},
    "imc-swav": {"batch_size": 32, "width": 0.125, "n_prototypes": 50, "warm_up": 10},
}
"""Settings that a CPU takes in seconds; all others are the published ones."""
AGREEMENT_STEPS = 50
APART = 1e-4
"""From this relative difference on losses count as apart: float32 rounds at 6e-8, and a step adds up thousands."""
TOGETHER_STEPS = {"cpu": 40, "cuda": 6000}
MEMORY_STEPS = 20
SHEET = 60
"""Images of a sheet: six of each of ten clusters, as on the Explain page."""
SEED_EPOCHS_ON_CPU = 2


@dataclass(frozen=True)
class Case:
    """What is measured on what."""

    dataset: str
    device: torch.device
    limit: int | None
    seeds: tuple[int, ...] | None
    epochs: int | None
    compiled: bool

    def data(self) -> MultiViewDataset:
        """The samples; a few thousand are enough where only speed counts."""
        return catalogue.load(self.dataset, limit=self.limit)

    def method(self, name: str, data: MultiViewDataset, *, small: bool, seed: int = 0) -> Method:
        """A method with the published settings, or small ones."""
        card = methods.card(name)
        changes = dict(SMALL[name]) if small else {}
        values = card.resolve(self.dataset, "paper", changes, n_samples=data.n_samples)
        return build(methods.method_class(name), card.config(**values), data.spec, seed)

    @property
    def small(self) -> bool:
        """Whether settings should fit a CPU."""
        return self.device.type == "cpu"


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


# -- The same losses as on the CPU


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


def batches(n_samples: int, batch_size: int) -> Iterator[Tensor]:
    """Ids (B,) of random samples for each step, without end."""
    generator = torch.Generator().manual_seed(0)
    while True:
        yield torch.randperm(n_samples, generator=generator)[:batch_size]


# -- Execution modes


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


# -- Two runs at once


class Curve:
    """A recorder that keeps the curves of a run."""

    def __init__(self) -> None:
        self.values: dict[tuple[int, str], float] = {}

    def log(self, values: Mapping[str, float], *, step: int, epoch: float) -> None:
        """Keep them."""
        self.values |= {(step, name): value for name, value in values.items()}

    def progress(self, *, step: int, total_steps: int, epoch: float) -> None:
        """Progress is not kept."""

    def snapshot(self, snapshot: Snapshot) -> None:
        """Snapshots are not kept."""

    def checkpoint(self, state: dict[str, Any]) -> None:
        """Checkpoints are not kept."""

    def request(self) -> Request:
        """Train to the end."""
        return ""


def together(case: Case) -> dict[str, Any]:
    """Two runs of DCCS in threads of one process: steps per second and curves, alone, alone once more, and at once.

    What a GPU does not repeat alone, it cannot repeat beside another run: the second difference says how much that is.
    """
    data = case.data()
    n_steps = TOGETHER_STEPS[case.device.type]

    def prepared(seed: int) -> tuple[Trainer, Curve, str]:
        recorder = Curve()
        method = case.method("dccs", data, small=case.small, seed=seed)
        per_epoch = data.n_samples // method.config.batch_size
        n_epochs = max(1, round(n_steps / per_epoch))
        about = {"epochs": n_epochs, "seed": seed, "device": case.device, "evaluate_every": n_epochs}
        trainer = Trainer(method, data, recorder, **about)
        return trainer, recorder, trainer.autotune()

    def steps_per_s(trainer: Trainer) -> float:
        began = on_device.now(case.device)
        trainer.fit(None)
        return trainer.step / (on_device.now(case.device) - began)

    runs = [prepared(seed) for seed in (0, 1, 0)]
    alone = [steps_per_s(trainer) for trainer, *_ in runs]
    beside = [prepared(seed) for seed in (0, 1)]
    with ThreadPoolExecutor(2) as pool:
        at_once = list(pool.map(steps_per_s, [trainer for trainer, *_ in beside]))
    curves, curves_beside = [curve.values for _, curve, _ in runs], [curve.values for _, curve, _ in beside]
    return {
        "training_steps": runs[0][0].step,
        "steps_taken": {"alone": [said for *_, said in runs[:2]], "at_once": [said for *_, said in beside]},
        "steps_per_s_alone": [round(speed, 1) for speed in alone[:2]],
        "steps_per_s_at_once": [round(speed, 1) for speed in at_once],
        "throughput_of_both_by_one": round(sum(at_once) / fmean(alone), 2),
        "largest_difference_alone_again": _curves_apart(curves[2], curves[0]),
        "largest_difference_at_once": max(map(_curves_apart, curves_beside, curves)),
        "acc_alone": [_last(curve, "eval/acc") for curve in curves[:2]],
        "acc_at_once": [_last(curve, "eval/acc") for curve in curves_beside],
    }


def _curves_apart(found: Mapping[tuple[int, str], float], expected: Mapping[tuple[int, str], float]) -> float:
    """The largest difference of any point, as a share of its curve's largest value."""
    assert found.keys() == expected.keys()
    tops: dict[str, float] = defaultdict(lambda: 1e-12)
    for (_, name), value in expected.items():
        tops[name] = max(tops[name], abs(value))
    return float(f"{max(abs(found[key] - value) / tops[key[1]] for key, value in expected.items()):.3g}")


def _last(curve: Mapping[tuple[int, str], float], name: str) -> float | None:
    points = [(step, value) for (step, told), value in curve.items() if told == name]
    return round(max(points)[1], 4) if points else None


# -- Memory, pictures, seeds


def memory(case: Case) -> dict[str, Any]:
    """Peak memory of some steps of training, of each method and precision, samples among it."""
    data, found = case.data(), {}
    for name in IMAGE_METHODS:
        for precision in precisions(case.device):
            on_device.forget(case.device)
            laps = Laps(case.device, seconds=0.0, warm_up=MEMORY_STEPS)
            method = case.method(name, data, small=case.small)
            about = {"epochs": 10**6, "seed": 0, "device": case.device, "evaluate_every": 10**6}
            trainer = Trainer(method, data, laps, precision=precision, **about)
            laps.begin(1)
            trainer.fit(None)
            told = on_device.memory(case.device) | {"batch_size": trainer.batch_size, "steps": trainer.step}
            found[f"{name}, {precision}"] = told
            del trainer, method
            laps.state = None
    return found


def sheet(case: Case) -> dict[str, Any]:
    """Seconds of a Grad-CAM sheet, where the pages work it out (the CPU) and on the device; the first call apart.

    Networks are as they start: what heat costs does not depend on what was learnt.
    """
    data, found = case.data(), {}
    images = np.array(data.views[0][:SHEET])
    targets = np.arange(len(images)) % data.spec.n_clusters
    for name in IMAGE_METHODS:
        told: dict[str, Any] = {"images": len(images)}
        heat: dict[str, np.ndarray] = {}
        for device in dict.fromkeys((CPU, case.device)):
            method = case.method(name, data, small=case.small).to(device).eval()
            for when in ("first_s", "s"):
                began = on_device.now(device)
                heat[device.type] = grad_cam(method, (images,), targets)
                told[f"{device.type}_{when}"] = round(on_device.now(device) - began, 3)
        if "cuda" in heat:
            told["largest_difference"] = float(f"{np.abs(heat['cuda'] - heat['cpu']).max():.3g}")
        found[name] = told
    return found


def seeds_side_by_side(case: Case) -> dict[str, Any]:
    """Many seeds of three methods, each run a process of one thread as in any sweep; before it one run of each alone.

    At once are as many as the machine has cores, a GPU is shared by all of them.
    """
    seeds = case.seeds or tuple(range(20 if case.device.type == "cuda" else 2))
    epochs = case.epochs or (None if case.device.type == "cuda" else SEED_EPOCHS_ON_CPU)
    about: dict[str, Any] = {"preset": "paper", "epochs": epochs, "limit": case.limit, "device": case.device.type}
    cells = [Cell(dataset=PAIRS, method=name, label=name, **about) for name in PAIR_METHODS]
    sweep = Sweep(cells=tuple(cells), seeds=seeds)
    with tempfile.TemporaryDirectory(prefix="mmclust-bench-") as folder:
        store = RunStore(Path(folder))
        try:
            one_by_one = run_sweep(store, replace(sweep, seeds=(max(seeds) + 1,)), n_workers=1)
            outcome = run_sweep(store, sweep)
        finally:
            store.close()
    if failures := {**one_by_one.failures, **outcome.failures}:
        raise ValueError("; ".join(sorted(set(failures.values()))))
    found: dict[str, Any] = {"dataset": PAIRS, "seeds": len(seeds), "all_s": round(outcome.seconds, 1)}
    for number, name in enumerate(PAIR_METHODS):
        (alone,), runs = one_by_one.of_cell(number), outcome.of_cell(number)
        found[name] = {
            "epochs": runs[0].spec.epochs,
            "alone_s": round(alone.seconds, 2),
            "mean_beside_others_s": round(sum(run.seconds for run in runs) / len(runs), 2),
            "acc": [round(run.metrics["acc"], 4) for run in runs if run.metrics],
        }
    return found


PARTS: Mapping[str, Callable[[Case], dict[str, Any]]] = {
    "agreement": agreement,
    "modes": execution_modes,
    "together": together,
    "memory": memory,
    "gradcam": sheet,
    "seeds": seeds_side_by_side,
}
