"""The SQL database of a store: SQLite or PostgreSQL, with connections to read and to write."""

import logging
import os
import shutil
import tempfile
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, func, make_url, select
from sqlalchemy.exc import ArgumentError, IntegrityError, SQLAlchemyError

from mmclust import disk
from mmclust.runs import schema
from mmclust.runs.errors import StoreUnavailable

BUSY_TIMEOUT_S = 15
NEEDED_MIB = 1
"""What an SQLite store needs on its disk to be opened."""
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

log = logging.getLogger(__name__)


class Database:
    """The tables of a store and the folder of its runs, made where there are none."""

    read_only = False
    """Whether this is the store of the bundled examples."""

    def __init__(self, home: Path, url: str) -> None:
        """Open the database.

        Args:
            home: folder with the run folders.
            url: as `address` reads it.

        Raises:
            StoreUnavailable: the folder or the database cannot be used.
        """
        self.home, self.url = home, url
        self._opening = threading.Lock()
        self._copy: Path | None = None
        """What is read while the disk of the store is full, or its folder may not be written."""
        try:
            self._file = _sqlite_file(self.url)
            self._engine = _engine(self.url)
            self._reads = {"isolation_level": "REPEATABLE READ"} if self._engine.name == POSTGRESQL else {}
        except ArgumentError:
            raise StoreUnavailable(f"the run store's address cannot be read; {ADDRESSES}") from None
        except ImportError as error:
            raise StoreUnavailable(f"the run store {_shown(self.url)} cannot be used: {reason(error)}") from error
        self._forgotten()
        self._open()

    @property
    def file(self) -> Path | None:
        """The file of an SQLite store; None for another."""
        return self._file

    def folder(self, run_id: str) -> Path:
        """Folder with the files of a run."""
        return self.home / "runs" / run_id

    def close(self) -> None:
        """Close the connections; the store opens new ones when it is used again."""
        self._engine.dispose()

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
            raise StoreUnavailable(f"the run store {_shown(self.url)} does not answer: {reason(error)}") from error

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
        self._back_from_copy()
        try:
            self._reopen()
            with self._engine.connect().execution_options(mmclust_writes=True) as connection, connection.begin():
                if alone:
                    _wait_for_turn(connection)
                yield connection
        except IntegrityError:
            raise
        except SQLAlchemyError as error:
            raise StoreUnavailable(f"the run store {_shown(self.url)} does not answer: {reason(error)}") from error

    def _open(self) -> None:
        try:
            (self.home / "runs").mkdir(parents=True, exist_ok=True)
            with self._engine.connect().execution_options(mmclust_writes=True) as connection, connection.begin():
                _wait_for_turn(connection)  # two processes that open a new database would both make its tables
                schema.prepare(connection)
        except (OSError, SQLAlchemyError, TypeError) as error:  # a damaged schema leads SQLAlchemy to a TypeError
            if self._copy is None and self._obstacle() and self._copied():
                return self._open()
            raise StoreUnavailable(f"the run store {_shown(self.url)} cannot be used: {reason(error)}") from error

    def _obstacle(self) -> str:
        """Why SQLite cannot write beside its file what it writes even to read it, one sentence; empty where it can."""
        if self._file is None or not os.path.isfile(self._file):
            return ""
        if disk.is_short(self._file.parent, NEEDED_MIB):
            return f"the disk with {self.home} is full, so runs can only be read; free some space"
        effective = os.access in os.supports_effective_ids
        if all(os.access(path, os.W_OK, effective_ids=effective) for path in (self._file, self._file.parent)):
            return ""
        return f"{self.home} cannot be written, so runs can only be read; make it writable, or set MMCLUST_HOME"

    def _copied(self) -> bool:
        """Read a copy from now on, in a folder for temporary files."""
        assert self._file is not None
        try:
            self._copy = Path(tempfile.mkdtemp(prefix="mmclust-"))
            weakref.finalize(self, shutil.rmtree, self._copy, ignore_errors=True)
            for ending in ("", "-wal"):
                if (part := self._file.with_name(self._file.name + ending)).exists():
                    shutil.copyfile(part, self._copy / part.name)  # without its rights
        except OSError as error:
            log.warning("the run store cannot be read from a copy: %s", error)
            return False
        self._engine.dispose()
        self._engine = _engine(f"sqlite:///{self._copy / self._file.name}")
        self._forgotten()
        return True

    def _forgotten(self) -> None:
        """Who forgets the store leaves no connection behind."""
        weakref.finalize(self, self._engine.dispose)

    def _back_from_copy(self) -> None:
        """Use the store itself again once it can be written.

        Raises:
            StoreUnavailable: it cannot.
        """
        with self._opening:
            if self._copy is None:
                return
            if obstacle := self._obstacle():
                raise StoreUnavailable(obstacle)
            self._engine.dispose()
            self._engine, self._copy = _engine(self.url), None
            self._forgotten()
            self._open()

    def _reopen(self) -> None:
        """Begin a new database when its file was deleted: open connections would write into the deleted one."""
        if self._file is not None and not self._file.exists():
            with self._opening:
                if not self._file.exists():
                    self._engine.dispose()
                    self._open()


def address(url: str) -> URL:
    """The address of a database; behind `sqlite:///` everything is the file's path, whatever characters are in it.

    Raises:
        ArgumentError: it is none.
    """
    scheme, separator, path = url.partition(":///")
    return URL.create("sqlite", database=path) if (scheme, separator) == ("sqlite", ":///") else make_url(url)


def _engine(url: str) -> Engine:
    parts = address(url)
    if parts.drivername == POSTGRESQL:
        parts = parts.set(drivername=f"{POSTGRESQL}+psycopg")  # the driver of requirements.txt
    if parts.get_backend_name() == POSTGRESQL:
        options = POSTGRESQL_OPTIONS | parts.query
        return create_engine(parts, pool_size=8, max_overflow=32, pool_pre_ping=True, connect_args=options)
    if parts.get_backend_name() != "sqlite":
        raise StoreUnavailable(f"the run store {_shown(url)} is of an unknown kind; {ADDRESSES}")
    # Its own limit on connections would make a page wait while SQLite itself could answer.
    engine = create_engine(parts, pool_size=8, max_overflow=64, connect_args={"timeout": BUSY_TIMEOUT_S})

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _: Any) -> None:
        connection.text_factory = _text
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


def _text(stored: bytes) -> str:
    """A text, also a damaged one: it is found where its row is read, and must not break off the reading of others."""
    return stored.decode(errors="replace")


def _wait_for_turn(connection: Connection) -> None:
    """Let the other writers of a PostgreSQL store end first; SQLite's take turns by themselves."""
    if connection.dialect.name == POSTGRESQL:
        connection.execute(select(func.pg_advisory_xact_lock(WRITERS_LOCK)))


def _sqlite_file(url: str) -> Path | None:
    parts = address(url)
    return Path(parts.database) if parts.get_backend_name() == "sqlite" and parts.database else None


def _shown(url: str) -> str:
    return address(url).render_as_string(hide_password=True)


def reason(error: Exception) -> str:
    """The cause in one line, without the statement that met it."""
    cause = getattr(error, "orig", None) or error
    return (getattr(cause, "strerror", None) or str(cause) or type(cause).__name__).splitlines()[0]
