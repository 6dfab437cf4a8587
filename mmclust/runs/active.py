"""A run that this process executes: the writing side. Training hands its numbers over and never waits for the store.

What the store gets is written by a thread of its own (`mmclust.runs.store_writer`). Whatever the store says, the run's
journal has the points before the run's checkpoint has what comes after them (`mmclust.runs.journal`).
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, delete, select

from mmclust import disk, ram
from mmclust.changes import Change, of_trial
from mmclust.evaluation.snapshot import Snapshot
from mmclust.runs import checkpoints, journal, limits, seals, store_writer
from mmclust.runs.errors import RunLost, StoreUnavailable
from mmclust.runs.record import Status
from mmclust.runs.run import Run
from mmclust.runs.spec import RunSpec
from mmclust.runs.store_writer import Command, StoreWriter
from mmclust.runs.tables import METRICS

OF_A_PROCESS = ("token", "owner", "heartbeat", "waiter_seen")
"""Columns of a run's row that mean nothing in another process."""
SHUT_DOWN = "The server was shut down; resume to go on."

Answer = TypeVar("Answer")

log = logging.getLogger(__name__)


class ActiveRun:
    """The right to execute a run; implements the engine's `Recorder`.

    Used as a context: inside, it shows that it lives.
    """

    def __init__(self, run: Run, row: Mapping[str, Any]) -> None:
        """Take the row of the runs table as it is after the claim."""
        self.run, self.store, self.device = run, run.store, row["device"]
        self.id, self.spec, self.folder = run.id, run.spec, run.folder
        self.interrupted = ""
        """Why this process has to end the run early, one sentence; empty otherwise."""
        self.has_to_pause = ""
        """Why the run has to pause before disk or memory is full, one sentence; empty otherwise."""
        self._used_before = ram.used_mib() or 0.0
        self.listeners: list[Callable[[Mapping[str, float], int, float], None]] = []
        """Told the values, step and epoch of all points, by the thread that trains."""
        self._told_to_stop = False
        self._entries: list[journal.Entry] = []
        """What the run's journal does not have yet; used by the training thread alone."""
        self._n_points = 0
        self._environment: dict[str, str] = {}
        self._rate_from: tuple[float, float] | None = None
        self._n_train = 0
        self.writer = StoreWriter(run, row, self._look_around)

    def __enter__(self) -> "ActiveRun":
        self.writer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.writer.stop()

    def begin(self, *, n_samples: int, n_train: int, n_clusters: int, environment: Mapping[str, str]) -> None:
        """Training starts now: what it trains on, and the package versions it runs with."""
        self.writer.time.began, self._n_train = time.monotonic(), n_train
        self._environment = {}
        self.writer.note({"n_samples": n_samples, "n_clusters": n_clusters})
        self.add(environment)
        self._when_store_answers(self.writer.read_pending_changes)  # of a paused run: its first step has them

    def add(self, environment: Mapping[str, str]) -> None:
        """Add to the environment, e.g. what is known at the end of training only."""
        self._environment |= environment
        self.writer.note({"environment": json.dumps(self._environment)})

    def decide(
        self,
        config: Mapping[str, Any],
        auto: Mapping[str, Any],
        *,
        preprocessing: Sequence[str] | None = None,
        trial: str = "",
    ) -> None:
        """Write what preset auto has chosen into the spec, so that it repeats this run exactly.

        Args:
            config: every hyper-parameter.
            auto: replaces what was left open.
            preprocessing: likewise; None where it stays.
            trial: the candidate that was taken: changes of others are none of the run.
        """
        steps = self.spec.preprocessing if preprocessing is None else tuple(preprocessing)
        changes = tuple(change for change in self.spec.changes if change["trial"] == trial)
        self._write_spec(replace(self.spec, config=dict(config), auto=dict(auto), preprocessing=steps, changes=changes))

    def _write_spec(self, spec: RunSpec) -> None:
        """Replace the spec in the run's folder and, soon, in the store."""
        self.spec = self.run.spec = spec
        journal.write_whole(self.folder / "spec.json", self.spec.to_json().encode())
        self.writer.note({"spec": self.spec.to_json()})

    def rewind(self, step: int, n_points: int = 0) -> int:
        """Take back points and snapshots after the step of the checkpoint that the run goes on from.

        Points up to that step which the store does not have, as it was away when they came, are taken from the run's
        journal.

        Args:
            step: of the checkpoint; -1 for the beginning.
            n_points: how many points there were at the checkpoint; 0 where it does not say.

        Returns:
            How many of them are lost: neither store nor journal has them.

        Raises:
            StoreUnavailable: the store has not answered for long.
        """
        entries = [entry for entry in (*journal.read(self.folder), *self._entries) if entry.step <= step]
        self._entries = []

        def take_back() -> int:
            with self.writer.alone() as connection:
                connection.execute(delete(METRICS).where(METRICS.c.run_id == self.id, METRICS.c.step > step))
                return journal.mend(connection, self.id, entries)

        n_known = self._when_store_answers(take_back)
        self.writer.note(self._until(entries))
        journal.replace(self.folder, entries)
        self._drop_snapshots_after(step)
        self._n_points = max(n_known, n_points)
        return self._n_points - n_known

    def has_points(self) -> bool:
        """Whether the store has any curve of the run."""
        return self._has_point()

    def evaluated(self, step: int) -> bool:
        """Whether the store has an evaluation at a step."""
        return self._has_point(METRICS.c.step == step, METRICS.c.name.startswith("signal/"))

    def _has_point(self, *conditions: ColumnElement[bool]) -> bool:
        def look() -> bool:
            query = select(METRICS.c.id).where(METRICS.c.run_id == self.id, *conditions).limit(1)
            with self.store.reading() as connection:
                return connection.scalar(query) is not None

        return self._when_store_answers(look)

    def _when_store_answers(self, work: Callable[[], Answer]) -> Answer:
        """Do what needs the store; one that does not answer is waited for, as training does."""
        deadline = time.monotonic() + store_writer.STORE_TIMEOUT_S
        while True:
            try:
                return work()
            except StoreUnavailable as lost:
                # Training may have waited for it long enough already.
                if self.interrupted or self.writer.lost or time.monotonic() > deadline:
                    raise
                log.warning("run %s waits: %s", self.id, lost)
                time.sleep(store_writer.WRITE_EVERY_S)

    def _until(self, entries: Sequence[journal.Entry]) -> dict[str, Any]:
        """What the row says at the end of these entries: it may be behind, or ahead, of them."""
        spent = self.writer.time
        if spent.began is None:
            kept = journal.read_record(self.folder)
            spent.earlier_s = max(spent.earlier_s, float(kept.get("seconds") or 0))
        metrics = journal.last_metrics(entries)
        return {"metrics": json.dumps(metrics)} if metrics else {}

    def _drop_snapshots_after(self, step: int) -> None:
        for _, file in self.run.snapshots():
            try:
                late = Snapshot.load(file, scores_only=True).step > step
            except ValueError as error:  # whoever looks at that epoch is told
                log.warning("run %s: %s", self.id, error)
                continue
            if late:
                file.unlink()

    def log(self, values: Mapping[str, float], *, step: int, epoch: float) -> None:
        """Append points of curves; stored within a second. `eval/*` also become the run's metrics."""
        self.writer.check()
        entry = journal.Entry(step, float(epoch), {name: float(value) for name, value in values.items()})
        self._entries.append(entry)
        self._n_points += len(entry.values)
        for tell in self.listeners:
            tell(entry.values, step, float(epoch))
        self.writer.add_points(journal.points(self.id, [entry]))
        if metrics := journal.metrics(values):
            self.writer.note({"metrics": json.dumps(metrics)})

    def progress(self, *, step: int, total_steps: int, epoch: float) -> None:
        """Where training stands; stored twice a second at most."""
        now = time.monotonic()
        values: dict[str, Any] = {"step": step, "total_steps": total_steps, "epoch": float(epoch)}
        if self._rate_from is None:
            self._rate_from = (now, epoch)
        elif now - self._rate_from[0] > 0.5:
            began, first = self._rate_from
            values["samples_per_s"] = (epoch - first) * self._n_train / (now - began)
        self.writer.note(values)

    def snapshot(self, snapshot: Snapshot) -> None:
        """Keep the codes of an epoch.

        Raises:
            RunLost: the run's folder is gone.
        """
        self.writer.check()
        snapshot.save(self._existing("snapshots") / f"epoch_{snapshot.epoch:04d}.npz")

    def checkpoint(self, state: dict[str, Any]) -> None:
        """Replace the resumable state; see `mmclust.runs.checkpoints`.

        Raises:
            RunLost: the run's folder is gone.
            OSError: it cannot be written; the one before is still there.
        """
        self.writer.check()
        self.writer.flush()
        self.writer.check()  # whoever has taken the run over writes this file now
        folder = self._existing("")
        # Points before the checkpoint are not computed again after a crash, and the store may be away.
        self._keep("interrupted")
        checkpoints.write(folder, state | {"n_points": self._n_points})

    def request(self) -> Command:
        """What the user, this process or a disk that is nearly full has asked for.

        Raises:
            RunLost, StoreUnavailable: nobody keeps the run's numbers any more.
        """
        self.writer.check()
        if self.interrupted or self._told_to_stop:
            return "stop"
        return "pause" if self.has_to_pause else self.writer.command

    def known(self, trial: str = "") -> list[Change]:
        """What an earlier training of this run, or the run that this one repeats, changed and when."""
        return of_trial(self.spec.changes, trial)

    def asked(self) -> Mapping[str, Any]:
        """Values of hyper-parameters that users asked for since the last call; before every step."""
        return self.writer.take_pending_changes()

    def made(self, change: Change) -> None:
        """Write a change into the spec, so that it repeats this run exactly."""
        self._write_spec(replace(self.spec, changes=(*self.spec.changes, change.to_dict())))

    def keep(self, state: dict[str, Any], *, epoch: int, folder: Path | None = None) -> None:
        """Keep a checkpoint of the end of an epoch, if it is not large; a fork may go on from it.

        Args:
            state: as for `checkpoint`.
            epoch: that has ended.
            folder: where its checkpoints are kept; None for the run's.
        """
        self.writer.check()
        checkpoints.keep(self._existing("") if folder is None else folder, state, epoch)

    def stop(self) -> None:
        """Let training end soon, as stopped: the user of this process asked for it. Callable from any thread."""
        self._told_to_stop = True

    def interrupt(self, reason: str) -> None:
        """Let training end soon, as interrupted: this process is about to go. Callable from any thread."""
        self.interrupted = self.interrupted or reason

    def finish(self, status: Status, error: str = "") -> None:
        """Write what is left, the final status and why; the device is free from here on.

        Waits for a store that does not answer, as training does, unless it was waited for long enough already or
        this process has to go.

        Raises:
            StoreUnavailable: the store does not answer.
            RunLost: the run was deleted or taken over.
        """
        ended = time.time()
        self.writer.time.end()
        self.writer.note({"seconds": self.writer.time.total_s})
        try:
            self._keep(status, error=error, ended=ended)
        except OSError as full:
            log.warning("run %s: its journal cannot be written: %s", self.id, full)
        final = {"status": status, "error": error, "ended": ended, "request": "", "token": None}
        self._when_store_answers(partial(self.writer.finish, final, self._complete_points))

    def _keep(self, status: Status, **ending: Any) -> None:
        """Write what is known into the run's folder, if that is still there and the run is still ours.

        Raises:
            OSError: it cannot be written.
        """
        if isinstance(self.writer.lost, RunLost) or not self.folder.is_dir():
            return
        row = self.writer.row() | {"status": status, **ending}
        with disk.room_for("the journal of the run", self.folder, remedy=checkpoints.RESUME):
            if self._entries:
                journal.append(self.folder, self._entries)
                self._entries = []
            journal.write_record(self.folder, row | {name: None for name in OF_A_PROCESS})

    def _existing(self, name: str) -> Path:
        """A folder of the run, which has to be there: a deleted run is not brought back by half."""
        folder = self.folder / name
        if not folder.is_dir():
            raise RunLost(f"the folder of run {self.id} was removed while it trained; start the run again")
        return folder

    def _look_around(self) -> None:
        """Before each writing: whether this process ends, or disk or memory is nearly full."""
        if not threading.main_thread().is_alive():
            self.interrupt(SHUT_DOWN)
        self.has_to_pause = self.has_to_pause or limits.reached(self.folder, self._used_before)

    def _complete_points(self, connection: Connection) -> int:
        """Add what the store lacks of the run's curves at its end, and count them.

        A database that was cut off may have lost what it had confirmed; the journal has all of it.
        """
        n_known = seals.n_points(connection, self.id)
        if n_known >= self._n_points:
            return n_known
        return journal.mend(connection, self.id, [*journal.read(self.folder), *self._entries])
