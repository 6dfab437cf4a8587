"""The runs of a sweep on a Ray cluster: they are sent there, and watched in the store."""

import time

from mmclust import launch
from mmclust.launch import ray
from mmclust.runs.errors import StoreUnavailable
from mmclust.runs.queue import RAY
from mmclust.runs.record import RunRecord
from mmclust.runs.store import RunStore
from mmclust.sweeps.pool import STOP_TIMEOUT_S, Answer

AHEAD = 64
"""Runs that are sent at the same time; the cluster trains as many of them as it has room for."""
LOOK_EVERY_S = 0.5
GRACE_S = 60.0
"""The cluster itself sends the run of a dead worker anew; one that stays interrupted for so long was given up there."""
ASK_AGAIN_S = 20.0
"""How often a run that nobody serves is sent again: the cluster may have been started anew."""


class ClusterLost(ValueError):
    """The Ray cluster is not there, or not any more."""


class ClusterPool:
    """Has the runs of a sweep executed by the cluster of MMCLUST_RAY_ADDRESS.

    Args:
        store: the runs are in.
        n_runs: sent at the same time at most; None for `AHEAD`.

    Raises:
        ValueError: Ray is not installed, no cluster is named or it does not answer.
    """

    launcher = RAY

    def __init__(self, store: RunStore, n_runs: int | None) -> None:
        ray.check()
        self.store, self.n_runs = store, n_runs or AHEAD
        self.n_workers = 1
        """Runs that trained when the cluster was last looked at."""
        self._given: dict[str, float] = {}
        """When each run was sent last."""
        self._interrupted: dict[str, float] = {}
        """Since when a run is interrupted."""
        self._looked = float("-inf")

    @property
    def running(self) -> list[str]:
        """Runs that were sent and have not ended."""
        return list(self._given)

    @property
    def has_room(self) -> bool:
        """Whether a further run would be sent at once."""
        return len(self._given) < self.n_runs

    def prepare(self, n_runs: int) -> None:
        """Nothing: the cluster starts its own workers."""

    def give(self, run_id: str) -> None:
        """Send a queued run.

        Raises:
            ClusterLost: the cluster does not answer.
            StoreUnavailable: the store does not.
        """
        self._send(run_id)

    def wait(self, timeout_s: float) -> Answer | None:
        """A run that has ended, or that the cluster has given up; None when there is none in this time.

        Raises:
            ClusterLost: runs wait, and the cluster does not answer.
            StoreUnavailable: the store does not.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            time.sleep(max(0.0, min(self._looked + LOOK_EVERY_S, deadline) - time.monotonic()))
            if (answer := self._look()) is not None or time.monotonic() >= deadline:
                return answer

    def close(self) -> None:
        """Stop what was sent, resumably."""
        for run_id in self._given:
            try:
                self.store.request(run_id, "stop")
            except StoreUnavailable:
                raise
            except ValueError:  # it has ended meanwhile
                continue
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while time.monotonic() < deadline and any(self.store.record(run_id).active for run_id in self._given):
            time.sleep(LOOK_EVERY_S)
        self._given.clear()

    def _send(self, run_id: str) -> None:
        try:
            launch.submit(self.store, run_id, RAY)
        except StoreUnavailable:
            raise
        except ValueError as error:
            raise ClusterLost(str(error)) from error
        self._given[run_id] = time.monotonic()

    def _look(self) -> Answer | None:
        self._looked = time.monotonic()
        records = {record.run_id: record for record in self.store.list(examples=False)}
        self.n_workers = max(1, sum(record.status == "running" for i, record in records.items() if i in self._given))
        for run_id in list(self._given):
            record = records.get(run_id)
            if record is None or not self._goes_on(record):
                del self._given[run_id]
                self._interrupted.pop(run_id, None)
                given_up = record is not None and record.status == "interrupted"
                return Answer(run_id=run_id, died="was given up by the cluster" if given_up else "")
        return None

    def _goes_on(self, record: RunRecord) -> bool:
        """Whether the cluster trains the run or is about to; one that waits unseen is sent again."""
        now = time.monotonic()
        if record.status == "interrupted":
            return now - self._interrupted.setdefault(record.run_id, now) < GRACE_S
        self._interrupted.pop(record.run_id, None)
        if record.status == "queued" and not record.served and now - self._given[record.run_id] > ASK_AGAIN_S:
            self._send(record.run_id)
        return record.active
