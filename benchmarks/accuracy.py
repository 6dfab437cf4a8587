"""Time to accuracy: DCCS, or another method, with published settings and our best known ones, scored while it trains.

Settings, epochs and seeds are never chosen by what is found here: labels only measure. Time counts training and
evaluation, and on a GPU the choice of a way to take steps; not the start. On a CPU a run's limit is in processor
minutes per thread, which on a quiet machine are minutes, so that a machine shared with other work changes the wall time
alone. On a GPU it is in minutes of the clock: the processor's time says nothing about it.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import torch

from benchmarks import machine, on_device
from mmclust import methods
from mmclust.data import catalogue
from mmclust.engine.recorder import Request
from mmclust.engine.steps import Precision
from mmclust.engine.trainer import Trainer, build
from mmclust.evaluation.snapshot import Snapshot
from mmclust.methods.card import MethodCard, Preset

CPU = torch.device("cpu")
LEVELS = (0.9, 0.95, 0.98)
PRESETS = ("paper", "fast")
"""Of DCCS."""
FAST = Preset(
    epochs=12,
    values={
        "beta_adv": 3.0,
        "learning_rate": 3e-3,
        "batch_size": 32,
        "schedule": "cosine",
        "n_critic": 1,
        "style_dim": 20,
        "encoder": "light",
        "width": 0.25,
        "rotation": 15.0,
    },
    note="DCCS from random weights in a short time, found on MNIST; preset auto begins with a clustering instead.",
    precision="bf16",
)
"""A setting of this benchmark alone."""


class Clock:
    """A recorder that notes the time of every evaluation and asks for a stop when the time is over.

    Args:
        limit_s: seconds of the processor, or with `device` cuda of the clock.
        updates: how many of so many steps have moved the encoder.
        checkpoint: file to keep the run in.
        device: that trains.
    """

    def __init__(
        self,
        limit_s: float,
        updates: Callable[[int], int],
        checkpoint: Path | None = None,
        device: torch.device = CPU,
    ) -> None:
        self.limit_s, self.updates, self.file, self.device = limit_s, updates, checkpoint, device
        self.points: list[dict[str, float]] = []
        self.pieces: list[str] = []
        """How each piece took its steps."""
        self.signals: dict[str, float] = {}
        self.before_s = self.before_cpu_s = 0.0
        self.start()

    def start(self) -> None:
        """Begin to count."""
        self.began, self.began_cpu = on_device.now(self.device), time.process_time()

    def elapsed(self) -> tuple[float, float]:
        """Wall and processor seconds over all pieces."""
        wall, cpu = on_device.now(self.device) - self.began, time.process_time() - self.began_cpu
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
            kept["pieces"] = self.pieces
            temporary = self.file.with_name(self.file.name + ".tmp")
            torch.save(kept, temporary)
            temporary.replace(self.file)

    def request(self) -> Request:
        """A stop once the time is over."""
        wall, cpu = self.elapsed()
        return "stop" if (cpu if self.device.type == "cpu" else wall) > self.limit_s else ""

    def go_on(self) -> dict[str, Any] | None:
        """State of an earlier piece, or None."""
        if not (self.file and self.file.exists()):
            return None
        kept = torch.load(self.file, weights_only=True, map_location=self.device)
        self.pieces = kept.get("pieces", [])
        self.points, self.before_s, self.before_cpu_s = kept["points"], kept["seconds"], kept["cpu_seconds"]
        return kept["state"]


def measure(
    dataset: str,
    *,
    minutes: float,
    method: str = "dccs",
    seeds: Sequence[int] = (0, 1, 2),
    presets: Sequence[str] | None = None,
    changes: Mapping[str, str] | None = None,
    epochs: int | None = None,
    limit: int | None = None,
    precision: Precision | None = None,
    device: str = "cpu",
    execution: str = "eager",
    threads: int = 1,
    checkpoints: Path | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """Minutes and encoder updates to each accuracy, for each preset and seed.

    Args:
        dataset: catalogue name or path, with labels.
        minutes: of a run, at most; of the processor and per thread, on a GPU of the clock.
        method: key in `METHODS`.
        seeds: of the runs; all are reported.
        presets: settings to compare; None for the published and the best known ones of DCCS, else the published.
        changes: hyper-parameters to set differently in all of them.
        epochs: length of the schedule; None for the preset's.
        limit: train on a random sample of this many.
        precision: of the networks; None for the preset's.
        device: cpu, cuda, or auto for a GPU where there is one.
        execution: of steps on a GPU: eager, or auto for the fastest mode that a trial finds.
        threads: torch threads.
        checkpoints: folder to keep runs in, so that a second call goes on where the first was stopped.
        say: given a line for each run that ended.

    Raises:
        ValueError: the data set has no labels, such a run cannot be trained, or there is no such device.
    """
    trains_on = on_device.chosen(device)
    data = catalogue.load(dataset, limit=limit)
    if data.labels is None:
        raise ValueError(f"{dataset} has no labels to measure accuracy with; choose a data set that has them")
    if checkpoints:
        checkpoints.mkdir(parents=True, exist_ok=True)
    about = methods.card(method)
    presets = presets or (PRESETS if method == "dccs" else PRESETS[:1])
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    runs: dict[str, list[dict[str, Any]]] = {}
    try:
        for preset in presets:
            fast = preset == "fast" and method == "dccs"
            asked = {**FAST.values, **(changes or {})} if fast else changes or {}
            named = "paper" if fast else preset
            config = about.resolve(dataset, named, asked, n_samples=len(data.part(about.train_part)))
            for seed in seeds:
                chosen = FAST if fast else about.preset(preset, dataset)
                chosen = replace(chosen, epochs=epochs or chosen.epochs, precision=precision or chosen.precision)
                size, set_ = [limit] if limit else [], [f"{key}={value}" for key, value in (changes or {}).items()]
                name = "-".join(map(str, (method, Path(dataset).stem, *size, preset, *set_, chosen.precision, seed)))
                file = checkpoints / f"{name}.pt" if checkpoints else None
                limit_s = 60 * minutes * (threads if trains_on.type == "cpu" else 1)
                clock = Clock(limit_s, _encoder_updates(config), file, trains_on)
                found = _train(about, data, clock, chosen, config, seed, execution)
                runs.setdefault(preset, []).append(found)
                say(f"{preset}, seed {seed}: {_told(found, trains_on)}")
    finally:
        torch.set_num_threads(before)
    return {
        "bench": "accuracy",
        "what": f"{method} on {dataset}" + (f", {limit} samples" if limit else ""),
        "device": on_device.describe(trains_on),
        "threads": threads,
        "minutes": minutes,
        "summary": {preset: summary(found) for preset, found in runs.items()},
        "runs": runs,
        "machine": machine.describe(),
    }


def _encoder_updates(config: Mapping[str, Any]) -> Callable[[int], int]:
    """How many of so many steps have moved the encoder; the others of DCCS moved the critic."""
    return lambda step: step // (config.get("n_critic", 0) + 1)


def _train(
    about: MethodCard, data: Any, clock: Clock, chosen: Preset, config: dict[str, Any], seed: int, execution: str
) -> dict[str, Any]:
    method = build(methods.method_class(about.name), about.config(**config), data.spec, seed)
    trainer = Trainer(
        method,
        data,
        clock,
        epochs=chosen.epochs,
        seed=seed,
        device=clock.device,
        precision=chosen.precision,
        train_part=about.train_part,
        eval_part=about.eval_part,
        evaluate_every=max(1, min(chosen.epochs // 6, 10)),
    )
    on_device.forget(clock.device)
    state = clock.go_on()
    first = state["step"] if state else 0
    clock.start()
    clock.pieces.append(trainer.autotune(step=first) if execution == "auto" else trainer.execution.name)
    chosen_s = clock.elapsed()[0] - clock.before_s
    outcome = trainer.fit(state)
    wall, cpu = clock.elapsed()
    n_epochs = (trainer.step - first) / trainer.steps_per_epoch
    epoch_s = (wall - clock.before_s - chosen_s) / n_epochs if n_epochs else 0.0
    return {
        "seed": seed,
        "config": config,
        "epochs": chosen.epochs,
        "precision": chosen.precision,
        "outcome": outcome,
        "minutes": round(wall / 60, 2),
        "cpu_minutes": round(cpu / 60, 2),
        "steps_of_each_piece": clock.pieces,
        "choosing_steps_s": round(chosen_s, 2),
        "epoch_s": round(epoch_s, 4),
        "schedule_minutes": round(epoch_s * trainer.epochs / 60, 2),
        "memory": on_device.memory(clock.device),
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


def _told(run: Mapping[str, Any], device: torch.device) -> str:
    minutes = "cpu_minutes" if device.type == "cpu" else "minutes"
    reached = [
        f"ACC {level} after {run['reached'][level][minutes]:.1f} min"
        for level in map(str, LEVELS)
        if run["reached"][level]
    ]
    last = f"ACC {run['last']['acc']:.3f} at {run['cpu_minutes']:.1f} min of the processor ({run['minutes']:.1f} min)"
    if device.type != "cpu":
        last = f"ACC {run['last']['acc']:.3f} at {run['minutes']:.1f} min, steps {run['steps_of_each_piece'][-1]}"
    return ", ".join((*reached, last))
