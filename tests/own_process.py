"""Runs of a sweep in the test's own process: starting workers takes longer than the training of a test."""

from collections import deque

from mmclust.runs.queue import SWEEP
from mmclust.runs.store import RunStore
from mmclust.sweeps import worker as sweep_worker
from mmclust.sweeps.pool import Answer


class OwnProcess:
    """As `sweeps.pool.Pool`, which `tests/sweeps` covers, without processes: a run is trained when it is given."""

    launcher = SWEEP
    has_room = True

    def __init__(self, store: RunStore, n_workers: int) -> None:
        self.store, self.n_workers, self.running = store, n_workers, list[str]()
        self._done: deque[str] = deque()

    def prepare(self, n_runs: int) -> None:
        """Nothing has to be started."""

    def give(self, run_id: str) -> None:
        """Train a queued run."""
        sweep_worker._execute(self.store, run_id, 1)
        self._done.append(run_id)

    def wait(self, timeout_s: float) -> Answer | None:
        """The next run that was trained."""
        return Answer(run_id=self._done.popleft()) if self._done else None

    def close(self) -> None:
        """Nothing has to be ended."""
