"""A recorder that keeps in lists what the trainer reports."""

import io
from collections.abc import Mapping
from typing import Any

import torch

from mmclust.engine.recorder import Request
from mmclust.evaluation.snapshot import Snapshot


class ListRecorder:
    """Keeps curves, snapshots and the last checkpoint; asks for a stop or a pause after some steps.

    Patch `mmclust.engine.trainer.POLL_EVERY_S` to -1.0, and what it asks for is heard after every step.
    """

    def __init__(self, stop_at: int | None = None, command: Request = "stop") -> None:
        self.stop_at = stop_at
        self.command: Request = command
        self.points: list[tuple[int, str, float]] = []
        self.snapshots: list[Snapshot] = []
        self.state: dict[str, Any] = {}
        self.step = 0

    @property
    def curves(self) -> dict[str, list[float]]:
        """Values of each curve in the order they came."""
        found: dict[str, list[float]] = {}
        for _, name, value in self.points:
            found.setdefault(name, []).append(value)
        return found

    def log(self, values: Mapping[str, float], *, step: int, epoch: float) -> None:
        self.points += [(step, name, value) for name, value in values.items()]

    def progress(self, *, step: int, total_steps: int, epoch: float) -> None:
        self.step = step

    def snapshot(self, snapshot: Snapshot) -> None:
        self.snapshots.append(snapshot)

    def checkpoint(self, state: dict[str, Any]) -> None:
        file = io.BytesIO()
        torch.save(state, file)
        file.seek(0)
        self.state = torch.load(file, weights_only=True)

    def request(self) -> Request:
        if self.stop_at is not None and self.step >= self.stop_at:
            return self.command
        return ""
