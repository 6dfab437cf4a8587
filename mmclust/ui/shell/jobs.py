"""Work that takes longer than a page should: done in background threads, watched from pages.

A job is known by what it computes (run, epoch, settings), so that two users who ask for the same thing share it.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import streamlit as st

from mmclust.escaping import markdown
from mmclust.ui.shell import frame

log = logging.getLogger(__name__)

OnProgress = Callable[[float], None]
"""What a job calls now and then with the fraction done, 0..1; raises when the server shuts down."""

WAIT_S = 0.15
"""From when a job is asked for until a page goes on without its result."""
MAX_FINISHED = 24
"""Finished jobs whose results stay in memory."""


class Cancelled(Exception):
    """The server is shutting down."""


class Job:
    """One piece of background work and how far it has come."""

    def __init__(self, work: Callable[[OnProgress], Any], stop: threading.Event) -> None:
        self.work, self.stop, self.submitted = work, stop, time.monotonic()
        self.fraction = 0.0
        self.result: Any = None
        self.error: Exception | None = None
        self.done = threading.Event()

    def report(self, fraction: float) -> None:
        """Note progress."""
        if self.stop.is_set():
            raise Cancelled
        self.fraction = max(0.0, min(1.0, float(fraction)))

    def run(self) -> None:
        """Do the work and keep its result or its error."""
        try:
            self.result = self.work(self.report)
        except Exception as error:
            self.error = error
            if not isinstance(error, (ValueError, Cancelled)):
                log.exception("a background job failed")
        finally:
            self.done.set()


class JobQueue:
    """All jobs of this server."""

    def __init__(self, workers: int = 2) -> None:
        self.stop = threading.Event()
        self.lock = threading.Lock()
        self.jobs: OrderedDict[Hashable, Job] = OrderedDict()
        self.pool = ThreadPoolExecutor(workers, thread_name_prefix="job")

    def submit(self, key: Hashable, work: Callable[[OnProgress], Any]) -> Job:
        """The job of that key, started now if nobody has asked for it before; a failed one is tried again."""
        with self.lock:
            job = self.jobs.get(key)
            if job is None:
                job = self.jobs[key] = Job(work, self.stop)
                self.pool.submit(job.run)
            self.jobs.move_to_end(key)
            for old in [k for k, j in self.jobs.items() if j.done.is_set()][: max(0, len(self.jobs) - MAX_FINISHED)]:
                del self.jobs[old]
            return job

    def forget(self, key: Hashable) -> None:
        """Drop a finished job, so that the next request starts it again."""
        with self.lock:
            if (job := self.jobs.get(key)) and job.done.is_set():
                del self.jobs[key]

    def close(self) -> None:
        """Ask all jobs to stop and wait for them."""
        self.stop.set()
        self.pool.shutdown(wait=True, cancel_futures=True)


_queue = JobQueue()


def stop() -> None:
    """Ask all background work to end; returns at once."""
    _queue.stop.set()


def shutdown() -> None:
    """End all background work; called once, when the server stops."""
    _queue.close()


def result(
    key: Hashable, work: Callable[[OnProgress], Any], *, label: str, height: int = 200, border: bool = True
) -> Any:
    """The result of a job, or None while a progress bar stands in its place; the page reruns when it is done.

    Args:
        key: everything the result depends on.
        work: called with a `OnProgress` in a background thread.
        label: what is being done, e.g. "Laying out 1,797 points with t-SNE".
        height: room in pixels that the result will need, kept free so that nothing jumps.
        border: whether a frame is drawn around that room.
    """
    job = _queue.submit(key, work)
    # What is on disk already appears without a flash of the progress bar; a page that asks for several jobs, or asks
    # again, waits no longer than for one.
    job.done.wait(max(0.0, job.submitted + WAIT_S - time.monotonic()))
    if not job.done.is_set():
        with st.container(height=height, border=border, vertical_alignment="center"):
            _watch(job, label)
        return None
    if job.error is not None:
        _queue.forget(key)
        frame.show_error(job.error)
        return None
    return job.result


def start(key: Hashable, work: Callable[[OnProgress], Any]) -> None:
    """Begin work whose result will be asked for soon; nothing is drawn."""
    _queue.submit(key, work)


def forget(key: Hashable) -> None:
    """Drop a finished job: what it found is not true any more."""
    _queue.forget(key)


@st.fragment(run_every=0.5)
def _watch(job: Job, label: str) -> None:
    if job.done.is_set():
        st.rerun()
    label = markdown(label)
    st.progress(job.fraction, text=f"{label} … {job.fraction:.0%}" if job.fraction else f"{label} …")
