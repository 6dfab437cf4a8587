"""What stands above a table in a text: comments, a title, how large it is, a second row of names."""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mmclust.data.readers import separators
from mmclust.data.readers.reading import Reading

MOST_BEFORE = 10
"""Lines that are no comments and may stand before a table."""
LOOKED_AT = 60
USUAL = 0.8
"""Share of rows that have as many cells as most."""
COUNTED = re.compile(r"[A-Za-z]{0,12}[-_. ]?\d+")
"""Names that count: S01, sample 2, 3."""
_TYPES = frozenset(
    ("", "c", "d", "s", "m", "i", "continuous", "discrete", "string", "class", "meta", "ignore", "basket")
)
"""What Orange writes below the names."""


@dataclass(frozen=True)
class Above:
    """What stands above a table."""

    skipped: tuple[int, ...]
    """The numbers of the lines that are not read."""
    names: tuple[str, ...] = ()
    """Names of the columns, where two rows give them: the group that a column is of, and its name in there."""
    groups: tuple[str, ...] = ()
    """A cell for each column, where a row below the names holds few words, each of them often: classes or units."""


GROUPS = "groups"
"""Under which a table keeps such a row among its attributes."""


def find(numbered: Sequence[tuple[int, str]], where: str, reading: Reading) -> Above:
    """The lines that are not read and the names that two rows give; `reading` is told what stood there.

    Args:
        numbered: lines that are not blank, with their numbers in the file.
        where: the file, for what is told.
        reading: takes down what is left out.
    """
    lines = [line for _, line in numbered]
    n_comments = _comments(lines)
    if n_comments:
        what = f"{n_comments} lines of comment in {where}" if n_comments > 1 else f"a comment in {where}"
        reading.leave_out(what, _comment_mark(lines[0]))
    n_before = _before(lines[n_comments:])
    if n_before:
        what = f"{n_before} lines" if n_before > 1 else "a line"
        reading.leave_out(f"{what} before the table in {where}", lines[n_comments].strip()[:40])
    start = n_comments + n_before
    skipped = [number for number, _ in numbered[:start]]
    if names := _grouped(lines[start : start + LOOKED_AT]):
        reading.tell("names of columns from two rows")
        return Above((*skipped, numbered[start][0]), names)
    groups: tuple[str, ...] = ()
    for place in _other_headers(lines[start : start + LOOKED_AT]):
        skipped.append(numbered[start + place][0])
        shown = lines[start + place].strip()[:40]
        if place == 1 and (groups := _repeated(lines[start : start + LOOKED_AT])):
            reading.tell(f"a row of words below the names in {where} ({shown})")
        else:
            reading.leave_out(f"another row of names in {where}", shown)
    return Above(tuple(skipped), groups=groups)


def _repeated(lines: Sequence[str]) -> tuple[str, ...]:
    """The cells of the second row where they are few words, each of which stands there often; else none."""
    separator = separators.of(list(lines))
    first, second = (_cells(line, separator) for line in lines[:2])
    counts = Counter(second[1:])
    are_classes = 1 < len(counts) <= len(second) / 3 and min(counts.values()) > 1 and "" not in counts
    return tuple(second) if are_classes and len(first) == len(second) and not set(counts) <= _TYPES else ()


def _grouped(lines: Sequence[str]) -> tuple[str, ...]:
    """Names of columns of which a first row names groups, each above the first column of it, and a second the members.

    So headers of merged cells are written. Empty where the rows are anything else.
    """
    if len(lines) < 4:
        return ()
    separator = separators.of(list(lines[1:]))
    first, second, *body = ([] if separator is None else _cells(line, separator) for line in lines)
    if len(first) != len(second) or len(first) < 3:
        return ()
    has_gap = any(first) and any(below and not above for above, below in zip(first[1:], second[1:], strict=True))
    are_words = not any(map(separators.reads_alone, filter(None, (*first, *second))))
    members = [place for place, cell in enumerate(second) if cell]
    numbers = [row[place] for row in body for place in members if place < len(row) and row[place]]
    if not (has_gap and are_words and 2 * len(members) > len(first) and len(numbers) > len(body)):
        return ()
    if any(not (above or below) for above, below in zip(first[1:], second[1:], strict=True)):
        return ()
    if sum(map(separators.reads_alone, numbers)) < USUAL * len(numbers) * (1 - 1 / len(members)):
        return ()
    names, group = [], ""
    for above, below in zip(first, second, strict=True):
        group = above or group
        names.append(f"{group} {below}".strip())
    return tuple(names) if len(set(names)) == len(names) else ()


def _comments(lines: Sequence[str]) -> int:
    """How many lines at the beginning say something of the table: they start with # or the like, and are no header."""
    count = 0
    while count < len(lines) - 1 and _comment_mark(lines[count]):
        marks = [max(",;\t|", key=line.count) for line in lines[count : count + 2]]
        if lines[count].count(marks[1]) == lines[count + 1].count(marks[1]) > 0:
            break
        count += 1
    return count


def _comment_mark(line: str) -> str:
    """What begins a line of comment; empty where it is none."""
    return next((mark for mark in ("#", "%", "//", "!") if line.lstrip().startswith(mark)), "")


def _before(lines: Sequence[str]) -> int:
    """How many lines stand before the table: they have far fewer cells than nearly all that follow."""
    for start in range(min(MOST_BEFORE, len(lines) - 3)):
        rows = list(lines[start : start + LOOKED_AT])
        separator = separators.of(rows)
        widths = [_width(row, separator) for row in rows]
        usual, count = Counter(widths).most_common(1)[0]
        if usual > 1 and count >= USUAL * len(rows) and widths[0] >= usual - 1:
            return start
        if widths[0] >= usual > 1:
            return 0  # a row that is too long is none of a preamble
    return 0


def _width(line: str, separator: str | None) -> int:
    """How many cells a line has; one where the others are empty, as spreadsheets write a line of text."""
    cells = _cells(line, separator)
    return len(cells) if any(cells[1:]) else 1


def _cells(line: str, separator: str | None) -> list[str]:
    """The cells of a line; marks within quotes part none."""
    if separator is None or '"' not in line:
        return separators.cells_of(line, separator)
    try:
        row = next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    except csv.Error:
        return separators.cells_of(line, separator)
    return [cell.strip() for cell in row]


def _other_headers(lines: Sequence[str]) -> list[int]:
    """Places of rows of names beside the one that is taken: of two, the one that merely counts is left out."""
    if len(lines) < 6:
        return []
    separator = separators.of(list(lines))
    rows = [separators.cells_of(line, separator) for line in lines]
    body = rows[3:]
    numeric = [
        i
        for i in range(len(rows[0]))
        if sum(i < len(row) and separators.reads_alone(row[i]) for row in body) >= USUAL * len(body)
    ]
    if len(numeric) < 2:
        return []
    heads = []
    for place, row in enumerate(rows[:3]):
        found = [row[i] for i in numeric if i < len(row)]
        names = [cell for cell in found if cell and not separators.reads_alone(cell)]
        is_of_types = set(map(str.lower, row)) <= _TYPES
        if len(names) < len([cell for cell in found if cell]) or (2 * len(names) < len(numeric) and not is_of_types):
            break
        heads.append(place)
    if len(heads) < 2:
        return []
    named, below = [cell for cell in rows[0] if cell], [cell for cell in rows[1] if cell]
    if (
        len(heads) == 2
        and len(set(below)) == len(below)
        and sum(bool(COUNTED.fullmatch(cell)) for cell in named) >= USUAL * (len(named) - 1)
    ):
        return [0]
    return heads[1:]
