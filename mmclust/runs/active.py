"""A run that this process executes: the writing side. Training hands its numbers over and never waits for the store.

Points and progress gather in memory; a thread of their own writes them, twice a second at most, together with a
heartbeat, and brings back what the user asked for. Whatever the store says, the run's journal has the points before the
run's checkpoint has what comes after them (`mmclust.runs.journal`).
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
from typing import Any, Literal, TypeVar

from sqlalchemy import ColumnElement, Connection, delete, select, update

from mmclust import disk, ram
from mmclust.changes import Change, of_trial
from mmclust.evaluation.snapshot import Snapshot
from mmclust.runs import checkpoints, journal, limits, queue, seals, wishes
from mmclust.runs.errors import RunLost, StoreUnavailable
from mmclust.runs.record import Status
from mmclust.runs.run import Run
from mmclust.runs.spec import RunSpec
from mmclust.runs.tables import LEASES, METRICS, RUNS, WISHES

WRITE_EVERY_S = 0.5
BEAT_EVERY_S = 5.0
STORE_TIMEOUT_S = 60.0
"""How long training goes on while the store does not answer; its numbers wait in memory."""
OF_A_PROCESS = ("token", "owner", "heartbeat", "waiter_seen")
"""Columns of a run's row that mean nothing in another process."""
SHUT_DOWN = "The server was shut down; resume to go on."

