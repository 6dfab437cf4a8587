"""Runs a sweep: finished runs are reused, broken-off ones go on, the others are trained, several at a time.

May be called from any thread. Killed workers are replaced and their runs go on from the last checkpoint; a run that
fails is reported and does not stop the others. A store that does not answer is waited for.
"""

import itertools
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from mmclust import settings
from mmclust.runs.errors import StoreUnavailable, UnknownRun
from mmclust.runs.queue import RAY, SWEEP
from mmclust.runs.record import RunRecord
from mmclust.runs.spec import RunSpec
from mmclust.runs.store import RunStore
from mmclust.specs import Read, refusals
from mmclust.sweeps import record as sweeps
from mmclust.sweeps.cluster import ClusterLost, ClusterPool
from mmclust.sweeps.known import KnownRuns, key
from mmclust.sweeps.outcome import Place, SweepOutcome, SweepProgress, complaints
from mmclust.sweeps.pool import Answer, Pool
from mmclust.sweeps.sweep import Sweep

MAX_DEATHS = 3
"""A run whose worker was killed so often is given up."""
STEP_S = 0.5
BEAT_EVERY_S = 5.0
STORE_TIMEOUT_S = 600.0
"""How long a store that does not answer is waited for. Runs keep their numbers for a minute and end resumably then."""

log = logging.getLogger(__name__)

LAUNCHERS = (SWEEP, RAY)
"""Where the runs of a sweep can be trained."""
LEAST_GPU = 0.01
"""Smallest part of a GPU that a run is given."""


@dataclass
class _Job:
    """One run to be had, for all places that ask for it."""

    spec: RunSpec
    places: list[Place] = field(default_factory=list)
    n_deaths: int = 0
    run_id: str = ""


def run_sweep(
    store: RunStore,
    sweep: Sweep,
    *,
    launcher: str = SWEEP,
    n_workers: int | None = None,
    gpus_per_run: float = 1.0,
    progress: Callable[[SweepProgress], None] = lambda state: None,
    stop: threading.Event | None = None,
) -> SweepOutcome:
    """Have all runs of a sweep, and say what came of them.

    Args:
        store: where the runs are found and made.
        sweep: what is asked for.
        launcher: `sweep` for processes of this machine, `ray` for the cluster of MMCLUST_RAY_ADDRESS.
        n_workers: runs at the same time, each in a process with one thread; None for one per core, or for as many as
            the cluster has room for.
        gpus_per_run: part of a GPU that the cluster keeps free for each run; 0.25 has four of them share one.
        progress: called about twice a second, and whenever a run ends.
        stop: once set, the runs that train stop, resumably, and nothing new begins.

    Raises:
        StoreUnavailable: the store did not answer for long; what was trained is kept, and the same sweep goes on later.
        ValueError: the launcher is not known or does not take such a part, or its cluster does not answer.
    """
    if launcher not in LAUNCHERS:
        raise ValueError(f"launcher {launcher!r} is not known; sweeps have {', '.join(LAUNCHERS)}")
    if not LEAST_GPU <= gpus_per_run <= 1:
        raise ValueError(f"{gpus_per_run:g} GPUs per run came; a run takes {LEAST_GPU:g} to 1 of a GPU, e.g. 0.25")
    if gpus_per_run < 1 and launcher != RAY:
        raise ValueError("GPUs are shared by parts on a Ray cluster only; take launcher ray, or leave the part at 1")
    pool = ClusterPool(store, n_workers) if launcher == RAY else Pool(store, n_workers or settings.n_cores())
    return _Runner(store, sweep, pool, progress, stop or threading.Event(), gpus_per_run).run()


def look_up(store: RunStore, sweep: Sweep, read: Read | None = None) -> SweepOutcome:
    """What is there of a sweep already, and what of the rest cannot be had; nothing is trained.

    Args:
        store: where the runs are found.
        sweep: what is asked for.
        read: gives a data set where they are kept in memory; None reads them here.
    """
    runner = _Runner(store, sweep, Pool(store, 1), lambda state: None, threading.Event())
    runner.refuse(runner.reuse(), read)
    return runner.outcome()


