"""Choosing among runs without labels: what a criterion would choose, beside what labels would have chosen.

Labels never take part in a choice; they only say afterwards what it was worth.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from scipy.stats import spearmanr


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """Something that can be known of a run without labels, and which end of it is good."""

    name: str
    """Short and unique."""
    title: str
    lowest: bool
    """Whether the run with the lowest value is chosen; otherwise that with the highest."""
    about: str
    """One or two sentences: what it is, and who chooses by it."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A run that could be chosen."""

    run_id: str
    group: Hashable
    """Runs are chosen among those of one group: the seeds of a setting, or all runs."""
    values: Mapping[str, float]
    """By the name of a criterion, as far as it is known."""
    metric: float | None
    """Agreement with the classes, such as ACC; None without labels."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What a criterion chooses, over all groups."""

    criterion: Criterion
    run_ids: tuple[str, ...]
    """The chosen run of each group that has one."""
    n_candidates: int
    """Runs that have a value."""
    metric: float | None
    """Mean of the chosen runs' metrics; None without labels."""
    average: float | None
    """Mean metric of all candidates, as a random choice would give."""
    oracle: float | None
    """Mean metric of each group's best candidate, which only labels can tell."""
    correlation: float | None
    """Spearman's rank correlation of goodness by the criterion and metric, mean over groups; None below three runs."""


def choices(candidates: Sequence[Candidate], criteria: Sequence[Criterion]) -> list[Choice]:
    """What each criterion chooses in each group; criteria without any value are left out."""
    found = []
    for criterion in criteria:
        groups: dict[Hashable, list[Candidate]] = {}
        for candidate in candidates:
            if np.isfinite(candidate.values.get(criterion.name, np.nan)):
                groups.setdefault(candidate.group, []).append(candidate)
        if groups:
            found.append(_choice(criterion, list(groups.values())))
    return found


def _choice(criterion: Criterion, groups: Sequence[Sequence[Candidate]]) -> Choice:
    sign = -1.0 if criterion.lowest else 1.0
    chosen = [max(group, key=lambda run: sign * run.values[criterion.name]) for group in groups]
    labelled = [group for group in groups if all(run.metric is not None for run in group)]
    metrics = [[run.metric for run in group if run.metric is not None] for group in labelled]
    correlations = [
        _correlation([sign * run.values[criterion.name] for run in group], own)
        for group, own in zip(labelled, metrics, strict=True)
    ]
    known = [correlation for correlation in correlations if correlation is not None]
    of_chosen = [run.metric for run in chosen if run.metric is not None]
    return Choice(
        criterion=criterion,
        run_ids=tuple(run.run_id for run in chosen),
        n_candidates=sum(map(len, groups)),
        metric=fmean(of_chosen) if of_chosen else None,
        average=fmean(map(fmean, metrics)) if metrics else None,
        oracle=fmean(map(max, metrics)) if metrics else None,
        correlation=fmean(known) if known else None,
    )


def _correlation(values: Sequence[float], metrics: Sequence[float]) -> float | None:
    """Spearman's; None below three runs, or where one side is constant."""
    if len(values) < 3 or len(set(values)) < 2 or len(set(metrics)) < 2:
        return None
    return float(np.asarray(spearmanr(values, metrics)[0]))
