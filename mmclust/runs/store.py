"""The run store: who may run when, and what is known of every run. Knows the database and the folder of runs."""

import difflib
import re
import secrets
import shutil
import threading
import time
import weakref
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, Engine, create_engine, delete, event, func, insert, make_url, select, update
from sqlalchemy.exc import ArgumentError, IntegrityError, SQLAlchemyError

from mmclust import settings
from mmclust.runs import queue
from mmclust.runs.active import ActiveRun
from mmclust.runs.errors import StoreUnavailable, UnknownRun
from mmclust.runs.example import open_example, open_lessons
from mmclust.runs.record import RESUMABLE, WAITER_LIMIT_S, RunRecord, from_row, is_silent
from mmclust.runs.run import Run
from mmclust.runs.spec import RunSpec
from mmclust.runs.tables import ANNOTATIONS, METADATA, METRICS, RUNS

BUSY_TIMEOUT_S = 15
POSTGRESQL = "postgresql"
POSTGRESQL_OPTIONS = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
    "application_name": "mmclust",
}
"""A machine that went away without a word is noticed within half a minute; times in seconds, the last in ms."""
ADDRESSES = "MMCLUST_STORE takes sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE"
WRITERS_LOCK = 0x6D6D636C
"""PostgreSQL's number of the lock that writers take turns with; any constant."""


