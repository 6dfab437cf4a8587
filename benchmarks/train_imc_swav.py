"""Training speed of IMC-SwAV with the published networks and crops, in turns with the plain recipe.

Times are of the processor (all threads), so that other programs on the machine hardly move them.
"""

import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from statistics import median
from typing import Any

import numpy as np
import torch

from benchmarks.on_device import has_bf16
from benchmarks.parts import Parts, peak_memory_mib
from benchmarks.plain_imc_swav import BATCH_SIZE, HIGH, LOW, N_HIGH, N_LOW, PlainIMCSwAV
from benchmarks.train import CPU, FOREVER, beside_plain
from mmclust import methods
from mmclust.data import catalogue
from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.engine.steps import Precision
from mmclust.engine.throughput import StopAfter
from mmclust.engine.trainer import Trainer, build

N_IMAGES = 1024
SHAPE = (3, 32, 32)
DATA_PARTS = ("crops",)
"""Functions of the method that make inputs of raw images."""


def new_trainer(
    images: np.ndarray,
    recorder: StopAfter,
    *,
    precision: Precision,
    batch_size: int = BATCH_SIZE,
    width: float = 1.0,
    device: torch.device = CPU,
    seed: int = 0,
) -> Trainer:
    """The package's IMC-SwAV with the paper's settings but for batch and width, in the package's engine.

    Args:
        images: (N, 3, 32, 32).
        recorder: of the trainer.
        precision: of the networks.
        batch_size: images of a step.
        width: share of the published channels.
        device: to train on.
        seed: of weights and draws.
    """
    spec = DataSpec(name="cifar10", views=(ViewSpec(name="image", kind="image", shape=SHAPE),), n_clusters=10)
    config = methods.card("imc-swav").config(**_settings(batch_size, width))
    return Trainer(
        build(methods.method_class("imc-swav"), config, spec, seed),
        MultiViewDataset(spec=spec, views=(images,)),
        recorder,
        epochs=FOREVER,
        seed=seed,
        device=device,
        precision=precision,
        evaluate_every=FOREVER,
    )


def _settings(batch_size: int, width: float = 1.0) -> dict[str, Any]:
    return methods.card("imc-swav").resolve("cifar10", "paper", {"batch_size": batch_size, "width": width})


class Ours:
    """Ours on the CPU, in rounds."""

    def __init__(self, images: np.ndarray, *, precision: Precision, batch_size: int, compiled: bool = False) -> None:
        self.recorder = StopAfter()
        self.trainer = new_trainer(images, self.recorder, precision=precision, batch_size=batch_size)
        if compiled:
            self.trainer.method.get_submodule("encoder").compile(dynamic=False)
        self.parts = Parts(self.trainer.method, DATA_PARTS)

    def __call__(self, seconds: float) -> tuple[int, float]:
        """Train for some seconds of wall time; number of images, and processor seconds of the steps."""
        n_before, before = self.trainer.step, sum(self.parts.seconds.values())
        self.recorder.deadline = time.monotonic() + seconds
        self.trainer.fit(self.recorder.state)
        return (self.trainer.step - n_before) * self.trainer.batch_size, sum(self.parts.seconds.values()) - before

    def evaluation(self) -> float:
        """Processor seconds to embed an image for a snapshot."""
        method = self.trainer.method.eval()
        rows, before = self.trainer.samples.views[0][:256], time.process_time()
        with torch.inference_mode(), torch.autocast("cpu", enabled=self.trainer.precision == "bf16"):
            method.spaces((rows,))
        method.train()
        return (time.process_time() - before) / len(rows)


class Plain:
    """The plain recipe, in rounds."""

    def __init__(self, images: np.ndarray, *, seed: int, batch_size: int) -> None:
        self.training = PlainIMCSwAV(images.transpose(0, 2, 3, 1), seed=seed, batch_size=batch_size)

    def __call__(self, seconds: float) -> tuple[int, float]:
        """Train for some seconds of wall time, one step at least; number of images, and processor seconds."""
        deadline, before, n_images = time.monotonic() + seconds, time.process_time(), 0
        while not n_images or time.monotonic() < deadline:
            n_images += self.training.train(1)
        return n_images, time.process_time() - before


