"""The way of a run's numbers to the store: they gather in memory, and a thread of its own writes them.

It writes twice a second at most, together with a heartbeat, and brings back what the user asked for.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, delete, select, update

from mmclust.runs import journal, pending_changes, queue, seals
from mmclust.runs.errors import RunLost, StoreUnavailable
from mmclust.runs.run import Run
from mmclust.runs.tables import LEASES, PENDING_CHANGES, RUNS

WRITE_EVERY_S = 0.5
BEAT_EVERY_S = 5.0
STORE_TIMEOUT_S = 60.0
"""How long training goes on while the store does not answer; its numbers wait in memory."""

Command = Literal["", "stop", "pause"]
Completion = Callable[[Connection], int]
"""Adds what the store lacks of a run's curves, and counts their points."""

log = logging.getLogger(__name__)


@dataclass
class TrainingTime:
    """Active training time of a run, summed over resumes."""

    earlier_s: float
    began: float | None = None
    """When this process began to train; None where it does not train now."""

    @property
    def total_s(self) -> float:
        """Until now."""
        began = self.began  # another thread may end it meanwhile
        return self.earlier_s + (time.monotonic() - began if began is not None else 0.0)

    def end(self) -> None:
        """This process trains no more."""
        self.earlier_s, self.began = self.total_s, None


