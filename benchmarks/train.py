"""Training speed of any method on any data set.

Speed is given per second of wall time and per second of processor time (all threads): the second is the speed of one
core and hardly moves when other programs use the machine.
"""

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import torch

from benchmarks import machine
from mmclust import methods
from mmclust.data import catalogue
from mmclust.data.preprocessing import prepare
from mmclust.engine.steps import Precision
from mmclust.engine.throughput import StopAfter
from mmclust.engine.trainer import Trainer, build
from mmclust.specs import build_spec, validate

CPU = torch.device("cpu")
FOREVER = 1_000_000
"""Epochs: no round reaches the end, so that none is evaluated."""


class Midway:
    """Any method half way through its schedule, in rounds: warm-ups and pretraining lie behind it.

    Args:
        dataset: catalogue name or path.
        method: key in `METHODS`.
        preset: of the method.
        device: to train on.
        precision: None for the preset's.
        recorder: asks for a stop after the first step, and then when a round is over.

    Raises:
        ValueError: such a run cannot be trained.
    """

    def __init__(
        self,
        dataset: str,
        method: str,
        preset: str,
        *,
        device: torch.device = CPU,
        precision: Precision | None = None,
        recorder: StopAfter | None = None,
    ) -> None:
        self.spec = build_spec(dataset, method, preset=preset)
        if reason := validate(self.spec):
            raise ValueError(reason)
        data = prepare(catalogue.load(dataset), self.spec.preprocessing)
        card = methods.card(self.spec.method)
        self.recorder = recorder or StopAfter()
        self.trainer = Trainer(
            build(methods.method_class(self.spec.method), card.config(**self.spec.config), data.spec, seed=0),
            data,
            self.recorder,
            epochs=self.spec.epochs,
            seed=0,
            device=device,
            precision=precision or self.spec.precision,
            train_part=card.train_part,
            eval_part=card.eval_part,
            evaluate_every=FOREVER,
        )
        self.halfway = self.trainer.epochs // 2 * self.trainer.steps_per_epoch
        self.trainer.fit(None)  # a stop was asked for: every stage's start is behind the first step

    def __call__(self, seconds: float) -> int:
        """Train for some seconds, or to the end of the schedule; the number of steps."""
        assert self.recorder.state is not None
        self.recorder.deadline = time.monotonic() + seconds
        self.trainer.fit({**self.recorder.state, "step": self.halfway})
        return self.trainer.step - self.halfway


def measure_method(
    dataset: str, method: str, *, preset: str, rounds: int, seconds: float, threads: int
) -> dict[str, Any]:
    """Steps and samples per second of a method on a data set, as medians over rounds.

    Args:
        dataset: catalogue name or path.
        method: key in `METHODS`.
        preset: of the method.
        rounds: how often it is measured, after one phase to warm up.
        seconds: length of a round.
        threads: torch threads.

    Raises:
        ValueError: such a run cannot be trained.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        train = Midway(dataset, method, preset)
        train(min(seconds, 2.0))
        found = [timed(train, seconds) for _ in range(rounds)]
    finally:
        torch.set_num_threads(before)
    batch_size = train.trainer.batch_size
    core, wall = (median(values) for values in zip(*found, strict=True))
    return {
        "bench": "train",
        "what": f"{train.spec.method} on {dataset}, preset {preset}, batch {batch_size}, half way through its schedule",
        "rounds": rounds,
        "seconds_per_turn": seconds,
        "threads": threads,
        "steps_per_s": round(wall, 2),
        "samples_per_s": round(wall * batch_size, 1),
        "steps_per_core_s": round(core, 2),
        "samples_per_core_s": round(core * batch_size, 1),
        "each_steps_per_core_s": [round(each, 2) for each, _ in found],
        "steps_of_the_schedule": train.trainer.total_steps,
        "schedule_seconds": round(train.trainer.total_steps / wall, 1),
        "machine": machine.describe(),
    }


def timed(train: Callable[[float], int], seconds: float) -> tuple[float, float]:
    """What `train` counts, per second of processor time and of wall time."""
    cpu, wall = time.process_time(), time.perf_counter()
    n = train(seconds)
    return n / (time.process_time() - cpu), n / (time.perf_counter() - wall)


def beside_plain(
    what: str, dataset: str | None, speeds: dict[str, dict[str, Any]], *, rounds: int, seconds: float, threads: int
) -> dict[str, Any]:
    """The document of ways to train in turns, one of them the plain recipe.

    Args:
        what: method, networks and batch.
        dataset: whose images were trained on; None for noise.
        speeds: figures of each way, `images_per_core_s` and `plain` among them.
        rounds: turns of each way.
        seconds: length of a phase.
        threads: of torch.
    """
    plain = speeds["plain"]["images_per_core_s"]
    return {
        "bench": "train",
        "what": f"{what}, {f'images of {dataset}' if dataset else 'noise'}",
        "rounds": rounds,
        "seconds_per_turn": seconds,
        "threads": threads,
        "speeds": speeds,
        "ratio_to_plain": {
            name: round(found["images_per_core_s"] / plain, 2) for name, found in speeds.items() if name != "plain"
        },
        "machine": machine.describe(),
    }
