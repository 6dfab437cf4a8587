"""A process that shares the training of a run with the one that leads it, which starts and ends it.

`python -m mmclust.helper RUN_ID FOLDER SIZE RANK`
"""

import logging
import os
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from mmclust import training
from mmclust.data import catalogue
from mmclust.data import preprocessing as preparation
from mmclust.engine import helpers
from mmclust.engine.recorder import Request
from mmclust.engine.team import Team
from mmclust.evaluation.snapshot import Snapshot
from mmclust.runs import checkpoints
from mmclust.runs.store import RunStore


class Silent:
    """A recorder that keeps nothing: whoever leads does."""

    def log(self, values: Mapping[str, float], *, step: int, epoch: float) -> None:
        """Nothing."""

    def progress(self, *, step: int, total_steps: int, epoch: float) -> None:
        """Nothing."""

    def snapshot(self, snapshot: Snapshot) -> None:
        """Nothing."""

    def checkpoint(self, state: dict[str, Any]) -> None:
        """Nothing."""

    def request(self) -> Request:
        """Nothing: whoever leads stops, and ends this process."""
        return ""


def main() -> None:
    """Entry of the process."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(name)s %(levelname)s %(message)s")
    run_id, meeting, size, rank = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    threading.Thread(target=_end_with_leader, name="leader", daemon=True).start()
    store = RunStore()
    device = helpers.device_of(rank, store.record(run_id).device or "cpu")
    torch.set_num_threads(helpers.n_threads(size))
    help_train(store, run_id, device, lambda: helpers.join(meeting, rank, size, device))


def help_train(store: RunStore, run_id: str, device: torch.device, join: Callable[[], Team]) -> None:
    """Train with others, from the run's last checkpoint on.

    Args:
        store: where the run is.
        run_id: of the run.
        device: of this process.
        join: becomes one of the team, called once the data are read.
    """
    spec = store.record(run_id).spec
    dataset = preparation.prepare(catalogue.load(spec.dataset, limit=spec.limit), spec.preprocessing)
    if device.type == "cuda":
        torch.cuda.set_device(device)
    trainer = training.trainer_of(spec, dataset, Silent(), device, team=join())
    state, _ = checkpoints.newest(store.folder(run_id), device)
    trainer.fit(state, measure_again=True)


def _end_with_leader() -> None:
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    main()
