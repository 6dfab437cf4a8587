"""What a lesson is made of: a question, something to look at, a prediction, what the runs say, and what to keep."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from mmclust.sweeps.results import SeedSummary

Findings = TypeVar("Findings")

NEAR = 0.1
"""A prediction is close when it misses by at most this part of what could be chosen."""


@dataclass(frozen=True, kw_only=True)
class Guess:
    """What is to be foretold before the result is shown: one of some options, or a number."""

    question: str
    answer: float | str
    """What the runs say, in the unit of the slider, or the key of an option."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Key -> words; empty where a number is asked for."""
    low: float = 0
    high: float = 100
    step: float = 1
    unit: str = "%"

    def spoken(self, value: float | str) -> str:
        """A prediction or the answer in words."""
        if isinstance(value, str):
            return self.options[value]
        return f"{value:.0f} {self.unit}" if self.step >= 1 else f"{value:.1f} {self.unit}"

    def read(self, text: str) -> float | str | None:
        """A prediction from an address; None where it is no possible one."""
        if self.options:
            return text if text in self.options else None
        try:
            value = float(text)
        except ValueError:
            return None
        return value if self.low <= value <= self.high else None

    def verdict(self, given: float | str) -> str:
        """How a prediction compares with what the runs say, in one sentence."""
        said, truth = self.spoken(given), self.spoken(self.answer)
        if isinstance(given, str) or isinstance(self.answer, str):
            if given == self.answer:
                return f"You said **{said}**, and the runs agree."
            return f"You said **{said}**; the runs say **{truth}**."
        off = given - self.answer
        if abs(off) <= NEAR * (self.high - self.low):
            return f"You said **{said}**, the runs say **{truth}**: close."
        side = "more" if off > 0 else "less"
        return f"You said **{said}**, the runs say **{truth}**: you expected {side}."


@dataclass(frozen=True, kw_only=True)
class Link:
    """A page of the app on a run of the lesson."""

    page: str
    """Its file, e.g. `map.py`."""
    words: str
    run: str


@dataclass(frozen=True, kw_only=True)
class Lesson(Generic[Findings]):
    """A lesson with everything it says; texts are Markdown."""

    question: str
    look: str
    guess: Guess
    reveal: str
    """What the runs say to the prediction's question."""
    beyond: str
    """One step further."""
    takeaway: str
    links: Sequence[Link]
    form: Mapping[str, str]
    """Settings of the Train page to try it oneself."""
    found: Findings
    """What was measured, for the pictures."""


ENOUGH = 3
"""Runs of either setting from which on a difference is spoken of: the deviation of two is a guess."""
HIGHER, SAME, LOWER, FEW = "higher", "same", "lower", "few"


def difference(left: SeedSummary, right: SeedSummary) -> str:
    """Whether the mean of `left` is higher or lower than that of `right`, or no different as far as the seeds can tell.

    The difference has to be larger than twice its standard error, the root of the sum of both variances over n;
    fewer than three runs of either tell nothing.
    """
    if min(left.n, right.n) < ENOUGH:
        return FEW
    variances = [(summary.deviation or 0.0) ** 2 / summary.n for summary in (left, right)]
    gap = left.mean - right.mean
    if abs(gap) <= 2 * sum(variances) ** 0.5:
        return SAME
    return HIGHER if gap > 0 else LOWER


def percent(summary: SeedSummary) -> str:
    """A share over seeds as 94.5 ± 0.6 %, without deviation for a single one."""
    if summary.deviation is None:
        return f"{100 * summary.mean:.1f} %"
    return f"{100 * summary.mean:.1f} ± {100 * summary.deviation:.1f} %"


def n_seeds(left: SeedSummary, right: SeedSummary) -> str:
    """How many seeds two summaries are of, in words."""
    if left.n == right.n:
        return f"{left.n} seed{'s' if left.n > 1 else ''} each"
    return f"{left.n} and {right.n} seeds"