class Contender:
    """A way to train in a process of its own: the engine's settings of memory must not help the plain recipe."""

    def __init__(self, name: str, images: np.ndarray, batch_size: int, threads: int) -> None:
        about = (name, images, batch_size, threads)
        self.process = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_start, initargs=about)

    def train(self, seconds: float) -> float:
        """Images per processor second of a phase."""
        n_images, cpu = self.process.submit(_turn, seconds).result()
        return n_images / cpu

    def end(self) -> dict[str, Any]:
        """What is known of the process at its end: peak memory; for ours also the parts of its time."""
        found = self.process.submit(_about).result()
        self.process.shutdown()
        return found


_here: list[Plain | Ours] = []
"""In a process of a `Contender`: what trains there."""
_until_first: list[float] = []
"""Processor seconds until its first step was done: a compiled encoder is compiled in it."""


def _start(name: str, images: np.ndarray, batch_size: int, threads: int) -> None:
    torch.set_num_threads(threads)
    began = time.process_time()
    if name == "plain":
        _here.append(Plain(images, seed=0, batch_size=batch_size))
    else:
        precision, compiled = "bf16" if name.startswith("bf16") else "float32", name.endswith("compiled")
        _here.append(Ours(images, precision=precision, batch_size=batch_size, compiled=compiled))
    _turn(0.1)
    _until_first.append(time.process_time() - began)
    if isinstance(_here[0], Ours):
        _here[0].parts.reset()


def _turn(seconds: float) -> tuple[int, float]:
    return _here[0](seconds)


def _about() -> dict[str, Any]:
    found: dict[str, Any] = {"peak_memory_mib": round(peak_memory_mib()), "first_step_s": round(_until_first[0], 1)}
    if isinstance(_here[0], Ours):
        found["share_of_time"] = _here[0].parts.shares()
        found["evaluation_images_per_core_s"] = round(1 / _here[0].evaluation(), 1)
    return found


def measure(
    dataset: str | None,
    *,
    rounds: int,
    seconds: float,
    threads: int,
    batch_size: int = BATCH_SIZE,
    compiled: bool = False,
) -> dict[str, Any]:
    """Images per second of each way to train, as medians over rounds in which they take turns.

    Args:
        dataset: catalogue name of colour images of 32 x 32 pixels; None for noise.
        rounds: how often each way gets a phase, after one phase to warm up.
        seconds: length of a phase.
        threads: torch threads, the same for all.
        batch_size: images of a step.
        compiled: whether ours also runs with the encoder compiled by `torch.compile`.

    Raises:
        ValueError: images of another shape, or a batch that the method does not allow.
    """
    _settings(batch_size)  # refused here, an exception in a contender's process would end as a broken pool
    images = read(dataset, limit=max(N_IMAGES, batch_size))
    ours = ("float32", "bf16") if has_bf16(CPU) else ("float32",)
    names = ("plain", *ours, *(f"{name} compiled" for name in ours if compiled))
    ways = {name: Contender(name, images, batch_size, threads) for name in names}
    phases: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            phases[name].append(way.train(seconds))
    speeds = {
        name: {
            "images_per_core_s": round(median(phases[name]), 2),
            "each_images_per_core_s": [round(each, 2) for each in phases[name]],
        }
        | way.end()
        for name, way in ways.items()
    }
    return beside_plain(what(batch_size), dataset, speeds, rounds=rounds, seconds=seconds, threads=threads)


def what(batch_size: int) -> str:
    """What is trained."""
    return f"IMC-SwAV, ResNet-18 of width 64, {N_HIGH} x {HIGH} + {N_LOW} x {LOW} pixels, batch {batch_size}"


def read(dataset: str | None, *, limit: int) -> np.ndarray:
    """Images (limit, 3, 32, 32) uint8, of a data set or noise.

    Raises:
        ValueError: images of another shape.
    """
    if dataset is None:
        return np.random.default_rng(0).integers(0, 256, (limit, *SHAPE), dtype=np.uint8)
    spec = catalogue.describe(dataset)
    if len(spec.views) != 1 or spec.views[0].shape != SHAPE:
        raise ValueError(
            f"{dataset} is not made of colour images of 32 x 32 pixels, which the plain recipe is written for; "
            "choose cifar10, cifar20 or cifar100, or name no data set"
        )
    return np.ascontiguousarray(catalogue.load(dataset, limit=limit).views[0])
