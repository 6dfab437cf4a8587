"""Tables: numbers, ids, classes, captions and names of pictures in the columns of a text file or of Parquet.

In Parquet a column may also hold lists of numbers, or whole picture files (bytes, or `{bytes, path}` as the library
datasets writes them).
"""

import hashlib
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from mmclust.data.readers import arrays, cache, frames
from mmclust.data.readers.pictures import Sizes, decode, is_picture
from mmclust.data.readers.reading import Reading

if TYPE_CHECKING:
    import pandas as pd

ENDINGS = (".csv", ".tsv", ".parquet")
IDS = ("id", "ids", "sampleid", "sample", "uid", "uuid", "key", "index", "unnamed:0")
"""Usual names of the column that says which sample a row is; case, hyphens, underscores and spaces do not matter."""
SURE_IDS = ("id", "ids", "sampleid", "uid", "uuid")
"""Those of them that are nothing else, even where they repeat."""
CAPTIONS = ("caption", "captions", "text", "texts", "description", "sentence", "comment", "title", "tags")
NONE = "none"
"""The answer that no column is meant."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """The columns of a table by what they are; N rows."""

    numbers: np.ndarray
    """(N, D) float64."""
    header: tuple[str, ...] = ()
    """(D,) names of the numbers; empty where the file has none."""
    ids: np.ndarray | None = None
    labels: np.ndarray | None = None
    texts: np.ndarray | None = None
    """(N,) captions as Python strings."""
    pictures: np.ndarray | None = None
    """(N,) names of picture files."""
    lists: dict[str, np.ndarray] = field(default_factory=dict)
    """Columns that hold a row of numbers each, (N, D): Parquet has them."""
    files: dict[str, np.ndarray] = field(default_factory=dict)
    """Columns that hold a picture file each, (N,) bytes."""

    def __len__(self) -> int:
        return len(self.numbers)

    def rows(self, index: np.ndarray) -> "Table":
        """The rows at `index` (n,), in that order."""
        parts = {name: getattr(self, name) for name in ("numbers", "ids", "labels", "texts", "pictures")}
        kept = {name: None if values is None else values[index] for name, values in parts.items()}
        lists, files = ({name: values[index] for name, values in held.items()} for held in (self.lists, self.files))
        return replace(self, **kept, lists=lists, files=files)


def read(path: Path, reading: Reading | None = None) -> Table:
    """Read a table and find out what its columns are.

    A first row of text is a header, and so is one that merely counts the columns.

    Raises:
        ValueError: what is wrong with the file, in one sentence.
    """
    if path.stat().st_size > frames.MAX_BYTES:
        raise ValueError(f"{path.name} has more than {frames.MAX_BYTES >> 30} GiB; save it as .npz")
    with open(path, "rb") as file:
        return parse(file, path.name, reading or Reading())


def parse(file: IO[bytes], where: str, reading: Reading) -> Table:
    """As `read`, from an open file whose ending stands in `where`."""
    frame, named = frames.read(file, where, reading)
    if not len(frame) or not len(frame.columns):
        raise ValueError(f"{where} holds no numbers; give one sample a row")
    return _with_roles(frame, named, where, reading)


def _with_roles(frame: "pd.DataFrame", named: bool, where: str, reading: Reading) -> Table:
    """Every column becomes numbers, ids, classes, captions, names of pictures or a list, by name and content."""
    names = [str(name) if named else f"column {i}" for i, name in enumerate(frame.columns, start=1)]
    if len(set(names)) < len(names):
        raise ValueError(f"{where} has two columns called {_shown(Counter(names).most_common(1)[0][0])}; rename one")
    columns = {name: _values(frame.iloc[:, i]) for i, name in enumerate(names)}
    if empty := [name for name, values in columns.items() if all(map(_is_blank, values))]:
        reading.tell(f"left out: {', '.join(map(_shown, empty[:4]))}, which {'is' if len(empty) == 1 else 'are'} empty")
        columns = {name: values for name, values in columns.items() if name not in empty}
    lists = {name: values for name, old in columns.items() if (values := _rows_of_numbers(old)) is not None}
    files = {name: values for name, old in columns.items() if (values := _picture_files(old)) is not None}
    flat = {name: old for name, old in columns.items() if name not in lists and name not in files}
    numbers = {name: _as_numbers(old, name, where) for name, old in flat.items() if _is_number(old)}
    words = {name: _as_words(old) for name, old in flat.items() if name not in numbers}
    pictures = next((name for name, values in words.items() if _are_pictures(values)), None)
    ids = next((name for name in flat if _is_id(name, columns[name], named)), None)
    repeated = [name for name in flat if named and ids is None and arrays.plain(name) in SURE_IDS]
    if repeated:
        reading.tell(f"left out: {_shown(repeated[0])}, which is the same for several rows")
    numbers, words = ({k: v for k, v in found.items() if k not in repeated} for found in (numbers, words))
    rest = {k: v for k, v in (words | numbers).items() if k not in (pictures, ids)}
    labels = _label_column(rest, named, reading, alone=len(rest) == 1 and not (pictures or lists or files))
    texts = _text_column({k: v for k, v in words.items() if k not in (pictures, ids, labels)})
    unused = [name for name in words if name not in (pictures, ids, labels, texts)]
    if unused:
        reading.tell(f"left out: {', '.join(map(_shown, unused[:4]))}{' ...' if len(unused) > 4 else ''}")
    kept = [name for name in numbers if name not in (ids, labels)]
    everything = words | numbers
    return Table(
        numbers=np.stack([numbers[name] for name in kept], axis=1) if kept else np.empty((len(frame), 0)),
        header=tuple(kept) if named else (),
        ids=None if ids is None else np.array([str(value) for value in columns[ids]], object),
        labels=None if labels is None else everything[labels],
        texts=None if texts is None else words[texts],
        pictures=None if pictures is None else words[pictures],
        lists=lists,
        files=files,
    )


def _values(column: "pd.Series") -> np.ndarray:
    """A column (N,) as NumPy knows it; a missing value of pandas' own, which compares with nothing, becomes None."""
    import pandas as pd

    values = column.to_numpy()
    if values.dtype == object and isinstance(column.dtype, pd.api.extensions.ExtensionDtype):
        is_number = pd.api.types.is_numeric_dtype(column.dtype)
        return (
            column.to_numpy(dtype=np.float64, na_value=np.nan) if is_number else column.to_numpy(object, na_value=None)
        )
    return values


