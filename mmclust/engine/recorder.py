"""What the trainer reports to. The engine knows no file and no database: a run implements this."""

from collections.abc import Mapping
from typing import Any, Literal, Protocol

from mmclust.evaluation.snapshot import Snapshot

Request = Literal["", "stop", "pause"]


class Recorder(Protocol):
    """Receives a training run's numbers and states, and passes on the user's commands.

    Metric names: `loss/<term>` for unweighted loss terms, `objective/<phase>` for their weighted sum,
    `signal/<name>` for label-free signals, `eval/<name>` for metrics that use labels.
    """

    def log(self, values: Mapping[str, float], *, step: int, epoch: float) -> None:
        """Append points of curves; `epoch` counts passes over the data and may be fractional."""
        ...

    def progress(self, *, step: int, total_steps: int, epoch: float) -> None:
        """Where training stands; called often, expected to be cheap."""
        ...

    def snapshot(self, snapshot: Snapshot) -> None:
        """Keep the codes of an epoch."""
        ...

    def checkpoint(self, state: dict[str, Any]) -> None:
        """Replace the resumable state: tensors, numbers, strings and containers of them only."""
        ...

    def request(self) -> Request:
        """What the user has asked for since the run started."""
        ...
