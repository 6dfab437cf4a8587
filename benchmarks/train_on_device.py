"""Training speed on a GPU: wall time between points at which the GPU has done all that was sent to it.

The ways to train are measured one after the other, each in one training that is never interrupted: what is recorded,
compiled or chosen at first use lies before the first lap. So no lap holds a start, and each way has its own peak of
memory.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any

import numpy as np
import torch

from benchmarks import machine, on_device, train_dccs, train_imc_swav
from benchmarks.parts import Parts
from benchmarks.plain_dccs import PlainDCCS
from benchmarks.plain_imc_swav import PlainIMCSwAV
from benchmarks.train import Midway
from mmclust import settings
from mmclust.engine.execution import EAGER
from mmclust.engine.steps import Precision
from mmclust.engine.throughput import StopAfter
from mmclust.engine.trainer import Trainer

PAPER_BATCH = 256
"""Of IMC-SwAV."""
GPU_WARM_UP = 60
"""Steps until libraries have chosen their algorithms and every turn is recorded."""
MOST_WORKERS = 8
"""Processes that make the plain recipe's images: one alone would leave the GPU idle."""


class Laps(StopAfter):
    """A recorder that stops a training at once; with a number of laps, that times them and stops it then.

    Args:
        device: that is trained on.
        seconds: length of a lap, at least.
        warm_up: steps before the first lap.
    """

    def __init__(self, device: torch.device, *, seconds: float, warm_up: int) -> None:
        super().__init__()
        self.device, self.seconds, self.warm_up = device, seconds, warm_up
        self.begin(0)

    def begin(self, n_laps: int) -> None:
        """Ask for so many laps."""
        self.n_laps, self.began, self.step = n_laps, on_device.now(self.device), 0
        self.first: int | None = None
        self.landmarks: list[tuple[float, int]] = []
        """Seconds and steps at the ends of laps."""

    def progress(self, *, step: int, total_steps: int, epoch: float) -> None:
        """Hear how far the training is."""
        self.step = step

    def request(self) -> Any:
        """Look at the clock, some times a second; a stop after the last lap."""
        if not self.n_laps:
            return "stop"
        if self.first is None:
            self.first = self.step
        if self.step - self.first < self.warm_up:
            return ""
        now = on_device.now(self.device)
        if not self.landmarks or (now - self.landmarks[-1][0] >= self.seconds and self.step > self.landmarks[-1][1]):
            self.landmarks.append((now, self.step))
        return "stop" if len(self.landmarks) > self.n_laps else ""

    def steps_per_s(self) -> list[float]:
        """Of each lap."""
        return [(step - before) / (end - start) for (start, before), (end, step) in pairwise(self.landmarks)]


@dataclass(frozen=True)
class Recipe:
    """What is trained."""

    what: str
    batch_size: int
    ours: Callable[[Precision, Laps], tuple[Trainer, int]]
    """A trainer, and the step from which on it is measured."""
    plain: Callable[[], PlainDCCS | PlainIMCSwAV] | None = None
    data_parts: tuple[str, ...] = ()
    schedule_steps: int | None = None
    """Length of a whole training, where it is known."""


def measure(
    method: str | None,
    dataset: str | None,
    *,
    device: torch.device,
    preset: str = "quick",
    execution: str = "eager",
    rounds: int,
    seconds: float,
    batch_size: int = PAPER_BATCH,
    limit: int | None = None,
) -> dict[str, Any]:
    """Images per second of the plain recipe where there is one, and of ours: eager, and as `auto` chooses.

    Args:
        method: key in `METHODS`; None for DCCS.
        dataset: catalogue name; None for noise, of DCCS and IMC-SwAV alone.
        device: to train on.
        preset: of methods and data that no plain recipe is written for.
        execution: eager, or auto to measure what it chooses too.
        rounds: laps of each mode.
        seconds: length of a lap.
        batch_size: of IMC-SwAV.
        limit: images to train on; None for as many as on a CPU.

    Raises:
        ValueError: such a run cannot be trained.
    """
    recipe = _recipe(method, dataset, device, preset, batch_size, limit)
    laps = Laps(device, seconds=seconds, warm_up=GPU_WARM_UP if device.type == "cuda" else 1)
    speeds: dict[str, dict[str, Any]] = {}
    if recipe.plain is not None:
        speeds["plain"] = on_device.attempt(lambda: _plain(recipe, device, rounds, seconds, laps.warm_up))
    for precision in precisions(device):
        for chosen in (False, True) if execution == "auto" else (False,):
            name = f"{precision}, {'auto' if chosen else 'eager'}"
            speeds[name] = on_device.attempt(
                lambda precision=precision, chosen=chosen: _ours(recipe, precision, laps, rounds, chosen=chosen)
            )
    found = {
        "bench": "train",
        "what": recipe.what,
        "device": on_device.describe(device),
        "clock": "wall time, each mode in one uninterrupted training, one mode after the other",
        "rounds": rounds,
        "seconds_per_turn": seconds,
        "batch_size": recipe.batch_size,
        "speeds": speeds,
        "machine": machine.describe(),
    }
    if plain := speeds.get("plain", {}).get("images_per_s"):
        ours = {
            name: speed["images_per_s"] for name, speed in speeds.items() if name != "plain" and "images_per_s" in speed
        }
        found["ratio_to_plain"] = {name: round(speed / plain, 2) for name, speed in ours.items()}
    return found


def precisions(device: torch.device) -> tuple[Precision, ...]:
    """What the device calculates with."""
    return ("float32", "bf16") if on_device.has_bf16(device) else ("float32",)


