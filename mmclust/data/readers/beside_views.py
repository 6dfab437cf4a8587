"""What stands beside the views in a file of arrays: labels, parts, captions, names of classes.

Shapes: N samples.
"""

import re
from collections.abc import Mapping
from functools import partial

import numpy as np

from mmclust.data.readers import parts, words
from mmclust.data.readers.labels import repeats
from mmclust.data.readers.pairing import Value, is_sparse
from mmclust.data.readers.reading import Reading
from mmclust.data.readers.words import plain


def find_split(arrays: Mapping[str, Value], n_samples: int, reading: Reading) -> np.ndarray | None:
    """The part of each sample (N,), 0 to train on and 1 to test, from an array that says so."""
    for key, value in arrays.items():
        if plain(key) not in words.SPLITS:
            continue
        items = value if isinstance(value, list) else np.ravel(value).tolist() if isinstance(value, np.ndarray) else []
        if len(items) != n_samples:
            continue
        if all(item in (0, 1) for item in items) and plain(key) != "fold":
            is_test = np.array(items, np.uint8)
            return 1 - is_test if plain(key) == "istrain" else is_test
        purposes = [parts.purpose(item) if isinstance(item, str) else None for item in items]
        if None not in purposes and len(set(purposes)) > 1:
            return np.array(purposes, np.uint8)
        reading.leave_out(key[:60], "no 0 (train) or 1 (test) for each sample")
    return _split_of_rows(arrays, n_samples, reading)


def _split_of_rows(arrays: Mapping[str, Value], n_samples: int, reading: Reading) -> np.ndarray | None:
    """The part of each sample (N,) where arrays such as `trainIdx` and `testIdx` hold the numbers of all rows."""
    for base, members in parts.groups(arrays).items():
        values = [np.ravel(value) for name in members.values() if isinstance(value := arrays[name], np.ndarray)]
        if parts.is_mask(base) and len(values) == len(members) and all(map(partial(_marks_rows, n_samples), values)):
            marked = [value.astype(bool) for part, value in zip(members, values, strict=True) if part.is_test]
            reading.tell(f"parts by {' and '.join(members.values())[:80]}")
            return np.any(marked, axis=0).astype(np.uint8) if marked else None
        if not parts.is_of_rows(base) or len(values) < len(members):
            continue
        every = np.sort(np.concatenate(values))
        start = int(every[0]) if every.dtype.kind in "buif" and len(every) and every[0] in (0, 1) else -1
        if start < 0 or not np.array_equal(every, np.arange(n_samples) + start):
            reading.leave_out(", ".join(members.values())[:60], "not the number of every row once")
            continue
        split = np.zeros(n_samples, np.uint8)
        for part, rows in zip(members, values, strict=True):
            split[rows.astype(np.int64) - start] = part.is_test
        reading.tell(f"parts by the numbers of rows in {' and '.join(members.values())[:80]}")
        return split
    return None


def _marks_rows(n_samples: int, values: np.ndarray) -> bool:
    return len(values) == n_samples and bool(np.isin(values, (0, 1)).all())


def find_texts(arrays: Mapping[str, Value], lengths: set[int]) -> tuple[np.ndarray | None, str]:
    """Captions (N,) as Python strings, as many as some view has samples, and the name they had; None for none."""
    for key, value in arrays.items():
        items = value.ravel().tolist() if isinstance(value, np.ndarray) and value.dtype.kind == "U" else value
        fits = isinstance(items, list) and len(items) in lengths and all(isinstance(item, str) for item in items)
        if plain(key) in words.TEXTS and fits:
            return np.array([item.strip() for item in items], object), key
    return None, ""


