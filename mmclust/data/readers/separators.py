"""What parts the columns of a text, and which comma is decimal: told from all rows of its beginning, never from one."""

import re
from dataclasses import dataclass

COMMA = re.compile(r"[+-]?\d*,\d+(e[+-]?\d+)?", re.IGNORECASE)
"""A number with a decimal comma."""
POINT = re.compile(r"[+-]?(\d+\.\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
"""A number with a decimal point."""
_THOUSANDS = re.compile(r"[+-]?[1-9]\d?\d?,\d{3}")
"""A number whose comma may as well part its thousands."""
_POINTED = re.compile(r"[+-]?[1-9]\d?\d?\.\d{3}")
"""The same with a point."""
_GROUP = re.compile(r"0\d\d,")
"""The last thousand of a number whose thousands a space parts."""
BESIDE_COMMAS: tuple[str | None, ...] = (";", "\t", None)
"""What parts columns where commas are decimal; None for spaces."""
SPACED_NUMBERS = 0.6
"""Share of numbers among cells that runs of spaces part."""
_SPACED = re.compile(r'"[^"]*"|\S+')


@dataclass(frozen=True, kw_only=True)
class Written:
    """How the text of a table writes its numbers, as far as it says; a frame has it in its `attrs` under `WRITTEN`."""

    commas: bool = False
    """Whether commas are decimal, and no point is."""
    doubtful: bool = False
    """Whether each of these commas may as well part thousands."""
    points: bool = False
    """Whether some numbers have a decimal point."""
    quote: str = '"'
    """What stands around words."""
    pointed: frozenset[int] = frozenset()
    """Columns, by their places, whose points, as in 1.234, may part thousands; these are kept as words."""

    @property
    def has_comma(self) -> bool:
        """Whether all commas are surely decimal."""
        return self.commas and not self.doubtful

    def __deepcopy__(self, memo: object) -> "Written":
        return self  # pandas copies what a frame has beside it with every column that is taken


WRITTEN = "written"


def written(lines: list[str], separator: str | None) -> Written:
    """How the lines of a table write numbers."""
    if separator not in BESIDE_COMMAS:
        points = any(POINT.fullmatch(cell) for line in lines for cell in cells_of(line, separator))
        return Written(points=points, quote=_quote(lines, separator))
    rows = [cells_of(line, separator) for line in lines]
    commas = [cell for row in rows for cell in row if COMMA.fullmatch(cell)]
    points = any(POINT.fullmatch(cell) for row in rows for cell in row)
    return Written(
        commas=bool(commas) and not points,
        doubtful=all(map(_THOUSANDS.fullmatch, commas)),
        points=points,
        quote=_quote(lines, separator),
        pointed=_pointed(rows) if commas and points else frozenset(),
    )


def of(lines: list[str]) -> str | None:
    """The mark that the first line has most of; None for spaces, an impossible one where a line is a single text."""
    first, second = lines[0], lines[1] if len(lines) > 1 else ""
    if _are_spaced(lines):
        return None
    best = next((mark for mark in BESIDE_COMMAS if _is_beside_commas(mark, lines)), max(",;\t|", key=first.count))
    if best is None or first.count(best):
        return best
    body = cells_of(second, None)
    if len(body) > 2 and len(body) - len(first.split()) in (0, 1) and sum(map(is_number, body)) >= 0.8 * len(body):
        return None
    is_column = len(first.split()) == 1 and (len(second.split()) < 2 or all(map(is_number, second.split())))
    return None if is_column or all(map(is_number, first.split())) else "\x1f"


def _is_beside_commas(mark: str | None, lines: list[str]) -> bool:
    """Whether a mark parts nearly all rows alike, into numbers, empty cells and a word at most; commas are decimal.

    Spaces have to part all rows, into numbers alone: they also stand in captions, whose cells commas part.
    """
    width, body = len(cells_of(lines[0], mark)), lines[1:] or lines
    if width < 2 or not has_decimal_commas(lines, mark):
        return False
    n_alike = 0
    for line in body:
        cells = cells_of(line, mark)
        words = [cell for cell in cells if cell and not reads_alone(cell)]
        n_alike += len(cells) == width and len(words) <= (mark is not None)
    return n_alike >= (1 if mark is None else 0.9) * len(body)


def ambiguous(lines: list[str], separator: str | None) -> str:
    """A number whose comma or space may be part of it or part columns, where no row tells; empty where one does."""
    if separator == ",":  # one number a row, some of them with a comma
        rows = {line.strip() for line in lines}
        commas = sorted(filter(COMMA.fullmatch, rows))
        return commas[0] if commas and len(commas) < len(rows) and all(map(reads_alone, rows)) else ""
    if separator is not None or not has_decimal_commas(lines, separator):
        return ""
    groups = [
        cell for line in lines for cell in cells_of(line, separator) if COMMA.fullmatch(cell) and _GROUP.match(cell)
    ]
    return f"1 {groups[0]}" if groups else ""


def _quote(lines: list[str], separator: str | None) -> str:
    """The quotes around words: single ones where every line has some, both before and behind a cell."""
    if not all("'" in line for line in lines[:60]):
        return '"'
    some = [[cell.strip() for cell in line.split(separator)] for line in lines[:60]]
    quoted = [any(len(cell) > 1 and cell[0] == cell[-1] == "'" for cell in row) for row in some]
    return "'" if all(quoted) and not any('"' in line for line in lines[:60]) else '"'


def _pointed(rows: list[list[str]]) -> frozenset[int]:
    """Places of the columns whose points may part thousands."""
    found = set()
    for place in range(len(rows[0])):
        cells = [row[place] for row in rows[1:] if place < len(row) and POINT.fullmatch(row[place])]
        if cells and all(map(_POINTED.fullmatch, cells)):
            found.add(place)
    return frozenset(found)


def reads_alone(cell: str) -> bool:
    """Whether a cell is a number, with a decimal point or a decimal comma."""
    return bool(COMMA.fullmatch(cell)) or is_number(cell)


def has_decimal_commas(lines: list[str], separator: str | None) -> bool:
    """Whether some cell is a number with a decimal comma, and none one with a point."""
    if not any("," in line for line in lines):
        return False
    cells = {cell for line in lines for cell in cells_of(line, separator)}
    return any(map(COMMA.fullmatch, cells)) and not any(map(POINT.fullmatch, cells))


def cells_of(line: str, separator: str | None) -> list[str]:
    """The cells of a line without their quotes."""
    return [cell.strip().strip("\"'") for cell in (spaced(line) if separator is None else line.split(separator))]


def spaced(line: str) -> list[str]:
    """The cells of a line that spaces or tabs part, however many; there are some within double quotes."""
    return _SPACED.findall(line)


def _are_spaced(lines: list[str]) -> bool:
    """Whether runs of spaces and tabs part columns of numbers, with few words between, where no one mark does."""
    some = lines[1:60] if len(lines) > 3 else lines
    rows = [spaced(line) for line in some]
    widths = {len(row) for row in rows}
    if len(some) < 3 or len(widths) > 1 or min(widths) < 3 or any("," in line for line in some):
        return False
    cells = [cell for row in rows for cell in row]
    if sum(is_number(cell) or cell in ("?", "NA") for cell in cells) < SPACED_NUMBERS * len(cells):
        return False
    by_tab = [line.count("\t") + 1 for line in some]
    return max(by_tab) == 1 or len(set(by_tab)) > 1 or 2 * by_tab[0] < len(rows[0])


def is_number(text: str) -> bool:
    """Whether a cell reads as a number with a decimal point, or as NaN."""
    try:
        float(text)
    except ValueError:
        return False
    return True
