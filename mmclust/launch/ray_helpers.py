"""A run of several devices on a Ray cluster: the processes that train it with the task that leads it.

Each is a task of its own with a place (a bundle) in the run's placement group, on whatever machine the cluster has one.
They meet at an address of the leading task. Tasks of Ray rather than Ray Train: what a training needs beyond processes
that meet (checkpoints, going on, one that died) is here already, and Ray Train would start all processes anew.
"""

import logging
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import distributed
from torch.distributed import TCPStore  # pyright: ignore[reportPrivateImportUsage]

from mmclust import helper
from mmclust.engine import helpers
from mmclust.runs.store import RunStore

if TYPE_CHECKING:
    from ray import ObjectRef

    from mmclust.engine.team import Team
    from mmclust.runs.active import ActiveRun

LOOK_EVERY_S = 0.2
COME_WITHIN_S = 600.0
"""Places that were kept for them are free at once, unless their machine has left the cluster."""
DEATH_SEEN_WITHIN_S = 10.0
"""A broken connection is noticed a moment before the task at its other end has ended."""

log = logging.getLogger(__name__)


class RayHelpers:
    """All processes of a training but the task that leads it, which this must be called in.

    Args:
        run: that is trained.
        resources: of each process, as options of a task of Ray.
    """

    def __init__(self, run: "ActiveRun", resources: dict[str, Any]) -> None:
        import ray
        from ray.util import get_current_placement_group, get_node_ip_address
        from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

        self.size, host = run.spec.devices, get_node_ip_address()
        self._meeting = TCPStore(host, 0, is_master=True, wait_for_workers=False)
        group, store = get_current_placement_group(), run.store
        assert group is not None, "a run of several devices is sent with a placement group"
        about = str(store.home), store.url, run.id, (host, self._meeting.port), self.size, resources["num_gpus"] > 0
        self._tasks: list[ObjectRef[None]] = [
            ray.remote(help_train)
            .options(
                **resources,
                max_retries=0,
                name=f"{run.id} {rank}",
                scheduling_strategy=PlacementGroupSchedulingStrategy(group, placement_group_bundle_index=rank),
            )
            .remote(*about, rank)
            for rank in range(1, self.size)
        ]

    def team(self, device: torch.device) -> "Team":
        """Wait for all, and be one of them.

        Raises:
            RuntimeError: one has ended before, or did not come.
        """
        deadline = time.monotonic() + COME_WITHIN_S
        while not self._meeting.check([_ready(rank) for rank in range(1, self.size)]):
            if self._ended():
                raise RuntimeError("a process that trains with this one ended before it began; see the logs of Ray")
            if time.monotonic() > deadline:
                raise RuntimeError(
                    f"{self.size - 1} more places of the Ray cluster did not become free; resume to try again"
                )
            time.sleep(LOOK_EVERY_S)
        return helpers.meet(self._meeting, 0, self.size, device)

    def killed(self) -> bool:
        """Whether one died from outside, as with its machine, soon after something went wrong."""
        import ray
        from ray.exceptions import RayError, RayTaskError

        deadline = time.monotonic() + DEATH_SEEN_WITHIN_S
        while time.monotonic() < deadline:
            for task in self._ended():
                try:
                    ray.get(task)
                except RayTaskError as error:  # an exception of its own, perhaps since another one died
                    log.info("%s", error)
                except RayError:
                    return True
            time.sleep(LOOK_EVERY_S)
        return False

    def close(self) -> None:
        """End them; they hold nothing that is not here too."""
        import ray

        if distributed.is_initialized():
            distributed.destroy_process_group()
        for task in self._tasks:
            ray.cancel(task, force=True)
        ray.wait(self._tasks, num_returns=len(self._tasks), timeout=DEATH_SEEN_WITHIN_S)

    def _ended(self) -> "list[ObjectRef[None]]":
        import ray

        return ray.wait(self._tasks, num_returns=len(self._tasks), timeout=0)[0]


def help_train(home: str, url: str, run_id: str, meeting: tuple[str, int], size: int, on_gpu: bool, rank: int) -> None:
    """Body of a task: train with the one that leads, until it ends this."""
    device = torch.device("cuda:0" if on_gpu else "cpu")  # Ray shows a task its own GPU only

    def join() -> "Team":
        store = TCPStore(*meeting, is_master=False, timeout=timedelta(seconds=COME_WITHIN_S))
        store.set(_ready(rank), "")
        return helpers.meet(store, rank, size, device)

    helper.help_train(RunStore(Path(home), url), run_id, device, join)


def _ready(rank: int) -> str:
    return f"ready-{rank}"
