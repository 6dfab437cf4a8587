"""Tables: numbers, ids, classes, captions and names of pictures in the columns of a text file or of Parquet.

In Parquet a column may also hold lists of numbers, or whole picture files (bytes, or `{bytes, path}` as the library
datasets writes them).
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from mmclust.data.readers import arrays, cells, delimited, frames, labels, parts, words
from mmclust.data.readers.reading import Reading, listed

if TYPE_CHECKING:
    import pandas as pd

MOST_LETTERS = 40
"""Of a name of a row; longer words are captions."""
TEXT_ENDINGS = frames.TEXT_ENDINGS
ENDINGS = frames.ENDINGS


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
    split: np.ndarray | None = None
    """(N,) uint8, 0 = train, 1 = test."""
    lists: dict[str, np.ndarray] = field(default_factory=dict)
    """Columns that hold a row of numbers each, (N, D), or an image, (N, H, W) or (N, H, W, C): Parquet has them."""
    files: dict[str, np.ndarray] = field(default_factory=dict)
    """Columns that hold a picture file each, (N,) bytes."""

    def __len__(self) -> int:
        return len(self.numbers)

    def rows(self, index: np.ndarray) -> "Table":
        """The rows at `index` (n,), in that order."""
        kept = {name: getattr(self, name) for name in ("numbers", "ids", "labels", "texts", "pictures", "split")}
        kept = {name: None if values is None else values[index] for name, values in kept.items()}
        lists, files = ({name: values[index] for name, values in held.items()} for held in (self.lists, self.files))
        return replace(self, **kept, lists=lists, files=files)

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
        return replace(found, numbers=np.where(lacking[:, None], np.nan, found.numbers), ids=np.array(ids, object))


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
    """The columns of a file, whatever they are.

    Raises:
        ValueError: what is wrong with the file, in one sentence.
    """
    if path.stat().st_size > delimited.MAX_BYTES:
        raise ValueError(f"{path.name} has more than {delimited.MAX_BYTES >> 30} GiB; save it as .npz")
    with open(path, "rb") as file:
        return parse(file, path.name, reading)


def parse(file: IO[bytes], where: str, reading: Reading) -> Columns:
    """As `columns`, from an open file whose ending stands in `where`."""
    frame, named = frames.read(file, where, reading)
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
) -> Table:
    """Every column becomes numbers, ids, classes, captions, names of pictures or a list, by name and content.

    Args:
        source: the columns.
        reading: answers what they leave open.
        joins: the column that other tables share as their ids.
        several: whether there are other files beside it.
        of: what questions call the table, where several are asked about.
        known: whether the classes are known from elsewhere.

    Raises:
        ValueError: two columns of one name, or a word among numbers.
    """
    where, named = source.where, source.named
    found = _held(source, reading)
    lists = {name: values for name, old in found.items() if (values := cells.rows_of_numbers(old)) is not None}
    files = {name: values for name, old in found.items() if (values := cells.picture_files(old)) is not None}
    flat = {name: old for name, old in found.items() if name not in lists and name not in files}
    ids = joins if joins in flat else _ids(flat, named)
    numbers = {n: cells.as_numbers(old, n, where) for n, old in flat.items() if n != ids and cells.is_number(old)}
    spoken = {name: cells.as_words(old) for name, old in flat.items() if name not in numbers and name != ids}
    shown = next((name for name, values in (spoken | _id_words(ids, flat)).items() if _are_pictures(values)), None)
    ids = None if ids == shown and not several else ids
    spare = [name for name in numbers if named and name != joins and _is_spare_id(name, numbers[name], ids)]
    for values, name in [(numbers.pop(name), name) for name in spare]:
        repeats = len(set(values)) < len(values)
        reading.leave_out(cells.shown(name), "an id, which is the same for several rows" if repeats else "another id")
    if ids is not None and joins is None and ids != shown and not several:
        reading.tell(f"{cells.shown(ids)} names the rows")
    split_name, split = _split_column(numbers | spoken, named)
    for name in _of_parts({n: v for n, v in numbers.items() if named and n != split_name}, reading):
        del numbers[name]
    rest = {
        name: (spoken | numbers)[name]
        for name in found
        if name in (spoken | numbers) and name not in (shown, split_name)
    }
    held = {
        name: values for name, values in rest.items() if name not in spoken or not labels_are_captions(name, values)
    }
    alone = len(rest) == 1 and not (shown or lists or files or several) and ids is None
    label, doubtful, classes = _classes(held, named, reading, alone=alone, of=of, known=known)
    if label in spoken:
        _tell_trimmed(flat[label], spoken[label], reading)
    texts_name = _text_column({k: v for k, v in spoken.items() if k not in (shown, label, split_name)})
    texts = spoken[texts_name] if texts_name else None
    used = (shown, label, texts_name, split_name, *doubtful)
    _tell_unused({name: values for name, values in spoken.items() if name not in used}, reading)
    if doubtful and classes is None or label is not None and doubtful:
        reading.leave_out(listed(doubtful), "may be classes")
    kept = [name for name in numbers if name not in (label, split_name) and name not in doubtful]
    if split is not None and source.split is None:
        reading.tell(f"{cells.shown(str(split_name))} says which part a row is of")
    return Table(
        numbers=np.stack([numbers[name] for name in kept], axis=1) if kept else np.empty((len(source.frame), 0)),
        header=tuple(kept) if named else (),
        ids=None if ids is None else np.array([cells.as_id(value) for value in found[ids]], object),
        labels=classes,
        texts=texts,
        pictures=None if shown is None else cells.as_words(found[shown]),
        split=split if source.split is None else source.split,
        lists=lists,
        files=files,
    )


def _tell_unused(spoken: Mapping[str, np.ndarray], reading: Reading) -> None:
    """Say which columns of words are nothing of a sample, and why."""
    reasons: dict[str, list[str]] = {}
    for name, values in spoken.items():
        reasons.setdefault(_why_unused(values), []).append(name)
    for why, names in reasons.items():
        reading.leave_out(listed(names), why)


def _why_unused(values: np.ndarray) -> str:
    """Why a column of words (N,) is nothing of a sample."""
    n_distinct = len(set(values.tolist()))
    if not any(values):
        return "neither numbers nor words"
    if n_distinct == 1:
        return "the same in every row"
    if cells.are_dates(values):
        return "dates or times"
    return "another word in every row" if n_distinct == len(values) else "words"


def _held(source: Columns, reading: Reading) -> dict[str, np.ndarray]:
    """The columns that hold something, by name."""
    frame, named = source.frame, source.named
    names = [str(name) if named else f"column {i}" for i, name in enumerate(frame.columns, start=1)]
    if len(set(names)) < len(names):
        twice = cells.shown(Counter(names).most_common(1)[0][0])
        raise ValueError(f"{source.where} has two columns called {twice}; rename one")
    found = {name: cells.values(frame.iloc[:, i]) for i, name in enumerate(names)}
    if marked := {name: amounts for name, values in found.items() if (amounts := cells.unmarked(values)) is not None}:
        reading.tell(f"marks such as % and $ removed in {listed(list(marked))}")
        found |= marked
    if empty := [name for name, values in found.items() if all(map(cells.is_blank, values))]:
        reading.leave_out(listed(empty), "empty")
    return {name: values for name, values in found.items() if name not in empty}


def _ids(flat: Mapping[str, np.ndarray], named: bool) -> str | None:
    """The column that says which sample a row is: by its name, or the first one that counts the rows."""
    unique = [name for name, values in flat.items() if cells.is_unique(values)]
    by_name = [name for name in unique if named and words.is_id_name(name)]
    if by_name:
        usual = [name for name in by_name if words.plain(name) in words.IDS]
        return min(usual, key=lambda name: words.IDS.index(words.plain(name))) if usual else by_name[0]
    first = next(iter(flat), None)
    if first is None or first not in unique or len(flat) < 2:
        return None
    return (
        first
        if cells.counts_rows(flat[first]) or cells.is_hex(flat[first]) or _names_rows(first, flat[first])
        else next((n for n in unique if cells.is_hex(flat[n])), None)
    )


def _names_rows(name: str, values: np.ndarray) -> bool:
    """Whether the first column (N,), another word in every row, merely names the rows: no sentences and no dates."""
    if cells.is_number(values) or words.plain(name) in words.CAPTION_COLUMNS:
        return False
    spoken = cells.as_words(values)
    lengths = [len(value) for value in spoken.tolist()]
    is_spoken = sum(value.count(" ") for value in spoken.tolist()) > len(spoken)
    return not is_spoken and max(lengths) <= MOST_LETTERS and not cells.are_dates(spoken) and not _are_pictures(spoken)


def _id_words(ids: str | None, flat: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {} if ids is None or cells.is_number(flat[ids]) else {ids: cells.as_words(flat[ids])}


def _tell_trimmed(cells_of_classes: np.ndarray, names: np.ndarray, reading: Reading) -> None:
    """Say that names of classes which differ in the spaces around them alone became one."""
    before = len({value for value in cells_of_classes.tolist() if isinstance(value, str) and value.strip()})
    after = len({name for name in names.tolist() if name})
    if after < before:
        reading.tell(f"spaces around the names of classes removed: {before} spellings, {after} names")


def _is_spare_id(name: str, values: np.ndarray, ids: str | None) -> bool:
    """Whether a column of numbers is an id beside the one that is taken, or one that repeats: never a feature."""
    if words.plain(name) in words.SURE_IDS and ids is None:
        return True
    whole = bool((values[np.isfinite(values)] == np.round(values[np.isfinite(values)])).all())
    is_named = words.tokens(name)[-1:] in (["id"], ["ids"], ["uid"], ["uuid"], ["barcode"]) or words.plain(name) in (
        "rownames",
        "rownumber",
        "unnamed:0",
    )
    return whole and is_named and not words.may_be_labels(name)


def labels_are_captions(name: str, values: np.ndarray) -> bool:
    """Whether words under a name of captions are these, not classes: they are long, or hardly repeat."""
    is_long = sum(" " in value.strip() for value in values.tolist()) > len(values) / 2
    return words.plain(name) in words.CAPTION_COLUMNS and (is_long or not labels.few(values))


def _classes(
    held: dict[str, np.ndarray], named: bool, reading: Reading, *, alone: bool, of: str, known: bool
) -> tuple[str | None, list[str], np.ndarray | None]:
    """Name of the column of the classes, the columns that may be some and are no features, and the classes (N,)."""
    numbers = {name: values for name, values in held.items() if labels.is_number(values)}
    hot = labels.one_hot(numbers) if named and not known else []
    beside = len(numbers) - len(hot)
    sure = any(words.is_label_name(name) and labels.repeats(values) for name, values in held.items())
    if hot and not sure and (not beside or len(hot) > 2 or all(map(words.may_be_labels, hot))):
        names = labels.class_names_of_columns(hot)
        text = f"Each row has one 1 in the columns {listed(hot)}: they may be the classes."
        guess = labels.LEAVE_OUT if beside and len(held) > 3 * len(hot) + 12 else "the classes"
        answer = reading.ask(
            "one-hot columns",
            text,
            ("the classes", labels.FEATURE, labels.LEAVE_OUT),
            "the classes" if guess else guess,
        )
        if answer == "the classes":
            reading.tell(f"classes from the columns {listed(hot)}")
            return None, hot, np.array(names, object)[np.stack([numbers[name] for name in hot]).argmax(axis=0)]
        if answer == labels.LEAVE_OUT:
            return None, hot, None
    continuous = [
        n
        for n, v in held.items()
        if named
        and words.is_label_name(n)
        and len(words.plain(n)) > 1
        and labels.is_number(v)
        and not labels.repeats(v)
        and not alone
    ]
    outs = (
        [
            name
            for name in continuous
            if labels.use(name, reading, what="is called like classes, and holds other numbers") != labels.FEATURE
        ]
        if len(held) > 1
        else []
    )
    chosen, doubtful = labels.choose(
        {k: v for k, v in held.items() if k not in outs}, named, reading, alone=alone, of=of, known=known
    )
    return chosen, [*doubtful, *outs], None if chosen is None else held[chosen]


def _split_column(found: Mapping[str, np.ndarray], named: bool) -> tuple[str | None, np.ndarray | None]:
    """The column that says which part of the set a row is of, and that (N,) as 0 for train and 1 for test."""
    for name, values in found.items():
        if not named or words.plain(name) not in words.SPLITS:
            continue
        if labels.is_number(values):
            if words.plain(name) in ("istrain", "istest", "split") and np.isin(values, (0, 1)).all():
                return name, (values == (words.plain(name) != "istrain")).astype(np.uint8)
            continue
        purposes = {word: parts.purpose(word) for word in set(values.tolist())}
        if len(purposes) > 1 and None not in purposes.values() and len(set(purposes.values())) > 1:
            return name, np.array([purposes[word] for word in values], np.uint8)
    return None, None


def _of_parts(numbers: Mapping[str, np.ndarray], reading: Reading) -> list[str]:
    """Columns of whole numbers that say which fold or part a row is of, and are no features unless somebody says so."""
    found = []
    for name, values in numbers.items():
        if words.plain(name) in words.SPLITS and labels.few(values):
            what = "may say which part of the set a row is of"
            if labels.use(name, reading, what=what) != labels.FEATURE:
                reading.leave_out(cells.shown(name), what)
                found.append(name)
    return found


def _are_pictures(values: np.ndarray) -> bool:
    return sum(bool(delimited.PICTURE_NAME.search(value)) for value in values[:1000]) >= 0.9 * len(values[:1000])


def _text_column(spoken: dict[str, np.ndarray]) -> str | None:
    """The captions: by name, else the column of the longest words."""
    named = [name for name in spoken if words.plain(name) in words.CAPTION_COLUMNS]
    if named:
        return min(named, key=lambda name: words.CAPTION_COLUMNS.index(words.plain(name)))
    long = {
        name: sum(map(len, values)) / len(values)
        for name, values in spoken.items()
        if 2 * sum(map(str.isalpha, text := "".join(values))) > len(text)  # dates are no captions
    }
    best = max(long, key=lambda name: long[name], default=None)
    return best if best is not None and long[best] >= 12 else None


def views(table: Table, name: str, reading: Reading) -> dict[str, np.ndarray]:
    """The numbers of a table as one view, or as several where the names of its columns have the form `view_1`."""
    found = table.lists
    groups: dict[str, list[int]] = {}
    for column, title in enumerate(table.header):
        match = re.fullmatch(r"(.*[^\d_. -])[_. -]?\d+", title)
        groups.setdefault(match[1] if match else "", []).append(column)
    several = len(groups) > 1 and "" not in groups and min(map(len, groups.values())) > 1
    if several and len(groups) <= arrays.MAX_VIEWS:
        names = ", ".join(f"{cells.shown(group)} ({len(columns)})" for group, columns in groups.items())
        apart = f"{len(groups)} views"
        if reading.ask("views", f"Columns are named after {names}.", (apart, "1 view"), apart) == apart:
            return found | {group: table.numbers[:, columns] for group, columns in groups.items()}
    if not table.numbers.shape[1]:
        return found
    columns = table.header or tuple(f"column {i}" for i in range(1, table.numbers.shape[1] + 1))
    if found and len(columns) <= FEW_BESIDE:
        text = f"{listed(list(columns))} {'stands' if len(columns) == 1 else 'stand'} beside {listed(list(found))}."
        is_wanted = any(reading.answers.get(f"use of {column}") == labels.FEATURE for column in columns)
        if reading.ask("numbers beside", text, (LEAVE_OUT, A_VIEW), A_VIEW if is_wanted else LEAVE_OUT) == LEAVE_OUT:
            reading.leave_out(listed(list(columns)), "numbers that describe the samples")
            return found
    return found | {name: table.numbers}


FEW_BESIDE = 5
"""So few numbers beside lists or pictures describe these, and are no view of their own unless somebody says so."""
LEAVE_OUT, A_VIEW = "leave them out", "a view of their own"
