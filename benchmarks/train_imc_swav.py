"""Training speed of IMC-SwAV with the published networks and crops, in turns with the plain recipe.

Times are of the processor (all threads), so that other programs on the machine hardly move them.
"""

import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from statistics import median
from typing import Any

import numpy as np
import torch

from benchmarks import machine
from benchmarks.parts import peak_memory_mib
from benchmarks.plain_imc_swav import BATCH_SIZE, HIGH, LOW, N_HIGH, N_LOW, PlainIMCSwAV
from benchmarks.train import FOREVER, StopAfter, has_bf16
from mmclust import methods
from mmclust.data import catalogue
from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.engine.trainer import Trainer, build

N_IMAGES = 1024
SHAPE = (3, 32, 32)
PARTS = ("data", "forward", "backward", "optimiser")


class Ours:
    """The package's IMC-SwAV with the paper's settings but the yardstick's batch, trained by the package's engine."""

    def __init__(self, images: np.ndarray, *, seed: int, precision: str) -> None:
        spec = DataSpec(name="cifar10", views=(ViewSpec(name="image", kind="image", shape=SHAPE),), n_clusters=10)
        card = methods.card("imc-swav")
        config = card.config(**card.resolve("cifar10", "paper", {"batch_size": BATCH_SIZE}))
        self.recorder = StopAfter()
        method: Any = build(methods.method_class("imc-swav"), config, spec, seed)
        self.parts = dict.fromkeys(PARTS, 0.0)
        self._time_parts_of(method)
        self.trainer = Trainer(
            method,
            MultiViewDataset(spec=spec, views=(images,)),
            self.recorder,
            epochs=FOREVER,
            seed=seed,
            device=torch.device("cpu"),
            precision="bf16" if precision == "bf16" else "float32",
            evaluate_every=FOREVER,
        )

    def _time_parts_of(self, method: Any) -> None:
        """Hold the clock at the calls that the engine makes of every method: a step is what lies between them."""
        schedule, crops, loss_terms = method.schedule, method.crops, method.loss_terms
        after_backward, after_step = method.after_backward, method.after_step
        mark, cropping = [0.0], [0.0]

        def passed() -> float:
            before, mark[0] = mark[0], time.process_time()
            return mark[0] - before

        def on_schedule(*args: Any) -> None:
            passed()
            schedule(*args)

        def on_crops(*args: Any) -> Any:
            found = crops(*args)
            cropping[0] = passed()
            return found

        def on_loss_terms(*args: Any) -> Any:
            found = loss_terms(*args)
            self.parts["data"] += cropping[0]
            self.parts["forward"] += passed()
            return found

        def on_after_backward(*args: Any) -> None:
            self.parts["backward"] += passed()
            after_backward(*args)

        def on_after_step(*args: Any) -> None:
            after_step(*args)
            self.parts["optimiser"] += passed()

        method.schedule, method.crops, method.loss_terms = on_schedule, on_crops, on_loss_terms
        method.after_backward, method.after_step = on_after_backward, on_after_step

    def __call__(self, seconds: float) -> tuple[int, float]:
        """Train for some seconds of wall time; number of images, and processor seconds of the steps."""
        n_before, before = self.trainer.step, sum(self.parts.values())
        self.recorder.deadline = time.monotonic() + seconds
        self.trainer.fit(self.recorder.state)
        return (self.trainer.step - n_before) * BATCH_SIZE, sum(self.parts.values()) - before

    def evaluation(self, images: np.ndarray) -> float:
        """Processor seconds to embed an image for a snapshot."""
        method = self.trainer.method.eval()
        rows, before = torch.from_numpy(images), time.process_time()
        with torch.inference_mode(), torch.autocast("cpu", enabled=self.trainer.precision == "bf16"):
            method.spaces((rows,))
        method.train()
        return (time.process_time() - before) / len(images)


