"""Signs of trouble in a training and what to do about them; reads curves, draws nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mmclust.evaluation.metrics import empty_clusters, n_found, usage_entropy
from mmclust.methods import METHODS, card
from mmclust.methods.card import REMEDIES, Sign
from mmclust.runs.record import RunRecord
from mmclust.ui.shell.curves import Curves

GRACE = 0.15
"""Share of a training during which nothing is judged: clusters are still forming."""
LATE = 0.6
"""Share of a training from which every empty cluster is told; before, many have to stay empty."""
MANY = 0.2
"""Share of clusters that has to be empty in each of the last evaluations to be told before `LATE`."""
STAYS = 0.8
"""Share of the most empty clusters in those evaluations that still has to be empty: fewer are on their way."""
UNRELATED = 0.5
"""Agreement of augmentations below which clusters do not follow the images."""
RISE = 0.02
"""Difference of a score between two halves of its last evaluations that is a rise."""
EVEN = 0.85
"""Entropy of hard counts, as a share of its maximum, below which sizes are called uneven."""
FOUND = "signal/clusters_found"
SCORES = {
    "signal/evidence": "Evidence",
    "signal/augmentations": "Agreement of augmentations",
}
"""Scores without labels."""


@dataclass(frozen=True, kw_only=True)
class Diagnostic:
    """A sign of trouble."""

    level: Literal["notice", "warning"]
    text: str
    """What is seen, what usually causes it, what to do."""


def diagnose(record: RunRecord, curves: Curves, sizes: Sequence[int] | None = None) -> list[Diagnostic]:
    """Signs of trouble in a run that no label tells of, the gravest first.

    How often this is right at 30 % of a run was measured: see "Diagnosis" in docs/methods.md.

    Args:
        record: of the run.
        curves: its points so far.
        sizes: samples per cluster in the latest snapshot, where there is one.
    """
    fraction = record.step / record.total_steps if record.total_steps else 0.0
    if record.status == "queued" or fraction < GRACE:
        return []
    read = _Reader(curves)
    found = [
        _empty_clusters(record, read, sizes, fraction),
        _unrelated(record, read, fraction),
        _critic_unstable(record, read),
        _critic_blind(record, read),
        _not_one_hot(record, read, fraction),
        _views_disagree(record, read, fraction),
        _falling(record, read),
    ]
    present = [one for one in found if one is not None]
    return sorted(present, key=lambda one: one.level != "warning")


def found_so_far(record: RunRecord, curves: Curves, sizes: Sequence[int] | None = None) -> str:
    """How many clusters there are by hard counts, e.g. "6 of 10 clusters found so far"; empty before that is known."""
    n_clusters = len(sizes) if sizes is not None else record.n_clusters or 0
    found = n_found(np.array(sizes)) if sizes is not None and len(sizes) else _Reader(curves).last(FOUND)
    if found is None or n_clusters < 2:
        return ""
    if found >= n_clusters:
        return f"All {n_clusters} clusters found."
    return f"{found:.0f} of {n_clusters} clusters found{' so far' if record.active else ''}."


def _remedy(record: RunRecord, sign: Sign) -> str:
    """The advice of the method's card; the general one where the method is not known here."""
    return card(record.spec.method).remedy(sign) if record.spec.method in METHODS else REMEDIES[sign]


class _Reader:
    """Recent values of curves by name."""

    def __init__(self, curves: Curves) -> None:
        self.values = {name: curve.value for name, curve in curves.items()}

    def recent(self, name: str, count: int = 5) -> np.ndarray:
        values = self.values.get(name, np.empty(0))
        return values[np.isfinite(values)][-count:]

    def rises(self, name: str) -> bool:
        """Whether a curve is clearly higher than it was a few evaluations ago."""
        values = self.recent(name, 6)
        half = len(values) // 2
        return half > 0 and float(np.mean(values[-half:]) - np.mean(values[:half])) > RISE

    def last(self, name: str) -> float | None:
        values = self.recent(name, 1)
        return float(values[-1]) if len(values) else None

    def median(self, name: str) -> float | None:
        values = self.recent(name)
        return float(np.median(values)) if len(values) else None