def _rows_of_numbers(values: np.ndarray) -> np.ndarray | None:
    """A column of equally long lists as (N, D); None for anything else."""
    if values.dtype != object or not len(values) or not isinstance(values[0], (list, tuple, np.ndarray)):
        return None
    try:
        rows = np.stack([np.asarray(value, dtype=np.float64) for value in values])
    except (ValueError, TypeError):
        return None
    return rows if rows.ndim == 2 and rows.shape[1] else None


def _picture_files(values: np.ndarray) -> np.ndarray | None:
    """A column of picture files as bytes (N,), empty where there is none; None for anything else."""
    if values.dtype != object:
        return None
    found = [value.get("bytes") if isinstance(value, dict) else value for value in values]
    first = next((value for value in found if value is not None), None)
    if not isinstance(first, bytes) or not all(value is None or isinstance(value, bytes) for value in found):
        return None
    return np.array([value or b"" for value in found], object) if is_picture(first) else None


def _is_number(values: np.ndarray) -> bool:
    """Whether a column is meant to hold numbers: one in three of its cells does, so that a stray word is reported."""
    if values.dtype.kind in "buif":
        return True
    some = [
        value for value in values[:1000] if isinstance(value, (str, int, float, np.number)) and not _is_empty(value)
    ]
    return bool(some) and 3 * sum(frames.is_number(str(value)) for value in some) >= len(some)


def _as_numbers(values: np.ndarray, name: str, where: str) -> np.ndarray:
    if values.dtype.kind in "buif":
        return values.astype(np.float64)
    found = np.full(len(values), np.nan)
    for row, value in enumerate(values):
        try:
            if not _is_empty(value):
                found[row] = float(value)
        except (ValueError, TypeError):
            raise ValueError(
                f"{where} is not a table of numbers (row {row + 1} of {_shown(name)} holds {_shown(str(value))}); "
                "give one sample a row"
            ) from None
    return found


def _is_blank(value: Any) -> bool:
    """Whether a cell of any type is empty; a list or a picture is not."""
    return not isinstance(value, (list, tuple, dict, bytes, np.ndarray)) and _is_empty(value)


def _is_empty(value: Any) -> bool:
    return value is None or value != value or (isinstance(value, str) and not value.strip())