class _Runner:
    def __init__(
        self,
        store: RunStore,
        sweep: Sweep,
        pool: Pool | ClusterPool,
        progress: Callable[[SweepProgress], None],
        stop: threading.Event,
        gpus_per_run: float = 1.0,
    ) -> None:
        self.store, self.sweep, self.pool, self.tell, self.stop = store, sweep, pool, progress, stop
        self.gpus_per_run = gpus_per_run
        self.known = KnownRuns(store)
        self.jobs: dict[str, _Job] = {}
        self.running: dict[str, _Job] = {}
        self.pending: deque[Answer] = deque()
        """Of runs that have left their workers; one that cannot be handled now is kept."""
        self.lost_since: float | None = None
        self.ended: dict[str, RunRecord] = {}
        """Finished runs by the key of their job."""
        self.failures: dict[Place, str] = {}
        self.refused: tuple[str, ...] = ()
        self.unfinished: list[Place] = []
        self.n_reused = 0
        self.began = self.beaten = time.monotonic()

    def run(self) -> SweepOutcome:
        waiting = self.reuse()
        sweeps.begin(self.store, self.sweep, n_runs=len(self.jobs))
        for name, record in self.ended.items():
            sweeps.attach(self.store, self.sweep.id, self.jobs[name].places, record.run_id)
        try:
            self.pool.prepare(len(waiting))
            self.refuse(waiting)
            self.refused = complaints(self.sweep, self.failures)
            self._report()
            self._work(waiting)
        finally:
            self._close(waiting)
        return self.outcome()

    def reuse(self) -> deque[_Job]:
        """Plan the runs and find those that are there; the jobs left."""
        self._plan()
        waiting: deque[_Job] = deque()
        for name, job in self.jobs.items():
            if (found := self.known.find(name)) and found.status == "finished":
                self.ended[name], job.run_id = found, found.run_id
                self.n_reused += 1
            else:
                waiting.append(job)
        return waiting

    def outcome(self) -> SweepOutcome:
        return SweepOutcome(
            sweep=self.sweep,
            runs={p: self.ended[name] for name, job in self.jobs.items() if name in self.ended for p in job.places},
            failures=self.failures,
            unfinished=tuple(self.unfinished),
            n_runs=len(self.jobs),
            n_reused=self.n_reused,
            stopped=self.stop.is_set(),
            seconds=time.monotonic() - self.began,
        )

    def _plan(self) -> None:
        """One job for each different run, all settings with the first seed first; impossible ones are failures."""
        for seed, (number, cell) in itertools.product(self.sweep.seeds, enumerate(self.sweep.cells)):
            try:
                spec = replace(cell.build_spec(seed, tags=(SWEEP, self.sweep.id)), gpus=self.gpus_per_run)
            except ValueError as error:
                self.failures[number, seed] = str(error)
                continue
            self.jobs.setdefault(key(spec), _Job(spec)).places.append((number, seed))

    def refuse(self, waiting: deque[_Job], read: Read | None = None) -> None:
        """Take out what cannot be trained, before anything is."""
        jobs = list(waiting)
        for job, reason in zip(jobs, refusals([job.spec for job in jobs], read), strict=True):
            if reason:
                self._give_up(job, reason)
                waiting.remove(job)

    def _work(self, waiting: deque[_Job]) -> None:
        while (waiting or self.running) and not self.stop.is_set():
            try:
                self._step(waiting)
                self.lost_since = None
            except StoreUnavailable as error:
                self._wait_for_store(error)
            except ClusterLost as error:
                for job in list(waiting)[:1] or list(self.running.values())[:1]:
                    self._give_up(job, str(error))
                self.stop.set()
        self._report()

    def _step(self, waiting: deque[_Job]) -> None:
        """Handle what has ended, start what can be, wait a little; what a lost store breaks off is done again."""
        while self.pending:
            self._handle_result(self.pending[0], waiting)
            self.pending.popleft()
        while self.pool.has_room and (job := self._startable(waiting)) is not None:
            self.pool.give(job.run_id)
            waiting.remove(job)
            self.running[job.run_id] = job
        self._report()
        if time.monotonic() - self.beaten > BEAT_EVERY_S:
            self.beaten = time.monotonic()
            if sweeps.beat(self.store, self.sweep.id):
                self.stop.set()
                return
        if self.running and (answer := self.pool.wait(STEP_S)) is not None:
            self.pending.append(answer)
        elif not self.running:
            self.stop.wait(STEP_S)  # others train what is left

    def _wait_for_store(self, error: StoreUnavailable) -> None:
        """Wait for a store that does not answer.

        Raises:
            StoreUnavailable: it was waited for long enough.
        """
        now = time.monotonic()
        if self.lost_since is None:
            log.warning("sweep %s waits: %s", self.sweep.id, error)
        self.lost_since = self.lost_since or now
        if now - self.lost_since > STORE_TIMEOUT_S:
            raise StoreUnavailable(f"{error}; the sweep has waited for it and ends, start it again to go on from here")
        self._report(trouble=str(error))
        self.stop.wait(2 * STEP_S)

    def _startable(self, waiting: deque[_Job]) -> _Job | None:
        """The first job that can begin now, its run queued; runs that others train are waited for."""
        self.known.refresh()
        for job in list(waiting):
            record = self.known.find(key(job.spec))
            if record is None:
                job.run_id = self.store.create(job.spec).id
            elif record.status == "finished":
                self._record_result(job, record)
                waiting.remove(job)
                self.n_reused += 1
                continue
            elif record.status == "running":
                continue
            else:
                try:
                    self.store.requeue(record.run_id, self.pool.launcher, gpus=self.gpus_per_run)
                except StoreUnavailable:
                    raise
                except ValueError:  # queued, and somebody else is about to train it
                    continue
                job.run_id = record.run_id
            sweeps.attach(self.store, self.sweep.id, job.places, job.run_id)
            return job
        return None

    def _handle_result(self, answer: Answer, waiting: deque[_Job]) -> None:
        job = self.running.get(answer.run_id)
        if job is None:
            return
        if answer.died:
            self.store.mark_dead(answer.run_id, f"Its process {answer.died}; resume to go on.")
        try:
            record = self.store.record(answer.run_id)
        except UnknownRun as error:  # deleted meanwhile
            del self.running[answer.run_id]
            self._give_up(job, str(error))
            return
        broken_off = bool(answer.died) or record.active or record.status == "interrupted"
        if record.status == "finished":
            self._record_result(job, record)
        elif broken_off and job.n_deaths + 1 < MAX_DEATHS:
            waiting.appendleft(job)
        else:
            told = record.error or f"Run {record.run_id} was {record.status} by hand."
            self._give_up(job, f"Its process {answer.died} {MAX_DEATHS} times." if answer.died else told)
        job.n_deaths += broken_off and record.status != "finished"
        del self.running[answer.run_id]
        self._report(record)

    def _record_result(self, job: _Job, record: RunRecord) -> None:
        self.ended[key(job.spec)] = record
        if job.run_id != record.run_id:
            job.run_id = record.run_id
            sweeps.attach(self.store, self.sweep.id, job.places, record.run_id)

    def _give_up(self, job: _Job, why: str) -> None:
        self.failures |= dict.fromkeys(job.places, why)

    def _close(self, waiting: deque[_Job]) -> None:
        """End all workers and note what is left.

        Raises:
            StoreUnavailable: the store does not answer; nothing is noted then, and the sweep shows as interrupted.
        """
        self.pool.close()
        for run_id, job in self.running.items():
            record = self.store.record(run_id)
            if record.status == "finished":
                self._record_result(job, record)
                continue
            if record.status == "queued":  # its worker was told to end before it began
                self.store.request(run_id, "stop")
            self.unfinished += job.places
        self.unfinished += [place for job in waiting for place in job.places]
        sweeps.end(self.store, self.sweep.id, "stopped" if self.unfinished else "finished", self.failures)

    def _report(self, ended: RunRecord | None = None, *, trouble: str = "") -> None:
        self.tell(
            SweepProgress(
                n_runs=len(self.jobs),
                n_finished=len(self.ended),
                n_reused=self.n_reused,
                n_failed=sum(job.places[0] in self.failures for job in self.jobs.values()),
                running=tuple(self.running),
                seconds=time.monotonic() - self.began,
                seconds_left=None if trouble else self._seconds_left(),
                ended=ended,
                trouble=trouble,
                refused=self.refused,
            )
        )

    def _seconds_left(self) -> float | None:
        """From the speed of runs that are done or under way; None before there is any."""
        speeds: dict[tuple[str, str], list[float]] = {}
        running = [self.store.record(run_id) for run_id in self.running]
        for record in [*self.ended.values(), *running]:
            if record.epoch > 0 and record.seconds > 0:
                speeds.setdefault((record.spec.dataset, record.spec.method), []).append(record.seconds / record.epoch)
        if not speeds:
            return None
        of_all = sum(map(sum, speeds.values())) / sum(map(len, speeds.values()))
        done = {id(self.jobs[name]) for name in self.ended} | {
            id(job) for job in self.jobs.values() if job.places[0] in self.failures
        }
        epochs_done = {record.run_id: record.epoch for record in running}
        left = 0.0
        for job in self.jobs.values():
            if id(job) not in done:
                known = speeds.get((job.spec.dataset, job.spec.method))
                speed = sum(known) / len(known) if known else of_all
                left += speed * (job.spec.epochs - (epochs_done.get(job.run_id, 0.0) if job.run_id else 0.0))
        return left / self.pool.n_workers
