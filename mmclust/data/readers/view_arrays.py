"""Which of a file's arrays are views, by their names and shapes, and what is said of the others."""

import re
from collections.abc import Callable, Mapping

import numpy as np

from mmclust.data.readers import beside_views, parts, words
from mmclust.data.readers.labels import LEAVE_OUT
from mmclust.data.readers.pairing import Value, is_sparse
from mmclust.data.readers.reading import Reading
from mmclust.data.readers.words import plain

VIEW = "a view"
MAX_VIEWS = 32
_ID = re.compile(r"(?:id|ids|index|idx|sampleid|sample_id)[-_ ]?\d*")


def find_views(
    arrays: Mapping[str, Value], labels: np.ndarray | None, where: str, ends: Callable[[Value], set[int]]
) -> dict[str, Value]:
    """The views by name: numbered variables, one cell, one variable of a usual name, or all matrices that fit."""
    matrices = {key: value for key, value in arrays.items() if beside_views.is_matrix(value)}
    fitting = {key: value for key, value in matrices.items() if labels is None or len(labels) in ends(value)}
    groups: dict[str, dict[int, str]] = {}
    for key in matrices:
        if found := re.fullmatch(r"(.*?)[-_ ]?(\d+)", key):
            groups.setdefault(plain(found[1]), {})[int(found[2])] = key
    groups = {name: keys for name, keys in groups.items() if len(keys) > 1 or name in words.LISTS}
    groups = {name: keys for name, keys in groups.items() if not fitting or set(keys.values()) & set(fitting)}
    cells = {
        key: value
        for key, value in arrays.items()
        if isinstance(value, list) and value and all(beside_views.is_matrix(item) for item in value)
    }
    # The largest group; of two as large, the one of a usual name.
    numbered = groups[max(groups, key=lambda key: (len(groups[key]), key in words.LISTS))] if groups else {}
    if len(numbered) > 1:
        return {key: arrays[key] for _, key in sorted(numbered.items())}
    if cells:
        values = cells[
            min(cells, key=lambda key: words.LISTS.index(plain(key)) if plain(key) in words.LISTS else len(words.LISTS))
        ]
        if len(values) > MAX_VIEWS:
            raise ValueError(f"{where} holds a list of {len(values)} arrays; at most {MAX_VIEWS} views are read")
        return {f"view {i}": value for i, value in enumerate(values, start=1)}
    # A view of another length is met by its name alone; square matrices are weights, rotations and the like.
    by_name = {key for key, value in matrices.items() if is_view_name(key) and len(set(value.shape)) > 1}
    others = fitting if len(fitting) > 1 else {k: v for k, v in matrices.items() if k in fitting or k in by_name}
    possible = others or matrices
    single = next((key for key in possible if plain(key) in words.LISTS), None)
    named = [key for key in (single, *numbered.values()) if key in possible]
    chosen = others if len(others) > 1 else {key: arrays[key] for key in named}
    chosen = chosen or (others if len(others) == 1 else possible if len(possible) == 1 else {})
    if chosen:
        if len(chosen) > MAX_VIEWS:
            raise ValueError(f"{where} holds {len(chosen)} arrays; at most {MAX_VIEWS} views are read")
        return chosen
    held = ", ".join(map(_shown, list(arrays.items())[:8])) or "nothing"
    raise ValueError(
        f"{where} holds {held}; a matrix with a row for each sample, or views such as X1, X2 and labels Y, are needed"
    )


def of_table(arrays: Mapping[str, Value], where: str) -> dict[str, Value]:
    """The views of a table, whose samples are known to be rows; labels that could not be used are none of them."""
    views = {key: value for key, value in arrays.items() if getattr(value, "ndim", 0) > 1}
    if len(views) > MAX_VIEWS:
        raise ValueError(f"{where} holds {len(views)} views; at most {MAX_VIEWS} are read")
    return views


def is_view_name(name: str) -> bool:
    """Whether an array of that name is meant as a view, whatever its length; V alone is any matrix's name."""
    found = re.sub(r"\d+$", "", plain(name))
    return plain(name) != "v" and found in (*words.LISTS, *words.TEXTS, *words.IMAGES)


def may_be_view(value: Value) -> bool:
    """Whether an array, or one of a list of arrays, is a matrix that could be a view."""
    return beside_views.is_matrix(value) or (isinstance(value, list) and any(map(beside_views.is_matrix, value)))


def holds_one_of(value: Value, views: Mapping[str, Value]) -> bool:
    """Whether a list of arrays, such as MATLAB's cell, is where views come from."""
    return isinstance(value, list) and any(item is view for item in value for view in views.values())


def is_set_aside(name: str, value: Value, reading: Reading) -> bool:
    """Whether a matrix by its name is none of the views: factors, masks, or classes in a form that cannot be used."""
    if (
        not beside_views.is_matrix(value)
        or not (words.is_factor(name) or words.may_be_labels(name))
        or is_view_name(name)
    ):
        return False
    if words.may_be_labels(name) and not words.is_label_name(name):
        is_wide = value.shape[-1] > 64 and value.shape[0] > 64
        if is_wide or beside_views.holds_fractions(value):
            return False  # as features are, and classes are not
    what = "may be classes" if words.may_be_labels(name) else "describes the samples"
    text = f"{name[:60]} ({' x '.join(map(str, value.shape))}) {what}. Is it a view to cluster by?"
    if reading.ask(f"use of {name[:60]}", text, (LEAVE_OUT, VIEW), LEAVE_OUT) == VIEW:
        return False
    reading.leave_out(name[:60], what)
    return True


def no_view(arrays: Mapping[str, Value], label_name: str, n_labels: int, where: str, reading: Reading) -> str:
    """The sentence for labels alone, with what the file holds beside them and why that is no view."""
    others = [_shown(item) for item in arrays.items() if item[0] != label_name]
    others = [*others, *(f"{one.what}: {one.reason}" for one in reading.left_out if one.what not in others)]
    if not others:
        return f"{where} holds {n_labels:,} labels and no view; give the folder in which its views lie"
    told = "; ".join(others[:3])
    return f"{where} holds {n_labels:,} labels and no matrix of numbers with a row for each, but {told}"


def tell_unused(arrays: Mapping[str, Value], used: set[str], reading: Reading) -> None:
    """Say which arrays are in no view and nothing else."""
    told = {one.what for one in reading.left_out}
    for key, value in arrays.items():
        spoken = (
            (plain(key) in words.CLASS_NAMES and key not in used)
            or plain(key) in words.SPLITS
            or _ID.fullmatch(key.lower())
            or (parts.is_of_rows(parts.taken_apart(key)[0]) and np.size(value) == max(np.shape(value), default=1))
            or (parts.is_mask(parts.taken_apart(key)[0]) and np.ndim(value) == 1)
        )
        size = (
            value.shape[0] * value.shape[-1]
            if is_sparse(value)
            else np.size(value)
            if not isinstance(value, list)
            else len(value)
        )
        if key not in used and not spoken and key[:60] not in told and size > 1 and not isinstance(value, str):
            shape = " x ".join(map(str, getattr(value, "shape", (len(value),) if isinstance(value, list) else ())))
            reading.leave_out(key[:60], f"{shape}, no view and no classes" if shape else "no view and no classes")


def _shown(item: tuple[str, Value]) -> str:
    """The name of an array, with its type where that is why it is no view."""
    name, value = item
    strange = isinstance(value, np.ndarray) and value.dtype.kind not in "buifUSO"
    return f"{name[:60]} of type {value.dtype}" if strange else name[:60]