class RunStore:
    """All runs of a home. Several processes may use one home at the same time."""

    def __init__(
        self, home: Path | None = None, url: str | None = None, *, example: Mapping[str, Path] | None = None
    ) -> None:
        """Open the store, and make it where there is none.

        Args:
            home: folder with the run folders; None for `settings.home()`.
            url: SQLAlchemy URL; None for `settings.store_url()`, or the SQLite file of `home` when that is given.
            example: folders of the bundled runs, by id: such a store is only read (see `RunStore.example`).

        Raises:
            StoreUnavailable: the folder or the database cannot be used.
        """
        self.home = (home or settings.home()).absolute()
        self.url = url or (settings.store_url() if home is None else f"sqlite:///{self.home / 'store.sqlite'}")
        self._example = dict(example or {})
        self._bundled: RunStore | None = None
        self._taught: RunStore | None = None
        self._opening = threading.Lock()
        try:
            self._file = _sqlite_file(self.url)
            self._engine = _engine(self.url)
            self._reads = {"isolation_level": "REPEATABLE READ"} if self._engine.name == POSTGRESQL else {}
        except ArgumentError:
            raise StoreUnavailable(f"the run store's address cannot be read; {ADDRESSES}") from None
        except ImportError as error:
            raise StoreUnavailable(f"the run store {_shown(self.url)} cannot be used: {_reason(error)}") from error
        weakref.finalize(self, self._engine.dispose)  # who forgets the store leaves no connection behind
        self._open()

    @classmethod
    def example(cls, home: Path | None = None) -> "RunStore | None":
        """The store of the bundled example run, which is only read; None where none is shipped."""
        return open_example((home or settings.home()).absolute())

    @property
    def read_only(self) -> bool:
        """Whether this is the store of the bundled examples."""
        return bool(self._example)

    def close(self) -> None:
        """Close the connections; the store opens new ones when it is used again."""
        self._engine.dispose()

    def create(self, spec: RunSpec) -> Run:
        """A new queued run with its folder."""
        name = re.sub(r"[^a-z0-9]+", "-", Path(spec.dataset).stem.lower()).strip("-")[:40] or "data"
        run_id = f"{spec.method}-{name}-{secrets.token_hex(3)}"
        folder = self.folder(run_id)
        try:
            (folder / "snapshots").mkdir(parents=True)
            (folder / "spec.json").write_text(spec.to_json())
        except OSError as error:
            raise StoreUnavailable(f"the folder of runs {self.home} cannot be written: {_reason(error)}") from error
        now = time.time()
        row = {
            "run_id": run_id,
            "spec": spec.to_json(),
            "title": spec.title.replace("\0", ""),
            "launcher": spec.launcher,
        }
        with self.writing() as connection:
            connection.execute(insert(RUNS).values(**row, status="queued", created=now, queued=now))
        return Run(self, run_id, spec, folder)

    def get(self, run_id: str) -> Run:
        """The run with that id, of this store, of the bundled examples or of the lessons.

        Raises:
            UnknownRun: there is none; the message names the closest.
        """
        if not self.read_only and self._row(run_id) is None:
            for bundled in (self._examples, self.lessons):
                found = bundled()
                if found is not None and found._row(run_id) is not None:
                    return found.get(run_id)
        return Run(self, run_id, self.record(run_id).spec, self.folder(run_id))

    def record(self, run_id: str) -> RunRecord:
        """What is known of a run now.

        Raises:
            UnknownRun: there is none; the message names the closest.
        """
        row = self._row(run_id)
        if row is None:
            with self.reading() as connection:
                known = list(connection.scalars(select(RUNS.c.run_id)))
            close = difflib.get_close_matches(run_id, known, n=1, cutoff=0.3)
            hint = f"did you mean {close[0]}?" if close else "`python -m mmclust runs` lists the known ones"
            raise UnknownRun(f"run {run_id!r} is not known; {hint}")
        return from_row(row, example=self.read_only)

    def list(self, *, examples: bool = True) -> list[RunRecord]:
        """All runs, newest first; the bundled examples follow unless `examples` is false."""
        with self.reading() as connection:
            rows = connection.execute(select(RUNS).order_by(RUNS.c.created.desc())).mappings().all()
        records = [from_row(dict(row), example=self.read_only) for row in rows]
        bundled = self._examples() if examples and not self.read_only else None
        return records + (bundled.list() if bundled is not None else [])

    def lessons(self) -> "RunStore | None":
        """The store of the finished runs that the lessons show, which is only read; None where none are shipped.

        `list` leaves them out: a user's first list of runs is not to be two dozen of ours. `get` finds them.
        """
        if self._taught is None:
            with self._opening:
                self._taught = self._taught or open_lessons(self.home)
        return self._taught

    def delete(self, run_id: str) -> None:
        """Forget a run and remove its folder.

        Raises:
            UnknownRun: there is none.
            ValueError: it is running.
        """
        with self.writing() as connection:
            if self.record(run_id).status == "running":
                raise ValueError(f"run {run_id} is running; stop it before deleting it")
            connection.execute(delete(METRICS).where(METRICS.c.run_id == run_id))
            connection.execute(delete(ANNOTATIONS).where(ANNOTATIONS.c.run_id == run_id))
            connection.execute(delete(RUNS).where(RUNS.c.run_id == run_id))
        shutil.rmtree(self.folder(run_id), ignore_errors=True)

    def ask(self, run_id: str, wish: Literal["stop", "pause"]) -> None:
        """Ask a run to stop or pause (see `Run.request`)."""
        done = {"stop": "stopped", "pause": "paused"}[wish]
        this = RUNS.c.run_id == run_id
        with self.writing() as connection:
            waiting = update(RUNS).where(this, RUNS.c.status == "queued").values(status=done, ended=time.time())
            if connection.execute(waiting).rowcount:
                return
            if (status := self.record(run_id).status) != "running":
                raise ValueError(f"run {run_id} is {status}; only a queued or running run can be {done}")
            connection.execute(update(RUNS).where(this).values(request=wish))

    def requeue(self, run_id: str, launcher: str, *, gpus: float | None = None) -> None:
        """Put a run (back) into the queue of a launcher; it goes on from its last checkpoint.

        Args:
            run_id: the run.
            launcher: who executes it now.
            gpus: part of a GPU that a cluster keeps free for it now; None for the same as before.

        Raises:
            ValueError: it is running or finished, or another process is about to run it.
        """
        with self.writing() as connection:
            row = self._row(run_id)
            record = self.record(run_id)
            served = row is not None and time.time() - (row["waiter_seen"] or 0) < WAITER_LIMIT_S
            if record.status not in (*RESUMABLE, "queued") or (record.status == "queued" and served):
                raise ValueError(f"run {run_id} is {record.status}; only {', '.join(RESUMABLE)} runs can be resumed")
            values = {"status": "queued", "launcher": launcher, "queued": time.time(), "waiter_seen": None}
            values |= {"request": "", "error": "", "waiting_for": "", "token": None, "ended": None}
            if gpus is not None:  # has no influence on its numbers
                values["spec"] = replace(record.spec, gpus=gpus).to_json()
            connection.execute(update(RUNS).where(RUNS.c.run_id == run_id).values(**values))

    def claim(
        self,
        run_id: str | None = None,
        *,
        launcher: str | None = None,
        devices: Sequence[str] = ("cpu",),
        places: int = 0,
    ) -> "ActiveRun | None":
        """Take a queued run and its device, both or neither; first come, first served on each device.

        Args:
            run_id: this run and no other; None for the oldest one that can start.
            launcher: only runs of this launcher.
            devices: the devices of this machine, best first.
            places: for runs of sweeps: how many of them share a device; 0 for all others.

        Returns:
            The run, to be executed by the caller, or None when nothing can start now. What each run waits for is
            then in its record.
        """
        if not self._queued(run_id, launcher):
            return None
        with self.writing() as connection:
            taken = queue.take(connection, run_id=run_id, launcher=launcher, devices=devices, places=places)
        return self._active(taken) if taken is not None else None

    def claim_assigned(self, run_id: str, device: str) -> "ActiveRun | None":
        """Take a queued run on a device that a cluster keeps free for it: nothing is leased here.

        Args:
            run_id: the run.
            device: `cpu` or `cuda:0`, as this process sees it.

        Returns:
            The run, to be executed by the caller, or None when it is not queued any more.
        """
        with self.writing() as connection:
            taken = queue.take_assigned(connection, run_id, device)
        return self._active(taken) if taken is not None else None

    def _active(self, taken: dict[str, Any]) -> ActiveRun:
        run = Run(self, taken["run_id"], RunSpec.from_json(taken["spec"]), self.folder(taken["run_id"]))
        return ActiveRun(run, token=taken["token"], device=taken["device"], seconds=taken["seconds"])

    def _queued(self, run_id: str | None, launcher: str | None) -> bool:
        """Whether such a run is queued: a look that does not lock the store."""
        query = select(RUNS.c.run_id).where(*queue.matching(run_id, launcher)).limit(1)
        with self.reading() as connection:
            return connection.scalar(query) is not None

    def has_queued(self, launcher: str) -> bool:
        """Whether runs of a launcher wait in the queue."""
        return self._queued(None, launcher)

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
                values = {"status": "interrupted", "error": error, "ended": row["heartbeat"], "token": None}
                connection.execute(update(RUNS).where(this).values(**values))
                queue.release(connection, row["token"])
            elif row["status"] == "queued":
                values = {"status": "failed", "error": error, "ended": time.time()}
                connection.execute(update(RUNS).where(this).values(**values))

    def folder(self, run_id: str) -> Path:
        """Folder with the files of a run."""
        return self._example.get(run_id, self.home / "runs" / run_id)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state of the store.

        Raises:
            StoreUnavailable: the database does not answer.
        """
        try:
            self._reopen()
            with self._engine.connect().execution_options(**self._reads) as connection:
                yield connection
        except IntegrityError:
            raise
        except SQLAlchemyError as error:
            raise StoreUnavailable(f"the run store {_shown(self.url)} does not answer: {_reason(error)}") from error

    @contextmanager
    def writing(self, *, alone: bool = True) -> Iterator[Connection]:
        """A transaction that is undone when it raises.

        Args:
            alone: no other such transaction is under way. Only the numbers of a run go without: they touch nothing
                but that run's rows, and a cluster trains many runs at once (SQLite has one writer in any case).

        Raises:
            StoreUnavailable: the database does not answer.
            ValueError: the store holds the bundled examples.
        """
        if self.read_only:
            raise ValueError("the bundled example cannot be changed; train a run of your own")
        try:
            self._reopen()
            with self._engine.connect().execution_options(mmclust_writes=True) as connection, connection.begin():
                if alone:
                    _wait_for_turn(connection)
                yield connection
        except IntegrityError:
            raise
        except SQLAlchemyError as error:
            raise StoreUnavailable(f"the run store {_shown(self.url)} does not answer: {_reason(error)}") from error

    def _open(self) -> None:
        try:
            (self.home / "runs").mkdir(parents=True, exist_ok=True)
            with self._engine.connect().execution_options(mmclust_writes=True) as connection, connection.begin():
                _wait_for_turn(connection)  # two processes that open a new database would both make its tables
                METADATA.create_all(connection)
        except (OSError, SQLAlchemyError) as error:
            raise StoreUnavailable(f"the run store {_shown(self.url)} cannot be used: {_reason(error)}") from error

    def _reopen(self) -> None:
        """Begin a new database when its file was deleted: open connections would write into the deleted one."""
        if self._file is not None and not self._file.exists():
            with self._opening:
                if not self._file.exists():
                    self._engine.dispose()
                    self._open()

    def _examples(self) -> "RunStore | None":
        if self._bundled is None:
            with self._opening:
                self._bundled = self._bundled or open_example(self.home)
        return self._bundled

    def _row(self, run_id: str) -> dict[str, Any] | None:
        with self.reading() as connection:
            row = connection.execute(select(RUNS).where(RUNS.c.run_id == run_id)).mappings().first()
        return dict(row) if row is not None else None


def _engine(url: str) -> Engine:
    parts = make_url(url)
    if parts.drivername == POSTGRESQL:
        parts = parts.set(drivername=f"{POSTGRESQL}+psycopg")  # the driver of requirements.txt
    if parts.get_backend_name() == POSTGRESQL:
        options = POSTGRESQL_OPTIONS | parts.query
        return create_engine(parts, pool_size=8, max_overflow=32, pool_pre_ping=True, connect_args=options)
    if parts.get_backend_name() != "sqlite":
        raise StoreUnavailable(f"the run store {_shown(url)} is of an unknown kind; {ADDRESSES}")
    # Its own limit on connections would make a page wait while SQLite itself could answer.
    engine = create_engine(url, pool_size=8, max_overflow=64, connect_args={"timeout": BUSY_TIMEOUT_S})

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # the module's own transactions begin too late to be exclusive
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def began(connection: Connection) -> None:
        # A writer takes the lock before it reads, or two writers that read first would both have to give up.
        writes = connection.get_execution_options().get("mmclust_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _wait_for_turn(connection: Connection) -> None:
    """Let the other writers of a PostgreSQL store end first; SQLite's take turns by themselves."""
    if connection.dialect.name == POSTGRESQL:
        connection.execute(select(func.pg_advisory_xact_lock(WRITERS_LOCK)))


def _sqlite_file(url: str) -> Path | None:
    parts = make_url(url)
    return Path(parts.database) if parts.get_backend_name() == "sqlite" and parts.database else None


def _shown(url: str) -> str:
    return make_url(url).render_as_string(hide_password=True)


def _reason(error: Exception) -> str:
    """The cause in one line, without the statement that met it."""
    cause = getattr(error, "orig", None) or error
    return (getattr(cause, "strerror", None) or str(cause) or type(cause).__name__).splitlines()[0]
