"""Several worker processes with one thread each: small models use cores best that way."""

import logging
import queue
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import IO

from mmclust.launch.process import environment
from mmclust.runs.queue import SWEEP
from mmclust.runs.store import RunStore

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
        with (store.home / "sweeps.log").open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "mmclust.sweeps.worker", str(places)],
                env=environment(store) | dict.fromkeys(ONE_THREAD, "1"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
                # Ctrl-C reaches it through its parent. Not a session of its own: Linux shares the processor out by
                # sessions, and a parent that was put behind others would leave its workers among them.
                process_group=0,
            )
        threading.Thread(target=self._listen, args=(self.process.stdout,), name="answers", daemon=True).start()

    def give(self, run_id: str) -> None:
        self.run_id = run_id
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(run_id + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            log.info("a worker ended before it was given run %s", run_id)  # its listener says so too

    def no_more(self) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            log.info("a worker ended before it was told to")

    def _listen(self, lines: IO[str]) -> None:
        with lines:
            for line in lines:
                self.answers.put((self, line))
        self.process.wait()
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
        code = worker.process.returncode
        how = f"was killed by signal {-code} (often memory)" if code < 0 else f"ended with code {code}"
        return Answer(run_id=run_id, died=how)

    def close(self) -> None:
        """Stop what runs, resumably, and end all workers."""
        for worker in self._workers:
            if worker.run_id:
                worker.process.send_signal(signal.SIGINT)
            else:
                worker.no_more()
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while self.running and time.monotonic() < deadline:
            self.wait(0.2)
        for worker in self._workers:
            worker.no_more()
        for worker in self._workers:
            try:
                worker.process.wait(max(1.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()
        self._workers.clear()
