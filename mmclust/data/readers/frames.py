"""Files of columns as data frames: text, JSON lines, Parquet. What columns mean is not asked here."""

import bz2
import contextlib
import gzip
import io
import json
import lzma
import re
import zlib
from collections import Counter
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, Any

from mmclust.data.readers import delimited, encodings, foreign, separators, words
from mmclust.data.readers.reading import Reading
from mmclust.errors import first_line

if TYPE_CHECKING:
    import pandas as pd

ENDINGS = (".csv", ".tsv", ".parquet", ".pq", ".jsonl", ".ndjson", *foreign.ENDINGS)
"""Of files of columns; those of text may also be packed."""
PACKED = (".gz", ".bz2", ".xz")
TEXT_ENDINGS = (
    *(".data", ".dat", ".txt", ".tab", ".tra", ".tes", ".trn", ".tst", ".test", ".train", ".labels", ".vec", ".json"),
)
"""Of files that are tables where they come alone: beside others they may be a note or a caption as well."""


def is_table(name: str) -> bool:
    """Whether a file holds columns, by its name."""
    return _unpacked_name(name.lower()).endswith(ENDINGS)


def _unpacked_name(name: str) -> str:
    return next((name[: -len(end)] for end in PACKED if name.endswith(end)), name)


def stem(name: str) -> str:
    """The name of a file of columns without its endings."""
    name = re.sub(r"\.(gz|bz2|xz)$", "", name, flags=re.IGNORECASE)
    name = name[: name.rindex(".")] if "." in name.lstrip(".") else name
    return re.sub(r"\.(snappy|gz|zstd|brotli|csv|tsv)$", "", name, flags=re.IGNORECASE)


def read(file: IO[bytes], where: str, reading: Reading) -> "tuple[pd.DataFrame, bool]":
    """The columns of a file, and whether they have names.

    Args:
        file: open.
        where: its name, whose ending says of which kind it is.
        reading: is told of decimal commas, encodings and rows left out.

    Raises:
        ValueError: it cannot be read, or is too much.
    """
    name = where.lower()
    if name.endswith(PACKED):
        file, name = _unpacked(file, where), _unpacked_name(name)
    if name.endswith(foreign.ENDINGS):
        return foreign.read(file, name, where, reading)
    if name.endswith(".json"):
        return foreign.of_json(json_of(file.read(delimited.MAX_BYTES)), where, reading)
    if name.endswith((".parquet", ".pq")):
        return _parquet(file, where)
    if name.endswith((".jsonl", ".ndjson")):
        return _json_lines(file, where, reading)
    if foreign.is_svmlight(_first_lines(file)):
        return foreign.svmlight(file, where)
    return delimited.read(file, where, reading)


def _first_lines(file: IO[bytes]) -> list[str]:
    """Some lines of a text that are not blank, whatever its encoding."""
    head = file.read(HEAD_BYTES)
    file.seek(0)
    lines = [line for line in head.decode("ascii", errors="replace").splitlines() if line.strip()]
    return lines[:-1] if len(head) == HEAD_BYTES else lines


HEAD_BYTES = 2**16


def looks_like_numbers(head: bytes, name: str) -> bool:
    """Whether a text is a table of numbers by its beginning, where its ending says nothing of that.

    Args:
        head: the first bytes of it.
        name: of the file; a list of words is a table where it is called like labels.
    """
    try:
        encoding = encodings.of_head(head, name)
    except ValueError:
        return False
    lines = [line for line in head.decode(encoding, errors="replace").splitlines() if line.strip()]
    lines = lines[:-1] if len(head) == HEAD_BYTES else lines
    if len(lines) < MIN_ROWS:
        return False
    if foreign.is_svmlight(lines):
        return True
    some = lines[1 : 1 + LOOKED_AT]
    rows = [separators.cells_of(line, separators.of(some)) for line in some]
    widths = Counter(map(len, rows))
    if widths.most_common(1)[0][1] < MOST_ALIKE * len(rows):
        return False
    if max(widths) == 1 and words.may_be_labels(stem(PurePosixPath(name).name)):
        return all(len(row[0].split()) <= 3 for row in rows) and len(set(lines)) < len(lines)
    cells = [cell for row in rows for cell in row if cell]
    return sum(map(separators.reads_alone, cells)) > MOST_ALIKE * NUMBERS * len(cells)


MIN_ROWS, LOOKED_AT, MOST_ALIKE, NUMBERS = 3, 40, 0.9, 0.7


def _unpacked(file: IO[bytes], where: str) -> IO[bytes]:
    name = where.lower()
    module = gzip if name.endswith(".gz") else bz2 if name.endswith(".bz2") else lzma
    try:
        with module.open(file) as packed:
            content = packed.read(delimited.MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise ValueError(f"{where} is damaged ({first_line(error)}); copy it again") from None
    if len(content) > delimited.MAX_BYTES:
        raise ValueError(f"{where} unpacks to more than {delimited.MAX_BYTES >> 30} GiB; save it as .npz")
    return io.BytesIO(content)


def _json_lines(file: IO[bytes], where: str, reading: Reading) -> "tuple[pd.DataFrame, bool]":
    """A row for each line that holds an object; others are counted as left out."""
    import pandas as pd

    rows: list[dict[str, Any]] = []
    bad: list[int] = []
    for number, line in enumerate(io.BytesIO(file.read()), start=1):
        if line.strip():
            row = json_of(line)
            rows.append(row) if isinstance(row, dict) else bad.append(number)
    if not rows:
        raise ValueError(f"{where} holds no JSON object in a line; write one object for each sample")
    delimited.check_bad(bad, len(rows), where, "no JSON object", reading)
    if len(rows) * max(map(len, rows)) > delimited.MAX_CELLS:
        raise ValueError(f"{where} has too many cells; save it as Parquet")
    return pd.DataFrame.from_records(rows), True


def json_of(content: bytes) -> Any:
    """What JSON says; None for what is none, or lies too deep in itself."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _parquet(file: IO[bytes], where: str) -> "tuple[pd.DataFrame, bool]":
    import pyarrow as pa
    import pyarrow.parquet as parquet

    try:
        source = parquet.ParquetFile(file)
        about = source.metadata
        if about.num_rows * max(1, about.num_columns) > delimited.MAX_CELLS:
            raise ValueError(f"{where} has {about.num_rows:,} rows of {about.num_columns:,} columns, which is too much")
        unpacked = sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups))
        if unpacked > 4 * delimited.MAX_BYTES:
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
