"""The rows of all runs: what is known of each, what is asked of it, and its place in the queue."""

import difflib
import json
import time
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Literal

from sqlalchemy import func, insert, select, update

from mmclust import audit
from mmclust.runs import pending_changes, queue, seals, trash
from mmclust.runs.database import Database, reason
from mmclust.runs.errors import StoreUnavailable, UnknownRun
from mmclust.runs.record import (
    RESUMABLE,
    WAITER_LIMIT_S,
    RunRecord,
    from_row,
    is_silent,
    moment,
)
from mmclust.runs.tables import PENDING_CHANGES, RUNS

CHANGEABLE = ("queued", "running", "paused")
"""Status of runs whose hyper-parameters can still be changed."""


class RunRecords(Database):
    """What the database knows of runs, by their ids; `RunStore` adds the runs themselves."""

    def record(self, run_id: str) -> RunRecord:
        """What is known of a run now.

        Raises:
            UnknownRun: there is none; the message names the closest.
            UnreadableRun: what is known of it is damaged.
        """
        row = self._known_row(run_id)
        return from_row(row, example=self.read_only)

    def _known_row(self, run_id: str) -> dict[str, Any]:
        row = self._row(run_id)
        if row is None:
            with self.reading() as connection:
                known = list(connection.scalars(select(RUNS.c.run_id)))
            close = difflib.get_close_matches(run_id, known, n=1, cutoff=0.3)
            hint = f"did you mean {close[0]}?" if close else "`python -m mmclust runs` lists the known ones"
            raise UnknownRun(f"run {run_id!r} is not known; {hint}")
        return row

    def rows(self) -> list[dict[str, Any]]:
        """The rows of the runs table, newest first."""
        with self.reading() as connection:
            rows = connection.execute(select(RUNS).order_by(RUNS.c.created.desc())).mappings().all()
        return [dict(row) for row in rows]

    def delete(self, run_id: str) -> None:
        """Move a run, also one that cannot be read, into the trash (see `mmclust.runs.trash`).

        Raises:
            UnknownRun: there is none.
            ValueError: it is running.
            StoreUnavailable: its folder cannot be moved.
        """
        try:
            with self.writing() as connection:
                row = self._known_row(run_id)
                if row["status"] == "running" and not is_silent(row):
                    raise ValueError(f"run {run_id} is running; stop it before deleting it")
                trash.put(self, connection, row)
            audit.note(self.home, "delete", run_id)
        except OSError as error:
            raise StoreUnavailable(f"run {run_id} cannot be moved to the trash: {reason(error)}") from error

    def request(self, run_id: str, command: Literal["stop", "pause"]) -> None:
        """Ask a run to stop or pause (see `Run.request`)."""
        done = {"stop": "stopped", "pause": "paused"}[command]
        audit.note(self.home, command, run_id)
        this = RUNS.c.run_id == run_id
        with self.writing() as connection:
            waiting = update(RUNS).where(this, RUNS.c.status == "queued").values(status=done, ended=time.time())
            if connection.execute(waiting).rowcount:
                return
            if (status := self.record(run_id).status) != "running":
                raise ValueError(f"run {run_id} is {status}; only a queued or running run can be {done}")
            connection.execute(update(RUNS).where(this).values(request=command))

    def submit_changes(self, run_id: str, values: Mapping[str, Any]) -> None:
        """Ask for other values of hyper-parameters from the next step on; a run that waits gets them at its next one.

        Raises:
            ValueError: the run has ended.
        """
        with self.writing() as connection:
            record = self.record(run_id)
            if record.status not in CHANGEABLE:
                raise ValueError(
                    f"run {run_id} is {record.status}, so nothing can be changed in it any more; fork it to go on with "
                    "another setting"
                )
            rows = [{"run_id": run_id, "name": name, "value": json.dumps(value)} for name, value in values.items()]
            connection.execute(insert(PENDING_CHANGES), rows)
        audit.note(self.home, "change", run_id, values=dict(values))

    def pending_changes(self, run_id: str) -> dict[str, Any]:
        """Values that were asked for and that the training has not taken yet, the last of each."""
        with self.reading() as connection:
            return {name: value for _, name, value in pending_changes.read(connection, run_id)}

    def requeue(self, run_id: str, launcher: str, *, gpus: float | None = None, devices: int | None = None) -> None:
        """Put a run (back) into the queue of a launcher; it goes on from its last checkpoint.

        Args:
            run_id: the run.
            launcher: who executes it now.
            gpus: part of a GPU that a cluster keeps free for it now; None for the same as before.
            devices: that train it together from now on; None for as many as before.

        Raises:
            ValueError: it is running or finished, another process is about to run it, or so many devices cannot.
        """
        with self.writing() as connection:
            row = self._row(run_id)
            record = self.record(run_id)
            served = row is not None and time.time() - (row["waiter_seen"] or 0) < WAITER_LIMIT_S
            if record.status not in (*RESUMABLE, "queued") or (record.status == "queued" and served):
                raise ValueError(f"run {run_id} is {record.status}; only {', '.join(RESUMABLE)} runs can be resumed")
            spec = replace(
                record.spec,
                gpus=record.spec.gpus if gpus is None else gpus,
                devices=record.spec.devices if devices is None else devices,
            )
            if reason := spec.why_alone():
                raise ValueError(reason)
            values = {"status": "queued", "launcher": launcher, "queued": time.time(), "waiter_seen": None}
            values |= {"request": "", "error": "", "waiting_for": "", "token": None, "ended": None}
            values["n_points"] = None
            connection.execute(update(RUNS).where(RUNS.c.run_id == run_id).values(**values))
            audit.note(self.home, "resume", run_id, launcher=launcher)
            if spec != record.spec:  # neither has an influence on its numbers
                seals.seal(connection, run_id, spec=spec.to_json())

    def _queued(self, run_id: str | None, launcher: str | None) -> bool:
        """Whether such a run is queued: a look that does not lock the store."""
        query = select(RUNS.c.run_id).where(*queue.matching(run_id, launcher)).limit(1)
        with self.reading() as connection:
            return connection.scalar(query) is not None

    def has_queued(self, launcher: str) -> bool:
        """Whether runs of a launcher wait in the queue."""
        return self._queued(None, launcher)

    def n_active(self, creator: str) -> int:
        """How many runs of a user train or wait for their turn."""
        these = (RUNS.c.creator == creator, RUNS.c.status.in_(("queued", "running")))
        with self.reading() as connection:
            return connection.scalar(select(func.count()).select_from(RUNS).where(*these)) or 0

    def keep_waiting(self, run_ids: Collection[str], reason: str) -> None:
        """Say that somebody serves these queued runs, and what they wait for."""
        these = (RUNS.c.run_id.in_(list(run_ids)), RUNS.c.status == "queued")
        with self.writing() as connection:
            values = {"waiter_seen": time.time(), "waiting_for": reason}
            connection.execute(update(RUNS).where(*these).values(**values))

    def mark_dead(self, run_id: str, error: str, *, sure: bool = False) -> None:
        """Say why the process of a run died: a run that it held is interrupted, one that it only waited for failed.

        Args:
            run_id: the run.
            error: one sentence.
            sure: the caller knows that the process is gone; otherwise a run that still shows itself is let be.
        """
        this = RUNS.c.run_id == run_id
        with self.writing() as connection:
            row = self._row(run_id)
            if row is None:
                return
            if row["status"] == "running" and (sure or is_silent(row)):
                values = {"status": "interrupted", "error": error, "ended": moment(row["heartbeat"]), "token": None}
                connection.execute(update(RUNS).where(this).values(**values))
                queue.release(connection, row["token"])
            elif row["status"] == "queued":
                values = {"status": "failed", "error": error, "ended": time.time()}
                connection.execute(update(RUNS).where(this).values(**values))

    def _row(self, run_id: str) -> dict[str, Any] | None:
        with self.reading() as connection:
            row = connection.execute(select(RUNS).where(RUNS.c.run_id == run_id)).mappings().first()
        return dict(row) if row is not None else None
