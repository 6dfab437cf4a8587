"""Rows that are no samples, and words among numbers: totals below a table, headers that come again, remarks."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from mmclust.data.readers import cells, delimited, words
from mmclust.data.readers.reading import SHOWN, Reading, listed

if TYPE_CHECKING:
    import pandas as pd

MISSING, REFUSE = "missing numbers", "read nothing"
SUMS = frozenset(
    (
        *("total", "totals", "grandtotal", "subtotal", "sum", "mean", "average", "avg", "median", "min", "max", "std"),
        *("stdev", "count", "summe", "gesamt", "mittelwert", "moyenne", "overall"),
    )
)
"""What stands before the sums of a table."""
MOST_SUMS = 6
"""Rows below a table that may be no samples."""


def samples(frame: "pd.DataFrame", where: str, reading: Reading) -> np.ndarray | None:
    """Which rows (N,) of a table with names are samples, neither its header again nor sums below it; None for all.

    Args:
        frame: the table.
        where: its file, for what `reading` is told.
        reading: takes down which rows are left out.
    """
    spoken = [place for place, kind in enumerate(frame.dtypes) if kind.kind == "O" and _is_spoken(frame.iloc[:, place])]
    if not spoken or len(frame) < MIN_ROWS:
        return None
    columns = [cells.values(frame.iloc[:, place]) for place in spoken]
    titles = [str(frame.columns[place]) for place in spoken]
    n_alike = np.sum([column == title for title, column in zip(titles, columns, strict=True)], axis=0)
    is_header = np.asarray(n_alike > len(spoken) / 2)
    below = _below(frame, columns)
    drop = is_header.copy()
    drop[len(frame) - len(below) :] = True
    if not drop.any() or drop.sum() > MOST_DROPPED * len(frame):
        return None
    if n_headers := int(is_header.sum()):
        what = f"{n_headers:,} rows" if n_headers > 1 else "a row"
        reading.leave_out(f"{what} of {where}", "the names of the columns again")
    if below:
        what = f"{len(below)} rows" if len(below) > 1 else "a row"
        reading.leave_out(f"{what} below the table in {where}", cells.shown(below[-1]))
    return ~drop


MOST_DROPPED, MIN_ROWS = 0.2, 5


def _is_spoken(column: "pd.Series") -> bool:
    """Whether a column holds words, not lists or files."""
    place = column.first_valid_index()
    return place is not None and isinstance(column[place], str)


def _below(frame: "pd.DataFrame", columns: list[np.ndarray]) -> list[str]:
    """What the last rows say that are no samples, the last one first: they hold sums, or a remark alone."""
    said: list[str] = []
    above = len(frame) - MOST_SUMS
    for row in range(len(frame) - 1, max(1, above - 1), -1):
        filled = [column[row] for column in columns if isinstance(column[row], str) and column[row].strip()]
        is_alone = len(frame.columns) > 2 and len(filled) == 1 and int(frame.iloc[row].notna().sum()) == 1
        sums = [column[row] for column in columns if _says_sum(column[row]) and column[row] not in column[:above]]
        if not sums and not (is_alone and " " in filled[0].strip()):
            break
        said.append((sums or filled)[0].strip())
    return said


def _says_sum(value: object) -> bool:
    return isinstance(value, str) and words.plain(value.strip().rstrip(":")) in SUMS


def as_missing(found: Mapping[str, np.ndarray], where: str, reading: Reading) -> dict[str, np.ndarray]:
    """The columns of numbers in which some words stand, with missing numbers in their place, by name.

    Raises:
        ValueError: somebody wants nothing read then.
    """
    strange: dict[str, np.ndarray] = {}
    for name, values in found.items():
        if values.dtype == object and cells.is_number(values):
            is_word = np.array([_is_word(value) for value in values], bool)
            if is_word.any():
                strange[name] = is_word
    if not strange:
        return {}
    first = next(iter(strange))
    row = int(strange[first].argmax())
    said = cells.shown(str(found[first][row]).strip())
    n_words = sum(int(is_word.sum()) for is_word in strange.values())
    stand = "1 cell among numbers holds a word" if n_words == 1 else f"{n_words:,} cells among numbers hold words"
    text = f"{stand}, such as {said} in row {row + 1} of {cells.shown(first)}. They may stand for missing numbers."
    if reading.ask("words among numbers", text, (MISSING, REFUSE), MISSING) == REFUSE:
        raise ValueError(
            f"{where} is not a table of numbers (row {row + 1} of {cells.shown(first)} holds {said}); mend the file"
        )
    reading.tell(f"words among the numbers of {listed(list(strange))} taken for missing ones: {_some(found, strange)}")
    return {
        name: np.array([None if out else value for out, value in zip(is_word, found[name], strict=True)], object)
        for name, is_word in strange.items()
    }


def _some(found: Mapping[str, np.ndarray], strange: Mapping[str, np.ndarray]) -> str:
    """The words, each once."""
    every = {str(value).strip()[:30]: None for name, is_word in strange.items() for value in found[name][is_word]}
    return ", ".join(cells.shown(word) for word in list(every)[:SHOWN])


def _is_word(value: object) -> bool:
    if cells.is_blank(value) or (isinstance(value, str) and value.strip() in delimited.MISSING):
        return False
    return isinstance(value, cells.NESTED) or not delimited.is_number(str(value))