def _empty_clusters(
    record: RunRecord, read: _Reader, sizes: Sequence[int] | None, fraction: float
) -> Diagnostic | None:
    """Empty clusters by hard counts, once they stay; a run with a start to fall back on is let be until late."""
    if sizes is None or not len(sizes) or (fraction < LATE and (record.spec.auto or not _stay_empty(read, len(sizes)))):
        return None
    empty = empty_clusters(np.array(sizes))
    if len(empty):
        names = ", ".join(str(i + 1) for i in empty[:6]) + (" …" if len(empty) > 6 else "")
        return Diagnostic(
            level="warning",
            text=f"**{len(empty)} of {len(sizes)} clusters are empty** ({names}). {_remedy(record, 'empty')}",
        )
    evenness = usage_entropy(np.repeat(np.arange(len(sizes)), sizes)) / np.log(max(len(sizes), 2))
    if fraction < LATE or evenness >= EVEN:
        return None
    return Diagnostic(
        level="warning",
        text=f"**Cluster sizes are uneven**: the entropy of their counts is {evenness:.0%} of the maximum. "
        f"{_remedy(record, 'uneven')}",
    )


def _stay_empty(read: _Reader, n_clusters: int) -> bool:
    """Whether many clusters have been empty for three evaluations, do not fill up, and no label-free score rises."""
    empty = n_clusters - read.recent(FOUND, 3)
    if len(empty) < 3 or empty.min() < MANY * n_clusters or empty[-1] < STAYS * empty.max():
        return False
    return not any(read.rises(name) for name in SCORES)


def _unrelated(record: RunRecord, read: _Reader, fraction: float) -> Diagnostic | None:
    """Two augmentations of an image keep getting other clusters."""
    agreement = read.recent("signal/augmentations", 3)
    if fraction < 2 * GRACE or len(agreement) < 3 or agreement.max() >= UNRELATED or read.rises("signal/augmentations"):
        return None
    return Diagnostic(
        level="warning",
        text="**The clusters do not follow the images**: two augmentations of an image get the same cluster for only "
        f"{agreement[-1]:.0%}, and this does not rise. {_remedy(record, 'soft')}",
    )


def _critic_unstable(record: RunRecord, read: _Reader) -> Diagnostic | None:
    penalty = read.median("loss/penalty")
    if penalty is not None and penalty > 1.0:
        return Diagnostic(
            level="warning",
            text=f"**The critic is unstable**: its gradient norm is far from 1 (penalty {penalty:.2g}). "
            f"{_remedy(record, 'critic unstable')}",
        )
    return None


def _critic_blind(record: RunRecord, read: _Reader) -> Diagnostic | None:
    gap, confidence = read.median("signal/wasserstein"), read.last("signal/confidence")
    if gap is not None and confidence is not None and abs(gap) < 0.01 and confidence < 0.5:
        return Diagnostic(
            level="warning",
            text="**The critic cannot tell codes from the prior**, although assignments are far from one-hot. "
            f"{_remedy(record, 'critic blind')}",
        )
    return None


def _not_one_hot(record: RunRecord, read: _Reader, fraction: float) -> Diagnostic | None:
    confidence = read.last("signal/confidence")
    if confidence is not None and fraction > 0.6 and confidence < 0.85:
        return Diagnostic(
            level="notice",
            text=f"**Assignments are still soft**: mean confidence {confidence:.0%}. {_remedy(record, 'soft')}",
        )
    return None


def _views_disagree(record: RunRecord, read: _Reader, fraction: float) -> Diagnostic | None:
    agreement = read.last("signal/agreement")
    # The more views there are, the rarer it is that all of them agree.
    n_views = max(2, sum(name.startswith("view/acc_") for name in read.values))
    if agreement is not None and fraction > 0.5 and agreement < 0.6 ** (n_views - 1):
        return Diagnostic(
            level="notice",
            text=f"**The views disagree**: they give the same cluster for only {agreement:.0%} of the samples. "
            f"The Views page shows which clusters differ. {_remedy(record, 'disagree')}",
        )
    return None


def _falling(record: RunRecord, read: _Reader) -> Diagnostic | None:
    """A score without labels that was clearly better before."""
    for name, title in SCORES.items():
        scores = read.recent(name, 10_000)
        if len(scores) > 10 and np.median(scores[-5:]) < scores.max() - 0.1:
            return Diagnostic(
                level="notice",
                text=f"**{title} has fallen** from {scores.max():.2f} to {np.median(scores[-5:]):.2f}. "
                f"{_remedy(record, 'falling')}",
            )
    return None