def _recipe(
    method: str | None, dataset: str | None, device: torch.device, preset: str, batch_size: int, limit: int | None
) -> Recipe:
    n_workers = min(MOST_WORKERS, max(0, settings.n_cores() - 1)) if device.type == "cuda" else 0
    shown = f"images of {dataset}" if dataset else "noise"
    beside = f", {n_workers} processes that make the plain recipe's images"
    if method in (None, "dccs") and (dataset is None or train_dccs.fits(dataset)):
        gray = train_dccs.read(dataset)[:limit]

        def dccs(precision: Precision, laps: Laps) -> tuple[Trainer, int]:
            return train_dccs.new_trainer(gray, laps, precision=precision, device=device), 0

        return Recipe(
            f"{train_dccs.WHAT}, {shown}{beside}",
            train_dccs.BATCH_SIZE,
            dccs,
            lambda: PlainDCCS(gray, seed=0, device=device, n_workers=n_workers),
            train_dccs.DATA_PARTS,
        )
    if method == "imc-swav" and dataset in (None, "cifar10", "cifar20", "cifar100"):
        colour = train_imc_swav.read(dataset, limit=limit or max(32 * batch_size, train_imc_swav.N_IMAGES))
        batch_size = min(batch_size, len(colour))

        def imc_swav(precision: Precision, laps: Laps) -> tuple[Trainer, int]:
            about = {"precision": precision, "batch_size": batch_size, "device": device}
            trainer = train_imc_swav.new_trainer(colour, laps, **about)
            # The prototypes' warm-up of 500 steps is left out: it does other operations than the rest.
            trainer.method.get_buffer("n_steps").fill_(trainer.method.config.warm_up)
            return trainer, 0

        pixels = np.ascontiguousarray(colour.transpose(0, 2, 3, 1))
        return Recipe(
            f"{train_imc_swav.what(batch_size)}, {shown}{beside}",
            batch_size,
            imc_swav,
            lambda: PlainIMCSwAV(pixels, seed=0, batch_size=batch_size, device=device, n_workers=n_workers),
            train_imc_swav.DATA_PARTS,
        )
    if not (method and dataset):
        raise ValueError("--method and --dataset belong together; give both, or none for DCCS beside its recipe")

    def any_method(precision: Precision, laps: Laps) -> tuple[Trainer, int]:
        midway = Midway(dataset, method, preset, device=device, precision=precision, recorder=laps)
        return midway.trainer, midway.halfway

    trainer, _ = any_method("float32", Laps(device, seconds=1, warm_up=1))
    what = f"{method} on {dataset}, preset {preset}, batch {trainer.batch_size}, half way through its schedule"
    return Recipe(what, trainer.batch_size, any_method, schedule_steps=trainer.total_steps)


def _plain(recipe: Recipe, device: torch.device, rounds: int, seconds: float, warm_up: int) -> dict[str, Any]:
    on_device.forget(device)
    assert recipe.plain is not None
    began, training = on_device.now(device), recipe.plain()
    training.train(warm_up)
    warm = end = on_device.now(device)
    speeds = []
    for _ in range(rounds):
        start, n_images = end, 0
        while not n_images or end - start < seconds:
            n_images += training.train(5)  # DCCS: a whole cycle
            end = on_device.now(device)
        speeds.append(n_images / (end - start))
    return _told(speeds, device) | {"warm_up_s": round(warm - began, 2)}


def _ours(recipe: Recipe, precision: Precision, laps: Laps, rounds: int, *, chosen: bool) -> dict[str, Any]:
    device = laps.device
    laps.begin(0)
    laps.state = None  # of the mode before
    on_device.forget(device)
    trainer, start = recipe.ours(precision, laps)
    if laps.state is None:
        trainer.fit(None)  # some first steps: every stage's start is behind them
    assert laps.state is not None
    state = laps.state | {"step": max(start, trainer.step)}
    found: dict[str, Any] = {}
    before = on_device.now(device)
    if chosen:
        laps.begin(rounds)  # the choice is cut short for a recorder that asks for a stop
        found["steps"] = trainer.autotune(step=state["step"])
        found |= {"chosen_in_s": round(on_device.now(device) - before, 2), "while_choosing": on_device.memory(device)}
        on_device.forget(device)
        if trainer.execution is EAGER:
            return found  # that has been measured
    laps.begin(rounds)
    trainer.fit(state)
    if not (speeds := laps.steps_per_s()):
        raise ValueError("the training ended before a lap; take a preset of more epochs, or shorter laps")
    found |= _told([steps * recipe.batch_size for steps in speeds], device)
    found |= {"ms_a_step": round(1000 / median(speeds), 4), "warm_up_s": round(laps.landmarks[0][0] - before, 2)}
    if recipe.schedule_steps:
        found |= {"schedule_steps": recipe.schedule_steps}
        found |= {"schedule_s": round(recipe.schedule_steps / median(speeds), 1)}
    if not chosen:
        found["share_of_time"] = _shares(recipe, trainer, laps, state)
    return found


def _shares(recipe: Recipe, trainer: Trainer, laps: Laps, state: dict[str, Any]) -> dict[str, float]:
    """Shares of the parts of a step, in a lap of their own: to wait for the GPU after each part takes time itself."""
    parts = Parts(trainer.method, recipe.data_parts, clock=lambda: on_device.now(laps.device))
    laps.begin(1)
    trainer.fit(state)
    return parts.shares()


def _told(images_per_s: Sequence[float], device: torch.device) -> dict[str, Any]:
    about = {"images_per_s": round(median(images_per_s), 1), "each_images_per_s": [round(v, 1) for v in images_per_s]}
    return about | on_device.memory(device)
