"""Columns of amounts: money, shares in percent, thousands that are parted, decimal commas.

A column is read as its own cells say. Where these leave two readings, such as 1,234, or where decimal commas stand
beside columns with decimal points, it is asked, and the guess is what the rest of the table does.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mmclust.data.readers import cells, delimited
from mmclust.data.readers.reading import SHOWN, Reading, listed
from mmclust.data.readers.separators import Written

COMMAS, POINTS, WORDS = "decimal commas", "decimal points", "words"
COMMAS_BETWEEN, POINTS_BETWEEN = "commas between thousands", "points between thousands"
_MARKED = re.compile(
    r"\(?[-+−]?\s*(?P<before>[$€£¥₹₩]|USD|EUR|GBP|CHF|R\$)?\s*[-+−]?(?P<number>\d{1,3}(,\d{3})+|\d+)(?P<rest>\.\d+)?"
    r"\s*(?P<after>[%‰$€£¥₹₩°]|[A-Za-zµμΩ°Å][A-Za-zµμΩ²³/^0-9]{0,7})?\)?"
)
"""An amount of money, a share in percent, a number with its unit, or one whose thousands commas part."""
_EUROPEAN = re.compile(
    r"[-+−]?\s*(?P<before>[€£$]|CHF|EUR)?\s*(?P<number>\d{1,3}([.'’ \u00a0\u202f]\d{3})+|\d*)(,(?P<rest>\d+))?"
    r"(?P<power>[eE][-+]?\d+)?\s*(?P<after>%|[€£$]|CHF|EUR|kr)?"
)
"""The same with a decimal comma, its thousands parted by points, spaces or apostrophes."""
_STARTS_WITH_ZERO = re.compile(r"\D*0\d*,\d")
_Matches = list[re.Match[str] | None]


@dataclass(frozen=True)
class _Column:
    """The readings (N,) that the cells of a column allow; None for one that they do not."""

    american: np.ndarray | None
    european: np.ndarray | None
    example: str
    row: int
    """Where the example stands."""
    is_sure: bool
    """Whether some cell bears more than digits and one comma, such as a currency."""


def numbers(found: Mapping[str, np.ndarray], written: Written, reading: Reading) -> dict[str, np.ndarray]:
    """The columns of amounts such as `$1,200.50`, `12.5%`, `1.200,50 €` or `19,23` as numbers (N,), by name.

    Args:
        found: columns (N,) by name, all of the table.
        written: how the text of the table writes numbers.
        reading: is told of marks, and answers what has two readings.
    """
    pointed = {name for place, name in enumerate(found) if place in written.pointed}
    columns = {name: one for name, values in found.items() if (one := _column(values, name in pointed)) is not None}
    american = [name for name, one in columns.items() if one.european is None]
    european = [name for name, one in columns.items() if one.american is None]
    doubtful = [name for name in columns if name not in american and name not in european]
    if not columns:
        return {}
    has_points = written.points or (not written.commas and any(map(_has_fractions, found.values())))
    has_commas = written.commas or bool(european)
    if american:
        reading.tell(f"marks such as % and $ removed in {listed(american)}")
    unlike = [name for name in european if has_points and not columns[name].is_sure]
    if alike := [name for name in european if name not in unlike]:
        reading.tell(f"decimal commas in {listed(alike)}")
    why = "stand beside numbers with decimal points"
    if unlike and _ask("commas", unlike, columns, why, (COMMAS, WORDS), COMMAS, reading) == WORDS:
        columns = {name: one for name, one in columns.items() if name not in unlike}
    turned = {
        *_europeans("thousands", [name for name in doubtful if name not in pointed], columns, has_commas, reading),
        *_europeans("points", [name for name in doubtful if name in pointed], columns, True, reading),
    }
    made = {}
    for name, one in columns.items():
        values = one.european if name in turned or one.american is None else one.american
        if values is not None:
            made[name] = values
    for name in [name for name in (*unlike, *doubtful) if name in made][:SHOWN]:
        reading.tell(f"{columns[name].example} in {cells.shown(name)} is {made[name][columns[name].row]:g}")
    return made


def _europeans(
    question: str, names: Sequence[str], columns: Mapping[str, _Column], likely: bool, reading: Reading
) -> Sequence[str]:
    """Which of some columns of two readings are written the European way: all of them, or none."""
    if not names:
        return ()
    american, european = (POINTS, POINTS_BETWEEN) if question == "points" else (COMMAS_BETWEEN, COMMAS)
    guess = european if likely else american
    answer = _ask(question, names, columns, "can be read in two ways", (american, european), guess, reading)
    return names if answer == european else ()


def _ask(
    question: str,
    names: Sequence[str],
    columns: Mapping[str, _Column],
    why: str,
    options: Sequence[str],
    guess: str,
    reading: Reading,
) -> str:
    mark = "points" if question == "points" else "commas"
    text = f"Cells such as {columns[names[0]].example} in {listed(names)} {why}. What are the {mark} in them?"
    return reading.ask(question, text, options, guess)


def _column(found: np.ndarray, is_pointed: bool) -> _Column | None:
    """What a column (N,) of words can be read as, where each of its cells is an amount and some is no plain number."""
    if found.dtype != object:
        return None
    plain, other = (_matches(found, pattern, is_pointed) for pattern in (_MARKED, _EUROPEAN))
    if plain is not None and other is not None and any(match and _STARTS_WITH_ZERO.match(match[0]) for match in plain):
        plain = None  # 0,125 parts no thousands
    american, european = (None if one is None else np.array(list(map(_amount, one))) for one in (plain, other))
    if american is None and european is None:
        return None
    if american is not None and european is not None and np.array_equal(american, european, equal_nan=True):
        european = None
    there = {row: match for row, match in enumerate(plain or other or ()) if match}
    row = next((row for row, match in there.items() if re.search(r"[.,]\d", match[0])), next(iter(there)))
    is_sure = any(match["before"] or match["after"] or re.search(r"\D", match["number"]) for match in there.values())
    return _Column(american, european, cells.shown(there[row][0]), row, is_sure)


def _matches(found: np.ndarray, pattern: re.Pattern[str], is_pointed: bool) -> _Matches | None:
    """What a pattern finds in each cell (N,), None in empty ones; None where that says nothing of the column.

    Some cell has to be no plain number, and marks are of one kind: 12 % among prices would be another quantity.
    """
    matches: _Matches = []
    for value in found:
        if cells.is_blank(value) or (isinstance(value, str) and value.strip() in delimited.MISSING):
            matches.append(None)
        elif isinstance(value, str) and (match := pattern.fullmatch(value.strip())) and re.search(r"\d", value):
            matches.append(match)
        else:
            return None
    there = [match for match in matches if match]
    marks = {match["before"] or match["after"] for match in there} - {None}
    says = len(marks) <= 1 and (is_pointed or not all(delimited.is_number(match[0]) for match in there))
    return matches if there and says else None


def _amount(match: re.Match[str] | None) -> float:
    if match is None:
        return np.nan
    power = match.groupdict().get("power") or ""
    number = float(f"0{re.sub(r'[^0-9]', '', match['number'])}.{(match['rest'] or '0').lstrip('.')}{power}")
    sign = match[0].replace(power, "") if power else match[0]
    return -number if "-" in sign or "−" in sign or sign.startswith("(") else number


def _has_fractions(values: np.ndarray) -> bool:
    """Whether a column (N,) holds numbers with fractions, which have been read with a decimal point."""
    return values.dtype.kind == "f" and bool((values[np.isfinite(values)] % 1).any())