Command = Literal["", "stop", "pause"]
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
        self._token, self._earlier_s = row["token"], row["seconds"]
        self._row = dict(row)
        """What the store knows or will know of the run."""
        self._points: list[dict[str, Any]] = []
        self._entries: list[journal.Entry] = []
        """What the run's journal does not have yet; used by the training thread alone."""
        self._n_points = 0
        self._values: dict[str, Any] = {}
        self._environment: dict[str, str] = {}
        self._command: Command = ""
        self._wishes: dict[str, Any] = {}
        self._read_to = self._taken_to = self._done_to = 0
        """Ids of the last wish that was read, that training has taken, and that it has done: the store drops these."""
        self._lost: ValueError | None = None
        self._lost_since: float | None = None
        self._unsure = False
        """Whether a transaction broke off that the store may have kept nevertheless."""
        self._began: float | None = None
        self._rate_from: tuple[float, float] | None = None
        self._n_train = 0
        self._beaten = time.monotonic()
        self._gathering, self._flushing = threading.Lock(), threading.Lock()
        self._done = threading.Event()
        self._writer = threading.Thread(target=self._write_on, name=f"store-{run.id}", daemon=True)

    def __enter__(self) -> "ActiveRun":
        self._writer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._writer.join()

    def begin(self, *, n_samples: int, n_train: int, n_clusters: int, environment: Mapping[str, str]) -> None:
        """Training starts now: what it trains on, and the package versions it runs with."""
        self._began, self._n_train = time.monotonic(), n_train
        self._environment = {}
        self._note({"n_samples": n_samples, "n_clusters": n_clusters})
        self.add(environment)
        self._when_store_answers(self._read_all_wishes)  # of a paused run: its first step has them

    def add(self, environment: Mapping[str, str]) -> None:
        """Add to the environment, e.g. what is known at the end of training only."""
        self._environment |= environment
        self._note({"environment": json.dumps(self._environment)})

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
        self._note({"spec": self.spec.to_json()})

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
            with self._flushing:
                with self._gathering:
                    self._points = []
                with self.store.writing() as connection:
                    connection.execute(delete(METRICS).where(METRICS.c.run_id == self.id, METRICS.c.step > step))
                    return journal.mend(connection, self.id, entries)

        n_known = self._when_store_answers(take_back)
        self._note(self._until(entries))
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
        deadline = time.monotonic() + STORE_TIMEOUT_S
        while True:
            try:
                return work()
            except StoreUnavailable as lost:
                # Training may have waited for it long enough already.
                if self.interrupted or self._lost or time.monotonic() > deadline:
                    raise
                log.warning("run %s waits: %s", self.id, lost)
                time.sleep(WRITE_EVERY_S)

    def _until(self, entries: Sequence[journal.Entry]) -> dict[str, Any]:
        """What the row says at the end of these entries: it may be behind, or ahead, of them."""
        if self._began is None:
            kept = journal.read_record(self.folder)
            self._earlier_s = max(self._earlier_s, float(kept.get("seconds") or 0))
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
        self._check()
        entry = journal.Entry(step, float(epoch), {name: float(value) for name, value in values.items()})
        self._entries.append(entry)
        self._n_points += len(entry.values)
        for tell in self.listeners:
            tell(entry.values, step, float(epoch))
        with self._gathering:
            self._points += journal.points(self.id, [entry])
        if metrics := journal.metrics(values):
            self._note({"metrics": json.dumps(metrics)})

    def progress(self, *, step: int, total_steps: int, epoch: float) -> None:
        """Where training stands; stored twice a second at most."""
        now = time.monotonic()
        values: dict[str, Any] = {"step": step, "total_steps": total_steps, "epoch": float(epoch)}
        if self._rate_from is None:
            self._rate_from = (now, epoch)
        elif now - self._rate_from[0] > 0.5:
            began, first = self._rate_from
            values["samples_per_s"] = (epoch - first) * self._n_train / (now - began)
        self._note(values)

    def _note(self, values: Mapping[str, Any]) -> None:
        """Columns of the run's row that are written soon."""
        with self._gathering:
            self._values |= values
            self._row |= values

    def snapshot(self, snapshot: Snapshot) -> None:
        """Keep the codes of an epoch.

        Raises:
            RunLost: the run's folder is gone.
        """
        self._check()
        snapshot.save(self._existing("snapshots") / f"epoch_{snapshot.epoch:04d}.npz")

    def checkpoint(self, state: dict[str, Any]) -> None:
        """Replace the resumable state; see `mmclust.runs.checkpoints`.

        Raises:
            RunLost: the run's folder is gone.
            OSError: it cannot be written; the one before is still there.
        """
        self._check()
        self._flush()
        self._check()  # whoever has taken the run over writes this file now
        folder = self._existing("")
        # Points before the checkpoint are not computed again after a crash, and the store may be away.
        self._keep("interrupted")
        checkpoints.write(folder, state | {"n_points": self._n_points})

    def request(self) -> Command:
        """What the user, this process or a disk that is nearly full has asked for.

        Raises:
            RunLost, StoreUnavailable: nobody keeps the run's numbers any more.
        """
        self._check()
        if self.interrupted or self._told_to_stop:
            return "stop"
        return "pause" if self.has_to_pause else self._command

    def known(self, trial: str = "") -> list[Change]:
        """What an earlier training of this run, or the run that this one repeats, changed and when."""
        return of_trial(self.spec.changes, trial)

    def asked(self) -> Mapping[str, Any]:
        """Values of hyper-parameters that users asked for since the last call; before every step."""
        if self._taken_to:  # what was asked for before is in the spec by now
            self._done_to, self._taken_to = self._taken_to, 0
        if not self._wishes:
            return {}
        with self._gathering:
            taken, self._wishes, self._taken_to = self._wishes, {}, self._read_to
        return taken

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
        self._check()
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
        self._earlier_s, self._began = self._seconds(), None
        self._note({"seconds": self._earlier_s})
        try:
            self._keep(status, error=error, ended=ended)
        except OSError as full:
            log.warning("run %s: its journal cannot be written: %s", self.id, full)
        final = {"status": status, "error": error, "ended": ended, "request": "", "token": None}
        self._when_store_answers(partial(self._finish, final))

    def _finish(self, final: Mapping[str, Any]) -> None:
        with self._flushing:
            try:
                self._write(final)
            except RunLost:
                if not self._has_ended(final):
                    raise

    def _has_ended(self, final: Mapping[str, Any]) -> bool:
        """Whether the store has kept an ending that it could not confirm."""
        with self.store.reading() as connection:
            row = connection.execute(select(RUNS).where(RUNS.c.run_id == self.id)).mappings().first()
        return row is not None and all(row[name] == value for name, value in final.items())

    def _keep(self, status: Status, **ending: Any) -> None:
        """Write what is known into the run's folder, if that is still there and the run is still ours.

        Raises:
            OSError: it cannot be written.
        """
        if isinstance(self._lost, RunLost) or not self.folder.is_dir():
            return
        with self._gathering:
            row = self._row | {"status": status, "seconds": self._seconds(), **ending}
        with disk.room_for("the journal of the run", self.folder, remedy=checkpoints.RESUME):
            if self._entries:
                journal.append(self.folder, self._entries)
                self._entries = []
            journal.write_record(self.folder, row | {name: None for name in OF_A_PROCESS})

    def _seconds(self) -> float:
        """Active training time, summed over resumes."""
        return self._earlier_s + (time.monotonic() - self._began if self._began is not None else 0.0)

    def _existing(self, name: str) -> Path:
        """A folder of the run, which has to be there: a deleted run is not brought back by half."""
        folder = self.folder / name
        if not folder.is_dir():
            raise RunLost(f"the folder of run {self.id} was removed while it trained; start the run again")
        return folder

    def _check(self) -> None:
        if self._lost is not None:
            raise self._lost

    def _write_on(self) -> None:
        """Body of the writing thread."""
        while not self._done.wait(WRITE_EVERY_S):
            if not threading.main_thread().is_alive():
                self.interrupt(SHUT_DOWN)
            self.has_to_pause = self.has_to_pause or limits.reached(self.folder, self._used_before)
            self._flush()

    def _flush(self) -> None:
        """Write what has gathered; what cannot be written now is kept for later."""
        with self._flushing:
            try:
                self._command = self._write({}) if self._has_news() else self._asked()
                self._lost_since = None
            except StoreUnavailable as error:
                now = time.monotonic()
                self._lost_since = self._lost_since or now
                if now - self._lost_since > STORE_TIMEOUT_S:
                    self._lost = error
                log.warning("run %s: %s", self.id, error)
            except RunLost as error:
                self._lost = error

    def _has_news(self) -> bool:
        return bool(self._points or self._values or self._done_to) or time.monotonic() - self._beaten > BEAT_EVERY_S

    def _asked(self) -> Command:
        with self.store.reading() as connection:
            return self._read_command(connection)

    def _read_command(self, connection: Connection) -> Command:
        wish = connection.scalar(select(RUNS.c.request).where(RUNS.c.token == self._token))
        if wish is None:
            raise RunLost(f"run {self.id} was deleted or taken over by another process; this one stops")
        self._read_wishes(connection)
        return wish

    def _read_all_wishes(self) -> None:
        with self.store.reading() as connection:
            self._read_wishes(connection)

    def _read_wishes(self, connection: Connection) -> None:
        """Values that users ask for; they are the store's until training has taken them."""
        found = wishes.read(connection, self.id, after=self._read_to)
        if found:
            with self._gathering:
                self._wishes |= {name: value for _, name, value in found}
                self._read_to = found[-1][0]

    def _write(self, final: Mapping[str, Any]) -> Command:
        """Write what has gathered, in one transaction; it is kept for later when that fails.

        Args:
            final: the last values of the run's row, which end the run here; empty while it trains.

        Returns:
            What the user has asked for.

        Raises:
            StoreUnavailable, RunLost: nothing was written.
        """
        with self._gathering:
            points, self._points = self._points, []
            values, self._values = self._values, {}
            row = dict(self._row)
        try:
            with self.store.writing(alone=bool(final)) as connection:
                wish = self._read_command(connection)
                seconds = {"seconds": self._seconds()} if self._began is not None else {}
                seal = seals.of_row(row | seconds)
                # A database that was gone may have lost what it had confirmed: the checksum is about all of it.
                all_known = {name: row[name] for name in seals.SEALED if name in row} if self._unsure else {}
                self._store(connection, points, {**all_known, **values, **seconds, **final, "seal": seal})
        except BaseException:
            self._unsure = True
            with self._gathering:
                self._points = points + self._points
                self._values = values | self._values
            raise
        self._unsure = False
        return wish

    def _store(self, connection: Connection, points: list[dict[str, Any]], values: dict[str, Any]) -> None:
        now = time.monotonic()
        if points and self._unsure:
            points = journal.missing(connection, self.id, points)
        seals.add_points(connection, points)
        if done := self._done_to:
            connection.execute(delete(WISHES).where(WISHES.c.run_id == self.id, WISHES.c.id <= done))
            self._done_to = 0
        if "token" in values:
            values["n_points"] = self._complete_points(connection)
        stored = values | {"heartbeat": time.time()}
        connection.execute(update(RUNS).where(RUNS.c.token == self._token).values(**stored))
        if "token" in values:
            queue.release(connection, self._token)
        elif now - self._beaten > BEAT_EVERY_S:
            connection.execute(update(LEASES).where(LEASES.c.token == self._token).values(heartbeat=time.time()))
            self._beaten = now

    def _complete_points(self, connection: Connection) -> int:
        """Add what the store lacks of the run's curves at its end, and count them.

        A database that was cut off may have lost what it had confirmed; the journal has all of it.
        """
        n_known = seals.n_points(connection, self.id)
        if n_known >= self._n_points:
            return n_known
        return journal.mend(connection, self.id, [*journal.read(self.folder), *self._entries])
