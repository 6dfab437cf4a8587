"""The processes that share a training with this one, which leads: started, watched and ended here.

They read the run's spec and its data themselves, and meet through a folder. Nothing of theirs is kept: curves,
snapshots and checkpoints are those of the process that leads. Those of a Ray cluster: `mmclust.launch.ray_helpers`.
"""

import os
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import torch
from torch import distributed
from torch.distributed import FileStore, Store  # pyright: ignore[reportPrivateImportUsage]

from mmclust import settings

if TYPE_CHECKING:
    from mmclust.engine.team import Team

LOOK_EVERY_S = 0.05
DEATH_SEEN_WITHIN_S = 10.0
"""A broken connection is noticed a moment before the process at its other end has ended."""
SILENT_S = 3600.0
"""How long a process may keep the others waiting, e.g. while it evaluates."""
LOOPBACK = "lo"


class Crew(Protocol):
    """All processes of a training but this one, which leads."""

    def team(self, device: torch.device) -> "Team":
        """Wait for all, and be one of them; RuntimeError where one has ended before."""
        ...

    def killed(self) -> bool:
        """Whether one was ended from outside, soon after something went wrong."""
        ...

    def close(self) -> None:
        """End them; they hold nothing that is not here too."""
        ...


class Helpers:
    """All processes of a training but this one, on the same machine.

    Args:
        run_id: what is trained.
        size: processes together.
        variables: by which they find the run's store.
        log: file that what they say is added to.
    """

    def __init__(self, run_id: str, size: int, variables: dict[str, str], log: Path) -> None:
        self.size = size
        self._meeting = tempfile.TemporaryDirectory(prefix="mmclust-team-")
        command = [sys.executable, "-m", "mmclust.helper", run_id, self._meeting.name, str(size)]
        with log.open("ab") as output:
            self._processes = [
                subprocess.Popen(
                    [*command, str(rank)],
                    env=os.environ | variables | {"PYTHONPATH": _package()},
                    stdin=subprocess.PIPE,
                    stdout=output,
                    stderr=output,
                    process_group=0,  # Ctrl-C in a terminal is meant for whoever leads
                )
                for rank in range(1, size)
            ]

    def team(self, device: torch.device) -> "Team":
        """Wait for all, and be one of them.

        Raises:
            RuntimeError: one has ended before.
        """
        while not all(_ready(Path(self._meeting.name), rank).exists() for rank in range(1, self.size)):
            if self._codes():
                raise RuntimeError("a helper of the training ended before it began; worker.log may say why")
            time.sleep(LOOK_EVERY_S)
        return join(Path(self._meeting.name), 0, self.size, device)

    def killed(self) -> bool:
        """Whether one was ended by a signal, soon after something went wrong."""
        deadline = time.monotonic() + DEATH_SEEN_WITHIN_S
        while not self._codes() and time.monotonic() < deadline:
            time.sleep(LOOK_EVERY_S)
        return any(code < 0 for code in self._codes())

    def close(self) -> None:
        """End them; they hold nothing that is not here too."""
        if distributed.is_initialized():
            distributed.destroy_process_group()
        for process in self._processes:
            process.kill()
            process.communicate()
        self._meeting.cleanup()

    def _codes(self) -> list[int]:
        return [code for process in self._processes if (code := process.poll()) is not None]


def join(meeting: Path, rank: int, size: int, device: torch.device) -> "Team":
    """Be a process of a team, as soon as all have come.

    Args:
        meeting: folder that all see.
        rank: which one this is; 0 leads.
        size: processes together.
        device: of this one.
    """
    if sys.platform == "linux":
        os.environ.setdefault("GLOO_SOCKET_IFNAME", LOOPBACK)  # all are on this machine
    if rank:
        _ready(meeting, rank).touch()
    # Not by an address of the file, which torch takes literally: folders may have spaces.
    store = FileStore(str(meeting / "store"), size)
    return meet(store, rank, size, device)


def meet(store: Store, rank: int, size: int, device: torch.device) -> "Team":
    """Be a process of a team that meets in a store of torch's, as soon as all have come; arguments as of `join`."""
    from mmclust.engine.team import Team

    distributed.init_process_group(
        "nccl" if device.type == "cuda" else "gloo",
        store=store,
        rank=rank,
        world_size=size,
        timeout=timedelta(seconds=SILENT_S),
    )
    return Team()


def device_of(rank: int, first: str) -> torch.device:
    """Where a process of a team trains: the run's own device, or the GPUs that come after it.

    Raises:
        ValueError: there are not so many GPUs.
    """
    if first == "cpu":
        return torch.device(first)
    n_gpus, index = torch.cuda.device_count(), torch.device(first).index or 0
    if rank >= n_gpus:
        raise ValueError(f"devices={rank + 1} came, but there are {n_gpus} GPUs here; take as many or fewer")
    return torch.device("cuda", (index + rank) % n_gpus)


def n_threads(size: int) -> int:
    """Threads of each of so many processes."""
    return settings.n_threads(at_most=max(1, settings.n_cores() // size))


def _ready(meeting: Path, rank: int) -> Path:
    return meeting / f"ready-{rank}"


def _package() -> str:
    return os.pathsep.join(filter(None, (str(settings.PACKAGE.parent), os.environ.get("PYTHONPATH", ""))))
