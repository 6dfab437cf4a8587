"""Files of columns as data frames: text in its many spellings, and Parquet. What the columns mean is not asked here.

Text files are separated by commas, semicolons, tabs, bars or spaces, with or without a header row and decimal commas;
these where semicolons, tabs or spaces part the columns.
"""

import contextlib
import json
import re
from typing import IO, TYPE_CHECKING

from mmclust.data.readers import arrays
from mmclust.data.readers.reading import Reading
from mmclust.errors import first_line

if TYPE_CHECKING:
    import pandas as pd

MAX_BYTES = 2 * 2**30
MAX_CELLS = 500_000_000
HEAD_BYTES = 2**20
"""As much of a text file is looked at for separators and decimal commas."""
COMMA = re.compile(r"[+-]?\d*,\d+(e[+-]?\d+)?", re.IGNORECASE)
"""A number with a decimal comma."""
POINT = re.compile(r"[+-]?(\d+\.\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
"""A number with a decimal point."""
_THOUSANDS = re.compile(r"[+-]?[1-9]\d?\d?,\d{3}")
"""A number whose comma may as well part its thousands."""
_GROUP = re.compile(r"0\d\d,")
"""The last thousand of a number whose thousands a space parts."""
_BESIDE_COMMAS: tuple[str | None, ...] = (";", "\t", None)
"""What parts columns where commas are decimal; None for spaces."""
PICTURE_NAME = re.compile(r".\.(png|jpe?g|bmp|gif|webp|p[pgb]m|tiff?)$", re.IGNORECASE)


def read(file: IO[bytes], where: str, reading: Reading) -> "tuple[pd.DataFrame, bool]":
    """The columns of a file, and whether they have names.

    Args:
        file: open.
        where: its name, whose ending says whether it is Parquet.
        reading: is told of decimal commas.

    Raises:
        ValueError: it cannot be read, or is too much.
    """
    return _parquet(file, where) if where.lower().endswith(".parquet") else _text(file, where, reading)


def _parquet(file: IO[bytes], where: str) -> "tuple[pd.DataFrame, bool]":
    import pyarrow as pa
    import pyarrow.parquet as parquet

    try:
        source = parquet.ParquetFile(file)
        about = source.metadata
        if about.num_rows * max(1, about.num_columns) > MAX_CELLS:
            raise ValueError(f"{where} has {about.num_rows:,} rows of {about.num_columns:,} columns, which is too much")
        unpacked = sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups))
        if unpacked > 4 * MAX_BYTES:
            raise ValueError(f"{where} unpacks to {unpacked / 2**30:.0f} GiB, which is too much; give a part of it")
        table = source.read(use_threads=False)
        table.validate(full=True)  # else words that are no UTF-8 are met when they are looked at
        return _with_class_names(table.to_pandas(), table.schema.metadata or {}), True
    except (pa.ArrowException, OSError, MemoryError, TypeError, KeyError, NotImplementedError, OverflowError) as error:
        raise ValueError(f"{where} cannot be read as Parquet ({first_line(error)}); write it again") from None
    except ValueError as error:
        if where in str(error):
            raise
        raise ValueError(f"{where} cannot be read as Parquet ({first_line(error)}); write it again") from None


def _with_class_names(frame: "pd.DataFrame", about: dict[bytes, bytes]) -> "pd.DataFrame":
    """The names of classes in place of their numbers, where the library datasets has left them beside the table."""
    with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError):  # whatever stands there
        for column, kind in json.loads(about[b"huggingface"])["info"]["features"].items():
            if kind.get("_type") == "ClassLabel" and column in frame:
                names, found = [str(name) for name in kind["names"]], frame[column].tolist()
                if all(number in range(len(names)) for number in found):
                    frame[column] = [names[number] for number in found]
    return frame