def _as_words(values: np.ndarray) -> np.ndarray:
    """The texts of a column; nested and binary cells hold none, but for the path of a picture."""
    nested = (list, tuple, dict, bytes, np.ndarray)
    cells = (value.get("path") if isinstance(value, dict) else value for value in values)
    words = ["" if isinstance(value, nested) or _is_empty(value) else str(value).strip() for value in cells]
    return np.array(words, object)


def _are_pictures(values: np.ndarray) -> bool:
    return sum(bool(frames.PICTURE_NAME.search(value)) for value in values[:1000]) >= 0.9 * len(values[:1000])


def _is_id(name: str, values: np.ndarray, named: bool) -> bool:
    plain = re.sub(r"[-_ ]", "", name.lower())
    return named and plain in IDS and len({str(value) for value in values}) == len(values)


def _label_column(columns: dict[str, np.ndarray], named: bool, reading: Reading, *, alone: bool) -> str | None:
    """The column of the classes: by its name, else asked for where one could be meant.

    Args:
        columns: those that may be meant.
        named: whether the table has a header.
        reading: answers the question.
        alone: the one column is all there is, so that numbers in it are a view.
    """
    if named:
        for wanted in arrays.LABELS:
            for name, values in columns.items():
                # A column y may as well be a coordinate.
                if arrays.plain(name) == wanted and not alone and (len(wanted) > 1 or _few(values)):
                    return name
    if alone:
        return next((name for name, values in columns.items() if values.dtype == object and _few(values)), None)
    # Words that repeat are a class, whole numbers from 0 or 1 might be.
    few = {name: values for name, values in columns.items() if _few(values)}
    if not few:
        return None
    guess = next((name for name, values in few.items() if values.dtype == object), None)
    guess = guess or next((name for name in few if _stands_apart(name, columns)), NONE)
    text = "Which column holds the classes? They only ever score a result."
    answer = reading.ask("classes", text, (NONE, *few), guess)
    return None if answer == NONE else answer


def _stands_apart(name: str, columns: dict[str, np.ndarray]) -> bool:
    """Whether an outer column looks like the classes: rows are sorted by it, or a header counts all columns but it."""
    names = list(columns)
    if name not in (names[0], names[-1]):
        return False
    counted = ([str(i + start) for i in range(len(names))] for start in (0, 1))
    is_left_out = name == names[-1] and any(names[:-1] == c[:-1] and name != c[-1] for c in counted) and len(names) > 1
    values = columns[name]
    return is_left_out or np.count_nonzero(np.diff(values)) + 1 == len(np.unique(values))


