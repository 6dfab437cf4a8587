"""Tables in text files: what parts their columns, whether they have a header, decimal commas, rows of another length.

Columns are separated by commas, semicolons, tabs, bars or spaces, with or without a header row and decimal commas;
these where semicolons, tabs or spaces part the columns. pandas' own sniffing guesses separators from one line and takes
the first row for a header, whatever it holds; so both are decided here, and pandas parses.
"""

import csv
import io
import re
import warnings
from collections.abc import Mapping
from typing import IO, TYPE_CHECKING, Any

from mmclust.data.readers import encodings, preamble, separators, words
from mmclust.data.readers.reading import Reading, listed
from mmclust.data.readers.separators import COMMA, POINT, Written, is_number
from mmclust.errors import first_line

if TYPE_CHECKING:
    import pandas as pd


MAX_BYTES = 2 * 2**30
MAX_CELLS = 500_000_000
HEAD_BYTES = 2**20
"""As much of a text file is looked at for separators and decimal commas."""
MOST_BAD = 0.2
"""Share of rows of another length above which a file is no table at all."""
LEAVE_OUT, REFUSE = "leave them out", "read nothing"
MISSING = (
    *("?", "-", "--", ".", "*", "n.a.", "missing", "NaN", "nan", "none", "None", "NULL", "null", "NA", "n/a", "N/A"),
    *("#N/A", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#NULL!"),
)
"""What stands for a missing number, beside what pandas takes for one."""
PICTURE_NAME = re.compile(r".\.(png|jpe?g|jpe|jfif|bmp|gif|webp|avif|jp2|p[pgb]m|tiff?)$", re.IGNORECASE)
PICTURE_ENDING = re.compile(r"\.(png|jpe?g|jpe|jfif|bmp|gif|webp|avif|jp2|p[pgb]m|tiff?)$", re.IGNORECASE)


def in_one_line(text: str) -> str:
    """A text without the tabs and breaks that would part it."""
    return " ".join(text.split())


def check_bad(bad: list[int], n_good: int, where: str, what: str, reading: Reading) -> None:
    """Leave out the lines that do not fit, and say which; where most do not, the file is no table."""
    if not bad:
        return
    lines = f"{'line' if len(bad) == 1 else 'lines'} {listed([str(number) for number in bad])}"
    if len(bad) > MOST_BAD * (len(bad) + n_good):
        raise ValueError(f"{where} is not a table of numbers ({what}, {lines}); give one sample a row")
    text = f"{len(bad):,} of {len(bad) + n_good:,} lines of {where} do not fit the others ({what}, {lines})."
    if reading.ask(f"lines of {where}", text, (LEAVE_OUT, REFUSE), LEAVE_OUT) == REFUSE:
        raise ValueError(f"{where} is not a table of numbers ({what}, {lines}); mend the file")
    reading.leave_out(f"{len(bad):,} lines of {where}" if len(bad) > 1 else f"1 line of {where}", f"{what}, {lines}")


def read(file: IO[bytes], where: str, reading: Reading) -> "tuple[pd.DataFrame, bool]":
    """The columns of a text file, and whether they have names.

    Raises:
        ValueError: it is no table, or too much.
    """
    head = file.read(HEAD_BYTES)
    file.seek(0)
    encoding = encodings.of_head(head, where)
    numbered = _numbered_lines(head, encoding)
    if not numbered:
        raise ValueError(f"{where} holds no numbers; give one sample a row")
    above = preamble.find(numbered, where, reading)
    skipped = above.skipped
    lines = [line for number, line in numbered if number not in skipped]
    separator = separators.of(lines)
    if example := separators.ambiguous(lines, separator):
        raise ValueError(
            f"{where} has numbers such as {example}, which can be read in two ways; write them with a decimal point "
            "and nothing between thousands"
        )
    written = separators.written(lines, separator)
    if written.has_comma:
        reading.tell("decimal commas")
    sample = [separators.cells_of(line, separator) for line in lines[:_SAMPLE_ROWS]]
    for mark in ("?", "-", "--", ".", "*"):
        if separator and any(f"{separator}{mark}{separator}" in line for line in lines):
            reading.tell(f"{mark} stands for a missing value")
    if separator in separators.BESIDE_COMMAS:
        sample = [[cell.replace(",", ".") if COMMA.fullmatch(cell) else cell for cell in row] for row in sample]
    has_header = is_header(sample)
    if len(lines) == 1 and has_header:
        raise ValueError(f"{where} holds no numbers; give one sample a row")
    is_closed = has_header and _are_closed(sample)
    try:
        frame = _parsed(file, separator, has_header, encoding, written, skipped, is_closed=is_closed)
    except UnicodeDecodeError as error:
        file.seek(0)
        encoding = encodings.of_content(file, error, where)
        file.seek(0)
        frame = _parsed(file, separator, has_header, encoding, written, skipped, is_closed=is_closed)
    except _Ragged:
        file.seek(0)
        frame = _without_ragged(file, separator, has_header, encoding, written, skipped, where, reading)
    except (ValueError, OverflowError, MemoryError, RecursionError) as error:
        raise ValueError(f"{where} is not a table of numbers ({first_line(error)}); give one sample a row") from None
    if not is_closed and len(frame) and len(frame.columns) > 1 and frame.iloc[:, -1].isna().any():
        file.seek(0)  # a row that is too short ends in missing cells
        if any(number - 1 not in skipped for number in _ragged(file, separator, encoding, shorter=True)):
            file.seek(0)
            frame = _without_ragged(file, separator, has_header, encoding, written, skipped, where, reading)
    if encoding not in ("utf-8-sig", "ascii"):
        reading.tell(f"{where} read as {encodings.title(encoding)}")
    if len(above.names) == len(frame.columns):
        frame.columns = list(above.names)
    frame.attrs |= {separators.WRITTEN: written, preamble.GROUPS: above.groups}
    return frame, has_header


_SAMPLE_ROWS = 200


class _Ragged(ValueError):
    """Rows of a table differ in length."""


def _numbered_lines(head: bytes, encoding: str) -> list[tuple[int, str]]:
    """The lines of the beginning of a file with their numbers from 0, blank ones left out.

    The piece may end within a letter, and in the middle of a row.
    """
    every = enumerate(head.decode(encoding, errors="replace").splitlines())
    found = [(number, line) for number, line in every if line.strip()]
    if len(head) == HEAD_BYTES and len(found) > 2:
        found.pop()
    return found


def _are_closed(rows: list[list[str]]) -> bool:
    """Whether every row below the header ends in a separator, and the header does not."""
    first, body = rows[0], rows[1:]
    return bool(first[-1]) and all(len(row) == len(first) + 1 and not row[-1] for row in body)


def _parsed(
    file: IO[bytes],
    separator: str | None,
    has_header: bool,
    encoding: str,
    written: Written,
    skipped: "tuple[int, ...]",
    *,
    is_closed: bool = False,
) -> "pd.DataFrame":
    import pandas as pd

    options: dict[str, Any] = {
        "sep": separator or r"\s+",
        "header": 0 if has_header else None,
        "encoding": encoding,
        "skipinitialspace": True,
        "decimal": "," if written.has_comma else ".",
        "converters": dict.fromkeys(written.pointed, str),
        "na_values": list(MISSING),
        "skiprows": list(skipped) or None,
        "index_col": False if is_closed else None,
        "quotechar": written.quote,
    }
    try:
        frame = _in_pieces(file, options)
    except pd.errors.ParserError as error:
        if "Expected" in str(error):
            raise _Ragged(str(error)) from None
        raise
    if isinstance(frame.index, pd.MultiIndex):
        raise _Ragged("rows differ in length")
    if not isinstance(frame.index, pd.RangeIndex):  # a header with one cell less: R's names of the rows have no name
        if frame.index.has_duplicates:
            raise _Ragged("rows differ in length")
        frame = frame.rename_axis("rownames").reset_index()
    return frame


def _in_pieces(file: IO[bytes], options: Mapping[str, Any]) -> "pd.DataFrame":
    """The frame, parsed piece by piece: else all cells are held as words before any becomes a number.

    Where some pieces of a column hold words and others numbers, only all rows together tell what it holds.
    """
    import pandas as pd

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.DtypeWarning)
            return pd.read_csv(file, low_memory=True, **options)
    except pd.errors.DtypeWarning:
        file.seek(0)
        return pd.read_csv(file, low_memory=False, **options)


