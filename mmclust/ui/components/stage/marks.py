"""What happened in a run, for the marks on the clock of its stage."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mmclust.methods import METHODS, card
from mmclust.runs.record import RunRecord
from mmclust.runs.run import Run
from mmclust.ui.components.stage.moments import Moment
from mmclust.ui.shell.curves import Curves

Kind = Literal["stage", "rate", "change", "collapse", "best"]
EVIDENCE = ("signal/evidence", "signal/agreement", "signal/augmentations")
"""Label-free scores; the first one that a run has tells its best epoch."""
RATE = "signal/learning_rate"
FALL = 0.67
"""Share to which a learning rate must fall at once, and the number of clusters from its peak, to be a mark."""


@dataclass(frozen=True, kw_only=True)
class Mark:
    """Something that happened at an epoch."""

    epoch: float
    kind: Kind
    text: str


def of_run(run: Run, record: RunRecord, points: Curves, moments: Sequence[Moment]) -> list[Mark]:
    """All marks of a run, the earliest first."""
    found = [*_stages(record, points), *_rate_falls(points), *_collapses(moments), *_best(record, points)]
    return sorted(found, key=lambda mark: mark.epoch)


def _stages(record: RunRecord, points: Curves) -> list[Mark]:
    """A loss term that begins later than the first one, or ends before the last one, parts a run into stages."""
    terms = {name: curve for name, curve in points.items() if name.startswith("loss/") and len(curve)}
    if not terms:
        return []
    titles = {t.name: t.title for t in card(record.spec.method).terms} if record.spec.method in METHODS else {}
    first = min(float(curve.epoch[0]) for curve in terms.values())
    begun: dict[float, list[str]] = {}
    for name, curve in terms.items():
        if (epoch := float(curve.epoch[0])) > first + max(0.5, 0.01 * record.epochs):
            begun.setdefault(round(epoch, 1), []).append(titles.get(name.removeprefix("loss/"), name))
    return [Mark(epoch=epoch, kind="stage", text=f"{', '.join(names)} begins") for epoch, names in begun.items()]


def _rate_falls(points: Curves) -> list[Mark]:
    if (curve := points.get(RATE)) is None or len(curve) < 2:
        return []
    value = curve.value
    falls = np.flatnonzero(value[1:] < FALL * value[:-1]) + 1
    return [
        Mark(
            epoch=float(curve.epoch[i]),
            kind="rate",
            text=f"Learning rate falls from {value[i - 1]:.3g} to {value[i]:.3g}",
        )
        for i in falls
    ]


def _collapses(moments: Sequence[Moment]) -> list[Mark]:
    """Where clusters become empty that were not: hard counts, as everywhere."""
    found, most, down = [], 0, False
    for moment in moments:
        used = int((moment.sizes > 0).sum())
        if used < FALL * most and not down:
            found.append(Mark(epoch=moment.epoch, kind="collapse", text=f"Collapse: {most} clusters, now {used}"))
        down = used < FALL * most
        most = max(most, used)
    return found


def _best(record: RunRecord, points: Curves) -> list[Mark]:
    """The best label-free score; of a run that trains it would move on with every measurement, and says so."""
    for name in EVIDENCE:
        curve = points.get(name)
        if curve is None or len(curve) < 2 or not np.isfinite(curve.value).any():
            continue
        best = int(np.nanargmax(curve.value))
        so_far = " so far" if record.active else ""
        text = f"Best label-free score{so_far}: {curve.value[best]:.1%}"
        return [Mark(epoch=float(curve.epoch[best]), kind="best", text=text)]
    return []