class StoreWriter:
    """Hands a run's numbers to its store, and the user's requests to the run. Callable from any thread."""

    def __init__(self, run: Run, row: Mapping[str, Any], before_writing: Callable[[], object]) -> None:
        """Take the row of the runs table as it is after the claim; the callback is called before each writing."""
        self.run_id, self.store = run.id, run.store
        self.time = TrainingTime(row["seconds"])
        self.command: Command = ""
        """What the user has asked for."""
        self.lost: ValueError | None = None
        """Why nobody keeps the run's numbers any more; None while somebody does."""
        self._before_writing = before_writing
        self._token = row["token"]
        self._row = dict(row)
        """What the store knows or will know of the run."""
        self._points: list[dict[str, Any]] = []
        self._values: dict[str, Any] = {}
        self._pending: dict[str, Any] = {}
        self._read_to = self._taken_to = self._done_to = 0
        """Ids of the last change that was read, that training has taken, and that it has made; the last are dropped."""
        self._lost_since: float | None = None
        self._unsure = False
        """Whether a transaction broke off that the store may have kept nevertheless."""
        self._beaten = time.monotonic()
        self._gathering, self._flushing = threading.Lock(), threading.Lock()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._write_on, name=f"store-{run.id}", daemon=True)

    def start(self) -> None:
        """Write from now on, in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Let the thread end, and wait for it."""
        self._done.set()
        self._thread.join()

    def note(self, values: Mapping[str, Any]) -> None:
        """Columns of the run's row that are written soon."""
        with self._gathering:
            self._values |= values
            self._row |= values

    def add_points(self, points: list[dict[str, Any]]) -> None:
        """Points of curves that are written soon."""
        with self._gathering:
            self._points += points

    def row(self) -> dict[str, Any]:
        """The run's row as the store knows it or soon will."""
        with self._gathering:
            return self._row | {"seconds": self.time.total_s}

    @contextmanager
    def alone(self) -> Iterator[Connection]:
        """A transaction while nothing else is written; points that wait are dropped."""
        with self._flushing:
            with self._gathering:
                self._points = []
            with self.store.writing() as connection:
                yield connection

    def take_pending_changes(self) -> Mapping[str, Any]:
        """Values of hyper-parameters that users asked for since the last call, before every step."""
        if self._taken_to:  # what was asked for before is in the spec by now
            self._done_to, self._taken_to = self._taken_to, 0
        if not self._pending:
            return {}
        with self._gathering:
            taken, self._pending, self._taken_to = self._pending, {}, self._read_to
        return taken

    def check(self) -> None:
        """Whether somebody still keeps the run's numbers.

        Raises:
            RunLost, StoreUnavailable: nobody does.
        """
        if self.lost is not None:
            raise self.lost

    def flush(self) -> None:
        """Write what has gathered; what cannot be written now is kept for later."""
        with self._flushing:
            try:
                self.command = self._write({}) if self._has_news() else self._asked()
                self._lost_since = None
            except StoreUnavailable as error:
                now = time.monotonic()
                self._lost_since = self._lost_since or now
                if now - self._lost_since > STORE_TIMEOUT_S:
                    self.lost = error
                log.warning("run %s: %s", self.run_id, error)
            except RunLost as error:
                self.lost = error

    def finish(self, final: Mapping[str, Any], completed: Completion) -> None:
        """Write what is left and the last values of the run's row, which end the run.

        Raises:
            StoreUnavailable: the store does not answer.
            RunLost: the run was deleted or taken over.
        """
        with self._flushing:
            try:
                self._write(final, completed)
            except RunLost:
                if not self._has_ended(final):
                    raise

    def read_pending_changes(self) -> None:
        """Look for values that users ask for."""
        with self.store.reading() as connection:
            self._read_pending_changes(connection)

    def _write_on(self) -> None:
        """Body of the thread."""
        while not self._done.wait(WRITE_EVERY_S):
            self._before_writing()
            self.flush()

    def _has_news(self) -> bool:
        return bool(self._points or self._values or self._done_to) or time.monotonic() - self._beaten > BEAT_EVERY_S

    def _has_ended(self, final: Mapping[str, Any]) -> bool:
        """Whether the store has kept an ending that it could not confirm."""
        with self.store.reading() as connection:
            row = connection.execute(select(RUNS).where(RUNS.c.run_id == self.run_id)).mappings().first()
        return row is not None and all(row[name] == value for name, value in final.items())

    def _asked(self) -> Command:
        with self.store.reading() as connection:
            return self._read_command(connection)

    def _read_command(self, connection: Connection) -> Command:
        command = connection.scalar(select(RUNS.c.request).where(RUNS.c.token == self._token))
        if command is None:
            raise RunLost(f"run {self.run_id} was deleted or taken over by another process; this one stops")
        self._read_pending_changes(connection)
        return command

    def _read_pending_changes(self, connection: Connection) -> None:
        """Values that users ask for; they are the store's until training has taken them."""
        found = pending_changes.read(connection, self.run_id, after=self._read_to)
        if found:
            with self._gathering:
                self._pending |= {name: value for _, name, value in found}
                self._read_to = found[-1][0]

    def _write(self, final: Mapping[str, Any], completed: Completion | None = None) -> Command:
        """Write what has gathered, in one transaction; it is kept for later when that fails.

        Args:
            final: the last values of the run's row, which end the run here; empty while it trains.
            completed: makes the run's curves whole; with `final`.

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
                command = self._read_command(connection)
                seconds = {"seconds": self.time.total_s} if self.time.began is not None else {}
                seal = seals.of_row(row | seconds)
                # A database that was gone may have lost what it had confirmed: the checksum is about all of it.
                all_known = {name: row[name] for name in seals.SEALED if name in row} if self._unsure else {}
                self._store_points(connection, points)
                ending = {**final, "n_points": completed(connection)} if completed is not None else {}
                self._store_row(connection, {**all_known, **values, **seconds, **ending, "seal": seal})
        except BaseException:
            self._unsure = True
            with self._gathering:
                self._points = points + self._points
                self._values = values | self._values
            raise
        self._unsure = False
        return command

    def _store_points(self, connection: Connection, points: list[dict[str, Any]]) -> None:
        if points and self._unsure:
            points = journal.missing(connection, self.run_id, points)
        seals.add_points(connection, points)

    def _store_row(self, connection: Connection, values: dict[str, Any]) -> None:
        """Write the row with a heartbeat, and give the device back where the run ends."""
        now = time.monotonic()
        if done := self._done_to:
            connection.execute(
                delete(PENDING_CHANGES).where(PENDING_CHANGES.c.run_id == self.run_id, PENDING_CHANGES.c.id <= done)
            )
            self._done_to = 0
        stored = values | {"heartbeat": time.time()}
        connection.execute(update(RUNS).where(RUNS.c.token == self._token).values(**stored))
        if "token" in values:
            queue.release(connection, self._token)
        elif now - self._beaten > BEAT_EVERY_S:
            connection.execute(update(LEASES).where(LEASES.c.token == self._token).values(heartbeat=time.time()))
            self._beaten = now
