"""Signs of trouble in a training and what to do about them; reads curves, draws nothing."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mmclust.methods import METHODS, card
from mmclust.methods.card import REMEDIES, Sign
from mmclust.runs.record import RunRecord
from mmclust.ui.shell.curves import Curves

GRACE = 0.15
"""Share of a training during which nothing is judged: clusters are still forming."""


@dataclass(frozen=True, kw_only=True)
class Diagnostic:
    """A sign of trouble."""

    level: Literal["notice", "warning"]
    text: str
    """What is seen, what usually causes it, what to do."""


def diagnose(record: RunRecord, curves: Curves, sizes: Sequence[int] | None = None) -> list[Diagnostic]:
    """Signs of trouble in a run, the gravest first.

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
        _tiny_clusters(record, read, sizes),
        _critic_unstable(record, read),
        _critic_blind(record, read),
        _not_one_hot(record, read, fraction),
        _views_disagree(record, read, fraction),
        _falling(record, read),
    ]
    present = [one for one in found if one is not None]
    return sorted(present, key=lambda one: one.level != "warning")


def all_clear(record: RunRecord, curves: Curves) -> str:
    """What to say when there is no sign of trouble; empty while nothing can be said yet."""
    fraction = record.step / record.total_steps if record.total_steps else 0.0
    entropy, n_clusters = _Reader(curves).last("signal/usage_entropy"), record.n_clusters or 0
    if fraction < GRACE or entropy is None or n_clusters < 2:
        return ""
    return (
        f"No sign of collapse: all {n_clusters} clusters are in use (the entropy of their sizes is "
        f"{entropy / math.log(n_clusters):.0%} of the maximum)."
    )


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

    def last(self, name: str) -> float | None:
        values = self.recent(name, 1)
        return float(values[-1]) if len(values) else None

    def median(self, name: str) -> float | None:
        values = self.recent(name)
        return float(np.median(values)) if len(values) else None


def _tiny_clusters(record: RunRecord, read: _Reader, sizes: Sequence[int] | None) -> Diagnostic | None:
    entropy, k = read.last("signal/usage_entropy"), record.n_clusters
    if sizes is not None and len(sizes):
        fair = sum(sizes) / len(sizes)
        tiny = [i for i, size in enumerate(sizes) if size < 0.2 * fair]
        if tiny:
            names = ", ".join(str(i + 1) for i in tiny[:6]) + (" …" if len(tiny) > 6 else "")
            return Diagnostic(
                level="warning",
                text=f"**{len(tiny)} of {len(sizes)} clusters are almost empty** ({names}). {_remedy(record, 'empty')}",
            )
    if entropy is not None and k and k > 1 and entropy < 0.85 * math.log(k):
        return Diagnostic(
            level="warning",
            text=f"**Cluster sizes are uneven**: their entropy is {entropy / math.log(k):.0%} of the maximum. "
            f"{_remedy(record, 'uneven')}",
        )
    return None


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
    scores = read.values.get("eval/acc", np.empty(0))
    if len(scores) > 10 and np.median(scores[-5:]) < scores.max() - 0.1:
        return Diagnostic(
            level="notice",
            text=f"**ACC has fallen** from {scores.max():.0%} to {np.median(scores[-5:]):.0%}. "
            f"{_remedy(record, 'falling')}",
        )
    return None
