"""A result of several views in one word, with the reasons, before anybody looks at labels.

Shapes: V views.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Word = Literal[
    "nothing found",
    "views disagree",
    "too small",
    "collapsed",
    "as good as a simple method",
    "better than simple methods",
]

BEYOND_CHANCE = 1.1
"""Evidence over that of shuffled views, below which nothing was found."""
TIED = 0.01
"""Difference of evidence within which two results are alike."""
FEWEST_PER_CLUSTER = 8
"""Samples in a cluster, on average, below which evidence says little."""
COLLAPSED_USE = 0.5
"""Entropy of cluster use over ln K below which most clusters are empty or tiny."""
SILENT_VIEW = 0.1
"""Fraction of the best view's evidence below which a view says something else."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a result is worth, as far as labels are not needed for it."""

    word: Word
    reasons: tuple[str, ...]
    """One or more sentences, the decisive one first."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What is known of a result without labels."""

    n_samples: int
    n_clusters: int
    evidence: float
    """Of the result (see `mmclust.auto.evidence`)."""
    evidence_by_view: Sequence[float]
    chance: float
    """Evidence that clusterings of shuffled views reach."""
    simple: Mapping[str, float]
    """Evidence of simple methods on the same preparation, by their titles."""
    use: float
    """Entropy of cluster use over ln K."""
    views: Sequence[str]
    """Names of the views."""
    related: Sequence[bool]
    """Which of them share neighbours with any other."""


def verdict(seen: Measured) -> Verdict:
    """The word and its reasons; the first rule that holds decides."""
    unrelated = [name for name, related in zip(seen.views, seen.related, strict=True) if not related]
    if seen.use < COLLAPSED_USE:
        return Verdict(word="collapsed", reasons=(f"Cluster use is {seen.use:.2f} of an even one.", *_about(unrelated)))
    if len(unrelated) == len(seen.views) and len(seen.views) > 1:
        text = "The rows of these views do not seem to belong together: no two views share more neighbours than chance."
        return Verdict(word="nothing found", reasons=(text,))
    if seen.n_samples < FEWEST_PER_CLUSTER * seen.n_clusters:
        text = f"{seen.n_samples} samples are fewer than {FEWEST_PER_CLUSTER} for each of {seen.n_clusters} clusters."
        return Verdict(word="too small", reasons=(text,))
    beyond = f"Evidence is {seen.evidence:.2f}; clusterings of shuffled views reach {seen.chance:.2f}."
    if seen.evidence < BEYOND_CHANCE * seen.chance:
        return Verdict(word="nothing found", reasons=(beyond, *_about(unrelated)))
    best, low = max(seen.evidence_by_view), min(seen.evidence_by_view)
    if low < SILENT_VIEW * best:
        text = f"One view predicts the clusters with {best:.2f}, another with {low:.2f}."
        return Verdict(word="views disagree", reasons=(text, beyond, *_about(unrelated)))
    return _compared(seen, (beyond, *_about(unrelated)))


def _compared(seen: Measured, more: tuple[str, ...]) -> Verdict:
    if not seen.simple:
        return Verdict(word="better than simple methods", reasons=more)
    name = max(seen.simple, key=lambda key: seen.simple[key])
    text = f"The best simple method, {name}, has evidence {seen.simple[name]:.2f}; this result has {seen.evidence:.2f}."
    better = seen.evidence > seen.simple[name] + TIED
    word: Word = "better than simple methods" if better else "as good as a simple method"
    return Verdict(word=word, reasons=(text, *more))


def _about(unrelated: Sequence[str]) -> tuple[str, ...]:
    """A sentence on views that share no neighbours with others; none where all do."""
    if not unrelated:
        return ()
    return (f"{', '.join(unrelated)} shares no more neighbours with the other views than chance; try without it.",)
