"""Columns of words of a table: features where somebody wants them, else left out with the reason."""

from collections.abc import Mapping

import numpy as np

from mmclust.data.readers import cells, labels
from mmclust.data.readers.reading import Reading, listed

MOST_WORDS, MOST_ASKED = 50, 8
"""Words of a column that is offered, and columns that are asked about one by one."""


def features(
    spoken: Mapping[str, np.ndarray], reading: Reading, *, are_all: bool, are_offered: bool
) -> dict[str, np.ndarray]:
    """Columns of words that repeat as numbers (N,), 1 where the word of the column stands.

    Args:
        spoken: columns (N,) that are nothing else.
        reading: answers which are features, and is told of the others.
        are_all: whether the table holds nothing else, so that they are the features.
        are_offered: whether they stand beside features, and it is asked.
    """
    wanted = list(spoken) if are_all else _wanted(spoken, reading) if are_offered else []
    repeating = {name: values for name, values in spoken.items() if name in wanted and labels.few(values)}
    made = {
        f"{name}={word}": (values == word).astype(np.float64)
        for name, values in repeating.items()
        for word in sorted(set(values.tolist()) - {""})
    }
    if made:
        reading.tell(f"a column of 0 and 1 for each word of {listed(list(repeating))}")
    _tell_unused({name: values for name, values in spoken.items() if name not in repeating}, reading)
    return made


def _wanted(spoken: Mapping[str, np.ndarray], reading: Reading) -> list[str]:
    """Columns of few words, each often there, that somebody wants as features beside the numbers."""
    offered = {name: _each(values) for name, values in spoken.items() if labels.few(values)}
    offered = {name: found for name, found in offered.items() if len(found) <= MOST_WORDS}
    if len(offered) > MOST_ASKED:
        text = f"{listed(list(offered))} hold words that repeat. Are they features to cluster by?"
        answer = reading.ask("use of words", text, (labels.LEAVE_OUT, labels.FEATURE), labels.LEAVE_OUT)
        return list(offered) if answer == labels.FEATURE else []
    return [
        name
        for name, found in offered.items()
        if labels.use(name, reading, what=f"holds {len(found)} words: {listed(found)}") == labels.FEATURE
    ]


def _each(values: np.ndarray) -> list[str]:
    return [cells.shown(word) for word in sorted(set(values.tolist()) - {""})]


def _tell_unused(spoken: Mapping[str, np.ndarray], reading: Reading) -> None:
    """Say which columns of words are nothing of a sample, and why."""
    reasons: dict[str, list[str]] = {}
    for name, values in spoken.items():
        reasons.setdefault(_why_unused(values), []).append(name)
    for why, names in reasons.items():
        reading.leave_out(listed(names), why)


def _why_unused(values: np.ndarray) -> str:
    """Why a column of words (N,) is nothing of a sample."""
    n_distinct = len(set(values.tolist()))
    if not any(values):
        return "neither numbers nor words"
    if n_distinct == 1:
        return "the same in every row"
    if cells.are_dates(values):
        return "dates or times"
    return "another word in every row" if n_distinct == len(values) else "words"
