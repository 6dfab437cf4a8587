"""A candidate in training: recorded in a folder of its own, shown as the run meanwhile, the run itself if taken."""

import logging
import os
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from mmclust.changes import Change
from mmclust.engine.recorder import Recorder, Request
from mmclust.evaluation.snapshot import Snapshot

log = logging.getLogger(__name__)


class Shown(Recorder, Protocol):
    """The run that a trial belongs to."""

    def rewind(self, step: int) -> int:
        """Take back points and snapshots after a step; how many before it are lost."""
        ...

    def known(self, trial: str) -> list[Change]:
        """Changes of an earlier training of a candidate."""
        ...

    def asked(self) -> Mapping[str, Any]:
        """Values that were asked for since the last call."""
        ...

    def made(self, change: Change) -> None:
        """A change was made."""
        ...

    def keep(self, state: dict[str, Any], *, epoch: int, folder: Path) -> None:
        """Keep a checkpoint in a folder."""
        ...


class Trial:
    """Implements the engine's `Recorder` for one candidate.

    Args:
        run: shows the curves of the trial that goes on, and passes on the user's commands.
        folder: of this trial; what an interrupted process left there is gone on from.
        number: of this trial among all, from 0.
        n_trials: of the run.
    """

    def __init__(self, run: Shown, folder: Path, *, number: int, n_trials: int) -> None:
        self.run, self.folder = run, folder
        self.number, self.n_trials = number, n_trials
        self.logged: list[dict[str, Any]] = []
        self.latest: dict[str, float] = {}
        """The last value of every curve."""
        self.last: Snapshot | None = None
        (folder / "snapshots").mkdir(parents=True, exist_ok=True)

    def restored(self, device: Any) -> dict[str, Any] | None:
        """The state to go on from, if there is one; its curves are shown again."""
        import torch

        self.run.rewind(-1)
        path = self.folder / "state.pt"
        if not path.exists():
            return None
        try:
            with zipfile.ZipFile(path) as file:  # torch writes checksums and does not look at them
                whole = file.testzip() is None
            kept = torch.load(path, weights_only=True, map_location=device) if whole else None
        except Exception as error:  # whatever else damage leads to
            log.warning("%s: %s", path, error)
            kept = None
        if kept is None:
            log.warning("%s is damaged; the candidate trains from its start", path)
            return None
        for point in kept["logged"]:
            self.log(point["values"], step=point["step"], epoch=point["epoch"])
        return kept["state"]

    def log(self, values: Mapping[str, float], *, step: int, epoch: float) -> None:
        """Keep points, and show them."""
        known = {name: float(value) for name, value in values.items()}
        self.logged.append({"values": known, "step": step, "epoch": float(epoch)})
        self.latest |= known
        self.run.log(known, step=step, epoch=epoch)

    def progress(self, *, step: int, total_steps: int, epoch: float) -> None:
        """Where all trials together stand."""
        done = self.number * total_steps + step
        self.run.progress(step=done, total_steps=self.n_trials * total_steps, epoch=epoch)

    def snapshot(self, snapshot: Snapshot) -> None:
        """Keep the codes of an epoch."""
        self._check()
        snapshot.save(self.folder / "snapshots" / f"epoch_{snapshot.epoch:04d}.npz")
        self.run.snapshot(snapshot)  # whoever watches sees the candidate that trains
        self.last = snapshot

    def last_kept(self) -> Snapshot:
        """The last snapshot that an earlier process left."""
        return Snapshot.load(max((self.folder / "snapshots").glob("epoch_*.npz")))

    def checkpoint(self, state: dict[str, Any]) -> None:
        """Replace the resumable state, whole or not at all."""
        import torch

        self._check()
        temporary = self.folder / "state.pt.tmp"
        with temporary.open("wb") as file:
            torch.save({"state": state, "logged": self.logged}, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.folder / "state.pt")

    def _check(self) -> None:
        """A run that was deleted is not brought back by half."""
        if not self.folder.is_dir():
            raise ValueError("the run's folder was removed while it trained; start the run again")

    def known(self) -> list[Change]:
        """What an earlier training of this candidate changed and when."""
        return self.run.known(self.folder.name)

    def asked(self) -> Mapping[str, Any]:
        """Values that users ask for go to the candidate that trains."""
        return self.run.asked()

    def made(self, change: Change) -> None:
        """A change was made in this candidate."""
        self.run.made(replace(change, trial=self.folder.name))

    def keep(self, state: dict[str, Any], *, epoch: int) -> None:
        """Keep a checkpoint; it becomes the run's when the candidate does."""
        self.run.keep(state, epoch=epoch, folder=self.folder)

    def request(self) -> Request:
        """What the user has asked for."""
        return self.run.request()

    def become_the_run(self, total_steps: int, device: Any) -> None:
        """Hand curves, snapshots and weights over to the run."""
        import torch

        self.run.rewind(-1)
        for point in self.logged:
            self.run.log(point["values"], step=point["step"], epoch=point["epoch"])
        for path in sorted((self.folder / "snapshots").glob("epoch_*.npz")):
            self.run.snapshot(Snapshot.load(path))
        if (kept := self.folder / "checkpoints").is_dir():
            kept.replace(self.folder.parents[1] / kept.name)
        state = torch.load(self.folder / "state.pt", weights_only=True, map_location=device)["state"]
        self.run.checkpoint(state)
        self.run.progress(step=total_steps, total_steps=total_steps, epoch=self.logged[-1]["epoch"])
