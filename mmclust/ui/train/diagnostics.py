"""What can go wrong in a training, said in words with what to do; reads curves, draws nothing."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mmclust.runs.record import RunRecord
from mmclust.ui.shell.curves import Curves

REMEDIES = {
    "dccs": {
        "tiny": "The pull towards the prior is too weak, or the augmentation term took over early: lower beta aug, or "
        "raise beta adv or n critic.",
        "uneven": "Lower beta aug, or raise beta adv or n critic. If your classes differ much in size, this method "
        "cuts the large ones.",
        "soft": "Train longer, or raise beta adv.",
        "falling": "the augmentation may be too strong (lower beta aug or jitter), or the learning rate too high.",
    },
    "dmim": {
        "tiny": "Self-labels do not hold the clusters apart: raise beta, or the batch size.",
        "uneven": "Raise beta, or the batch size. If your classes differ much in size, the balance cuts large ones.",
        "disagree": "Raise the weight of what views share (lower beta), or leave out a view that says little.",
    },
    "msdib": {
        "tiny": "Nothing keeps clusters equal by default: raise balance, lower the learning rate, or try other seeds.",
        "uneven": "Raise balance, lower the learning rate, or try other seeds.",
        "disagree": "Raise alpha, so that views follow the fused clusters, or leave out a view that says little.",
    },
    "dmid-uic": {
        "tiny": "Keep balance on and the batch large; a longer alignment before the training helps most.",
        "uneven": "Keep balance on and the batch large; a longer alignment before the training helps most.",
        "soft": "That is usual at low sharpness: raise tau end, or train longer.",
        "disagree": "Raise align epochs, so that the views' codes share more before the prototypes are placed.",
    },
}
"""What to do about a sign of trouble, by method."""
USUAL = {
    "tiny": "Raise the weight of a term that keeps clusters equal, lower the learning rate, or try other seeds.",
    "uneven": "Raise the weight of a term that keeps clusters equal, or try other seeds.",
    "soft": "Train longer.",
    "falling": "the learning rate may be too high.",
    "disagree": "Leave out a view that says little, or raise the weight of the term that ties the views together.",
}
"""The same for methods that are not in the table, and for signs that a method has no word on."""

SETTLING = 0.15
"""Share of a training during which nothing is judged: clusters are still forming."""


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """A sign of trouble."""

    level: Literal["notice", "warning"]
    text: str
    """What is seen, what usually causes it, what to do."""


def alarms(record: RunRecord, curves: Curves, sizes: Sequence[int] | None = None) -> list[Alarm]:
    """Signs of trouble in a run, the gravest first.

    Args:
        record: of the run.
        curves: its points so far.
        sizes: samples per cluster in the latest snapshot, where there is one.
    """
    share = record.step / record.total_steps if record.total_steps else 0.0
    if record.status == "queued" or share < SETTLING:
        return []
    read = _Reader(curves)
    found = [
        _tiny_clusters(record, read, sizes),
        _critic_blow_up(read),
        _critic_too_weak(read),
        _not_one_hot(record, read, share),
        _views_disagree(record, read, share),
        _falling(record, read),
    ]
    present = [alarm for alarm in found if alarm is not None]
    return sorted(present, key=lambda alarm: alarm.level != "warning")


def calm(record: RunRecord, curves: Curves) -> str:
    """What to say when there is no alarm; empty while nothing can be said yet."""
    share = record.step / record.total_steps if record.total_steps else 0.0
    entropy = _Reader(curves).last("signal/usage_entropy")
    if share < SETTLING or entropy is None or not record.n_clusters:
        return ""
    return (
        f"No sign of collapse: all {record.n_clusters} clusters are in use "
        f"(entropy {entropy:.2f} of {math.log(record.n_clusters):.2f} nats)."
    )


def _remedy(record: RunRecord, sign: str) -> str:
    return REMEDIES.get(record.spec.method, {}).get(sign) or USUAL[sign]


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


def _tiny_clusters(record: RunRecord, read: _Reader, sizes: Sequence[int] | None) -> Alarm | None:
    entropy, k = read.last("signal/usage_entropy"), record.n_clusters
    if sizes is not None and len(sizes):
        fair = sum(sizes) / len(sizes)
        tiny = [i for i, size in enumerate(sizes) if size < 0.2 * fair]
        if tiny:
            names = ", ".join(str(i + 1) for i in tiny[:6]) + (" …" if len(tiny) > 6 else "")
            return Alarm(
                level="warning",
                text=f"**{len(tiny)} of {len(sizes)} clusters are almost empty** ({names}). {_remedy(record, 'tiny')}",
            )
    if entropy is not None and k and k > 1 and entropy < 0.85 * math.log(k):
        return Alarm(
            level="warning",
            text=f"**Clusters are used unevenly**: entropy {entropy:.2f} of {math.log(k):.2f} nats. "
            f"{_remedy(record, 'uneven')}",
        )
    return None


def _critic_blow_up(read: _Reader) -> Alarm | None:
    penalty = read.median("loss/penalty")
    if penalty is not None and penalty > 1.0:
        return Alarm(
            level="warning",
            text=f"**The critic is out of control**: its slope is far from one (penalty {penalty:.2g}). Lower the "
            "learning rate or raise lambda; if this run uses bf16, try float32.",
        )
    return None


def _critic_too_weak(read: _Reader) -> Alarm | None:
    gap, confidence = read.median("signal/wasserstein"), read.last("signal/confidence")
    if gap is not None and confidence is not None and abs(gap) < 0.01 and confidence < 0.5:
        return Alarm(
            level="warning",
            text="**The critic sees no difference** between codes and prior although categories are far from one-hot: "
            "raise n critic.",
        )
    return None


def _not_one_hot(record: RunRecord, read: _Reader, share: float) -> Alarm | None:
    confidence = read.last("signal/confidence")
    if confidence is not None and share > 0.6 and confidence < 0.85:
        return Alarm(
            level="notice",
            text=f"**Assignments are still soft**: {confidence:.0%} sure on average. {_remedy(record, 'soft')}",
        )
    return None


def _views_disagree(record: RunRecord, read: _Reader, share: float) -> Alarm | None:
    agreement = read.last("signal/agreement")
    # The more views there are, the rarer it is that all of them agree.
    n_views = max(2, sum(name.startswith("view/acc_") for name in read.values))
    if agreement is not None and share > 0.5 and agreement < 0.6 ** (n_views - 1):
        return Alarm(
            level="notice",
            text=f"**The views disagree**: for only {agreement:.0%} of the samples all of them name the same cluster. "
            f"The page Views says which clusters differ. {_remedy(record, 'disagree')}",
        )
    return None


def _falling(record: RunRecord, read: _Reader) -> Alarm | None:
    scores = read.values.get("eval/acc", np.empty(0))
    if len(scores) > 10 and np.median(scores[-5:]) < scores.max() - 0.1:
        return Alarm(
            level="notice",
            text=f"**ACC has fallen** from {scores.max():.0%} to {np.median(scores[-5:]):.0%}: "
            f"{_remedy(record, 'falling')}",
        )
    return None
