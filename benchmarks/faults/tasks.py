"""A Ray cluster loses the worker of a run: it goes on with the run, which has the numbers of an undisturbed one."""

import importlib.util
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from sqlalchemy import select

from benchmarks.faults.original import SLOW_S, Original, Wrong, finish
from mmclust import launch
from mmclust.runs.record import RunRecord
from mmclust.runs.run import Run
from mmclust.runs.store import RunStore
from mmclust.runs.tables import RUNS
from tests.ray_cluster import ray_cluster


def tasks(whole: Original, home: Path, chance: random.Random) -> Iterator[str]:
    """Kill the worker that executes a run, once or twice, and wait for the end of the run."""
    if importlib.util.find_spec("ray") is None or " " in sys.prefix:
        yield "no Ray cluster can be started"
        return
    store = RunStore(home)
    run = store.create(whole.spec())
    with ray_cluster(n_nodes=1) as address:
        os.environ["MMCLUST_RAY_ADDRESS"] = address
        launch.submit(store, run.id, "ray")
        for _ in range(chance.choice((1, 2))):
            _wait(run, lambda record: not record.active or (record.status == "running" and record.step > 0))
            time.sleep(chance.uniform(0.0, 1.0))
            yield "its worker was killed" if _kill(run) else "it had ended before"
        _wait(run, lambda record: not record.active)
    finish(whole, store, run)
    store.close()
    yield "finished"


def _wait(run: Run, reached: Callable[[RunRecord], bool]) -> None:
    """Wait until a run has come so far.

    Raises:
        Wrong: it never does.
    """
    until = time.monotonic() + SLOW_S
    while not reached(record := run.record()):
        if time.monotonic() > until:
            raise Wrong(f"a run of a Ray cluster stays {record.status}: {record.waiting_for}")
        time.sleep(0.05)


def _kill(run: Run) -> bool:
    """Kill the process that executes a run; false where none does."""
    with run.store.reading() as connection:
        owner = connection.scalar(select(RUNS.c.owner).where(RUNS.c.run_id == run.id, RUNS.c.status == "running"))
    if not owner:
        return False
    with suppress(ProcessLookupError):  # it has ended meanwhile
        os.kill(int(owner.split("|")[2]), signal.SIGKILL)
    return True
