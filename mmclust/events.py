"""What happened in a run, as marks on a clock: stages, falls of the learning rate, interventions, collapse, best score.

All of it is read from the run's spec, its method's card and its curves; no label takes part.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from mmclust.methods import METHODS, card
from mmclust.methods.card import MethodCard
from mmclust.runs.run import Run
from mmclust.runs.spec import RunSpec

Kind = Literal["stage", "learning rate", "intervention", "fork", "collapse", "best"]
STAGE_WORDS = {
    "align": "alignment of the views",
    "autoencode": "pretraining of the autoencoders",
    "train": "the clustering objective",
}
SCORES = ("signal/evidence", "signal/augmentations")
"""Label-free scores of which the best evaluation is marked, the first that a run has."""
SCORE_WORDS = {"signal/evidence": "evidence", "signal/augmentations": "agreement of augmentations"}
FOUND = "signal/clusters_found"
"""Curve of the clusters that are not empty (see `mmclust.evaluation.metrics.n_found`)."""
LOST = 0.3
"""Fraction of the clusters found before that has to be empty at once for a collapse."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """A mark on a run's clock."""

    step: int
    """Training steps before it; of stages and falls of the rate as far as the run's length tells."""
    epoch: float
    kind: Kind
    words: str
    """One short line, e.g. "Augmentation weight 2 → 4"."""


def of_run(run: Run) -> list[Event]:
    """Everything that has happened in a run so far, by its time.

    Cheap enough for a page that redraws itself: the spec and three curves are read. Stages and falls of the learning
    rate that are still to come are left out.
    """
    record = run.record()
    spec, done = record.spec, record.epoch
    found = of_spec(spec)
    if spec.method in METHODS:
        per_epoch = record.step / record.epoch if record.epoch else 0.0
        known = [*_stages(card(spec.method), spec), *_falls(card(spec.method), spec)]
        found += [
            Event(step=round(epoch * per_epoch), epoch=epoch, kind=kind, words=words)
            for epoch, kind, words in known
            if epoch <= done
        ]
    found += _of_curves(run)
    return sorted(found, key=lambda event: (event.epoch, event.step))


def of_spec(spec: RunSpec) -> list[Event]:
    """What was done to a run: interventions, and where it was forked; nothing is read."""
    return [*_interventions(spec), *_forked(spec)]


def stage_at(spec: RunSpec, epoch: float) -> str:
    """What a run trains at an epoch, in words; empty where its method has one stage alone."""
    if spec.method not in METHODS:
        return ""
    begun = [words for start, _, words in _stages(card(spec.method), spec) if start <= epoch]
    return begun[-1] if begun else ""


def _stages(about: MethodCard, spec: RunSpec) -> list[tuple[float, Kind, str]]:
    legs = about.stages(about.config(**about.completed(spec.config)), spec.epochs)
    if len(legs) < 2:
        return []
    starts = np.cumsum([0, *(epochs for _, epochs in legs[:-1])]).tolist()
    return [(float(start), "stage", stage_words(name)) for start, (name, _) in zip(starts, legs, strict=True)]


def stage_words(name: str) -> str:
    """A stage by what it does, e.g. "Stage: alignment of the views"."""
    what = STAGE_WORDS.get(name) or name.replace("_", " ")
    return f"Stage: {what}"


def _falls(about: MethodCard, spec: RunSpec) -> list[tuple[float, Kind, str]]:
    falls = about.rate_falls(about.config(**about.completed(spec.config)), spec.epochs)
    return [(epoch, "learning rate", "The learning rate falls") for epoch in falls]


def _interventions(spec: RunSpec) -> list[Event]:
    titles = {one.name: one.words for one in card(spec.method).hyperparameters} if spec.method in METHODS else {}
    return [
        Event(
            step=change["step"],
            epoch=float(change["epoch"]),
            kind="intervention",
            words=f"{titles.get(change['name'], change['name'])} {_arrow(change)}",
        )
        for change in spec.changes
    ]


def _arrow(change: Mapping[str, Any]) -> str:
    return f"{_short(change['before'])} → {_short(change['after'])}"


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)


def _forked(spec: RunSpec) -> list[Event]:
    if not spec.parent:
        return []
    words = f"Forked from {spec.parent['run']}"
    return [Event(step=spec.parent["step"], epoch=float(spec.parent["epoch"]), kind="fork", words=words)]


def _of_curves(run: Run) -> list[Event]:
    points = run.metrics([FOUND, *SCORES])
    curves = {name: part for name, part in points.groupby("name", sort=False)}
    found = []
    if FOUND in curves:
        found += _collapse(curves[FOUND])
    if (score := next((name for name in SCORES if name in curves), None)) is not None:
        known = curves[score].dropna()
        if len(known):
            best = known.iloc[int(known["value"].argmax())]
            words = f"Best {SCORE_WORDS[score]}: {best['value']:.2f}"
            found.append(Event(step=int(best["step"]), epoch=float(best["epoch"]), kind="best", words=words))
    return found


def _collapse(curve: Any) -> list[Event]:
    """The first evaluation at which many of the clusters that had been found are empty again."""
    value = curve["value"].to_numpy()
    most = np.maximum.accumulate(value)
    lost = np.flatnonzero(most - value >= np.maximum(LOST * most, 2))
    if not len(lost):
        return []
    row = curve.iloc[int(lost[0])]
    words = f"Collapse: {int(value[lost[0]])} clusters left of {int(most[lost[0]])}"
    return [Event(step=int(row["step"]), epoch=float(row["epoch"]), kind="collapse", words=words)]