def asked_labels(arrays: Mapping[str, Value], reading: Reading) -> tuple[str, np.ndarray | None]:
    """Name and values (N,) of the labels, asked for where several arrays or one of an unusual name could be meant."""
    name, labels = _find_labels(arrays)
    every = [item for value in arrays.values() for item in (value if isinstance(value, list) else [value])]
    lengths = {length for item in every if is_matrix(item) for length in (item.shape[0], item.shape[-1])}
    possible = {
        key: values
        for key, value in arrays.items()
        if (values := _as_labels(value)) is not None
        and len(values) in lengths
        and re.sub(r"\d+$", "", plain(key)) not in (*words.SPLITS, *words.TEXTS, "id", "ids", "index", "idx")
        and (plain(key) not in words.CLASS_NAMES or (labels is None and repeats(values)))
        and (key == name or _may_be_labels(value, values) or (words.may_be_labels(key) and repeats(values)))
    }
    if not possible or (labels is not None and len(possible) == 1):
        return name, labels
    text = "Which array holds the classes? They only ever score a result."
    likely = [key for key in possible if words.may_be_labels(key)]
    guess = name or (likely[0] if likely else next(iter(possible)) if len(possible) == 1 else "none")
    answer = reading.ask("classes", text, ("none", *possible), guess)
    return ("", None) if answer == "none" else (answer, possible[answer])


def _may_be_labels(value: Value, values: np.ndarray) -> bool:
    """Whether an array of no usual name could be classes: along one axis, few distinct whole numbers or words."""
    is_line = isinstance(value, list) or (value.size == max(value.shape) and not is_sparse(value))
    if not is_line or (values.dtype.kind == "f" and not (values == np.round(values)).all()):
        return False
    return 1 < len(np.unique(values)) <= max(2, len(values) // 3)


def _find_labels(arrays: Mapping[str, Value]) -> tuple[str, np.ndarray | None]:
    """Name and values (N,) of the labels; None where there are none."""
    for wanted in words.LABELS:
        for key, value in arrays.items():
            if plain(key) == wanted and (labels := _as_labels(value)) is not None:
                return key, labels
    return "", None


def _as_labels(value: Value) -> np.ndarray | None:
    """A row, a column, a list of names, one of each view, or 0-1 columns as labels (N,); None for anything else."""
    if isinstance(value, list):
        if value and all(isinstance(item, str) for item in value):
            return np.array(value)
        return _as_labels(value[0]) if value and not isinstance(value[0], list) else None
    if is_sparse(value):
        value = value.toarray() if value.shape[0] * value.shape[1] < 10**8 else None
    if isinstance(value, np.ndarray) and value.dtype == object and all(isinstance(item, str) for item in value.flat):
        value = value.astype(str)
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "buifUS" or value.size < 2:
        return None
    if value.size == max(value.shape):
        return value.ravel()
    if value.ndim == 2 and value.dtype.kind in "buif" and np.isin(value, (0, 1)).all():
        for axis in (1, 0):
            if (value.sum(axis=axis) == 1).all():
                return value.argmax(axis=axis)
    return None


def is_measured(labels: np.ndarray) -> bool:
    """Whether labels (N,) are measurements, such as prices: fractions, hardly any of them met twice."""
    if labels.dtype.kind != "f" or not np.isfinite(labels).all():
        return False
    return bool((labels != np.round(labels)).mean() > 0.5) and len(np.unique(labels)) > len(labels) / 3


def find_classes(arrays: Mapping[str, Value]) -> tuple[str, ...]:
    """Names of the classes, where a list of them stands beside the labels."""
    for key, value in arrays.items():
        if plain(key) in words.CLASS_NAMES:
            items = value.ravel().tolist() if isinstance(value, np.ndarray) else value
            if isinstance(items, list) and items and all(isinstance(item, str) for item in items):
                return tuple(item.strip() for item in items)
    return ()


def is_matrix(value: Value) -> bool:
    """Whether it may be a view: two axes or more, at least two of them longer than 1."""
    shape = getattr(value, "shape", ())
    numeric = is_sparse(value) or (isinstance(value, np.ndarray) and value.dtype.kind in "buif")
    return numeric and 2 <= len(shape) <= 4 and sorted(shape)[-2] > 1


def holds_fractions(value: Value) -> bool:
    """Whether most numbers of a matrix, of its first rows, are fractions."""
    some = value[:256] if isinstance(value, np.ndarray) and value.dtype.kind == "f" else np.zeros(1)
    return bool((some % 1 != 0).mean() > 0.5)
