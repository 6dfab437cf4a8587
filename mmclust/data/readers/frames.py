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

import numpy as np

from mmclust.data.readers import delimited, encodings, foreign, leftovers, nested, separators, words, workbooks
from mmclust.data.readers.reading import Reading
from mmclust.errors import first_line

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

ENDINGS = (".csv", ".tsv", ".parquet", ".pq", ".jsonl", ".ndjson", *foreign.ENDINGS, *workbooks.ENDINGS)
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
    """The columns of a file, and whether they have names; of a workbook its first sheet that holds a table.

    Args:
        file: open.
        where: its name, whose ending says of which kind it is.
        reading: is told of decimal commas, encodings and rows left out.

    Raises:
        ValueError: it cannot be read, or is too much.
    """
    (_, found), *others = sheets(file, where, reading).items()
    for title, _ in others:
        reading.leave_out(f"sheet {title}", "the first one is taken")
    return found


def sheets(file: IO[bytes], where: str, reading: Reading) -> "dict[str, tuple[pd.DataFrame, bool]]":
    """As `read`, of every sheet of a workbook by its name; any other file is one sheet without a name."""
    leftovers.refuse_placeholder(file.read(64), where)
    file.seek(0)
    if where.lower().endswith(workbooks.ENDINGS):
        return workbooks.sheets(file, where, reading)
    frame, named = _one(file, where, reading)
    return {"": (nested.flattened(frame), named)}


def _one(file: IO[bytes], where: str, reading: Reading) -> "tuple[pd.DataFrame, bool]":
    name = where.lower()
    if name.endswith(PACKED):
        file, name = _unpacked(file, where), _unpacked_name(name)
    if name.endswith(foreign.ENDINGS):
        return foreign.read(file, name, where, reading)
    if name.endswith(".json"):
        content = json_of(file.read(delimited.MAX_BYTES))
        if content is None and _is_lines_of_json(_first_lines(file)):
            return _json_lines(file, where, reading)
        return foreign.of_json(content, where, reading)
    if name.endswith((".parquet", ".pq")):
        return _parquet(file, where)
    if name.endswith((".jsonl", ".ndjson")):
        return _json_lines(file, where, reading)
    if foreign.is_svmlight(_first_lines(file)):
        return foreign.svmlight(file, where)
    return delimited.read(file, where, reading)


def _is_lines_of_json(lines: list[str]) -> bool:
    """Whether each line is an object, as many tools write them under the ending of one document."""
    return len(lines) > 1 and all(isinstance(json_of(line.encode()), dict) for line in lines[:LOOKED_AT])


def _first_lines(file: IO[bytes]) -> list[str]:
    """Some lines of a text that are not blank, whatever its encoding."""
    file.seek(0)
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
        source = parquet.ParquetFile(file, pre_buffer=False, buffer_size=2**20)
        about = source.metadata
        if about.num_rows * max(1, about.num_columns) > delimited.MAX_CELLS:
            raise ValueError(f"{where} has {about.num_rows:,} rows of {about.num_columns:,} columns, which is too much")
        unpacked = sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups))
        if unpacked > 4 * delimited.MAX_BYTES:
            raise ValueError(f"{where} unpacks to {unpacked / 2**30:.0f} GiB, which is too much; give a part of it")
        return _with_class_names(frame_of(_in_groups(source, unpacked)), source.schema_arrow.metadata or {}), True
    except (pa.ArrowException, OSError, MemoryError, TypeError, KeyError, NotImplementedError, OverflowError) as error:
        raise ValueError(f"{where} cannot be read as Parquet ({first_line(error)}); write it again") from None
    except ValueError as error:
        if where in str(error):
            raise
        raise ValueError(f"{where} cannot be read as Parquet ({first_line(error)}); write it again") from None


def _in_groups(source: "ParquetFile", unpacked: int) -> "pa.Table":
    """All columns of a file, some at a time and in pieces: read at once they take three times their room on the way."""
    import pyarrow as pa

    names, n_rows = source.schema_arrow.names, source.metadata.num_rows
    if unpacked < AT_ONCE_BYTES or not n_rows or len(set(names)) < len(names):
        return source.read(use_threads=False)
    n_at_once = max(16, min(2**16, n_rows * AT_ONCE_BYTES // unpacked))
    columns = {}
    for start in range(0, len(names), step := -(-len(names) // N_GROUPS)):
        group = names[start : start + step]
        pieces = source.iter_batches(batch_size=n_at_once, columns=group, use_threads=False)
        part = pa.Table.from_batches(list(pieces))
        columns |= {name: _in_one(part.column(name)) for name in group}
        del part
        pa.default_memory_pool().release_unused()  # what decoding took on the way
    return pa.table(columns).replace_schema_metadata(source.schema_arrow.metadata)


def _in_one(column: "pa.ChunkedArray") -> "pa.ChunkedArray":
    """Pieces of a column of numbers as one, which a frame then shares; those of lists and words are copied anyway."""
    import pyarrow as pa

    is_number = pa.types.is_floating(column.type) or pa.types.is_integer(column.type)
    return pa.chunked_array([column.combine_chunks()], type=column.type) if is_number else column


AT_ONCE_BYTES, N_GROUPS = 2**23, 16


def frame_of(table: "pa.Table") -> "pd.DataFrame":
    """A table of Arrow as a frame; the table is given up column by column, so that both are never there as a whole.

    Raises:
        pyarrow.ArrowException: words that are no UTF-8, which would else be met when they are looked at.
    """
    table.validate(full=True)
    lists = {}
    for place in reversed(range(table.num_columns) if len(set(table.column_names)) == table.num_columns else ()):
        if (rows := _rows_of_lists(table.column(place))) is not None:
            lists[place] = (table.column_names[place], rows)
            table = table.remove_column(place)
    frame = table.to_pandas(split_blocks=True, self_destruct=True)
    for place, (name, rows) in sorted(lists.items()):
        frame.insert(min(place, frame.shape[1]), name, rows)
    return frame


def _rows_of_lists(column: "pa.ChunkedArray") -> np.ndarray | None:
    """A column of lists of numbers as rows (N,) that share the memory of Arrow; None for any other, or with holes."""
    import pyarrow as pa

    is_list = pa.types.is_list(column.type) or pa.types.is_large_list(column.type)
    if not is_list or column.null_count:
        return None
    kind = column.type.value_type
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
        return None
    rows: list[np.ndarray] = []
    for chunk in column.chunks:
        if chunk.values.null_count:
            return None
        values, ends = chunk.values.to_numpy(), chunk.offsets.to_numpy()
        rows += [values[start:end] for start, end in zip(ends, ends[1:], strict=False)]
    found = np.empty(len(rows), object)
    for place, row in enumerate(rows):
        found[place] = row
    return found


def _with_class_names(frame: "pd.DataFrame", about: dict[bytes, bytes]) -> "pd.DataFrame":
    """The names of classes in place of their numbers, where the library datasets has left them beside the table."""
    with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError):  # whatever stands there
        for column, kind in json.loads(about[b"huggingface"])["info"]["features"].items():
            if kind.get("_type") == "ClassLabel" and column in frame:
                names, found = [str(name) for name in kind["names"]], frame[column].tolist()
                if all(number in range(len(names)) for number in found):
                    frame[column] = [names[number] for number in found]
    return frame
