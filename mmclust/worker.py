"""A queued run from its claim to its end: `execute(run)`.

A thread of the app, a child process (`python -m mmclust.worker RUN_ID`) and the command line all call it. Importing
this module is cheap; torch comes with the first run.
"""

import argparse
import gc
import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING

from mmclust import training
from mmclust.errors import explain
from mmclust.methods import METHODS, method_class
from mmclust.runs.active import ActiveRun
from mmclust.runs.devices import devices
from mmclust.runs.errors import StoreUnavailable
from mmclust.runs.record import RunRecord, Status
from mmclust.runs.store import RunStore
from mmclust.runs.store_writer import STORE_TIMEOUT_S
from mmclust.signals import Signals, received_signals

if TYPE_CHECKING:
    from mmclust.engine.helpers import Crew

ASK_EVERY_S = 0.5
"""How often a process that waits for a device asks for it."""
BACKGROUND_NICENESS = 10
"""Priority of training beside a server: pages go first."""

log = logging.getLogger(__name__)


def execute(run: ActiveRun, crew: "Callable[[ActiveRun], Crew] | None" = None) -> Status:
    """Train a claimed run to its end, a stop or a failure; its record says which and why. Never raises.

    Args:
        run: claimed.
        crew: starts the processes that train a run of several devices with this one; None: on this machine.
    """
    later = None
    with run:
        try:
            status, error, later = training.train(run, crew)
        except BaseException as problem:
            status, error = _failed(run, problem)
        try:
            run.finish(status, error)
        except Exception:
            log.exception("run %s ended as %s, which could not be stored", run.id, status)
            return "interrupted"
    if later is not None:
        _add_to_record(run, later)
    return status


def _add_to_record(run: ActiveRun, later: training.Later) -> None:
    """What others may see of a finished run before it is done, such as simple methods that take long."""
    try:
        later()
    except Exception:
        log.exception("run %s has finished; what belongs beside its result could not be computed", run.id)


def execute_when_free(
    store: RunStore, run_id: str, *, waiting: Callable[[str], None] = lambda reason: None, places: int = 0
) -> RunRecord:
    """Wait for a device, execute a queued run in this process, and say how it ended.

    Must be called from the main thread: Ctrl-C stops the run (it can be resumed), SIGTERM interrupts it.

    Args:
        store: where the run is queued.
        run_id: the run; if it leaves the queue meanwhile, nothing is executed.
        waiting: called with a sentence whenever the reason to wait changes.
        places: for a run of a sweep: how many of them share a device.
    """
    with received_signals() as signals:
        run = _claim_when_free(store, run_id, waiting, places, signals)
        if run is not None:
            signals.pass_on_to(run)
            execute(run)
    return store.record(run_id)


def _claim_when_free(
    store: RunStore, run_id: str, waiting: Callable[[str], None], places: int, signals: Signals
) -> ActiveRun | None:
    """The run once it can start; None when it has left the queue. A store that is away is waited for."""
    known, answered = "", time.monotonic()
    while True:
        try:
            if (run := store.claim(run_id, devices=devices(), places=places)) is not None:
                return run
            record = store.record(run_id)
            if record.status != "queued":
                return None
            if signals.stopping:
                store.request(run_id, "stop")
                return None
            reason, answered = record.waiting_for, time.monotonic()
        except StoreUnavailable as error:
            if signals.stopping or time.monotonic() - answered > STORE_TIMEOUT_S:
                raise
            reason = str(error)
        if reason != known:
            known = reason
            waiting(known)
        time.sleep(ASK_EVERY_S)


def _failed(run: ActiveRun, problem: BaseException) -> tuple[Status, str]:
    """Status and sentence for an exception; its traceback goes to the log and beside the run's files."""
    if isinstance(problem, (KeyboardInterrupt, SystemExit)):
        return "interrupted", "Its process was stopped before it could write a checkpoint; resume to go on."
    log.error("run %s failed", run.id, exc_info=problem)
    if run.folder.is_dir():
        try:
            (run.folder / "error.log").write_text("".join(traceback.format_exception(problem)))
        except OSError:
            log.warning("run %s: error.log could not be written", run.id)
    sentence = explain(problem)
    _drop(problem)
    if isinstance(problem, StoreUnavailable):  # nothing is wrong with the run
        return "interrupted", f"{sentence.rstrip('.')}; resume to go on."
    return "failed", sentence


def _drop(problem: BaseException) -> None:
    """Let go of what a failed run held, above all a GPU's memory: others go on."""
    traceback.clear_frames(problem.__traceback__)
    gc.collect()


def main() -> None:
    """Entry of the child process."""
    parser = argparse.ArgumentParser(prog="python -m mmclust.worker", description="Execute one queued run.")
    parser.add_argument("run_id", nargs="?")
    parser.add_argument("--wait", action="store_true", help="load everything, then read the run's id from the input")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    args = parser.parse_args()
    lower_priority()
    store = RunStore()
    run_id = _given(store) if args.wait else args.run_id
    if not run_id:
        return
    record = execute_when_free(store, run_id, waiting=log.info)
    log.info("run %s is %s %s", run_id, record.status, record.error)


def _given(store: RunStore) -> str:
    """Load what training needs, then wait for the id of a run; empty where whoever wanted this process has ended."""
    load_all()
    run_id = sys.stdin.readline().strip()
    if run_id:
        with (store.folder(run_id) / "worker.log").open("ab") as output:
            for stream in (sys.stdout, sys.stderr):
                os.dup2(output.fileno(), stream.fileno())
    return run_id


def load_all() -> None:
    """Load torch and the methods, with what torch loads at the first step of an optimiser; no thread is started."""
    import torch

    import mmclust.engine.trainer  # noqa: F401

    for name in METHODS:
        method_class(name)
    weight = torch.zeros(1, requires_grad=True)
    weight.grad = torch.zeros(1)  # a backward pass would start torch's own threads
    torch.optim.Adam([weight]).step()


def lower_priority() -> None:
    """Let other threads go before this one and those it starts, where the system can (Linux)."""
    try:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), BACKGROUND_NICENESS)
    except (AttributeError, OSError):
        log.debug("priorities of threads cannot be set here")


if __name__ == "__main__":
    main()