class Plain:
    """The plain recipe, in rounds."""

    def __init__(self, images: np.ndarray, *, seed: int) -> None:
        self.training = PlainIMCSwAV(images.transpose(0, 2, 3, 1), seed=seed)

    def __call__(self, seconds: float) -> tuple[int, float]:
        """Train for some seconds of wall time, one step at least; number of images, and processor seconds."""
        deadline, before, n_images = time.monotonic() + seconds, time.process_time(), 0
        while not n_images or time.monotonic() < deadline:
            n_images += self.training.train(1)
        return n_images, time.process_time() - before


def measure(dataset: str | None, *, rounds: int, seconds: float, threads: int) -> dict[str, Any]:
    """Images per second of each way to train, as medians over rounds in which they take turns.

    Args:
        dataset: catalogue name of colour images of 32 x 32 pixels; None for noise.
        rounds: how often each way gets a turn, after one turn to warm up.
        seconds: length of a turn.
        threads: torch threads, the same for all.

    Raises:
        ValueError: images of another shape.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        images = _images(dataset)
        ours = {"float32": Ours(images, seed=0, precision="float32")}
        if has_bf16():
            ours["bf16"] = Ours(images, seed=0, precision="bf16")
        ways: dict[str, Callable[[float], tuple[int, float]]] = {"plain": Plain(images, seed=0), **ours}
        for train in ways.values():
            train(0.1)
        for way in ours.values():
            way.parts.update(dict.fromkeys(PARTS, 0.0))
        turns: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, train in ways.items():
                n_images, cpu = train(seconds)
                turns[name].append(n_images / cpu)
        evaluation = {name: way.evaluation(images[:256]) for name, way in ours.items()}
    finally:
        torch.set_num_threads(before)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as processes:
        memory = {name: processes.submit(_peak_memory, name, images) for name in ways}
    speeds = {
        name: {
            "images_per_core_s": round(median(found), 2),
            "peak_memory_mib": round(memory[name].result()),
            "each_images_per_core_s": [round(each, 2) for each in found],
        }
        for name, found in turns.items()
    }
    for name, way in ours.items():
        total = sum(way.parts.values())
        speeds[name]["share_of_time"] = {part: round(way.parts[part] / total, 3) for part in PARTS}
        speeds[name]["evaluation_images_per_core_s"] = round(1 / evaluation[name], 1)
    plain = speeds["plain"]["images_per_core_s"]
    return {
        "bench": "train",
        "what": f"IMC-SwAV, ResNet-18 of width 64, {N_HIGH} x {HIGH} + {N_LOW} x {LOW} pixels, batch {BATCH_SIZE}, "
        + (f"images of {dataset}" if dataset else "noise"),
        "rounds": rounds,
        "seconds_per_turn": seconds,
        "threads": threads,
        "speeds": speeds,
        "ratio_to_plain": {
            name: round(found["images_per_core_s"] / plain, 2) for name, found in speeds.items() if name != "plain"
        },
        "machine": machine.describe(),
    }


def _images(dataset: str | None) -> np.ndarray:
    if dataset is None:
        return np.random.default_rng(0).integers(0, 256, (N_IMAGES, *SHAPE), dtype=np.uint8)
    spec = catalogue.describe(dataset)
    if len(spec.views) != 1 or spec.views[0].shape != SHAPE:
        raise ValueError(
            f"{dataset} is not made of colour images of 32 x 32 pixels, which the plain recipe is written for; "
            "choose cifar10, cifar20 or cifar100, or name no data set"
        )
    return np.ascontiguousarray(catalogue.load(dataset, limit=N_IMAGES).views[0])


def _peak_memory(way: str, images: np.ndarray) -> float:
    """MiB that a process of its own holds at most while it builds a way to train and takes a step."""
    torch.set_num_threads(1)
    train = Plain(images, seed=0) if way == "plain" else Ours(images, seed=0, precision=way)
    train(0.1)
    return peak_memory_mib()
