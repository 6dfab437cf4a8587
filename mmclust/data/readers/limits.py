"""Columns of measured numbers, some of which were below or above what can be measured: <0.05, ND."""

import re
from collections.abc import Mapping

import numpy as np

from mmclust.data.readers import cells, delimited
from mmclust.data.readers.reading import Reading, listed

HALF, LIMIT, MISSING = "half the limit", "the limit", "missing"


def numbers(found: Mapping[str, np.ndarray], reading: Reading) -> dict[str, np.ndarray]:
    """The columns with cells such as `<0.05` or ND as numbers, whatever such a cell is said to stand for."""
    limited = {name: _of_column(values) for name, values in found.items()}
    known = {name: values for name, values in limited.items() if values is not None}
    if not known:
        return {}
    n_limits = sum(int((sides != 0).sum()) for _, sides in known.values())
    answer = MISSING
    if n_limits:
        text = (
            f"{n_limits:,} cells of {listed(list(known))} give a limit, such as <0.05, in place of a number. What lies "
            "below one may be set to half of it; what lies above one to the limit."
        )
        answer = reading.ask("limits", text, (HALF, LIMIT, MISSING), HALF)
    else:
        reading.tell(f"words such as ND stand for a missing value in {listed(list(known))}")
    made = {}
    for name, (numbers, sides) in known.items():
        below = {HALF: numbers / 2, LIMIT: numbers, MISSING: np.full(len(numbers), np.nan)}[answer]
        above = np.full(len(numbers), np.nan) if answer == MISSING else numbers
        made[name] = np.where(sides < 0, below, np.where(sides > 0, above, numbers))
    return made


_LIMIT = re.compile(r"(?P<side>[<>≤≥])=?\s*(?P<number>\d+([.,]\d+)?([eE][-+]?\d+)?)")
"""A number that was not measured, but lies below or above what can be."""


BELOW = frozenset(
    (
        *(
            "<lod",
            "<loq",
            "<lloq",
            "<mdl",
            "<dl",
            ">uloq",
            "lod",
            "loq",
            "lloq",
            "bdl",
            "bql",
            "blq",
            "nd",
            "n.d.",
            "n.d",
        ),
        *("<ld", "<lq", "not detected", "below detection", "below detection limit", "tr", "trace", "ns", "n.s."),
    )
)
"""Words for what could not be measured."""


def _of_column(found: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """A column with cells such as `<0.05` among numbers: numbers (N,), NaN for words such as ND, and sides (N,).

    Sides are -1 where a number stands for all below it, 1 for all above it, else 0. None for any other column.
    """
    if found.dtype != object or not len(found):
        return None
    numbers, sides = np.full(len(found), np.nan), np.zeros(len(found), np.int8)
    n_limits = n_words = 0
    for row, value in enumerate(found):
        if isinstance(value, cells.NESTED):
            return None
        text = value.strip() if isinstance(value, str) else value
        if cells.is_blank(value) or text in delimited.MISSING:
            continue
        if isinstance(text, str) and text.lower() in BELOW:
            n_words += 1
        elif isinstance(text, str) and (match := _LIMIT.fullmatch(text)):
            numbers[row] = float(match["number"].replace(",", "."))
            sides[row] = -1 if match["side"] in "<≤" else 1
            n_limits += 1
        elif not delimited.is_number(str(text).replace(",", ".", 1)):
            return None
        else:
            numbers[row] = float(str(text).replace(",", ".", 1))
    measured = int(np.isfinite(numbers).sum()) - n_limits
    return (numbers, sides) if n_limits + n_words and measured > n_words else None
