"""A result of several views in one word, with the reasons, before anybody looks at labels.

Shapes: V views.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

Word = Literal[
    "nothing found",
    "views disagree",
    "too small",
    "collapsed",
    "worse than a simple method",
    "as good as a simple method",
    "better than k-means",
    "better than simple methods",
]

FEWEST_PER_CLUSTER = 8
"""Samples in a cluster, on average, below which evidence says little."""
COLLAPSED_USE = 0.5
"""Entropy of cluster use over ln K below which most clusters are empty or tiny."""
UNRELATED_BEYOND_CHANCE = 1.5
"""Evidence over that of shuffled views, from which views belong together although pairs of them show it by nothing
else. On synthetic sets where little is shared it was 1.7 to 3.7, on small shuffled ones up to 1.2."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Where one word ends and the next begins; `benchmarks.verdicts` derives them from runs whose labels are known."""

    beyond_chance: float = 1.10
    """Evidence over that of shuffled views, below which nothing was found."""
    silent_view: float = 0.41
    """Agreement of the result with the clusters of the weakest view alone, over that with the strongest's, below which
    views say different things."""
    better: float = 1.02
    """Evidence over that of the best simple method, above which a result is better than it if noise is not more."""
    worse: float = 0.93
    """Likewise, below which it is worse. Not calibrated, as the runs hold no such result: a network may well find what
    a linear view of the data does not show, so that a little less evidence says nothing."""


LIMITS = Limits()
IMAGE_LIMITS = Limits(beyond_chance=0.84, better=1.0, worse=0.85)
"""Shuffling pixels and edges breaks what every image shares with itself, so that chance is little less than what
images without classes show; `benchmarks.image_verdicts` derives the first limit."""
IMAGE_BASELINE = "k-means on pixels"
"""The simple method that the evidence of pixels and edges can compare with. Among UMAP and mixtures and networks that
began with one, evidence and accuracy are unrelated (rank correlation -0.2 in 45 results on 15 sets)."""


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
    alone: Sequence[float]
    """Adjusted mutual information of the result and the clusters that k-means finds in each view alone."""
    chance: float
    """Evidence that clusterings of shuffled views reach."""
    simple: Mapping[str, float]
    """Evidence of simple methods on the same preparation, by their titles."""
    noise: float
    """Standard error of the evidence less that of the simple method it is compared with (`baseline`); 0 without any."""
    use: float
    """Entropy of cluster use over ln K."""
    views: Sequence[str]
    """Names of the views."""
    related: Sequence[bool]
    """Which of them have more to do with any other one than chance."""
    copies: Mapping[str, str] = field(default_factory=dict)
    """Views that repeat an earlier one, and which."""
    of_images: bool = False
    """Whether the views are pixels and edges of the same images. One of them may rightly tell nothing of the clusters,
    as pixels of letters do, and their rows belong together."""


def verdict(seen: Measured, limits: Limits | None = None) -> Verdict:
    """The word and its reasons, the first rule that holds decides; views that are the same are named whatever it is."""
    found = _decided(seen, limits or (IMAGE_LIMITS if seen.of_images else LIMITS))
    same = tuple(
        f"{first} and {copy} are the same, so that their agreement says nothing." for copy, first in seen.copies.items()
    )
    return replace(found, reasons=(*found.reasons, *same))


def _decided(seen: Measured, limits: Limits) -> Verdict:
    unrelated = [name for name, related in zip(seen.views, seen.related, strict=True) if not related]
    if seen.use < COLLAPSED_USE:
        return Verdict(word="collapsed", reasons=(f"Cluster use is {seen.use:.2f} of an even one.", *_about(unrelated)))
    if len(unrelated) == len(seen.views) and seen.evidence >= UNRELATED_BEYOND_CHANCE * seen.chance:
        unrelated = []  # what each view alone says of the clusters is the stronger sign
    if seen.n_samples < FEWEST_PER_CLUSTER * seen.n_clusters:
        text = f"{seen.n_samples} samples are fewer than {FEWEST_PER_CLUSTER} for each of {seen.n_clusters} clusters."
        return Verdict(word="too small", reasons=(text,))
    if unrelated and len(unrelated) == len(seen.views) > 1:
        text = "The rows of these views do not seem to belong together: no two views have more in common than chance."
        return Verdict(word="nothing found", reasons=(text,))
    beyond = f"Evidence is {seen.evidence:.2f}; clusterings of shuffled views reach {seen.chance:.2f}."
    if seen.evidence < limits.beyond_chance * seen.chance:
        return Verdict(word="nothing found", reasons=(beyond, *_about(unrelated)))
    best, low = max(seen.alone), min(seen.alone)
    compared = _compared(seen, limits)
    if seen.of_images:
        return replace(compared, reasons=(*compared.reasons, beyond, *_others(seen)))
    if unrelated or low < limits.silent_view * best:
        strongest, weakest = (seen.views[seen.alone.index(value)] for value in (best, low))
        text = (
            f"Clusters of {strongest} alone agree with the result by {best:.2f}, those of {weakest} alone by {low:.2f}."
        )
        return Verdict(word="views disagree", reasons=(*_about(unrelated), text, *compared.reasons, beyond))
    return replace(compared, reasons=(*compared.reasons, beyond))


def _compared(seen: Measured, limits: Limits) -> Verdict:
    """The result beside simple methods; without any it is not better than one."""
    if not seen.simple:
        return Verdict(word="as good as a simple method", reasons=("No simple method was run beside it.",))
    name = baseline(seen.simple, of_images=seen.of_images)
    which = name if seen.of_images else f"The best simple method, {name},"
    text = f"{which} has evidence {seen.simple[name]:.2f}; this result has {seen.evidence:.2f}."
    text = text[0].upper() + text[1:]
    ahead = seen.evidence - seen.simple[name]
    if ahead > (limits.better - 1) * seen.simple[name]:
        if ahead > seen.noise:
            return Verdict(
                word="better than k-means" if name == IMAGE_BASELINE else "better than simple methods", reasons=(text,)
            )
        unsure = f"With other samples the difference could be {seen.noise:.2f} more or less."
        return Verdict(word="as good as a simple method", reasons=(text, unsure))
    is_worse = seen.evidence < limits.worse * seen.simple[name]
    return Verdict(word="worse than a simple method" if is_worse else "as good as a simple method", reasons=(text,))


def baseline(simple: Mapping[str, float], *, of_images: bool) -> str:
    """Title of the simple method that a result is compared with, of the evidence of each; empty without any."""
    if of_images and IMAGE_BASELINE in simple:
        return IMAGE_BASELINE
    return max(simple, key=simple.__getitem__, default="")


def _others(seen: Measured) -> tuple[str, ...]:
    """What cannot be told of other simple clusterings of images."""
    others = [name for name in seen.simple if name != IMAGE_BASELINE]
    if not others:
        return ()
    return (f"Nothing without labels tells whether it is better or worse than {' or '.join(others)}; look at both.",)


def _about(unrelated: Sequence[str]) -> tuple[str, ...]:
    """A sentence on views that share no neighbours with others; none where all do."""
    if not unrelated:
        return ()
    return (
        f"{', '.join(unrelated)} has no more in common with the other views than chance, and no say in start and "
        "evidence; try without it.",
    )