def _text(file: IO[bytes], where: str, reading: Reading) -> "tuple[pd.DataFrame, bool]":
    import pandas as pd

    head = file.read(HEAD_BYTES)
    file.seek(0)
    if b"\0" in head:
        raise ValueError(f"{where} is no text; save it as comma-separated values in UTF-8")
    # The piece may end within a letter, and in the middle of a row.
    lines = [line for line in head.decode("utf-8-sig", errors="replace").splitlines() if line.strip()]
    if not lines:
        raise ValueError(f"{where} holds no numbers; give one sample a row")
    if len(head) == HEAD_BYTES and len(lines) > 2:
        lines.pop()
    first, second = lines[0], lines[1] if len(lines) > 1 else ""
    separator = _separator(lines)
    cells = tuple(_cells(first, separator))
    if example := _ambiguous(lines, separator):
        raise ValueError(
            f"{where} has numbers such as {example}, which can be read in two ways; write them with a decimal point "
            "and nothing between thousands"
        )
    has_comma = separator in _BESIDE_COMMAS and _has_decimal_commas(lines, separator)
    if has_comma:
        reading.tell("decimal commas")
        cells = tuple(cell.replace(",", ".") if COMMA.fullmatch(cell) else cell for cell in cells)
    has_header = _is_header(cells, second)
    if not (second if has_header else first).strip():
        raise ValueError(f"{where} holds no numbers; give one sample a row")
    try:
        frame = pd.read_csv(
            file,
            sep=separator or r"\s+",
            header=0 if has_header else None,
            encoding="utf-8-sig",
            skipinitialspace=True,
            decimal="," if has_comma else ".",
            low_memory=False,
        )
    except UnicodeDecodeError:
        raise ValueError(f"{where} is no text; save it as comma-separated values in UTF-8") from None
    except (ValueError, OverflowError, MemoryError, RecursionError) as error:
        raise ValueError(f"{where} is not a table of numbers ({first_line(error)}); give one sample a row") from None
    if not isinstance(frame.index, pd.RangeIndex):  # a row with more cells than the header
        raise ValueError(f"{where} is not a table of numbers (rows differ in length); give one sample a row")
    return frame, has_header


def _separator(lines: list[str]) -> str | None:
    """The mark that the first line has most of; None for spaces, an impossible one where a line is a single text."""
    first, second = lines[0], lines[1] if len(lines) > 1 else ""
    best = next((mark for mark in _BESIDE_COMMAS if _is_beside_commas(mark, lines)), max(",;\t|", key=first.count))
    if best is None or first.count(best):
        return best
    is_column = len(first.split()) == 1 and (len(second.split()) < 2 or all(map(is_number, second.split())))
    return None if is_column or all(map(is_number, first.split())) else "\x1f"


def _is_beside_commas(mark: str | None, lines: list[str]) -> bool:
    """Whether a mark parts nearly all rows alike, into numbers, empty cells and a word at most; commas are decimal.

    Spaces have to part all rows, into numbers alone: they also stand in captions, whose cells commas part.
    """
    width, body = len(_cells(lines[0], mark)), lines[1:] or lines
    if width < 2 or not _has_decimal_commas(lines, mark):
        return False
    n_alike = 0
    for line in body:
        cells = _cells(line, mark)
        words = [cell for cell in cells if cell and not _reads_alone(cell)]
        n_alike += len(cells) == width and len(words) <= (mark is not None)
    return n_alike >= (1 if mark is None else 0.9) * len(body)


def _ambiguous(lines: list[str], separator: str | None) -> str:
    """A number whose comma may be decimal or part thousands or columns, where no row tells; empty where one does."""
    if separator == ",":  # one number a row, some of them with a comma
        rows = {line.strip() for line in lines}
        commas = sorted(filter(COMMA.fullmatch, rows))
        return commas[0] if commas and len(commas) < len(rows) and all(map(_reads_alone, rows)) else ""
    if separator not in _BESIDE_COMMAS or not _has_decimal_commas(lines, separator):
        return ""
    commas = [cell for line in lines for cell in _cells(line, separator) if COMMA.fullmatch(cell)]
    groups = [cell for cell in commas if _GROUP.match(cell)] if separator is None else []
    if groups or all(map(_THOUSANDS.fullmatch, commas)):
        return f"1 {groups[0]}" if groups else commas[0]
    return ""


def _reads_alone(cell: str) -> bool:
    return bool(COMMA.fullmatch(cell)) or is_number(cell)


def _has_decimal_commas(lines: list[str], separator: str | None) -> bool:
    """Whether some cell is a number with a decimal comma, and none one with a point."""
    if not any("," in line for line in lines):
        return False
    cells = {cell for line in lines for cell in _cells(line, separator)}
    return any(map(COMMA.fullmatch, cells)) and not any(map(POINT.fullmatch, cells))


def _cells(line: str, separator: str | None) -> list[str]:
    """The cells of a line without their quotes."""
    return [cell.strip().strip("\"'") for cell in line.split(separator)]


def is_number(text: str) -> bool:
    """Whether a cell reads as a number with a decimal point, or as NaN."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _is_header(cells: tuple[str, ...], second: str) -> bool:
    filled = [cell for cell in cells if cell]
    numbers = [float(cell) for cell in filled if is_number(cell)]
    if len(numbers) < len(filled):
        # A row of data may hold the name of a picture, or that of a class in its last column.
        is_data = any(map(PICTURE_NAME.search, cells)) or (numbers and len(numbers) == len(filled) - 1)
        return not is_data or arrays.is_label_name(cells[-1])
    # Tools that write a table without names number its columns, but for that of the row numbers; a label column may
    # bear any number.
    counted = numbers[:-1] in (list(range(len(numbers) - 1)), list(range(1, len(numbers))))
    return counted and "" not in cells[1:] and len(cells) > 2 and bool(second.strip())