def _without_ragged(
    file: IO[bytes],
    separator: str | None,
    has_header: bool,
    encoding: str,
    written: Written,
    skipped: "tuple[int, ...]",
    where: str,
    reading: Reading,
) -> "pd.DataFrame":
    """The table without the rows that have more or fewer cells than most."""
    bad = [number for number in _ragged(file, separator, encoding, shorter=True) if number - 1 not in skipped]
    file.seek(0)
    n_lines = sum(1 for line in file if line.strip())
    check_bad(bad or [1] * n_lines, max(0, n_lines - len(bad)), where, "rows differ in length", reading)
    file.seek(0)
    try:
        return _parsed(file, separator, has_header, encoding, written, (*skipped, *(number - 1 for number in bad)))
    except (ValueError, OverflowError, MemoryError, RecursionError) as error:
        raise ValueError(f"{where} is not a table of numbers ({first_line(error)}); give one sample a row") from None


def _ragged(file: IO[bytes], separator: str | None, encoding: str, *, shorter: bool) -> list[int]:
    """Numbers of the lines, from 1, that have not as many cells as most; none where lines hold line breaks."""
    from collections import Counter

    text = io.TextIOWrapper(file, encoding=encoding, errors="replace", newline="")
    try:
        if separator is None:
            rows: Any = (separators.spaced(line) for line in text)
        else:
            rows = csv.reader(text, delimiter=separator, skipinitialspace=True)
        counts = []
        for row in rows:
            counts.append(len(row))
            if separator is not None and rows.line_num != len(counts):
                return []
        filled = [count for count in counts if count]
        usual = Counter(filled).most_common(1)[0][0] if filled else 0
        return [
            number for number, count in enumerate(counts, start=1) if count > usual or (shorter and 0 < count < usual)
        ]
    except csv.Error:
        return []
    finally:
        text.detach()


