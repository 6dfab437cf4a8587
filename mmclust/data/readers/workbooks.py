"""Workbooks (.xlsx): every sheet as the text of a table, so that headers, notes and numbers in words are told as there.

openpyxl reads the cells as they come, without building the sheet; pandas would build it, take the first row for a
header, and turn dates and words before anybody has looked at them.
"""

import csv
import datetime
import io
import itertools
import zipfile
from collections.abc import Iterable, Iterator
from typing import IO, TYPE_CHECKING, Any

from mmclust.data.readers import delimited
from mmclust.data.readers.reading import Reading
from mmclust.errors import first_line

if TYPE_CHECKING:
    import pandas as pd

ENDINGS = (".xlsx", ".xlsm")
MAX_CELLS = 50_000_000
"""Of a workbook, empty ones between others included; larger tables are no work for one."""
MAX_ROWS = 1_048_576
"""Of a sheet, as spreadsheet programs have it; a file of 1 KiB may say that its third row is the 2,000,000,000th."""
MAX_TEXTS_BYTES = 256 << 20
"""Of the texts that sheets share, unpacked: openpyxl keeps all of them, each with 50 bytes more than it is long."""
MAX_SHEETS, MIN_ROWS = 256, 3


def sheets(file: IO[bytes], where: str, reading: Reading) -> "dict[str, tuple[pd.DataFrame, bool]]":
    """The tables of a workbook by the names of their sheets, each with whether its columns have names.

    Sheets that hold no table, and hidden ones, are left out with a word.

    Raises:
        ValueError: it is no workbook, too much, or holds no table.
    """
    found: dict[str, tuple[pd.DataFrame, bool]] = {}
    refusals: list[str] = []
    for title, text in _texts(file, where, reading):
        own, of = reading.part(), f"{where}, sheet {title}"
        try:
            if not text:
                raise ValueError(f"{of} is empty")
            found[title] = delimited.read(io.BytesIO(text), of, own)
        except ValueError as error:
            refusals.append(str(error))
            reading.leave_out(f"sheet {title}", str(error).removeprefix(of).strip()[:100])
        else:
            reading.take(own)
            empty = [place for place, kind in enumerate(found[title][0].isna().all()) if kind]
            if empty and _has_formulas(file, title):
                reading.advise(
                    f"Formulas in {of} have no results in the file; open it in a spreadsheet program and save it again."
                )
    longest = max((len(frame) for frame, _ in found.values()), default=0)
    for title in [title for title, (frame, _) in found.items() if len(frame) < MIN_ROWS < longest / MIN_ROWS]:
        reading.leave_out(f"sheet {title}", "a line or two, and no samples")
        del found[title]
    if not found:
        told = refusals[0] if len(refusals) == 1 else f"{where} has no sheet that holds a table of numbers"
        raise ValueError(told if "; " in told else f"{told}; give one sample a row")
    return found


def _texts(file: IO[bytes], where: str, reading: Reading) -> Iterator[tuple[str, bytes]]:
    """The sheets that are shown, by their names, as text whose cells tabs part."""
    import openpyxl

    try:
        with zipfile.ZipFile(file) as archive:
            unpacked = sum(info.file_size for info in archive.infolist())
            texts = sum(info.file_size for info in archive.infolist() if "sharedstrings" in info.filename.lower())
        if unpacked > delimited.MAX_BYTES:
            raise ValueError(f"{where} unpacks to more than {delimited.MAX_BYTES >> 30} GiB; save it as CSV")
        if texts > MAX_TEXTS_BYTES:
            raise ValueError(f"{where} has more than {MAX_TEXTS_BYTES >> 20} MiB of texts; save it as CSV")
        book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        left = MAX_CELLS
        for sheet in book.worksheets[:MAX_SHEETS]:
            title = delimited.in_one_line(sheet.title)
            if sheet.sheet_state != "visible":
                reading.leave_out(f"sheet {title}", "hidden")
                continue
            sheet.reset_dimensions()  # what a sheet says of its size may be wrong
            text, n_cells = _text(sheet.iter_rows(values_only=True), left)
            if (left := left - n_cells) < 0:
                message = f"{where} has more than {MAX_CELLS:,} cells or {MAX_ROWS:,} rows in a sheet"
                raise ValueError(f"{message}; save it as CSV or Parquet")
            yield title, text
    except Exception as error:  # openpyxl raises errors of many types on damaged files
        if isinstance(error, ValueError) and str(error).startswith(where):
            raise
        raise ValueError(f"{where} cannot be read as a workbook ({first_line(error)}); save it as CSV") from None


def _text(rows: Iterable[tuple[Any, ...]], most: int) -> tuple[bytes, int]:
    """The rows as UTF-8, empty ones as empty lines, without empty columns around them; and how many cells they have."""
    kept: list[list[str]] = []
    n_cells = 0
    for number, row in enumerate(rows):
        n_cells += len(row)
        if n_cells > most or number >= MAX_ROWS:
            return b"", most + 1
        cells = list(map(_cell, row))
        kept.append(cells if any(cells) else [])
    used = [[place for place, cell in enumerate(row) if cell] for row in kept if row]
    if not used:
        return b"", n_cells
    start, stop = min(row[0] for row in used), max(row[-1] for row in used) + 1
    out = io.StringIO()
    writer = csv.writer(out, delimiter="\t", lineterminator="\n")
    writer.writerows((row + [""] * (stop - len(row)))[start:stop] if row else [] for row in kept)
    return out.getvalue().encode(), n_cells


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    return delimited.in_one_line(str(value))


def _has_formulas(file: IO[bytes], title: str) -> bool:
    """Whether cells near the top of a sheet hold formulas: programs that write them do not work them out."""
    import openpyxl

    book = openpyxl.load_workbook(file, read_only=True, data_only=False, keep_links=False)
    sheet = next(one for one in book.worksheets if delimited.in_one_line(one.title) == title)
    rows = itertools.islice(sheet.iter_rows(values_only=True), LOOKED_AT)
    return any(isinstance(cell, str) and cell.startswith("=") for row in rows for cell in row)


LOOKED_AT = 50
