"""What else stands beside the samples, such as ids, dates and names of files: to look samples up by, never to train on.

Shapes: N samples.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmclust.data.readers import cells

MOST_FEATURES = 64
"""Of a table with no more numbers, these are looked up by too."""
MOST_LETTERS = 2000
"""Of a word that is kept."""


def beside(found: Mapping[str, np.ndarray], numbers: Mapping[str, np.ndarray], used: Sequence[str]) -> dict[str, Any]:
    """The columns of a table to look samples up by.

    Args:
        found: all columns (N,) that are no classes, captions or parts.
        numbers: those of them that are numbers, (N,) float64.
        used: names of the numbers that methods see; left out where they are very many.
    """
    many = len(used) > MOST_FEATURES
    kept = {name: values for name, values in found.items() if not (many and name in used)}
    columns = {name: numbers.get(name, None) if name in numbers else column(values) for name, values in kept.items()}
    return {name: values for name, values in columns.items() if values is not None}


def column(found: np.ndarray) -> np.ndarray | None:
    """A column of a file as numbers, dates or words (N,); None where it holds none of them."""
    if found.dtype.kind == "M":
        return found.astype("datetime64[ms]")
    if found.dtype.kind in "buif":
        return found if found.dtype.kind == "b" else found.astype(np.float64)
    words = np.array([word[:MOST_LETTERS] for word in map(_word, found)], object)
    if not any(words):
        return None
    return dates(words) if cells.are_dates(words) else words


def _word(value: Any) -> str:
    """A cell in words; lists as they would be read out."""
    if isinstance(value, (list, tuple, np.ndarray)):
        return ", ".join(str(one).strip() for one in list(value)[:200] if not isinstance(one, (bytes, dict)))
    if isinstance(value, dict):
        return json.dumps(value, default=str, ensure_ascii=False) if not any(map(_is_binary, value.values())) else ""
    return "" if isinstance(value, bytes) or cells.is_empty(value) else str(value).strip()


def _is_binary(value: Any) -> bool:
    return isinstance(value, bytes)


def dates(words: np.ndarray) -> np.ndarray:
    """Words (N,) as dates of datetime64[ms], NaT where a word is none; the words where most of them are none."""
    import pandas as pd

    found = pd.to_datetime(pd.Series(words).replace("", None), errors="coerce", format="mixed", utc=True)
    n_words = sum(map(bool, words.tolist()))
    if int(found.notna().sum()) * 2 < n_words:
        return words
    return found.dt.tz_localize(None).to_numpy().astype("datetime64[ms]")


def without(values: np.ndarray, lacking: np.ndarray) -> np.ndarray:
    """A column (N,) with nothing in the rows that lack it, (N,) booleans."""
    if values.dtype.kind == "M":
        return np.where(lacking, np.datetime64("NaT", "ms"), values)
    if values.dtype.kind == "O":
        return np.where(lacking, "", values)
    return np.where(lacking, np.nan, values)


def of_samples(said: Mapping[str, Mapping[str, Any]], names: Iterable[str]) -> dict[str, np.ndarray]:
    """Columns (N,) of samples by their names.

    Args:
        said: of each column, the value of the samples that have one, by their names.
        names: (N,) of the samples.
    """
    every = list(names)
    return {title: _lined_up(values, every) for title, values in said.items()}


def _lined_up(values: Mapping[str, Any], names: Sequence[str]) -> np.ndarray:
    some = next(iter(values.values()), "")
    if isinstance(some, np.datetime64):
        return np.array([values.get(name, np.datetime64("NaT", "ms")) for name in names], "datetime64[ms]")
    if isinstance(some, str):
        return np.array([values.get(name, "") for name in names], object)
    return np.array([values.get(name, np.nan) for name in names], np.float64)


def save(folder: Path, columns: Mapping[str, np.ndarray]) -> None:
    """Keep columns (N,) in a folder."""
    kept = {
        name: [values.dtype.kind, (values.astype(np.int64) if values.dtype.kind == "M" else values).tolist()]
        for name, values in columns.items()
    }
    (folder / "columns.json").write_text(json.dumps(kept))


def load(folder: Path) -> dict[str, np.ndarray]:
    """The columns that `save` kept; none where it kept none."""
    file = folder / "columns.json"
    kept = json.loads(file.read_text()) if file.is_file() else {}
    return {name: _loaded(kind, values) for name, (kind, values) in kept.items()}


def _loaded(kind: str, values: list[Any]) -> np.ndarray:
    if kind == "M":
        return np.array(values, np.int64).astype("datetime64[ms]")
    return np.array(values, object if kind == "O" else np.float64)
