"""Training speed of DCCS at 28 x 28 with the published networks, in turns with the plain recipe.

Speed is given per second of wall time and per second of processor time (all threads): the second is the speed of one
core and hardly moves when other programs use the machine.
"""

import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from statistics import median
from typing import Any

import numpy as np
import torch

from benchmarks.on_device import has_bf16
from benchmarks.parts import Parts, peak_memory_mib
from benchmarks.plain_dccs import BATCH_SIZE, PlainDCCS
from benchmarks.train import CPU, FOREVER, beside_plain, timed
from mmclust import methods
from mmclust.data import catalogue
from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.engine.steps import Precision
from mmclust.engine.throughput import StopAfter
from mmclust.engine.trainer import Trainer, build

N_IMAGES = 8192
SHAPE = (1, 28, 28)
N_EVALUATED = 1024
WHAT = f"DCCS, 28 x 28, batch {BATCH_SIZE}, four critic steps and one encoder step per cycle"
DATA_PARTS = ("plain", "augmented")
"""Functions of the method that make inputs of raw images."""


def new_trainer(
    images: np.ndarray, recorder: StopAfter, *, precision: Precision, device: torch.device = CPU, seed: int = 0
) -> Trainer:
    """The package's DCCS with the paper's settings in the package's engine, for images (N, 28, 28)."""
    spec = DataSpec(name="28x28", views=(ViewSpec(name="image", kind="image", shape=SHAPE),), n_clusters=10)
    card = methods.card("dccs")
    config = card.config(**card.resolve("mnist", "paper", {}))
    assert config.batch_size == BATCH_SIZE
    return Trainer(
        build(methods.method_class("dccs"), config, spec, seed),
        MultiViewDataset(spec=spec, views=(images[:, None],)),
        recorder,
        epochs=FOREVER,
        seed=seed,
        device=device,
        precision=precision,
        evaluate_every=FOREVER,
    )


class Ours:
    """Ours on the CPU, in rounds."""

    def __init__(self, images: np.ndarray, *, precision: Precision) -> None:
        self.recorder = StopAfter()
        self.trainer = new_trainer(images, self.recorder, precision=precision)
        self.parts = Parts(self.trainer.method, DATA_PARTS)

    def __call__(self, seconds: float) -> int:
        """Train for some seconds; the number of images used."""
        before = self.trainer.step
        self.recorder.deadline = time.monotonic() + seconds
        self.trainer.fit(self.recorder.state)
        return (self.trainer.step - before) * BATCH_SIZE

    def evaluation(self, images: np.ndarray) -> float:
        """Images that are embedded for a snapshot in a second of the processor."""
        method, rows = self.trainer.method.eval(), torch.from_numpy(images[:, None])
        enabled = self.trainer.precision == "bf16"
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            method.spaces((rows,))
            before = time.process_time()
            method.spaces((rows,))
        seconds = time.process_time() - before
        method.train()
        return len(images) / seconds


class Plain:
    """The plain recipe, in rounds."""

    def __init__(self, images: np.ndarray, *, seed: int) -> None:
        self.training = PlainDCCS(images, seed=seed)

    def __call__(self, seconds: float) -> int:
        """Train for some seconds, in whole cycles of five steps; the number of images used."""
        deadline, n_images = time.monotonic() + seconds, 0
        while not n_images or time.monotonic() < deadline:
            n_images += self.training.train(5)
        return n_images


def measure(dataset: str | None, *, rounds: int, seconds: float, threads: int) -> dict[str, Any]:
    """Images per second of each way to train, as medians over rounds in which they take turns.

    Args:
        dataset: catalogue name of gray images of 28 x 28 pixels (see `fits`); None for noise.
        rounds: how often each way gets a phase, after one phase to warm up.
        seconds: length of a phase.
        threads: torch threads, the same for all.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        images = read(dataset)
        ours = {"float32": Ours(images, precision="float32")}
        if has_bf16(CPU):
            ours["bf16"] = Ours(images, precision="bf16")
        ways: dict[str, Callable[[float], int]] = {"plain": Plain(images, seed=0), **ours}
        for train in ways.values():
            train(min(seconds, 2.0))
        for way in ours.values():
            way.parts.reset()
        phases: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, train in ways.items():
                phases[name].append(timed(train, seconds))
        evaluation = {name: way.evaluation(images[:N_EVALUATED]) for name, way in ours.items()}
    finally:
        torch.set_num_threads(before)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as processes:
        memory = {name: processes.submit(_peak_memory, name, images) for name in ways}
    speeds = {
        name: {
            "images_per_core_s": round(median(core for core, _ in found), 1),
            "images_per_s": round(median(wall for _, wall in found), 1),
            "peak_memory_mib": round(memory[name].result()),
            "each_images_per_core_s": [round(core, 1) for core, _ in found],
        }
        for name, found in phases.items()
    }
    for name, way in ours.items():
        speeds[name]["share_of_time"] = way.parts.shares()
        speeds[name]["evaluation_images_per_core_s"] = round(evaluation[name], 1)
    return beside_plain(WHAT, dataset, speeds, rounds=rounds, seconds=seconds, threads=threads)


def fits(dataset: str) -> bool:
    """Whether the plain recipe, which is written for gray images of 28 x 28 pixels, can take a data set."""
    views = catalogue.describe(dataset).views
    return len(views) == 1 and views[0].shape == SHAPE


def read(dataset: str | None) -> np.ndarray:
    """Images (N, 28, 28) uint8."""
    if dataset is None:
        return np.random.default_rng(0).integers(0, 256, (N_IMAGES, *SHAPE[1:]), dtype=np.uint8)
    return np.ascontiguousarray(catalogue.load(dataset, limit=N_IMAGES).views[0][:, 0])


def _peak_memory(way: str, images: np.ndarray) -> float:
    """MiB that a process of its own holds at most while it builds a way to train and takes some steps."""
    torch.set_num_threads(1)
    train = Plain(images, seed=0) if way == "plain" else Ours(images, precision="bf16" if way == "bf16" else "float32")
    train(1.0)
    return peak_memory_mib()
