"""Tables: numbers, ids, classes, captions and names of pictures in the columns of a text file or of Parquet.

In Parquet a column may also hold lists of numbers, or whole picture files (bytes, or `{bytes, path}` as the library
datasets writes them).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from mmclust.data.readers import (
    amounts,
    cells,
    column_roles,
    column_words,
    delimited,
    frames,
    identity,
    labels,
    limits,
    looked_up,
    separators,
    strays,
)
from mmclust.data.readers.reading import Reading, listed

if TYPE_CHECKING:
    import pandas as pd

TEXT_ENDINGS = frames.TEXT_ENDINGS
ENDINGS = frames.ENDINGS


@dataclass(frozen=True, kw_only=True)
class Table:
    """The columns of a table by what they are; N rows."""

    numbers: np.ndarray
    """(N, D) float32, as a view is kept."""
    header: tuple[str, ...] = ()
    """(D,) names of the numbers; empty where the file has none."""
    ids: np.ndarray | None = None
    labels: np.ndarray | None = None
    texts: np.ndarray | None = None
    """(N,) captions as Python strings."""
    pictures: np.ndarray | None = None
    """(N,) names of picture files."""
    split: np.ndarray | None = None
    """(N,) uint8, 0 = train, 1 = test."""
    lists: dict[str, np.ndarray] = field(default_factory=dict)
    """Columns that hold a row of numbers each, (N, D), or an image, (N, H, W) or (N, H, W, C): Parquet has them."""
    files: dict[str, np.ndarray] = field(default_factory=dict)
    """Columns that hold a picture file each, (N,) bytes."""
    beside: dict[str, np.ndarray] = field(default_factory=dict)
    """Other columns, to look samples up by: numbers, dates or words (N,); of a small table its numbers too."""

    def __len__(self) -> int:
        return len(self.numbers)

    def rows(self, index: np.ndarray) -> "Table":
        """The rows at `index` (n,), in that order."""
        kept = {name: getattr(self, name) for name in ("numbers", "ids", "labels", "texts", "pictures", "split")}
        kept = {name: None if values is None else values[index] for name, values in kept.items()}
        lists, files, beside = (
            {name: values[index] for name, values in held.items()} for held in (self.lists, self.files, self.beside)
        )
        return replace(self, **kept, lists=lists, files=files, beside=beside)

    @property
    def is_plain(self) -> bool:
        """Whether it holds ids and numbers and nothing else."""
        others = (self.labels, self.texts, self.pictures, self.split)
        return self.numbers.shape[1] > 0 and not (self.lists or self.files) and all(one is None for one in others)

    def rows_of(self, ids: Sequence[str], places: Mapping[str, int]) -> "Table":
        """The rows of these ids, in that order; NaN for those that a plain table lacks.

        Args:
            ids: (n,) wanted.
            places: row of each id that the table has.
        """
        index = np.array([places.get(key, -1) for key in ids])
        lacking = index < 0
        found = self.rows(np.maximum(index, 0))
        if not lacking.any():
            return found
        numbers = np.where(lacking[:, None], np.nan, found.numbers)
        beside = {name: looked_up.without(values, lacking) for name, values in found.beside.items()}
        return replace(found, numbers=numbers, ids=np.array(ids, object), beside=beside)


@dataclass(frozen=True, kw_only=True)
class Columns:
    """A table before it is known what its columns are."""

    frame: "pd.DataFrame"
    named: bool
    where: str
    split: np.ndarray | None = None
    """(N,) which part of the set a row belongs to, where the table was joined from parts."""


def read(path: Path, reading: Reading | None = None) -> Table:
    """Read a table and find out what its columns are.

    A first row of text is a header, and so is one that merely counts the columns.

    Raises:
        ValueError: what is wrong with the file, in one sentence.
    """
    reading = reading or Reading()
    return of_columns(columns(path, reading), reading)


def columns(path: Path, reading: Reading) -> Columns:
    """The columns of a file, whatever they are; of a workbook, of its first sheet.

    Raises:
        ValueError: what is wrong with the file, in one sentence.
    """
    with _opened(path) as file:
        return parse(file, path.name, reading)


def sheets(path: Path, reading: Reading) -> dict[str, Columns]:
    """As `columns`, of every sheet of a workbook by its name; of a file that is one table, under an empty name.

    Raises:
        ValueError: what is wrong with the file, in one sentence.
    """
    with _opened(path) as file:
        found = frames.sheets(file, path.name, reading)
    is_one = len(found) == 1
    return {"" if is_one else sheet: _filled(*one, where=path.name) for sheet, one in found.items()}


def _opened(path: Path) -> IO[bytes]:
    if path.stat().st_size > delimited.MAX_BYTES:
        raise ValueError(f"{path.name} has more than {delimited.MAX_BYTES >> 30} GiB; save it as .npz")
    return open(path, "rb")


def parse(file: IO[bytes], where: str, reading: Reading) -> Columns:
    """The columns of an open file whose ending stands in `where`; of a workbook, of its first sheet."""
    return _filled(*frames.read(file, where, reading), where=where)


def _filled(frame: "pd.DataFrame", named: bool, *, where: str) -> Columns:
    if not len(frame) or not len(frame.columns):
        raise ValueError(f"{where} holds no numbers; give one sample a row")
    return Columns(frame=frame, named=named, where=where)


def of_columns(
    source: Columns,
    reading: Reading,
    *,
    joins: str | None = None,
    several: bool = False,
    of: str = "",
    known: bool = False,
    alone: bool = False,
) -> Table:
    """Every column becomes numbers, ids, classes, captions, names of pictures or a list, by name and content.

    Args:
        source: the columns.
        reading: answers what they leave open.
        joins: the column that other tables share as their ids.
        several: whether there are other files beside it.
        of: what questions call the table, where several are asked about.
        known: whether the classes are known from elsewhere.
        alone: whether the table is all there is, so that where it holds no numbers its words are features.

    Raises:
        ValueError: two columns of one name, or a word among numbers.
    """
    source = _without_strays(source, reading)
    where, named = source.where, source.named
    found = _held(source, reading)
    lists = {name: values for name, old in found.items() if (values := cells.rows_of_numbers(old)) is not None}
    files = {name: values for name, old in found.items() if (values := cells.picture_files(old)) is not None}
    flat = {name: old for name, old in found.items() if name not in lists and name not in files}
    ids = joins if joins in flat else identity.find(flat, named)
    numbers = {n: cells.as_numbers(old, n, where) for n, old in flat.items() if n != ids and cells.is_number(old)}
    spoken = {name: cells.as_words(old) for name, old in flat.items() if name not in numbers and name != ids}
    shown = next(
        (name for name, values in (spoken | identity.spoken(ids, flat)).items() if identity.are_pictures(values)), None
    )
    ids = None if ids == shown and not several else ids
    if named:
        _leave_spare_ids_out(numbers, ids, joins, reading)
    if ids is not None and joins is None and ids != shown and not several:
        reading.tell(f"{cells.shown(ids)} names the rows")
    split_name, split = column_roles.split_column(numbers | spoken, named)
    for name in column_roles.of_parts({n: v for n, v in numbers.items() if named and n != split_name}, reading):
        del numbers[name]
    if ids is None and not named and not several:
        _set_aside_id(numbers, next(iter(found)), reading)
    both = spoken | numbers
    rest = {name: both[name] for name in found if name in both and name not in (shown, split_name)}
    held = {n: v for n, v in rest.items() if n not in spoken or not column_roles.are_captions(n, v)}
    is_one = len(rest) == 1 and not (shown or lists or files or several) and ids is None
    label, doubtful, classes = column_roles.classes(held, named, reading, alone=is_one, of=of, known=known)
    if label in spoken:
        _tell_trimmed(flat[label], spoken[label], reading)
    captions, texts = column_roles.texts({k: v for k, v in spoken.items() if k not in (shown, label, split_name)})
    used = (shown, label, *captions, split_name, *doubtful)
    unused = {name: values for name, values in spoken.items() if name not in used}
    kept = [name for name in numbers if name not in (label, split_name) and name not in doubtful]
    is_bare = not (lists or files or shown)
    made = column_words.features(
        unused,
        reading,
        are_all=is_bare and alone and not (kept or doubtful),
        are_offered=is_bare and bool(kept) and (alone or bool(of)),
    )
    numbers, kept = numbers | made, kept + list(made)
    if doubtful and classes is None or label is not None and doubtful:
        reading.leave_out(listed(doubtful), "may be classes")
    shown_beside = {name: old for name, old in flat.items() if named and name not in (label, *captions, split_name)}
    if split is not None and source.split is None:
        reading.tell(f"{cells.shown(str(split_name))} says which part a row is of")
    return Table(
        numbers=_beside([numbers[name] for name in kept], len(source.frame)),
        header=tuple(kept) if named else (),
        ids=None if ids is None else np.array([cells.as_id(value) for value in found[ids]], object),
        labels=classes,
        texts=texts,
        pictures=None if shown is None else cells.as_words(found[shown]),
        split=split if source.split is None else source.split,
        lists=lists,
        files=files,
        beside=looked_up.beside(shown_beside, numbers, kept),
    )


def _leave_spare_ids_out(numbers: dict[str, np.ndarray], ids: str | None, joins: str | None, reading: Reading) -> None:
    """Take columns out of the numbers that are ids beside the one by which samples are known, and say so."""
    for name in [name for name in numbers if name != joins and identity.is_spare(name, numbers[name], ids)]:
        values = numbers.pop(name)
        repeats = len(set(values)) < len(values)
        reading.leave_out(cells.shown(name), "an id, which is the same for several rows" if repeats else "another id")


def _without_strays(source: Columns, reading: Reading) -> Columns:
    """The table without the rows that are no samples."""
    rows = strays.samples(source.frame, source.where, reading) if source.named else None
    if rows is None:
        return source
    kept = source.frame.loc[rows].reset_index(drop=True).infer_objects()  # a sum lacks yes and no
    return replace(source, frame=kept, split=None if source.split is None else source.split[rows])


def _beside(columns: Sequence[np.ndarray], n_rows: int) -> np.ndarray:
    """Columns (N,) as one matrix (N, D) float32, without another copy of them all on the way."""
    found = np.empty((n_rows, len(columns)), np.float32)
    with np.errstate(over="ignore"):  # beyond float32 becomes infinite, which is refused by name before training
        for place, column in enumerate(columns):
            found[:, place] = column
    return found


def _set_aside_id(numbers: dict[str, np.ndarray], first: str, reading: Reading) -> None:
    """Take the first column out of the numbers where it may be an id and has no name that says so."""
    if identity.unnamed(numbers) == first and labels.use(first, reading, what=identity.MAY_BE_ID) != labels.FEATURE:
        reading.leave_out(first, identity.MAY_BE_ID)
        del numbers[first]


def _held(source: Columns, reading: Reading) -> dict[str, np.ndarray]:
    """The columns that hold something, by name."""
    frame, named = source.frame, source.named
    names = [str(name) if named else f"column {i}" for i, name in enumerate(frame.columns, start=1)]
    if len(set(names)) < len(names):
        twice = cells.shown(Counter(names).most_common(1)[0][0])
        raise ValueError(f"{source.where} has two columns called {twice}; rename one")
    found = {name: cells.values(frame.iloc[:, i]) for i, name in enumerate(names)}
    found |= amounts.numbers(found, frame.attrs.get(separators.WRITTEN, separators.Written()), reading)
    found |= limits.numbers(found, reading)
    found |= strays.as_missing(found, source.where, reading)
    if empty := [name for name, values in found.items() if all(map(cells.is_blank, values))]:
        reading.leave_out(listed(empty), "empty")
    return {name: values for name, values in found.items() if name not in empty}


def _tell_trimmed(cells_of_classes: np.ndarray, names: np.ndarray, reading: Reading) -> None:
    """Say that names of classes which differ in the spaces around them alone became one."""
    before = len({value for value in cells_of_classes.tolist() if isinstance(value, str) and value.strip()})
    after = len({name for name in names.tolist() if name})
    if after < before:
        reading.tell(f"spaces around the names of classes removed: {before} spellings, {after} names")
