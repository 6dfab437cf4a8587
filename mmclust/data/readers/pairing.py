"""Which samples of several views belong together, and which of them every view has: methods need complete views.

Ids decide where there are any; else the order does, and where lengths differ the user has to say so.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmclust.data.readers.parts import taken_apart
from mmclust.data.readers.reading import Reading, listed

KEEP, LEAVE_OUT = "keep them", "leave these samples out"
PAIRING = "pairing"
"""The question that is asked where views differ in length and nothing joins them."""
SHOWN_VIEWS = 6

Value = Any
"""A NumPy array, a SciPy sparse matrix, a string, or a list of these (a cell of MATLAB)."""


def is_sparse(value: Value) -> bool:
    """Whether it is a matrix of SciPy, told without the quarter of a second that importing it takes."""
    return hasattr(value, "toarray")


def length(value: Value) -> int:
    """Length of the first axis; sparse matrices have no `len`."""
    return value.shape[0]


def rows(value: Value, index: np.ndarray | None) -> Value:
    """The rows of a view at `index` (n,); None takes all."""
    return value if index is None else (value.tocsr() if is_sparse(value) else value)[index]


def by_ids(
    views: dict[str, Value], arrays: Mapping[str, Value], labels: np.ndarray | None, where: str, reading: Reading
) -> tuple[dict[str, Value], np.ndarray | None]:
    """Views whose samples are in one order, where each has ids: `X1` and `id1`, `X2` and `id2`.

    A sample that a view of plain numbers lacks has a row of NaN there; one without a label, or that another view lacks,
    is left out.
    """
    numbered = {int(found[1]): key for key in views if (found := re.search(r"(\d+)$", key))}
    ids = {
        int(found[1]): np.asarray(value).ravel()
        for key, value in arrays.items()
        if (found := re.fullmatch(r"(?:id|ids|index|idx)[-_ ]?(\d+)", key.lower())) and np.size(value) > 1
    }
    if len(views) < 2 or set(ids) != set(numbered) or len(numbered) != len(views):
        return views, labels
    places = {number: {key: row for row, key in enumerate(values.tolist())} for number, values in ids.items()}
    for number, key in numbered.items():
        if len(places[number]) != len(ids[number]) or len(ids[number]) not in views[key].shape[:1]:
            return views, labels
    first = min(places)
    common = [key for key in places[first] if all(key in place for place in places.values())]
    if not common:
        raise ValueError(f"the views in {where} have no id in common; give the same samples the same ids")
    has_labels = labels is not None and len(labels) == len(ids[first])
    plain = {
        number for number, key in numbered.items() if _is_plain(views[key]) and not (has_labels and number == first)
    }
    every = dict.fromkeys(key for place in places.values() for key in place)
    kept = [key for key in every if all(key in place for number, place in places.items() if number not in plain)]
    if len(kept) < len(every):
        reading.leave_out(_samples(len(every) - len(kept), "that not every view has"), "views must be complete")
    index = {number: np.array([place.get(key, -1) for key in kept]) for number, place in places.items()}
    labels = labels[index[first]] if labels is not None and has_labels else labels
    return {key: _rows_or_nan(views[key], index[number]) for number, key in numbered.items()}, labels


def _is_plain(value: Value) -> bool:
    return isinstance(value, np.ndarray) and value.ndim == 2 and value.dtype.kind in "buif"


def _rows_or_nan(value: Value, index: np.ndarray) -> Value:
    """The rows of a view at `index` (n,), NaN where it is -1."""
    if (index >= 0).all():
        return rows(value, index)
    return np.where((index < 0)[:, None], np.nan, value[index])


def ends(value: Value, *, images_first: bool = False, n_labels: int | None = None) -> set[int]:
    """How many samples an array may have: the lengths of its first and its last axis.

    NumPy's images count them by the first, but where the first two are as long as each other and there are as many
    labels as the last is long.
    """
    is_told = n_labels == value.shape[-1] != value.shape[0] == value.shape[1] if value.ndim > 2 else False
    return {value.shape[0]} if images_first and value.ndim > 2 and not is_told else {value.shape[0], value.shape[-1]}


def count(
    views: Mapping[str, Value],
    labels: np.ndarray | None,
    where: str,
    *,
    in_rows: bool,
    ends: Callable[[Value], set[int]] = ends,
) -> int | None:
    """How many samples there are: as many as labels, or the length that all views share, rows before columns.

    None where views differ in length: see `common_part`.

    Raises:
        ValueError: no view has as many samples as there are labels.
    """
    lengths = [{value.shape[0]} if in_rows else ends(value) for value in views.values()]
    if labels is not None:
        if not any(len(labels) in found for found in lengths):
            raise ValueError(f"{where} has {len(labels)} labels for {_shown(views)}; one label per sample is needed")
        return len(labels) if all(len(labels) in found for found in lengths) else None
    firsts, lasts = ({value.shape[axis] for value in views.values()} for axis in (0, -1))
    if len(firsts) == 1:
        return firsts.pop()
    if len(lasts) == 1 and not _wide(views):
        return None  # as many features in each view, or all samples in columns
    return max(set.intersection(*lengths), default=None)


def common_part(
    views: Mapping[str, Value], labels: np.ndarray | None, where: str, reading: Reading, *, in_rows: bool
) -> tuple[dict[str, Value], set[int]]:
    """The first samples of views of different length, as many as all have, where the user wants to pair them so.

    Returns:
        The views with their samples on the first axis, and the lengths that they had.

    Raises:
        ValueError: the user has not said so; the sentence says how.
    """
    if in_rows or (labels is not None and any(len(labels) == value.shape[0] for value in views.values())):
        axes = {"rows": 0}
    elif labels is not None:
        axes = {"columns": -1}
    else:
        axes = {"rows": 0} | ({"columns": -1} if _wide(views) or _alike(views) else {})
    lengths = {name: {value.shape[axis] for value in views.values()} for name, axis in axes.items()}
    options = {
        f"keep the first {min(found):,} {name} of each view"
        if len(found) > 1
        else f"take the {min(found):,} {name} of each view as its samples": name
        for name, found in lengths.items()
    }
    named = [name for name in views if (part := taken_apart(name)[1]) is not None and part.is_split]
    if len(named) > 1:
        raise ValueError(
            f"{listed(named)} in {where} are parts of one set by their names, but do not fit together "
            f"({_shown(views)}); give all parts the same columns, or rename them"
        )
    answer = reading.demand(PAIRING, _text(views, axes), tuple(options), _refusal(views, labels, where, list(options)))
    chosen = options[answer]
    n_kept = min(lengths[chosen])
    if chosen == "columns":
        reading.tell("samples in columns")
    if len(lengths[chosen]) > 1:
        reading.tell(f"the first {n_kept:,} samples of each view, paired by their order")
    return {key: _first(value, n_kept, axes[chosen]) for key, value in views.items()}, lengths[chosen]


def _wide(views: Mapping[str, Value]) -> bool:
    return all(value.shape[0] < value.shape[-1] for value in views.values())


def _alike(views: Mapping[str, Value]) -> bool:
    return len({value.shape[-1] for value in views.values()}) == 1


def _first(value: Value, n_kept: int, axis: int) -> Value:
    """The first samples of a view, which lie along `axis`, on its first axis."""
    if axis:
        value = value.T if value.ndim == 2 else np.moveaxis(value, -1, 0)
    return value if length(value) == n_kept else rows(value, np.arange(n_kept))


def _shown(views: Mapping[str, Value]) -> str:
    parts = [f"{key[:40]} {' x '.join(map(str, value.shape))}" for key, value in views.items()]
    return ", ".join(parts[:SHOWN_VIEWS]) + (" ..." if len(parts) > SHOWN_VIEWS else "")


def _text(views: Mapping[str, Value], axes: Mapping[str, int]) -> str:
    if len(axes) > 1:
        told = f"The views differ in length, whether samples are rows or columns: {_shown(views)}."
        told = f"The file does not say whether samples are rows or columns: {_shown(views)}." if _alike(views) else told
    else:
        (axis,) = axes.values()
        parts = [f"{key[:40]} has {value.shape[axis]:,} samples" for key, value in views.items()]
        told = ", ".join(parts[:SHOWN_VIEWS]) + (" ..." if len(parts) > SHOWN_VIEWS else ".")
    return (
        f"{told} Methods need complete views, and no ids join these: samples can only be paired by their order, the "
        "first of one view with the first of the others. Where that is wrong, add ids and choose the files again."
    )


def _refusal(views: Mapping[str, Value], labels: np.ndarray | None, where: str, options: list[str]) -> str:
    beside = "" if labels is None else f"; {len(labels)} labels"
    ways = " or ".join(f"--answer '{PAIRING}={option}'" for option in options)
    return (
        f"views in {where} differ in length ({_shown(views)}{beside}); every view needs the same samples in the same "
        f"order, or ids such as id1, id2 to join them by; to pair them by their order, keep what all have with "
        f"`datasets {where} {ways} --keep TITLE`"
    )


@dataclass(frozen=True, kw_only=True)
class Kept:
    """Which samples can be used."""

    complete: np.ndarray
    """(N,) places of those that every view has."""
    partial: np.ndarray
    """(M,) places of those that some view lacks, and another one has."""
    present: np.ndarray
    """(M, V) which views these have."""


def complete(views: Mapping[str, Value], reading: Reading) -> Kept | None:
    """Which samples every view has, and which some view lacks; None where all are complete.

    What a view lacks is a row of NaN.
    """
    first = next(iter(views.values()))
    present = np.ones((length(first), len(views)), bool)
    usable = np.ones(length(first), bool)
    flat = {
        key: (number, value)
        for number, (key, value) in enumerate(views.items())
        if isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.ndim == 2
    }
    for key, (number, value) in flat.items():
        absent = np.isnan(value[:, 0]) & np.isnan(value).all(axis=1)
        if not absent.any() or absent.all():
            continue
        present[absent, number] = False
        which = _samples(int(absent.sum()), f"that {key} lacks")
        if len(views) == 1:
            reading.leave_out(which, "nothing is known of them")
        else:
            reading.tell(f"{which}: clustered by the views that they have, not trained on")
    usable &= present.any(axis=1)
    for key, (number, value) in flat.items():
        holes = np.isnan(value).any(axis=1) & present[:, number] & usable
        text = (
            f"Of {len(holes):,} samples of {key}, some numbers are missing in {int(holes.sum()):,}; training needs all."
        )
        if not holes.any():
            continue
        answer = reading.ask(f"holes in {key}", text, (KEEP, LEAVE_OUT), KEEP)
        if answer == LEAVE_OUT:
            reading.leave_out(_samples(int(holes.sum()), f"of {key} with missing numbers"), "as answered")
            usable &= ~holes
    whole = present.all(axis=1)
    if (usable & whole).all():
        return None
    partial = np.flatnonzero(usable & ~whole)
    return Kept(complete=np.flatnonzero(usable & whole), partial=partial, present=present[partial])


def filled(value: Value, absent: np.ndarray, complete: np.ndarray) -> Value:
    """A view in which complete samples stand in for those that it lacks, so that its statistics stay what they are.

    Args:
        value: of all samples, on the first axis.
        absent: (n,) places of samples that it lacks.
        complete: (N,) places of samples that it has.
    """
    if not len(absent):
        return value
    value = value.copy()
    value[absent] = value[complete[np.arange(len(absent)) % len(complete)]]
    return value


def _samples(count: int, which: str) -> str:
    return f"1 sample {which}" if count == 1 else f"{count:,} samples {which}"
