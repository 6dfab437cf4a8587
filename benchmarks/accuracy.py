"""Time to accuracy: DCCS with the published settings and with our best known ones, scored while it trains.

Settings, epochs and seeds are never chosen by what is found here: labels only measure. Time counts training and
evaluation, not the start. A run's limit is in processor minutes per thread, which on a quiet machine are minutes, so
that a machine shared with other work changes the wall time alone.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import torch

from benchmarks import machine
from mmclust import methods
from mmclust.data import catalogue
from mmclust.engine.recorder import Request
from mmclust.engine.trainer import Trainer, build
from mmclust.evaluation.snapshot import Snapshot
from mmclust.methods.card import MethodCard, Preset

LEVELS = (0.9, 0.95, 0.98)
PRESETS = ("paper", "best-known")
METHOD = "dccs"


class Clock:
    """A recorder that notes the time of every evaluation and asks for a stop when the time is over."""

    def __init__(self, limit_s: float, updates: Callable[[int], int], checkpoint: Path | None = None) -> None:
        self.limit_s, self.updates, self.file = limit_s, updates, checkpoint
        self.points: list[dict[str, float]] = []
        self.signals: dict[str, float] = {}
        self.before_s = self.before_cpu_s = 0.0
        self.start()

    def start(self) -> None:
        """Begin to count."""
        self.began, self.began_cpu = time.perf_counter(), time.process_time()

    def elapsed(self) -> tuple[float, float]:
        """Wall and processor seconds over all pieces."""
        wall, cpu = time.perf_counter() - self.began, time.process_time() - self.began_cpu
        return self.before_s + wall, self.before_cpu_s + cpu

    def log(self, values: Mapping[str, float], *, step: int, epoch: float) -> None:
        """Note the time of an evaluation, and beside it what needs no labels."""
        watched = ("signal/wasserstein", "loss/aug", "loss/mi", "loss/penalty")
        self.signals |= {name.partition("/")[2]: values[name] for name in watched if name in values}
        if "eval/acc" in values:
            wall, cpu = self.elapsed()
            point = {
                "epoch": epoch,
                "encoder_updates": self.updates(step),
                "minutes": wall / 60,
                "cpu_minutes": cpu / 60,
            }
            point |= {name.partition("/")[2]: value for name, value in values.items()} | self.signals
            self.points.append({name: round(value, 5) for name, value in point.items()})

    def progress(self, *, step: int, total_steps: int, epoch: float) -> None:
        """Not needed: evaluations tell where training stands."""

    def snapshot(self, snapshot: Snapshot) -> None:
        """Not kept: figures are enough here."""

    def checkpoint(self, state: dict[str, Any]) -> None:
        """Keep what the next piece needs."""
        if self.file:
            wall, cpu = self.elapsed()
            kept = {"state": state, "points": self.points, "seconds": wall, "cpu_seconds": cpu}
            temporary = self.file.with_name(self.file.name + ".tmp")
            torch.save(kept, temporary)
            temporary.replace(self.file)

    def request(self) -> Request:
        """A stop once the time is over."""
        return "stop" if self.elapsed()[1] > self.limit_s else ""

    def go_on(self) -> dict[str, Any] | None:
        """State of an earlier piece, or None."""
        if not (self.file and self.file.exists()):
            return None
        kept = torch.load(self.file, weights_only=True)
        self.points, self.before_s, self.before_cpu_s = kept["points"], kept["seconds"], kept["cpu_seconds"]
        return kept["state"]


def measure(
    dataset: str,
    *,
    minutes: float,
    seeds: Sequence[int] = (0, 1, 2),
    presets: Sequence[str] = PRESETS,
    changes: Mapping[str, str] | None = None,
    epochs: int | None = None,
    limit: int | None = None,
    device: str = "cpu",
    threads: int = 1,
    checkpoints: Path | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """Minutes and encoder updates to each accuracy, for each preset and seed.

    Args:
        dataset: catalogue name or path, with labels.
        minutes: of a run, at most; of the processor and per thread.
        seeds: of the runs; all are reported.
        presets: settings to compare.
        changes: hyper-parameters to set differently in all of them.
        epochs: length of the schedule; None for the preset's.
        limit: train on a random sample of this many.
        device: cpu or cuda.
        threads: torch threads.
        checkpoints: folder to keep runs in, so that a second call goes on where the first was stopped.
        say: given a line for each run that ended.

    Raises:
        ValueError: the data set has no labels, or such a run cannot be trained.
    """
    data = catalogue.load(dataset, limit=limit)
    if data.labels is None:
        raise ValueError(f"{dataset} has no labels to measure accuracy with; choose a data set that has them")
    if checkpoints:
        checkpoints.mkdir(parents=True, exist_ok=True)
    about = methods.card(METHOD)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    runs: dict[str, list[dict[str, Any]]] = {}
    try:
        for preset in presets:
            config = about.resolve(dataset, preset, changes or {})
            for seed in seeds:
                file = checkpoints / f"{dataset}-{preset}-{seed}.pt" if checkpoints else None
                clock = Clock(60 * minutes * threads, _encoder_updates(config), file)
                chosen = about.preset(preset, dataset)
                chosen = replace(chosen, epochs=epochs) if epochs else chosen
                found = _train(about, data, clock, chosen, config, seed, device)
                runs.setdefault(preset, []).append(found)
                say(f"{preset}, seed {seed}: {_told(found)}")
    finally:
        torch.set_num_threads(before)
    return {
        "bench": "accuracy",
        "what": f"{METHOD} on {dataset}" + (f", {limit} samples" if limit else ""),
        "device": torch.cuda.get_device_name(device) if device == "cuda" else "cpu",
        "threads": threads,
        "minutes": minutes,
        "summary": {preset: summary(found) for preset, found in runs.items()},
        "runs": runs,
        "machine": machine.describe(),
    }


def _encoder_updates(config: Mapping[str, Any]) -> Callable[[int], int]:
    """How many of so many steps have moved the encoder; the others moved the critic."""
    return lambda step: step // (config["n_critic"] + 1)


def _train(
    about: MethodCard, data: Any, clock: Clock, chosen: Preset, config: dict[str, Any], seed: int, device: str
) -> dict[str, Any]:
    method = build(methods.method_class(about.name), about.config(**config), data.spec, seed)
    trainer = Trainer(
        method,
        data,
        clock,
        epochs=chosen.epochs,
        seed=seed,
        device=torch.device(device),
        precision=chosen.precision,
        evaluate_every=max(1, min(chosen.epochs // 6, 10)),
    )
    state = clock.go_on()
    clock.start()
    outcome = trainer.fit(state)
    wall, cpu = clock.elapsed()
    return {
        "seed": seed,
        "config": config,
        "epochs": chosen.epochs,
        "precision": chosen.precision,
        "outcome": outcome,
        "minutes": round(wall / 60, 2),
        "cpu_minutes": round(cpu / 60, 2),
        "reached": {str(level): first_time(clock.points, level) for level in LEVELS},
        "last": clock.points[-1],
        "points": clock.points,
    }


def first_time(points: list[dict[str, float]], acc: float) -> dict[str, float] | None:
    """The first evaluation that reached an accuracy; None where none did."""
    keys = ("minutes", "cpu_minutes", "encoder_updates", "epoch")
    return next(({key: point[key] for key in keys} for point in points if point["acc"] >= acc), None)


def summary(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Mean and deviation over seeds: of the last accuracy, and of the processor minutes to each level."""
    last = [run["last"]["acc"] for run in runs]
    levels = {}
    for level in map(str, LEVELS):
        times = [run["reached"][level] for run in runs if run["reached"][level]]
        levels[level] = {
            "seeds_that_reached_it": f"{len(times)} of {len(runs)}",
            "minutes": _mean([time["minutes"] for time in times]),
            "cpu_minutes": _mean([time["cpu_minutes"] for time in times]),
            "encoder_updates": _mean([time["encoder_updates"] for time in times]),
        }
    return {"last_acc": _mean(last), "cpu_minutes": _mean([run["cpu_minutes"] for run in runs]), "to": levels}


def _mean(values: Sequence[float]) -> str:
    if not values:
        return "-"
    return f"{fmean(values):.4g}" + (f" ± {stdev(values):.2g}" if len(values) > 1 else "")


def _told(run: Mapping[str, Any]) -> str:
    reached = [
        f"ACC {level} after {run['reached'][level]['cpu_minutes']:.1f} min"
        for level in map(str, LEVELS)
        if run["reached"][level]
    ]
    last = f"ACC {run['last']['acc']:.3f} at {run['cpu_minutes']:.1f} min of the processor ({run['minutes']:.1f} min)"
    return ", ".join((*reached, last))
