"""ACC against training time: one run, scored after each evaluation, printed as one JSON document.

    MMCLUST_DATA=<folder> python -m benchmarks.learning --dataset mnist --minutes 60 --out result.json

Can be cut into pieces: with `--checkpoint FILE` a second call goes on where the first ended. Wall time and processor
time both count training and evaluation, not the start; a machine shared with other work shows in their difference.
"""

import argparse
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from benchmarks import machine
from mmclust import methods, settings
from mmclust.data import catalogue
from mmclust.engine.recorder import Request
from mmclust.engine.trainer import Trainer, build
from mmclust.evaluation.snapshot import Snapshot


class Clock:
    """A recorder that notes the time of every evaluation and asks for a stop when the time is over."""

    def __init__(self, minutes: float, checkpoint: Path | None) -> None:
        self.limit_s, self.file = minutes * 60, checkpoint
        self.points: list[dict[str, float]] = []
        self.before_s = self.before_cpu_s = 0.0
        self.wasserstein = float("nan")
        self.began, self.began_cpu = time.perf_counter(), time.process_time()

    def elapsed(self) -> tuple[float, float]:
        """Wall and processor seconds over all pieces."""
        wall, cpu = time.perf_counter() - self.began, time.process_time() - self.began_cpu
        return self.before_s + wall, self.before_cpu_s + cpu

    def log(self, values: Mapping[str, float], *, step: int, epoch: float) -> None:
        """Note the time of an evaluation."""
        self.wasserstein = values.get("signal/wasserstein", self.wasserstein)
        if "eval/acc" in values:
            wall, cpu = self.elapsed()
            point = {"epoch": epoch, "step": step, "minutes": wall / 60, "cpu_minutes": cpu / 60}
            point |= {name.partition("/")[2]: value for name, value in values.items()}
            self.points.append({k: round(v, 5) for k, v in (point | {"wasserstein": self.wasserstein}).items()})
            print(json.dumps(self.points[-1]), flush=True)

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
        """A stop once the piece's time is over."""
        return "stop" if time.perf_counter() - self.began > self.limit_s else ""

    def go_on(self) -> dict[str, Any] | None:
        """State of an earlier piece, or None."""
        if not (self.file and self.file.exists()):
            return None
        kept = torch.load(self.file, weights_only=True)
        self.points, self.before_s, self.before_cpu_s = kept["points"], kept["seconds"], kept["cpu_seconds"]
        return kept["state"]


def first_time(points: list[dict[str, float]], acc: float) -> dict[str, float] | None:
    """The first evaluation that reached an ACC; None where none did."""
    keys = ("epoch", "step", "minutes", "cpu_minutes")
    return next(({k: p[k] for k in keys} for p in points if p["acc"] >= acc), None)


def main() -> None:
    """Train, and print the result as JSON on the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="mnist")
    parser.add_argument("--method", default="dccs")
    parser.add_argument("--preset", default="quick")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--epochs", type=int, default=None)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=int, default=None)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", choices=("float32", "bf16"), default="float32")
    parser.add_argument("--evaluate-every", type=int, default=1)
    parser.add_argument("--checkpoint", type=Path, default=None)
    parser.add_argument("--out", type=Path, default=None)
    args = parser.parse_args()

    torch.set_num_threads(settings.n_threads())
    card = methods.card(args.method)
    config = card.resolve(args.dataset, args.preset, dict(item.split("=", 1) for item in args.set))
    epochs = args.epochs or card.preset(args.preset, args.dataset).epochs
    data = catalogue.load(args.dataset, limit=args.limit)
    method = build(methods.method_class(args.method), card.config(**config), data.spec, args.seed)
    clock = Clock(args.minutes, args.checkpoint)
    device = torch.device(args.device)
    trainer = Trainer(
        method,
        data,
        clock,
        epochs=epochs,
        seed=args.seed,
        device=device,
        precision=args.precision,
        evaluate_every=args.evaluate_every,
    )
    outcome = trainer.fit(clock.go_on())
    wall, cpu = clock.elapsed()
    result = {
        "check": "learning",
        "dataset": args.dataset,
        "method": args.method,
        "preset": args.preset,
        "config": config,
        "epochs": epochs,
        "seed": args.seed,
        "limit": args.limit,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        "precision": args.precision,
        "threads": torch.get_num_threads(),
        "outcome": outcome,
        "minutes": round(wall / 60, 2),
        "cpu_minutes": round(cpu / 60, 2),
        "samples_per_s": round(trainer.step * trainer.batch_size / wall, 1),
        "first_reached": {str(acc): first_time(clock.points, acc) for acc in (0.9, 0.95, 0.98)},
        "last": clock.points[-1],
        "machine": machine.describe(),
        "points": clock.points,
    }
    if args.out:
        args.out.write_text(json.dumps(result, indent=1) + os.linesep)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
