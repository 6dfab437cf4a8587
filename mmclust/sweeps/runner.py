"""Carries a sweep out: finished runs are reused, broken-off ones go on, the others are trained, several at a time.

May be called from any thread. Killed workers are replaced and their runs go on from the last checkpoint; a run that
fails is reported and does not stop the others.
"""

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from mmclust import settings
from mmclust.plan import objection
from mmclust.runs.queue import SWEEP
from mmclust.runs.record import RunRecord
from mmclust.runs.spec import RunSpec
from mmclust.runs.store import RunStore
from mmclust.sweeps import record as sweeps
from mmclust.sweeps.known import KnownRuns, key
from mmclust.sweeps.pool import Answer, Pool
from mmclust.sweeps.sweep import Sweep

MAX_DEATHS = 3
"""A run whose worker was killed so often is given up."""
TURN_S = 0.5
BEAT_EVERY_S = 5.0

Place = tuple[int, int]
"""(number of a cell, seed)."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a sweep is."""

    n_runs: int
    n_finished: int
    """With the reused ones."""
    n_reused: int
    n_failed: int
    running: tuple[str, ...]
    seconds: float
    """Since the sweep, or this part of it, began."""
    seconds_left: float | None
    ended: RunRecord | None = None
    """The run that has just ended, if that is the news."""


@dataclass(frozen=True, kw_only=True)
class SweepOutcome:
    """What came of a sweep."""

    sweep: Sweep
    runs: dict[Place, RunRecord]
    """The finished run of each cell and seed."""
    failures: dict[Place, str]
    """Why there is none and will be none, one sentence."""
    unfinished: tuple[Place, ...]
    """What a stop has left to be done."""
    n_runs: int
    n_reused: int
    stopped: bool
    seconds: float

    def of_cell(self, cell: int) -> list[RunRecord]:
        """Finished runs of a cell, in the order of the seeds."""
        return [run for seed in self.sweep.seeds if (run := self.runs.get((cell, seed)))]


@dataclass
class _Job:
    """One run to be had, for all places that ask for it."""

    spec: RunSpec
    places: list[Place] = field(default_factory=list)
    n_deaths: int = 0
    run_id: str = ""


def carry_out(
    store: RunStore,
    sweep: Sweep,
    *,
    n_workers: int | None = None,
    progress: Callable[[Progress], None] = lambda state: None,
    stop: threading.Event | None = None,
) -> SweepOutcome:
    """Have all runs of a sweep, and say what came of them.

    Args:
        store: where the runs are found and made.
        sweep: what is asked for.
        n_workers: runs at the same time, each in a process with one thread; None for one per core.
        progress: called about twice a second, and whenever a run ends.
        stop: once set, the runs that train stop, resumably, and nothing new begins.
    """
    n_workers = settings.n_cores() if n_workers is None else n_workers
    return _Runner(store, sweep, n_workers, progress, stop or threading.Event()).carry_out()


def look_up(store: RunStore, sweep: Sweep) -> SweepOutcome:
    """What is there of a sweep already; nothing is trained."""
    runner = _Runner(store, sweep, 1, lambda state: None, threading.Event())
    runner.reuse()
    return runner.outcome()


