"""A sweep loses its workers, or itself: carried out again it gives the table of an undisturbed one."""

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from sqlalchemy import select

from benchmarks.faults.original import SLOW_S, Original, Wrong, child_of
from mmclust.runs import mend
from mmclust.runs.store import RunStore
from mmclust.runs.tables import RUNS
from mmclust.sweeps.runner import look_up, run_sweep
from mmclust.sweeps.sweep import Cell, Sweep, grid

BASE = Cell(dataset="digits", method="dccs", preset="paper", changes={"width": 0.125}, epochs=10, limit=192)
ASKED = grid(BASE, {"beta_mi": (0.5, 1.0)}, seeds=(0, 1))
N_WORKERS = 2
LOST = ("a worker", "the sweep", "the sweep and its workers")

Table = dict[tuple[int, int], dict[str, float] | None]

_undisturbed: list[Table] = []


def sweeps(whole: Original, home: Path, chance: random.Random) -> Iterator[str]:
    """Kill processes of a sweep at a random moment, and carry it out again."""
    if not _undisturbed:
        store = RunStore(home / "undisturbed")
        _ends(_started(store))
        _undisturbed.append(_table(store))
        store.close()
    store = RunStore(home / "home")
    lost = chance.choice(LOST)
    sweep, first = _started(store), chance.randrange(ASKED.n_runs)
    if _trains(store, sweep, n_ended=first):
        sweep.join(chance.uniform(0.0, 2.0))
    _kill(lost, store, sweep, chance)
    if lost == "a worker":
        _ends(sweep)
    yield f"{lost} was killed"
    _ends(_started(store))
    if _table(store) != _undisturbed[0]:
        raise Wrong(f"the table differs after {lost} was killed")
    if faults := list(mend.faults(store)):
        raise Wrong(f"after {lost} was killed: {faults[0].run_id} {faults[0].sentence}")
    store.close()
    yield "carried out again"


def carry_out(text: str) -> None:
    """Carry a sweep out in this process, with workers of its own."""
    run_sweep(RunStore(), Sweep.from_json(text), n_workers=N_WORKERS)


def _started(store: RunStore) -> BaseProcess:
    return child_of(store.home, store.url, carry_out, ASKED.to_json())


def _ends(sweep: BaseProcess) -> None:
    sweep.join(SLOW_S)
    if sweep.exitcode != 0:
        sweep.kill()
        raise Wrong(f"a sweep ended with {sweep.exitcode}")


def _table(store: RunStore) -> Table:
    found = look_up(store, ASKED)
    if found.failures or len(found.runs) != ASKED.n_runs:
        raise Wrong(f"a sweep has {len(found.runs)} of {ASKED.n_runs} runs: {list(found.failures.values())[:1]}")
    return {place: record.metrics for place, record in found.runs.items()}


def _rows(store: RunStore) -> list[dict[str, Any]]:
    with store.reading() as connection:
        query = select(RUNS.c.status, RUNS.c.step, RUNS.c.owner)
        return [dict(row) for row in connection.execute(query).mappings()]


def _trains(store: RunStore, sweep: BaseProcess, n_ended: int) -> bool:
    """Wait until so many runs have finished and another one trains; false where the sweep ended before.

    Raises:
        Wrong: nothing happens.
    """
    until = time.monotonic() + SLOW_S
    while sweep.is_alive():
        rows = _rows(store)
        finished = sum(row["status"] == "finished" for row in rows)
        if finished >= n_ended and any(row["status"] == "running" and row["step"] for row in rows):
            return True
        if time.monotonic() > until:
            raise Wrong("no run of a sweep was trained")
        time.sleep(0.05)
    return False


def _kill(lost: str, store: RunStore, sweep: BaseProcess, chance: random.Random) -> None:
    """Kill what is to be lost; workers are known by the runs that they train."""
    workers = [int(row["owner"].split("|")[2]) for row in _rows(store) if row["status"] == "running" and row["owner"]]
    if "sweep" in lost:
        sweep.kill()
        sweep.join()
    chosen = workers if lost.endswith("workers") else chance.sample(workers, min(1, len(workers)))
    for process in chosen if "worker" in lost else ():
        with suppress(ProcessLookupError):  # it has ended meanwhile
            os.kill(process, signal.SIGKILL)
