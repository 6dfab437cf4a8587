"""What a process does that trains the runs of a sweep one after the other.

`nursery.py` starts it: it reads run ids from its input, one a line, and answers each with its id and final status. At
the end of its input it ends; a run that trains then is interrupted and can be resumed.
"""

import logging
import os
import queue
import signal
import sys
import threading
from pathlib import Path

from mmclust import worker
from mmclust.runs import checkpoints
from mmclust.runs.store import RunStore

log = logging.getLogger(__name__)


def work(places: int) -> None:
    """Train run after run, until there are no more.

    Args:
        places: how many runs of sweeps may share a device.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(name)s %(levelname)s %(message)s")
    with os.fdopen(os.dup(sys.stdout.fileno()), "w") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print must not look like an answer
        orders = _Orders()
        worker.lower_priority()
        store = RunStore()
        while run_id := orders.next():
            status = _execute(store, run_id, places)
            print(run_id, status, file=answers, flush=True)
    logging.shutdown()


class _Orders:
    """Run ids from the parent; notices at once when the parent is gone."""

    def __init__(self) -> None:
        self.inbox: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.busy = False
        threading.Thread(target=self._listen, name="orders", daemon=True).start()

    def next(self) -> str:
        """The next run id; empty when there are no more."""
        self.busy = False
        run_id = self.inbox.get()
        self.busy = bool(run_id)
        return run_id

    def _listen(self) -> None:
        for line in sys.stdin:
            self.inbox.put(line.strip())
        self.inbox.put("")
        if self.busy:
            os.kill(os.getpid(), signal.SIGTERM)


def _execute(store: RunStore, run_id: str, places: int) -> str:
    try:
        record = worker.execute_when_free(store, run_id, waiting=log.info, places=places)
    except ValueError as error:  # the store does not answer, or the run was deleted
        log.error("run %s: %s", run_id, error)
        return "failed"
    if record.status == "finished":
        _keep_weights(store.folder(run_id))
    return record.status


def _keep_weights(folder: Path) -> None:
    """The networks alone: a finished run is looked at, and the optimisers' state is twice as large."""
    try:
        state = checkpoints.read(folder / checkpoints.NEWEST)
        checkpoints.write(folder, {"step": state["step"], "method": state["method"]})
    except (OSError, checkpoints.DamagedState) as error:  # the run is finished all the same
        log.warning("%s keeps all of its state: %s", folder, error)
        return
    (folder / checkpoints.BEFORE).unlink(missing_ok=True)