class _Runner:
    def __init__(
        self,
        store: RunStore,
        sweep: Sweep,
        n_workers: int,
        progress: Callable[[Progress], None],
        stop: threading.Event,
    ) -> None:
        self.store, self.sweep, self.tell, self.stop = store, sweep, progress, stop
        self.pool = Pool(store, n_workers)
        self.known = KnownRuns(store)
        self.jobs: dict[str, _Job] = {}
        self.running: dict[str, _Job] = {}
        self.ended: dict[str, RunRecord] = {}
        """Finished runs by the key of their job."""
        self.failures: dict[Place, str] = {}
        self.unfinished: list[Place] = []
        self.n_reused = 0
        self.began = self.beaten = time.monotonic()

    def carry_out(self) -> SweepOutcome:
        waiting = self.reuse()
        sweeps.begin(self.store, self.sweep, n_runs=len(self.jobs))
        for name, record in self.ended.items():
            sweeps.attach(self.store, self.sweep.id, self.jobs[name].places, record.run_id)
        self._refuse(waiting)
        try:
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
                spec = cell.plan(seed, tags=(SWEEP, self.sweep.id))
            except ValueError as error:
                self.failures[number, seed] = str(error)
                continue
            self.jobs.setdefault(key(spec), _Job(spec)).places.append((number, seed))

    def _refuse(self, waiting: deque[_Job]) -> None:
        """Take out what a method cannot take, before anything is trained: seeds and order do not change that."""
        found: dict[int, str | None] = {}
        for job in list(waiting):
            cell = job.places[0][0]
            if cell not in found:
                found[cell] = objection(job.spec)
            if reason := found[cell]:
                self._give_up(job, reason)
                waiting.remove(job)

    def _work(self, waiting: deque[_Job]) -> None:
        self._report()
        while (waiting or self.running) and not self.stop.is_set():
            while self.pool.has_room and (job := self._startable(waiting)) is not None:
                waiting.remove(job)
                self.running[job.run_id] = job
                self.pool.give(job.run_id)
            if (answer := self.pool.wait(TURN_S)) is not None:
                self._heed(answer, waiting)
            self._report()
            if time.monotonic() - self.beaten > BEAT_EVERY_S:
                self.beaten = time.monotonic()
                if sweeps.beat(self.store, self.sweep.id):
                    self.stop.set()

    def _startable(self, waiting: deque[_Job]) -> _Job | None:
        """The first job that can begin now, its run queued; runs that others train are waited for."""
        self.known.refresh()
        for job in list(waiting):
            record = self.known.find(key(job.spec))
            if record is None:
                job.run_id = self.store.create(job.spec).id
            elif record.status == "finished":
                waiting.remove(job)
                self.n_reused += 1
                self._settle(job, record)
                continue
            elif record.status == "running":
                continue
            else:
                try:
                    self.store.requeue(record.run_id, SWEEP)
                except ValueError:  # queued, and somebody else is about to train it
                    continue
                job.run_id = record.run_id
            sweeps.attach(self.store, self.sweep.id, job.places, job.run_id)
            return job
        return None

    def _heed(self, answer: Answer, waiting: deque[_Job]) -> None:
        job = self.running.pop(answer.run_id, None)
        if job is None:
            return
        if answer.died:
            job.n_deaths += 1
            self.store.mark_dead(answer.run_id, f"Its process {answer.died}; resume to go on.")
        try:
            record = self.store.record(answer.run_id)
        except ValueError as error:  # deleted meanwhile
            self._give_up(job, str(error))
            return
        if record.status == "finished":
            self._settle(job, record)
        elif answer.died and job.n_deaths < MAX_DEATHS:
            waiting.appendleft(job)
        else:
            told = record.error or f"Run {record.run_id} was {record.status} by hand."
            self._give_up(job, f"Its process {answer.died} {job.n_deaths} times." if answer.died else told)
        self._report(record)

    def _settle(self, job: _Job, record: RunRecord) -> None:
        self.ended[key(job.spec)] = record
        if job.run_id != record.run_id:
            job.run_id = record.run_id
            sweeps.attach(self.store, self.sweep.id, job.places, record.run_id)

    def _give_up(self, job: _Job, why: str) -> None:
        self.failures |= dict.fromkeys(job.places, why)

    def _close(self, waiting: deque[_Job]) -> None:
        self.pool.close()
        for run_id, job in self.running.items():
            record = self.store.record(run_id)
            if record.status == "finished":
                self._settle(job, record)
                continue
            if record.status == "queued":  # its worker was told to end before it began
                self.store.ask(run_id, "stop")
            self.unfinished += job.places
        self.unfinished += [place for job in waiting for place in job.places]
        sweeps.end(self.store, self.sweep.id, "stopped" if self.unfinished else "finished", self.failures)

    def _report(self, ended: RunRecord | None = None) -> None:
        self.tell(
            Progress(
                n_runs=len(self.jobs),
                n_finished=len(self.ended),
                n_reused=self.n_reused,
                n_failed=sum(job.places[0] in self.failures for job in self.jobs.values()),
                running=tuple(self.running),
                seconds=time.monotonic() - self.began,
                seconds_left=self._seconds_left(),
                ended=ended,
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
