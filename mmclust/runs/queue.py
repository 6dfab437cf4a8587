"""Who may run next: one job per device, first come, first served. All inside one transaction of the caller.

A lease says who uses a device. Its holder shows itself every few seconds; a lease whose holder is gone is taken away,
and its run becomes interrupted. Runs of sweeps, small and many, queue apart from all others: a device has several
places for them, numbered from 1, beside the one for an ordinary run.
"""

import secrets
import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from mmclust.runs import owner
from mmclust.runs.record import SILENT, is_silent, moment, unreadable
from mmclust.runs.spec import RunSpec
from mmclust.runs.tables import LEASES, RUNS

SWEEP = "sweep"
"""Launcher of the runs that a sweep executes."""
RAY = "ray"
"""Launcher of the runs that a Ray cluster executes: it keeps their devices free for them, so they lease none here."""
PRESENT_S = 3.0
"""A queued run keeps its place before others as long as someone asked for it in this time."""


def wanted_devices(device: str, devices: Sequence[str]) -> list[str]:
    """Which of a machine's devices (best first) suit a spec's `auto`, `cpu` or `cuda`."""
    gpus = [name for name in devices if name.startswith("cuda")]
    if device == "cuda":
        return gpus
    return gpus if gpus and device == "auto" else [name for name in devices if name == "cpu"]


def matching(run_id: str | None, launcher: str | None) -> list[ColumnElement[bool]]:
    """Conditions for the queued runs that a claim is about."""
    conditions = [RUNS.c.status == "queued"]
    if run_id is not None:
        conditions.append(RUNS.c.run_id == run_id)
    if launcher is not None:
        conditions.append(RUNS.c.launcher == launcher)
    return conditions


def take(
    connection: Connection,
    *,
    run_id: str | None,
    launcher: str | None,
    devices: Sequence[str],
    places: int = 0,
) -> dict[str, Any] | None:
    """Make the first matching run that can start a running one; None when none can.

    Matching runs that have to wait are told for what.

    Args:
        connection: inside a writing transaction.
        run_id: only this run; None for any.
        launcher: only runs of this launcher; None for any.
        devices: of this machine, best first.
        places: 0 for ordinary runs; otherwise runs of sweeps, that many of which share a device.

    Returns:
        The row of the run as it is now, with a fresh `token` and its `device`.
    """
    now = time.time()
    busy = _busy(connection)
    asked_for = set(connection.scalars(select(RUNS.c.run_id).where(*matching(run_id, launcher))))
    same_queue = RUNS.c.launcher == SWEEP if places else RUNS.c.launcher.not_in((SWEEP, RAY))
    queued = select(RUNS).where(RUNS.c.status == "queued", same_queue).order_by(RUNS.c.queued)
    n_ahead = 0
    for row in map(dict, connection.execute(queued).mappings().all()):
        if (damage := unreadable(row)) is not None:
            _fail(connection, row, f"Its record cannot be read ({damage.reason}).")
            continue
        suitable = wanted_devices(RunSpec.from_json(row["spec"]).device, devices)
        wanted = [place for device in suitable for place in _places(device, places)]
        free = [place for place in wanted if place not in busy]
        if row["run_id"] in asked_for:
            if free:
                return _start(connection, row, free[0], now)
            reason = _reason(wanted, busy, n_ahead)
            values = {"waiter_seen": now, "waiting_for": reason}
            connection.execute(update(RUNS).where(RUNS.c.run_id == row["run_id"]).values(**values))
            n_ahead += 1
        elif wanted and now - (row["waiter_seen"] or row["queued"]) < PRESENT_S:
            n_ahead += 1
            if free:
                busy[free[0]] = row["run_id"]
    return None


def _fail(connection: Connection, row: dict[str, Any], error: str) -> None:
    """Let a queued run leave the queue, which nobody could serve."""
    values = {"status": "failed", "error": error, "ended": time.time()}
    connection.execute(update(RUNS).where(RUNS.c.run_id == row["run_id"]).values(**values))


def _places(device: str, n: int) -> list[str]:
    """What can be leased of a device: itself, or its places for runs of sweeps."""
    return [f"{device}/{SWEEP}-{number}" for number in range(1, n + 1)] if n else [device]


def release(connection: Connection, token: str) -> None:
    """Give back the device that a token holds."""
    connection.execute(delete(LEASES).where(LEASES.c.token == token))


def take_assigned(connection: Connection, run_id: str, device: str) -> dict[str, Any] | None:
    """Make a queued run a running one on a device that a cluster keeps free for it; None when it is not queued."""
    row = connection.execute(select(RUNS).where(*matching(run_id, None))).mappings().first()
    if row is None or unreadable(dict(row)) is not None:
        return None
    return _hold(connection, dict(row), device, _holder(time.time()))


def _start(connection: Connection, row: dict[str, Any], place: str, now: float) -> dict[str, Any] | None:
    holder = _holder(now)
    connection.execute(insert(LEASES).values(device=f"{owner.machine()}/{place}", run_id=row["run_id"], **holder))
    taken = _hold(connection, row, place.partition("/")[0], holder)
    if taken is None:
        release(connection, holder["token"])
    return taken


def _holder(now: float) -> dict[str, Any]:
    return {"token": secrets.token_hex(16), "owner": owner.this_process(), "heartbeat": now}


def _hold(connection: Connection, row: dict[str, Any], device: str, holder: dict[str, Any]) -> dict[str, Any] | None:
    now = holder["heartbeat"]
    values = holder | {"status": "running", "device": device, "started": row["started"] or now, "ended": None}
    values |= {"request": "", "waiting_for": "", "error": "", "waiter_seen": None}
    this = (RUNS.c.run_id == row["run_id"], RUNS.c.status == "queued")
    return row | values if connection.execute(update(RUNS).where(*this).values(**values)).rowcount else None


def _busy(connection: Connection) -> dict[str, str]:
    """Devices and places of this machine in use, and by which run; leases of the dead are taken away first."""
    busy, here = {}, f"{owner.machine()}/"
    for lease in (
        connection.execute(select(LEASES).where(LEASES.c.device.startswith(here, autoescape=True))).mappings().all()
    ):
        if is_silent(dict(lease)):
            theirs = (RUNS.c.token == lease["token"], RUNS.c.status == "running")
            values = {"status": "interrupted", "token": None, "error": SILENT, "ended": moment(lease["heartbeat"])}
            connection.execute(update(RUNS).where(*theirs).values(**values))
            release(connection, lease["token"])  # after the run, as its holder does: neither waits for the other
        else:
            busy[lease["device"].removeprefix(here)] = lease["run_id"]
    return busy


def _reason(wanted: list[str], busy: dict[str, str], n_ahead: int) -> str:
    if not wanted:
        return "It needs a GPU, and this machine has none."
    users = ", ".join(dict.fromkeys(busy[device] for device in wanted))
    others = f", and {n_ahead} more are before it" if n_ahead > 1 else ", and one more is before it" if n_ahead else ""
    return f"It waits for {' or '.join(wanted)}, used by {users}{others}."
