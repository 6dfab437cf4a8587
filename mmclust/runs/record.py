"""What the store knows of a run, as one frozen value."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from mmclust.evaluation.metric_names import MAIN
from mmclust.runs import columns, owner, seals
from mmclust.runs.errors import UnreadableRun
from mmclust.runs.spec import RunSpec
from mmclust.runs.tables import RUNS
from mmclust.runs.texts import clean

Status = Literal["queued", "running", "paused", "finished", "stopped", "failed", "interrupted"]
STATUSES: tuple[str, ...] = get_args(Status)
RESUMABLE = ("paused", "stopped", "failed", "interrupted")
HEARTBEAT_LIMIT_S = 30.0
"""A running run that was silent for longer counts as interrupted, and its device as free."""
LOST = "lost_points"
"""Where the environment of a run says that its curves have gaps."""
MEASURED = {
    "parameters": "trained parameters",
    "peak_memory_mib": "peak memory, MiB",
    LOST: "points that its curves have lost",
}
"""Whole numbers that the environment of a run holds beside versions, by what people call them."""
WAITER_LIMIT_S = 10.0
"""A queued run that nobody asked for in this time is served by nobody."""
SILENT = (
    "The process that trained it ended without a word; resume to go on from its last checkpoint, or from the start "
    "where there is none."
)


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """A run as lists and pages show it. Times are seconds since 1970, UTC."""

    run_id: str
    spec: RunSpec
    status: Status
    title: str
    launcher: str
    created: float
    started: float | None
    ended: float | None
    step: int
    total_steps: int
    """0 until training has begun."""
    epoch: float
    """Passes over the data so far, may be fractional."""
    seconds: float
    """Active training time, summed over resumes."""
    samples_per_s: float | None
    device: str
    """`cpu` or `cuda:0`; empty until it first ran."""
    error: str
    """One sentence, or empty."""
    metrics: dict[str, float] | None
    """The last evaluation (acc, nmi, nmi_geometric, ari, purity), fractions; None without labels or before it."""
    n_samples: int | None
    n_clusters: int | None
    request: str
    """A stop or pause that was asked for and not obeyed yet."""
    waiting_for: str
    """What a queued run waits for, one sentence; empty otherwise."""
    served: bool
    """Whether somebody is going to execute a queued run; true of all others."""
    note: str
    cluster_names: dict[int, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    """Of the last execution: package versions, threads, how steps were taken, and what is `MEASURED`."""
    example: bool = False
    creator: str = ""
    """Who started it, as `mmclust.audit` names users; empty where that is not known."""

    @property
    def epochs(self) -> int:
        """How many epochs the run is to last."""
        return self.spec.epochs

    def measured(self, name: str) -> int | None:
        """A number of `MEASURED`; None where it is not known."""
        text = self.environment.get(name, "")
        return int(text) if text.isdecimal() else None

    @property
    def active(self) -> bool:
        """Whether the run trains or waits for its turn."""
        return self.status in ("queued", "running")

    @property
    def resumable(self) -> bool:
        """Whether the run can go on from its last checkpoint, or begin where nobody serves its queue."""
        return (self.status in RESUMABLE or not self.served) and not self.example

    @property
    def seconds_left(self) -> float | None:
        """Training time left at the speed so far; None before there is any."""
        if self.status != "running" or not self.step or not self.total_steps or not self.seconds:
            return None
        return self.seconds * (self.total_steps - self.step) / self.step


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """A row of the runs table that no record can be made of."""

    run_id: str
    reason: str
    """In words that follow "cannot be read"."""
    created: float


def from_row(row: Mapping[str, Any], *, example: bool = False, spec: RunSpec | None = None) -> RunRecord:
    """The record of a row of the runs table; here a silent run becomes interrupted.

    Args:
        row: of the table.
        example: whether it is of a bundled run.
        spec: of the row, where it was read before.

    Raises:
        UnreadableRun: the row is damaged, or of another version of the program.
    """
    try:
        return _from_row(row, example=example, spec=spec)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise UnreadableRun(
            f"run {row['run_id']} cannot be read ({_in_short(error)}); delete it, or open it with the version of "
            "mmclust that wrote it"
        ) from error


def unreadable(row: Mapping[str, Any]) -> Unreadable | None:
    """What is wrong with a row of the runs table, if anything is."""
    try:
        from_row(row)
    except UnreadableRun as error:
        return Unreadable(
            run_id=row["run_id"], reason=_in_short(error.__cause__ or error), created=moment(row["created"])
        )
    return None


def moment(value: object) -> float:
    """A time that a damaged row tells, 0 where it is none."""
    return float(value) if columns.fits(RUNS.c.created, value) else 0.0  # type: ignore[arg-type]


def _in_short(error: BaseException) -> str:
    return clean((str(error) or type(error).__name__).splitlines()[0], at_most=200)


def _from_row(row: Mapping[str, Any], *, example: bool, spec: RunSpec | None) -> RunRecord:
    columns.check(RUNS, row)
    if row["seal"] is not None and row["seal"] != seals.of_row(row):
        raise ValueError("what is stored of it differs from its checksum")
    status, error, waiting_for, served = row["status"], row["error"], "", True
    if status not in STATUSES:
        raise ValueError(f"its status is {status!r}, which this version does not know")
    if status == "running" and is_silent(row):
        status, error = "interrupted", error or SILENT
    if status == "queued":
        served = time.time() - max(row["waiter_seen"] or 0, row["queued"]) <= WAITER_LIMIT_S
        waiting_for = _waiting_for(row, served)
    return RunRecord(
        run_id=row["run_id"],
        spec=spec or RunSpec.from_json(row["spec"]),
        status=status,
        title=row["title"],
        launcher=row["launcher"],
        created=row["created"],
        started=row["started"],
        ended=row["ended"],
        step=row["step"],
        total_steps=row["total_steps"],
        epoch=row["epoch"],
        seconds=row["seconds"],
        samples_per_s=row["samples_per_s"],
        device=row["device"],
        error=error,
        metrics=_metrics(row["metrics"]),
        n_samples=row["n_samples"],
        n_clusters=row["n_clusters"],
        request=row["request"] if status in ("queued", "running") else "",
        waiting_for=waiting_for,
        served=served,
        note=row["note"],
        cluster_names={int(k): v for k, v in _texts(row["cluster_names"]).items()},
        environment=_texts(row["environment"]),
        example=example,
        creator=row["creator"] or "",
    )


def is_silent(row: Mapping[str, Any]) -> bool:
    """Whether the holder of a run or lease (`heartbeat`, `owner`) is gone."""
    beat, holder = moment(row["heartbeat"]), row["owner"]
    return time.time() - beat > HEARTBEAT_LIMIT_S or (isinstance(holder, str) and owner.alive(holder) is False)


def _waiting_for(row: Mapping[str, Any], served: bool) -> str:
    if not served:
        return f"No process serves it: press Resume in the app, or run `python -m mmclust resume {row['run_id']}`."
    return row["waiting_for"] or "It is about to start."


def _metrics(text: str | None) -> dict[str, float] | None:
    """The metrics of a run; whoever has metrics has the main ones."""
    if not text:
        return None
    values = json.loads(text)
    if not all(isinstance(value, (int, float)) for value in values.values()):
        raise ValueError("a metric is no number")
    if missing := [name for name in MAIN if name not in values]:
        raise ValueError(f"its metrics lack {', '.join(missing)}")
    return values


def _texts(text: str) -> dict[str, str]:
    values = json.loads(text)
    if not all(isinstance(value, str) for value in values.values()):
        raise ValueError("a name or version of it is no text")
    return values
