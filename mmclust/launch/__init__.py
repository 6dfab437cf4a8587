"""Ways to have a queued run executed; status, requests and leases of devices are the store's.

`thread` trains in this process, `process` in a child that a crash of this one does not touch, `ray` on a cluster. Runs
of the command line are executed in its own process, by `run_here`.
"""

import time
from collections.abc import Callable

from mmclust.runs.queue import RAY
from mmclust.runs.record import RunRecord
from mmclust.runs.store import RunStore

LAUNCHERS = ("thread", "process", RAY)
LOOK_EVERY_S = 0.5


def submit(store: RunStore, run_id: str, launcher: str) -> None:
    """Have a queued run executed as soon as its device is free; returns at once.

    Raises:
        ValueError: the launcher is not known, its cluster does not answer, or the run has ended.
    """
    if launcher not in LAUNCHERS:
        raise ValueError(f"launcher {launcher!r} is not known; choose one of {', '.join(LAUNCHERS)}")
    record = store.record(run_id)
    if record.status == "running":
        return  # whoever serves this queue already was faster than the caller
    if record.status != "queued":
        raise ValueError(f"run {run_id} is {record.status}; resume it instead")
    if record.launcher != launcher:
        store.requeue(run_id, launcher)
    if launcher == "thread":
        from mmclust.launch import thread

        thread.serve(store)
    elif launcher == "process":
        from mmclust.launch import process

        process.start(store, run_id)
    else:
        from mmclust.launch import ray

        ray.start(store, run_id)


def prepare(store: RunStore, launcher: str) -> None:
    """Get ready for a start that is likely to come, where the launcher can; returns at once."""
    if launcher == "process":
        from mmclust.launch import process

        process.prepare(store)


def resume(store: RunStore, run_id: str, launcher: str | None = None) -> None:
    """Let a paused, stopped, failed or interrupted run go on from its last checkpoint, by its launcher or another.

    Raises:
        ValueError: it cannot be resumed, the launcher is not known, or its cluster does not answer.
    """
    before = store.record(run_id).launcher
    launcher = launcher or (before if before in LAUNCHERS else "thread")
    if launcher not in LAUNCHERS:
        raise ValueError(f"launcher {launcher!r} is not known; choose one of {', '.join(LAUNCHERS)}")
    store.requeue(run_id, launcher)
    submit(store, run_id, launcher)


def start(store: RunStore) -> None:
    """Take up runs that an earlier server left in the queue; nothing happens without any."""
    from mmclust.launch import thread

    thread.serve(store)


def shutdown(timeout: float = 20.0) -> bool:
    """Let the training threads of this process end as interrupted, resumable runs, and wait for them.

    A server has to call this before it exits: a thread that is inside torch then would abort the process. Child
    processes train on.

    Args:
        timeout: seconds to wait.

    Returns:
        Whether all have ended.
    """
    from mmclust.launch import process, thread

    process.release()
    return thread.shutdown(timeout)


def run_here(store: RunStore, run_id: str, *, waiting: Callable[[str], None] = lambda reason: None) -> RunRecord:
    """Execute a queued run in the main thread of this process (see `worker.execute_when_free`)."""
    from mmclust import worker

    return worker.execute_when_free(store, run_id, waiting=waiting)


def run_there(store: RunStore, run_id: str, *, waiting: Callable[[str], None] = lambda reason: None) -> RunRecord:
    """Have the Ray cluster execute a queued run, and wait for its end; Ctrl-C asks the run to stop, which can resume.

    Raises:
        ValueError: the cluster does not answer; the run's record says so too.
    """
    submit(store, run_id, RAY)
    known = ""
    while (record := store.record(run_id)).active:
        if record.waiting_for != known:
            known = record.waiting_for
            waiting(known)
        try:
            time.sleep(LOOK_EVERY_S)
        except KeyboardInterrupt:
            store.request(run_id, "stop")
    return record
