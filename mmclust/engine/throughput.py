"""How fast a training is: a recorder that stops it after some seconds, and the time for a sample."""

import time
from collections.abc import Mapping
from typing import Any

from mmclust.engine.recorder import Request
from mmclust.engine.trainer import Trainer
from mmclust.evaluation.snapshot import Snapshot


class StopAfter:
    """A recorder that asks for a stop at a time and keeps the state to go on from."""

    def __init__(self) -> None:
        self.deadline = 0.0
        self.state: dict[str, Any] | None = None
        self.evaluated_at: float | None = None
        """When the evaluation before the first step was over."""

    def log(self, values: Mapping[str, float], *, step: int, epoch: float) -> None:
        """Curves are not kept."""
        self.evaluated_at = self.evaluated_at or time.perf_counter()

    def progress(self, *, step: int, total_steps: int, epoch: float) -> None:
        """Progress is not kept."""

    def snapshot(self, snapshot: Snapshot) -> None:
        """Snapshots are not kept."""

    def checkpoint(self, state: dict[str, Any]) -> None:
        """Keep the state."""
        self.state = state

    def request(self) -> Request:
        """Stop when the time is over."""
        return "stop" if time.monotonic() >= self.deadline else ""


def seconds_per_sample(trainer: Trainer, recorder: StopAfter, *, seconds: float) -> tuple[float, float]:
    """Seconds to train on a sample and to evaluate one, measured on the first steps of a run.

    Args:
        trainer: that reports to `recorder`; it has not trained yet.
        recorder: kept by the trainer.
        seconds: to train for, one step at least.
    """
    began = time.perf_counter()
    trainer.fit(None)  # stops after the first steps, which are slower than the others
    assert recorder.state is not None and recorder.evaluated_at is not None
    evaluated_s = recorder.evaluated_at - began
    before, began = trainer.step, time.perf_counter()
    recorder.deadline = time.monotonic() + seconds
    trainer.fit(recorder.state)
    trained_s = time.perf_counter() - began
    n_trained = max(trainer.step - before, 1) * trainer.batch_size
    return trained_s / n_trained, evaluated_s / len(trainer.samples.eval_index)
