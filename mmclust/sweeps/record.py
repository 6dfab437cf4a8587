"""Sweeps in the run store: what was asked, who works on it, and which run belongs to which cell."""

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import delete, insert, select, update

from mmclust.runs import beside, columns, owner
from mmclust.runs.record import is_silent
from mmclust.runs.store import RunStore
from mmclust.runs.tables import SWEEP_RUNS, SWEEPS
from mmclust.sweeps.sweep import Sweep

log = logging.getLogger(__name__)

SweepStatus = Literal["running", "finished", "stopped", "interrupted"]


@dataclass(frozen=True, kw_only=True)
class SweepRecord:
    """A sweep as lists and pages show it. Times are seconds since 1970, UTC."""

    sweep_id: str
    sweep: Sweep
    status: SweepStatus
    """Finished means that every run has ended; some may have failed."""
    title: str
    created: float
    ended: float | None
    n_runs: int
    """Different runs that it asks for."""
    runs: dict[tuple[int, int], str]
    """(cell, seed) -> run id, as far as there are runs."""
    failures: dict[tuple[int, int], str]
    """(cell, seed) -> why there is no finished run, one sentence."""


def begin(store: RunStore, sweep: Sweep, *, n_runs: int) -> None:
    """Note that this process works on a sweep; one that is known already goes on."""
    now = time.time()
    values = {"spec": sweep.to_json(), "title": sweep.title, "status": "running", "request": "", "n_runs": n_runs}
    values |= {"heartbeat": now, "owner": owner.this_process(), "ended": None, "failures": "{}"}
    with store.writing() as connection:
        if not connection.execute(update(SWEEPS).where(SWEEPS.c.sweep_id == sweep.id).values(**values)).rowcount:
            connection.execute(insert(SWEEPS).values(sweep_id=sweep.id, created=now, **values))
    beside.keep_sweep(store, sweep.id)


def attach(store: RunStore, sweep_id: str, places: list[tuple[int, int]], run_id: str) -> None:
    """Note which run belongs to (cell, seed) places of a sweep."""
    rows = [{"sweep_id": sweep_id, "cell": cell, "seed": seed, "run_id": run_id} for cell, seed in places]
    with store.writing() as connection:
        for cell, seed in places:
            this = (SWEEP_RUNS.c.sweep_id == sweep_id, SWEEP_RUNS.c.cell == cell, SWEEP_RUNS.c.seed == seed)
            connection.execute(delete(SWEEP_RUNS).where(*this))
        connection.execute(insert(SWEEP_RUNS), rows)
    beside.keep_of_run(store, run_id)


def beat(store: RunStore, sweep_id: str) -> bool:
    """Show that the sweep is worked on; whether somebody has asked it to stop."""
    this = SWEEPS.c.sweep_id == sweep_id
    with store.writing() as connection:
        connection.execute(update(SWEEPS).where(this).values(heartbeat=time.time()))
        return connection.scalar(select(SWEEPS.c.request).where(this)) == "stop"


def end(store: RunStore, sweep_id: str, status: SweepStatus, failures: Mapping[tuple[int, int], str]) -> None:
    """Note how the work on a sweep ended."""
    told = json.dumps({f"{cell}:{seed}": why for (cell, seed), why in failures.items()})
    with store.writing() as connection:
        values = {"status": status, "ended": time.time(), "failures": told, "request": ""}
        connection.execute(update(SWEEPS).where(SWEEPS.c.sweep_id == sweep_id).values(**values))
    beside.keep_sweep(store, sweep_id)


def ask_to_stop(store: RunStore, sweep_id: str) -> None:
    """Let a sweep of any process stop soon; its runs can go on later.

    Raises:
        ValueError: it is not known, or nobody works on it.
    """
    if (status := get(store, sweep_id).status) != "running":
        raise ValueError(f"sweep {sweep_id} is {status}; only a running sweep can be stopped")
    with store.writing() as connection:
        connection.execute(update(SWEEPS).where(SWEEPS.c.sweep_id == sweep_id).values(request="stop"))


def get(store: RunStore, sweep_id: str) -> SweepRecord:
    """What is known of a sweep.

    Raises:
        ValueError: there is none of that name.
    """
    for record in listed(store):
        if record.sweep_id == sweep_id:
            return record
    raise ValueError(f"sweep {sweep_id!r} is not known; `python -m mmclust sweep` makes one")


def listed(store: RunStore) -> list[SweepRecord]:
    """All sweeps of a store, newest first."""
    with store.reading() as connection:
        sweeps = connection.execute(select(SWEEPS).order_by(SWEEPS.c.created.desc())).mappings().all()
        links = connection.execute(select(SWEEP_RUNS)).mappings().all()
    runs: dict[str, dict[tuple[int, int], str]] = {}
    for link in links:
        runs.setdefault(link["sweep_id"], {})[link["cell"], link["seed"]] = link["run_id"]
    records = []
    for row in map(dict, sweeps):
        try:
            records.append(_record(row, runs.get(row["sweep_id"], {})))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            log.warning("sweep %s is left out, it cannot be read: %s", row["sweep_id"], error)
    return records


@lru_cache(maxsize=64)
def _sweep(text: str) -> Sweep:
    """What was asked for, read once: thousands of cells take a while."""
    return Sweep.from_json(text)


def _record(row: dict[str, Any], runs: dict[tuple[int, int], str]) -> SweepRecord:
    columns.check(SWEEPS, row)
    failures = {}
    for place, why in json.loads(row["failures"]).items():
        cell, _, seed = place.partition(":")
        failures[int(cell), int(seed)] = why
    return SweepRecord(
        sweep_id=row["sweep_id"],
        sweep=_sweep(row["spec"]),
        status="interrupted" if row["status"] == "running" and is_silent(row) else row["status"],
        title=row["title"],
        created=row["created"],
        ended=row["ended"],
        n_runs=row["n_runs"],
        runs=runs,
        failures=failures,
    )
