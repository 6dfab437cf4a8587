"""Several worker processes with one thread each: small models use cores best that way."""

import logging
import os
import queue
import signal
import threading
import time
from dataclasses import dataclass
from typing import IO

from mmclust.launch.process import environment
from mmclust.runs.queue import SWEEP
from mmclust.runs.store import RunStore
from mmclust.sweeps.nursery import CODE, PID, nursery

ONE_THREAD = ("MMCLUST_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
STOP_TIMEOUT_S = 45.0
"""How long stopping runs may take to write their checkpoints before their process is ended."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A run has left its worker."""

    run_id: str
    """Empty when a worker died that had nothing to do."""
    died: str = ""
    """How the worker ended, in words; empty when it lives on."""


class _Worker:
    def __init__(self, store: RunStore, places: int, answers: "queue.SimpleQueue[tuple[_Worker, str]]") -> None:
        self.run_id = ""
        self.answers = answers
        self.code: int | None = None
        """How it ended; None where it has not, or where its nursery has, too."""
        self._pid: int | None = None
        self._known = threading.Event()
        variables = environment(store) | dict.fromkeys(ONE_THREAD, "1")
        given, orders = os.pipe()
        output, written = os.pipe()
        self._orders = os.fdopen(orders, "w")
        said = store.home / "sweeps.log"
        with os.fdopen(given), os.fdopen(written, "w"), said.open("ab") as errors:
            try:
                nursery(variables, said).start(places, variables, (given, written, errors.fileno()))
            except OSError as error:  # its listener says that there is no worker
                log.warning("a worker could not be started: %s", error)
        self._listener = threading.Thread(target=self._listen, args=(os.fdopen(output),), name="answers", daemon=True)
        self._listener.start()

    def give(self, run_id: str) -> None:
        self.run_id = run_id
        try:
            self._orders.write(run_id + "\n")
            self._orders.flush()
        except BrokenPipeError:
            log.info("a worker ended before it was given run %s", run_id)  # its listener says so too

    def no_more(self) -> None:
        try:
            self._orders.close()
        except BrokenPipeError:
            log.info("a worker ended before it was told to")

    def signal(self, number: int) -> None:
        """Send a signal, once the worker is there."""
        self._known.wait(STOP_TIMEOUT_S)
        if self._pid is not None and self._listener.is_alive():
            os.kill(self._pid, number)

    def wait(self, timeout_s: float) -> bool:
        """Whether it has ended within this time."""
        self._listener.join(timeout_s)
        return not self._listener.is_alive()

    def _listen(self, lines: IO[str]) -> None:
        with lines:
            for line in lines:
                about, _, number = line.partition(" ")
                if about == PID:
                    self._pid = int(number)
                    self._known.set()
                elif about == CODE:
                    self.code = int(number)
                else:
                    self.answers.put((self, line))
        self._known.set()
        self.answers.put((self, ""))


class Pool:
    """Workers that are started when there is something to do.

    Args:
        store: the runs are in.
        n_workers: processes at the same time.
    """

    launcher = SWEEP

    def __init__(self, store: RunStore, n_workers: int) -> None:
        self.store, self.n_workers = store, n_workers
        self._answers: queue.SimpleQueue[tuple[_Worker, str]] = queue.SimpleQueue()
        self._workers: list[_Worker] = []

    @property
    def running(self) -> list[str]:
        """Runs that are being executed."""
        return [worker.run_id for worker in self._workers if worker.run_id]

    @property
    def has_room(self) -> bool:
        """Whether a further run would start at once."""
        return len(self.running) < self.n_workers

    def prepare(self, n_runs: int) -> None:
        """Start the workers for so many runs: they import torch while the runs are looked at."""
        while len(self._workers) < min(n_runs, self.n_workers):
            self._start()

    def _start(self) -> _Worker:
        self._workers.append(_Worker(self.store, self.n_workers, self._answers))
        return self._workers[-1]

    def give(self, run_id: str) -> None:
        """Have a queued run executed."""
        assert self.has_room
        idle = next((worker for worker in self._workers if not worker.run_id), None)
        (idle or self._start()).give(run_id)

    def wait(self, timeout_s: float) -> Answer | None:
        """The next run that has left its worker; None when none has in this time."""
        try:
            worker, line = self._answers.get(timeout=timeout_s)
        except queue.Empty:
            return None
        run_id, worker.run_id = worker.run_id, ""
        if line:
            return Answer(run_id=run_id)
        if worker in self._workers:
            self._workers.remove(worker)
            worker.no_more()
        return Answer(run_id=run_id, died=_how(worker.code))

    def close(self) -> None:
        """Stop what runs, resumably, and end all workers."""
        for worker in self._workers:
            if worker.run_id:
                worker.signal(signal.SIGINT)
            else:
                worker.no_more()
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while self.running and time.monotonic() < deadline:
            self.wait(0.2)
        for worker in self._workers:
            worker.no_more()
        for worker in self._workers:
            if not worker.wait(max(1.0, deadline - time.monotonic())):
                worker.signal(signal.SIGKILL)
                worker.wait(STOP_TIMEOUT_S)
        self._workers.clear()


def _how(code: int | None) -> str:
    """How a worker ended, in words."""
    if code is None:
        return "ended"
    return f"was killed by signal {-code} (often memory)" if code < 0 else f"ended with code {code}"