def is_header(rows: list[list[str]]) -> bool:
    """Whether the first of several rows names the columns, told by its types beside those of the others.

    Above columns of numbers a header has words; a row of data has numbers there, whatever words stand beside them.
    """
    first, body = rows[0], rows[1:]
    filled = [cell for cell in first if cell]
    numbers = [float(cell) for cell in filled if is_number(cell)]
    if not filled:
        return bool(body)
    if len(numbers) == len(filled):
        return _counts(numbers, first, body)
    if any(map(PICTURE_NAME.search, first)) and not (body and body[0] and not any(map(PICTURE_NAME.search, body[0]))):
        return False
    columns = [[row[i] for row in body if i < len(row) and row[i]] for i in range(len(first))]
    numeric = [
        i for i, cells in enumerate(columns) if cells and sum(map(_is_number_or_none, cells)) >= 0.8 * len(cells)
    ]
    if numeric:
        found = [float(first[i]) for i in numeric if is_number(first[i])]
        if _counts_up(found) or _rises(found, body):
            return True
        named = sum(not _is_number_or_none(first[i]) for i in numeric)
        return 2 * named > len(numeric) or (2 * named == len(numeric) and words.is_label_name(first[-1]))
    if not body:
        return not numbers
    # Words alone: a name of a column is not met again below it, most cells of data are.
    met = sum(first[i] in cells for i, cells in enumerate(columns))
    return met == 0 and not _alike(first, columns)


def _alike(first: list[str], columns: list[list[str]]) -> bool:
    """Whether the first row is made like the rows below it: long texts above long texts."""
    long = [i for i, cells in enumerate(columns) if cells and sum(map(len, cells)) >= 25 * len(cells)]
    return bool(long) and all(len(first[i]) > 25 and " " in first[i] for i in long)


def _is_number_or_none(cell: str) -> bool:
    return is_number(cell) or cell in MISSING


def _counts(numbers: list[float], first: list[str], body: list[list[str]]) -> bool:
    """Whether a row of numbers names columns: tools that write a table without names count them.

    The one of the row numbers may be empty, and a label column may bear any number. Wavelengths and the like rise
    evenly, by whole numbers, above columns that do not.
    """
    if not body or "" in first[1:] or len(first) < 3:
        return False
    if numbers[:-1] in (list(range(len(numbers) - 1)), list(range(1, len(numbers)))) or _are_renamed(first):
        return True
    return _rises(numbers, body)


def _counts_up(numbers: list[float]) -> bool:
    """Whether numbers are 0, 1, 2 ... or 1, 2, 3 ..., too many to be a sample by chance."""
    return len(numbers) > 4 and numbers in (list(range(len(numbers))), list(range(1, len(numbers) + 1)))


def _are_renamed(first: list[str]) -> bool:
    """Whether a row was once taken for names and made distinct: 0, 0.1, 0.2 ... as pandas writes them."""
    found = [match for cell in first if (match := re.fullmatch(r"(\d+)\.([1-9]\d*)", cell))]
    alike: dict[str, list[int]] = {}
    for match in found:
        alike.setdefault(match[1], []).append(int(match[2]))
    in_a_row = all(counts == list(range(1, len(counts) + 1)) and base in first for base, counts in alike.items())
    return len(found) > 2 and 2 * len(found) > len(first) and in_a_row and len(set(first)) == len(first)


def _rises(numbers: list[float], body: list[list[str]]) -> bool:
    """Whether numbers rise as years and wavelengths do, above columns that do not.

    They do so evenly, by whole numbers above fractions or by any step, or are too many to rise by chance.
    """
    if len(numbers) <= 3 or _rise_evenly(numbers) and all(number == round(number) for number in numbers):
        cells = [cell for row in body[:20] for cell in row if cell]
        return len(numbers) > 3 and sum(bool(POINT.fullmatch(cell)) for cell in cells) > 0.5 * len(cells)
    rows = [[float(cell) for cell in row if is_number(cell)] for row in body[:20]]
    if _rise_evenly(numbers):
        return not any(map(_rise_evenly, rows))
    return len(numbers) >= MANY and _rise(numbers) and not any(map(_rise, rows))


MANY = 8


def _rise(numbers: list[float]) -> bool:
    return all(a < b for a, b in zip(numbers, numbers[1:], strict=False))


def _rise_evenly(numbers: list[float]) -> bool:
    steps = [b - a for a, b in zip(numbers, numbers[1:], strict=False)]
    return bool(steps) and min(steps) > 0 and max(steps) - min(steps) < 1e-6 * max(map(abs, numbers))