def _few(values: np.ndarray) -> bool:
    """Whether a column could be classes: words that repeat, or whole numbers in a row from 0 or 1 that repeat."""
    if values.dtype == object:
        return 1 < len(set(values)) <= max(2, len(values) // 5)
    found = np.unique(values[np.isfinite(values)])
    whole = len(found) > 1 and bool((found == np.arange(len(found)) + found[0]).all()) and found[0] in (0, 1)
    return whole and len(found) <= max(2, len(values) // 5)


def _text_column(words: dict[str, np.ndarray]) -> str | None:
    """The captions: by name, else the column of the longest words."""
    named = [name for name in words if arrays.plain(name) in CAPTIONS]
    if named:
        return min(named, key=lambda name: CAPTIONS.index(arrays.plain(name)))
    long = {
        name: sum(map(len, values)) / len(values)
        for name, values in words.items()
        if 2 * sum(map(str.isalpha, text := "".join(values))) > len(text)  # dates are no captions
    }
    best = max(long, key=lambda name: long[name], default=None)
    return best if best is not None and long[best] >= 12 else None


def views(table: Table, name: str, reading: Reading) -> dict[str, np.ndarray]:
    """The numbers of a table as one view, or as several where the names of its columns have the form `view_1`."""
    found = table.lists | {column: _decoded(files, column) for column, files in table.files.items()}
    groups: dict[str, list[int]] = {}
    for column, title in enumerate(table.header):
        match = re.fullmatch(r"(.*[^\d_. -])[_. -]?\d+", title)
        groups.setdefault(match[1] if match else "", []).append(column)
    several = len(groups) > 1 and "" not in groups and min(map(len, groups.values())) > 1
    if several and len(groups) <= arrays.MAX_VIEWS:
        names = ", ".join(f"{_shown(group)} ({len(columns)})" for group, columns in groups.items())
        apart = f"{len(groups)} views"
        if reading.ask("views", f"Columns are named after {names}.", (apart, "1 view"), apart) == apart:
            return found | {group: table.numbers[:, columns] for group, columns in groups.items()}
    return found | ({name: table.numbers} if table.numbers.shape[1] else {})


def _decoded(files: np.ndarray, column: str) -> np.ndarray:
    """Pictures (N, C, H, W) of a column, decoded once into the cache and memory-mapped."""
    digest = hashlib.blake2b(digest_size=16)
    for data in files:
        digest.update(len(data).to_bytes(8, "little") + data)

    def fill(folder: Path) -> None:
        sizes = Sizes()
        named = [(f"{row} of {column}", data) for row, data in enumerate(files, start=1)]
        for name, data in named:
            sizes.meet(name, data)
        form = sizes.form(column)
        shape = (len(files), *form.shape)
        images = np.lib.format.open_memmap(folder / "images.npy", mode="w+", dtype=np.uint8, shape=shape)
        decode(named, images, lambda name: int(name.partition(" ")[0]) - 1, form)
        images.flush()

    return np.load(cache.entry(cache.key("column", digest.hexdigest()), fill) / "images.npy", mmap_mode="r")


def joined(tables: dict[str, Table], reading: Reading) -> dict[str, Table]:
    """Tables of the same samples, row by row: by their ids where all have some, else as they are."""
    without = [name for name, table in tables.items() if table.ids is None]
    if len(tables) < 2 or without:
        if 0 < len(without) < len(tables):
            reading.tell(f"rows paired by their order, for {', '.join(without)} has no ids")
        return tables
    places = {
        name: {key: row for row, key in enumerate(table.ids)} for name, table in tables.items() if table.ids is not None
    }
    first = next(iter(places.values()))
    common = [key for key in first if all(key in place for place in places.values())]
    if not common:
        raise ValueError(f"{', '.join(tables)} have no id in common; give the same samples the same ids")
    most = max(map(len, places.values()))
    if len(common) < most:
        reading.tell(f"{len(common):,} of {most:,} samples are in every table, the others are left out")
    return {name: table.rows(np.array([places[name][key] for key in common])) for name, table in tables.items()}


def split_labels(tables: dict[str, Table]) -> dict[str, np.ndarray]:
    """The numbers of each table, and the classes under `labels` where there were any.

    Classes have a column of their own in a table, or are the last column where all of several tables end in the same
    whole numbers.
    """
    labels = next((table.labels for table in tables.values() if table.labels is not None), None)
    lasts = {name: table.numbers[:, -1] for name, table in tables.items() if table.numbers.shape[1] > 1}
    if labels is None and 1 < len(lasts) == len(tables):
        last = next(iter(lasts.values()))
        alike = all(np.array_equal(last, other) for other in lasts.values())
        if alike and bool((last == np.round(last)).all()) and len(np.unique(last)) <= len(last) // 2:
            labels = last
    found = {}
    for name, table in tables.items():
        ends = labels is not None and table.labels is None and np.array_equal(lasts.get(name, []), labels)
        found[name] = table.numbers[:, :-1] if ends else table.numbers
    return {name: values for name, values in found.items() if values.shape[1]} | (
        {} if labels is None else {"labels": labels}
    )


def of_pictures(table: Table, names: list[str]) -> dict[str, list[int]] | None:
    """Rows of each picture by its name, `/` between folders; None where the table does not name these pictures.

    Tables name pictures by path, by file name, or by file name without its ending, in any column of words or ids.
    """
    by_stem: dict[str, str] = {}
    for name in names:
        pure = PurePosixPath(name)
        number = str(int(pure.stem)) if pure.stem.isdecimal() else pure.stem  # tables drop the zeros of 007
        for spelling in (number, pure.stem, pure.name, name):
            by_stem[spelling] = name
    for column in (table.pictures, table.ids):
        if column is None:
            continue
        rows: dict[str, list[int]] = {}
        for row, value in enumerate(column):
            if (key := _spelling(str(value), by_stem)) is not None:
                rows.setdefault(by_stem[key], []).append(row)
        if len(rows) >= min(len(column), len(names)) / 2:
            return rows
    return None


def _spelling(value: str, known: dict[str, str]) -> str | None:
    value = value.replace("\\", "/").removeprefix("./")
    return next((key for key in (value, PurePosixPath(value).name) if key in known), None)


def _shown(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)[:60]
