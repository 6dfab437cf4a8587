"""What happens to a run while it trains: its process is killed, its store is away, its disk is full."""

import random
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from pathlib import Path

from benchmarks.faults.original import Original, Wrong, ends, finish, silence, training, trains
from mmclust.runs.store import RunStore
from tests.postgresql import PostgreSQL, programs

DISK_MIB = 24


def kills(whole: Original, home: Path, chance: random.Random) -> Iterator[str]:
    """Kill a training at random moments, half of them while another process holds the store."""
    store = RunStore(home)
    run = store.create(whole.spec())
    for _ in range(3):
        child = training(store, run.id)
        if trains(run, child):
            child.join(chance.uniform(0.0, 2.0))
            with held(store) if chance.random() < 0.5 else nullcontext():
                child.join(chance.uniform(0.0, 1.0))
                child.kill()
                child.join()
        yield "killed"
        if run.record().status == "finished":
            break
        _requeue(store, run.id)
    finish(whole, store, run)
    store.close()
    yield "resumed"


def outages(whole: Original, home: Path, chance: random.Random) -> Iterator[str]:
    """Let the store be away while a run trains, for less or more than it is waited for; then often kill the run."""
    server = _server() if chance.random() < 0.5 else None
    store = RunStore(home, _empty(server)) if server else RunStore(home)
    run = store.create(whole.spec())
    child = training(store, run.id, timeout_s=whole.longest_s / 2)
    if trains(run, child):
        child.join(chance.uniform(0.0, 1.0))
        with stopped(server) if server else held(store):
            child.join(whole.longest_s * 100 ** -chance.random())  # as often up to a tenth of it as longer
            if chance.random() < 0.5:
                child.kill()
                child.join()
    yield "PostgreSQL was away" if server else "SQLite was locked"
    if chance.random() < 0.5:
        child.join(chance.uniform(0.0, 1.0))
        child.kill()
    ends(child)
    finish(whole, store, run)
    store.close()
    yield "resumed"


def disk(whole: Original, home: Path, chance: random.Random) -> Iterator[str]:
    """Let the disk of a home fill up while a run trains; it says so, and goes on when there is room."""
    with small_disk(home) as is_own:
        if not is_own:
            yield "no small disk could be mounted"
            return
        store = RunStore(home / "home")
        run = store.create(whole.spec())
        child = training(store, run.id)
        if trains(run, child):
            child.join(chance.uniform(0.0, 0.5))
            fill(home, leave=chance.choice((0, 1, 10, 50, 200)) * 1024)
        ends(child)
        yield run.record().status
        _ballast(home).unlink(missing_ok=True)
        finish(whole, store, run, allowed=("interrupted", "failed", "paused"))
        store.close()
    yield "resumed"


@contextmanager
def held(store: RunStore) -> Iterator[None]:
    """Nobody else can write into an SQLite store."""
    with closing(sqlite3.connect(str(store.file), isolation_level=None, timeout=60)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


@contextmanager
def stopped(server: PostgreSQL) -> Iterator[None]:
    """The server does not answer."""
    server.stop()
    yield
    server.start()


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """Mount a disk of `DISK_MIB` in a folder; gives whether that is allowed here."""
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "none", str(folder)]
    mounted = shutil.which("mount") is not None and subprocess.run(command, capture_output=True).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path, *, leave: int) -> None:
    """Fill the disk of a folder up to so many bytes."""
    with _ballast(folder).open("wb") as file:
        size = max(0, shutil.disk_usage(folder).free - leave)
        with suppress(OSError):  # others were faster
            file.write(bytes(size))


def _ballast(folder: Path) -> Path:
    return folder / "ballast"


_servers: list[PostgreSQL] = []


def _server() -> PostgreSQL | None:
    """The PostgreSQL server of this campaign; None where it is not installed."""
    if not _servers and (found := programs()) is not None:
        _servers.append(PostgreSQL(found))
    return _servers[0] if _servers else None


def close() -> None:
    """End what outlives a fault."""
    while _servers:
        _servers.pop().close()


def _empty(server: PostgreSQL) -> str:
    """Address of the server's database, without any table."""
    server.execute("DROP SCHEMA public CASCADE")
    server.execute("CREATE SCHEMA public")
    return server.url


def _requeue(store: RunStore, run_id: str) -> None:
    silence(store)
    status = store.record(run_id).status
    if status not in ("interrupted", "queued"):
        raise Wrong(f"a killed run is {status}")
    if status == "interrupted":
        store.requeue(run_id, "thread")
