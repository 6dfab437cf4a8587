"""ARFF's sparse rows, `{1 0.5, 3 red}`: a number of a column and what stands in it, for all that is not 0."""

import csv
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mmclust.data.readers import delimited

if TYPE_CHECKING:
    import pandas as pd

_NOMINAL = re.compile(r"\{(.*)\}\s*", re.DOTALL)


def rows(body: str, kinds: Sequence[str], columns: Sequence[str], where: str) -> "pd.DataFrame":
    """Sparse rows as a table: what is not written is 0, of words the first that is declared.

    Args:
        body: the rows, one a line.
        kinds: what is declared of each column, such as `numeric` or `{a, b}`.
        columns: their names.
        where: the file, for messages.

    Raises:
        ValueError: a row of another form, or too much.
    """
    import pandas as pd

    lines = [line for line in body.splitlines() if line.strip() and not line.lstrip().startswith("%")]
    if len(lines) * len(columns) > delimited.MAX_CELLS:
        raise ValueError(f"{where} has {len(lines):,} rows of {len(columns):,} columns, which is too much")
    names = [_words(kind) for kind in kinds]
    found = {
        number: np.zeros(len(lines)) if not spoken else np.full(len(lines), spoken[0], object)
        for number, spoken in enumerate(names)
    }
    for row, line in enumerate(lines):
        for number, value in _cells(line, len(columns), where, row + 1):
            found[number][row] = (
                _number(value, where, row + 1) if not names[number] else value if value != "?" else None
            )
    return pd.DataFrame({number: found[number] for number in found}).set_axis(list(columns), axis=1)


def _words(kind: str) -> list[str]:
    """The words that a column may hold; none where it holds numbers."""
    match = _NOMINAL.fullmatch(kind.strip())
    if match is None:
        return []
    return [word.strip() for word in next(csv.reader([match[1]], quotechar="'", skipinitialspace=True), [])]


def _cells(line: str, n_columns: int, where: str, row: int) -> list[tuple[int, str]]:
    """Number of a column and what stands in it, of one row."""
    text = line.strip()
    if not (text.startswith("{") and text.endswith("}")):
        raise ValueError(f"row {row} of {where} is not in braces as the first is; write it again")
    found = []
    for part in re.findall(r"(?:'(?:[^'\\]|\\.)*'|[^,'])+", text[1:-1]):
        number, _, value = part.strip().partition(" ")
        if not part.strip():
            continue
        if not (number.isascii() and number.isdecimal() and len(number) < 10 and int(number) < n_columns and value):
            raise ValueError(
                f"row {row} of {where} has a cell that names no column ({part.strip()[:40]}); write it again"
            )
        found.append((int(number), value.strip().strip("'")))
    return found


def _number(value: str, where: str, row: int) -> float:
    try:
        return np.nan if value == "?" else float(value)
    except ValueError:
        raise ValueError(f"row {row} of {where} holds {value[:40]} where a number stands; write it again") from None
