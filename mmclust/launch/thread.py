"""Training in threads of this process: one light thread serves the queue, each run gets a thread of its own.

None of them is a daemon: Python waits for them at its exit, and they end soon once the main thread has.
"""

import logging
import threading
import time

from mmclust import worker
from mmclust.runs.active import SHUT_DOWN, ActiveRun
from mmclust.runs.devices import devices
from mmclust.runs.errors import StoreUnavailable
from mmclust.runs.store import RunStore

ASK_EVERY_S = 0.5

log = logging.getLogger(__name__)


class _Server:
    """Serves the thread runs of one store, as long as there are any."""

    def __init__(self, store: RunStore) -> None:
        self.store = store
        self.jobs: dict[threading.Thread, ActiveRun] = {}
        self.thread: threading.Thread | None = None
        self.closing = False
        self.changed = threading.Event()
        self.lock = threading.Lock()

    def wake(self) -> None:
        """Look at the queue now; a thread is started where none looks."""
        with self.lock:
            self.closing = False
            if self.thread is None:
                self.thread = threading.Thread(target=self._serve, name="mmclust-queue")
                self.thread.start()
        self.changed.set()

    def close(self) -> list[threading.Thread]:
        """Tell all to end; the threads to wait for."""
        with self.lock:
            self.closing = True
            self.changed.set()
            for run in self.jobs.values():
                run.interrupt(SHUT_DOWN)
            return [*self.jobs, *([self.thread] if self.thread else [])]

    def _serve(self) -> None:
        while not self._is_over():
            try:
                run = self.store.claim(launcher="thread", devices=devices())
            except StoreUnavailable as error:
                log.warning("%s", error)
                run = None
            if run is not None:
                self._start(run)
            else:
                self.changed.wait(ASK_EVERY_S)
                self.changed.clear()

    def _is_over(self) -> bool:
        """Whether nobody needs this thread; it is forgotten under the lock that `wake` looks under."""
        with self.lock:
            idle = not self.jobs and not self._queued()
            if self.closing or idle or not threading.main_thread().is_alive():
                self.thread = None
                return True
            return False

    def _queued(self) -> bool:
        """Whether runs wait; a store that does not answer may have some."""
        try:
            return self.store.has_queued("thread")
        except StoreUnavailable:
            return True

    def _start(self, run: ActiveRun) -> None:
        job = threading.Thread(target=self._job, args=(run,), name=f"train-{run.id}")
        with self.lock:
            self.jobs[job] = run
            if self.closing:
                run.interrupt(SHUT_DOWN)
            job.start()

    def _job(self, run: ActiveRun) -> None:
        worker.lower_priority()
        worker.execute(run)
        with self.lock:
            del self.jobs[threading.current_thread()]
        self.changed.set()


_servers: dict[tuple[str, str], _Server] = {}
_servers_lock = threading.Lock()


def serve(store: RunStore) -> None:
    """Execute the queued thread runs of a store, one per device at a time; returns at once."""
    with _servers_lock:
        server = _servers.setdefault((str(store.home), store.url), _Server(store))
    server.wake()


def shutdown(timeout: float) -> bool:
    """Interrupt and join all training threads; whether all ended in time (seconds)."""
    deadline = time.monotonic() + timeout
    with _servers_lock:
        servers = list(_servers.values())
    threads = [thread for server in servers for thread in server.close()]
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return not any(thread.is_alive() for thread in threads)
