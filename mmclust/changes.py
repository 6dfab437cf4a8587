"""What somebody changed while a run trained: a hyper-parameter, from some step on.

A change belongs to the step before which it was made. A training that goes on from a checkpoint, or one that repeats
the run, makes it before the same step, and so ends with the same numbers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol


@dataclass(frozen=True, kw_only=True)
class Change:
    """One hyper-parameter that got another value."""

    step: int
    """Training steps taken before."""
    epoch: float
    name: str
    before: Any
    after: Any
    trial: str = ""
    """The candidate of preset auto that was trained then; empty where there is one training alone."""

    def to_dict(self) -> dict[str, Any]:
        """As a run spec keeps it."""
        return asdict(self)


class Hands(Protocol):
    """What reaches into a training from outside, and keeps what it did there."""

    def known(self) -> Sequence[Change]:
        """Changes of an earlier training of the same run, by their steps."""
        ...

    def asked(self) -> Mapping[str, Any]:
        """Values that were asked for since the last call; called before every step."""
        ...

    def made(self, change: Change) -> None:
        """A change was made."""
        ...

    def keep(self, state: dict[str, Any], *, epoch: int) -> None:
        """Keep a checkpoint of the end of an epoch, from which others may go on."""
        ...


def of_trial(changes: Sequence[Mapping[str, Any]], trial: str) -> list[Change]:
    """The changes that a spec keeps of one training, by their steps."""
    found = [Change(**change) for change in changes]
    return sorted((change for change in found if change.trial == trial), key=lambda change: change.step)
