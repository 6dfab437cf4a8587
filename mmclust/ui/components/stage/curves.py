"""Which curves and figures stand on the stage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mmclust.evaluation.metric_names import CURVES, MAIN, MAIN_CURVES, METRICS, SIGNALS
from mmclust.methods import METHODS, card
from mmclust.plots.palette import cluster_color
from mmclust.runs.record import RunRecord
from mmclust.ui.components.stage.terms import TERM_COLORS, term_colors
from mmclust.ui.shell.curves import Curve, Curves

FRACTIONS = (*("signal/evidence", "signal/augmentations", "signal/agreement", "signal/stability", "signal/confidence"),)
"""Label-free signals between 0 and 1 that are drawn beside the scores."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A curve as it is drawn."""

    name: str
    title: str
    color: str
    curve: Curve
    group: Literal["score", "loss"]
    """Scores share one axis from 0 to 100 %; each loss term has its own."""
    dashed: bool = False


def shown(record: RunRecord, points: Curves) -> Sequence[Shown]:
    """The curves of the stage: scores, label-free signals and the loss terms of the run's method."""
    found = []
    for i, name in enumerate((*MAIN_CURVES, *FRACTIONS)):
        if name in points and len(points[name]):
            found.append(
                Shown(
                    name=name,
                    title=(CURVES | SIGNALS)[name],
                    color=cluster_color(i),
                    curve=points[name],
                    group="score",
                    dashed=name in FRACTIONS,
                )
            )
    titles, colors = _terms(record)
    others = [name for name in points if name.startswith("loss/") and name.removeprefix("loss/") not in colors]
    for name, curve in points.items():
        if name.startswith("loss/") and len(curve):
            term = name.removeprefix("loss/")
            found.append(
                Shown(
                    name=name,
                    title=titles.get(term, term.replace("_", " ").capitalize()),
                    color=colors.get(term) or TERM_COLORS[(len(colors) + others.index(name)) % len(TERM_COLORS)],
                    curve=curve,
                    group="loss",
                )
            )
    return found


def _terms(record: RunRecord) -> tuple[Mapping[str, str], Mapping[str, str]]:
    if record.spec.method not in METHODS:
        return {}, {}
    method = card(record.spec.method)
    return {term.name: term.title for term in method.terms}, term_colors(method)


def figures(points: Curves) -> list[dict[str, Any]]:
    """What the head of the stage says of an epoch: a curve, its title and its meaning."""
    found = [
        {"curve": f"eval/{name}", "title": METRICS[name].title, "about": METRICS[name].about}
        for name in MAIN
        if f"eval/{name}" in points
    ]
    for name, about in (
        ("signal/evidence", "Evidence for the clustering that needs no labels."),
        ("signal/confidence", "Mean probability of the assigned cluster."),
    ):
        if name in points:
            found.append({"curve": name, "title": SIGNALS[name].removesuffix(" (no labels)"), "about": about})
    return found
