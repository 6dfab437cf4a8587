"""From the named arrays of a file to a data set: which are views, which are labels, which axis counts the samples.

Files of multi-view sets agree on little: views are `X1`, `X2` ... or one cell `X`, samples are rows or columns, labels
are `Y`, `gt` or `truth`, from 0 or from 1. The rules for all formats are here.

Shapes: N samples, D columns, C channels, H x W pixels.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, cast

import numpy as np

from mmclust import settings
from mmclust.data.dataset import DataSpec, MultiViewDataset, PartialSamples, ViewSpec
from mmclust.data.readers import beside_views, cubes, joining, pairing, parts, words
from mmclust.data.readers.labels import LEAVE_OUT, without_none
from mmclust.data.readers.pairing import Value, is_sparse
from mmclust.data.readers.reading import Reading
from mmclust.data.readers.samples import (
    channels_asked,
    channels_first,
    class_ids,
    opaque,
    pixel_range,
    series_asked,
    three_of_many,
)
from mmclust.data.readers.words import plain

NUMBERS, BY_ROWS, BY_COLUMNS = "numbers", "images, row by row", "images, column by column"
BY_PIXELS = "images, three colours of each pixel together"
VIEW = "a view"
FIRST_AXIS, LAST_AXIS = "first axis", "last axis"
MAX_VIEWS = 32
ROUGHNESS = 0.5
"""Columns are taken for pixels where neighbours differ by less than this share of what columns far apart differ by."""


def is_view_name(name: str) -> bool:
    """Whether an array of that name is meant as a view, whatever its length; V alone is any matrix's name."""
    found = re.sub(r"\d+$", "", plain(name))
    return plain(name) != "v" and found in (*words.LISTS, *words.TEXTS, *words.IMAGES)


def assemble(
    name: str,
    arrays: Mapping[str, Value],
    where: str,
    reading: Reading | None = None,
    *,
    texts: np.ndarray | None = None,
    split: np.ndarray | None = None,
    columns: Mapping[str, np.ndarray] | None = None,
    in_rows: bool = False,
    images_first: bool = False,
) -> MultiViewDataset:
    """The data set that a file's arrays make.

    Args:
        name: what the data set is called.
        arrays: everything the file holds, by name.
        where: the file's name, for messages.
        reading: answers what the arrays leave open.
        texts: (N,) captions that came beside the arrays.
        split: (N,) 0 or 1, the part of each sample where that came beside the arrays.
        columns: what else came beside the arrays, each (N,).
        in_rows: samples are rows, as in every table.
        images_first: arrays of three axes or more count samples by the first, as NumPy's do and MATLAB's do not.

    Raises:
        ValueError: no views, views of different length, or labels that do not belong to them, in one sentence.
    """
    reading = reading or Reading()
    arrays = {key: _unwrapped(value) for key, value in arrays.items()}
    arrays, joined_split = joining.parts_joined(arrays, where, reading)
    split = joined_split if split is None else split
    arrays = arrays if in_rows else cubes.pixels_as_samples(arrays, reading)
    label_name, labels = beside_views.asked_labels(arrays, reading)
    if labels is not None and beside_views.is_measured(labels):
        reading.leave_out(label_name[:60], "called like classes, and holds other numbers")
        arrays, labels = {key: value for key, value in arrays.items() if key != label_name}, None
    others = {key: value for key, value in arrays.items() if key != label_name}
    others = {key: value for key, value in others.items() if not _is_set_aside(key, value, reading)}
    if labels is not None and not any(_may_be_view(one) or (in_rows and np.ndim(one) > 1) for one in others.values()):
        raise ValueError(_no_view(arrays, label_name, len(labels), where, reading))
    ends = partial(pairing.ends, images_first=images_first, n_labels=None if labels is None else len(labels))
    views = _of_table(others, where) if in_rows else _find_views(others, labels, where, ends)
    if not views:
        raise ValueError(f"{where} holds no numbers; a view of numbers or pictures is needed")
    opened = {key for key, value in arrays.items() if _holds_one_of(value, views)}
    views, labels = pairing.by_ids(views, arrays, labels, where, reading)
    n_samples = pairing.count(views, labels, where, in_rows=in_rows, ends=ends)
    if n_samples is None:
        turned, lengths = pairing.common_part(views, labels, where, reading, in_rows=in_rows)
    else:
        rows_first = in_rows or (images_first and all(_counts_by_first(value, n_samples) for value in views.values()))
        turned = dict(views) if rows_first else _samples_first(views, n_samples, labels is not None, reading)
        lengths = {pairing.length(next(iter(turned.values())))}
    n_samples = min(lengths)
    labels = None if labels is None else labels[:n_samples]
    split = beside_views.find_split(arrays, n_samples, reading) if split is None else split
    texts, texts_name = beside_views.find_texts(arrays, lengths) if texts is None else (texts, "")
    if texts is not None and len(texts) not in lengths:
        reading.leave_out(f"{len(texts):,} captions", "not one for each sample")
        texts = None
    texts = None if texts is None else texts[:n_samples]
    _tell_unused(arrays, {label_name, texts_name, *views, *opened}, reading)
    columns = {key: values[:n_samples] for key, values in (columns or {}).items() if len(values) in lengths}
    kept = pairing.complete(turned, reading)
    single = len(turned) == 1
    if kept is not None:
        turned, labels = _in_order(turned, kept), None if labels is None else labels[_order(kept)]
        texts, split = (None if one is None else one[kept.complete] for one in (texts, split))
        columns = {key: values[kept.complete] for key, values in columns.items()}
    made = [_view(key, value, where, reading, single=single) for key, value in turned.items()]
    ids, classes = _numbered(labels, beside_views.find_classes(arrays), where, reading)
    spec = DataSpec(name=name, views=tuple(spec for spec, _ in made), n_clusters=len(classes), classes=classes)
    views = tuple(view for _, view in made)
    n_complete = len(views[0]) if kept is None else len(kept.complete)
    return MultiViewDataset(
        spec=spec,
        views=tuple(view[:n_complete] for view in views),
        labels=None if ids is None else ids[:n_complete],
        texts=texts,
        split=split,
        columns=columns,
        partial=None if kept is None or not len(kept.partial) else _partial(views, ids, kept),
    )


def _unwrapped(value: Value) -> Value:
    """A list without the lists of one that are around its members, as cells in cells are."""
    if isinstance(value, list) and value and all(isinstance(item, list) and len(item) == 1 for item in value):
        return [item[0] for item in value]
    return value


def _partial(views: Sequence[np.ndarray], labels: np.ndarray | None, kept: pairing.Kept) -> PartialSamples:
    """The samples that lack a view, which stand behind the complete ones."""
    n_complete = len(kept.complete)
    return PartialSamples(
        views=tuple(view[n_complete:] for view in views),
        present=kept.present,
        rows=kept.partial,
        labels=None if labels is None else labels[n_complete:],
    )


def _no_view(arrays: Mapping[str, Value], label_name: str, n_labels: int, where: str, reading: Reading) -> str:
    """The sentence for labels alone, with what the file holds beside them and why that is no view."""
    others = [_shown(item) for item in arrays.items() if item[0] != label_name]
    others = [*others, *(f"{one.what}: {one.reason}" for one in reading.left_out if one.what not in others)]
    if not others:
        return f"{where} holds {n_labels:,} labels and no view; give the folder in which its views lie"
    told = "; ".join(others[:3])
    return f"{where} holds {n_labels:,} labels and no matrix of numbers with a row for each, but {told}"


def _order(kept: pairing.Kept) -> np.ndarray:
    """Places of the complete samples, then of those that lack a view."""
    return np.concatenate((kept.complete, kept.partial))


def _in_order(views: Mapping[str, Value], kept: pairing.Kept) -> dict[str, Value]:
    """The views of these samples, where a view lacks one with the values of another sample.

    Raises:
        ValueError: no sample is complete.
    """
    if not len(kept.complete):
        raise ValueError("no sample has all views; methods learn from samples that do")
    return {
        key: pairing.rows(pairing.filled(value, kept.partial[~kept.present[:, number]], kept.complete), _order(kept))
        for number, (key, value) in enumerate(views.items())
    }


def _numbered(
    labels: np.ndarray | None, names: tuple[str, ...], where: str, reading: Reading
) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Ids (N,) from 0, -1 for samples without a class, and the names of the classes."""
    if labels is None:
        return None, ()
    values, none = without_none(labels, where, reading)
    if none.all():
        reading.tell("all labels stand for no class")
        return None, ()
    known = values[~none]
    ids = np.full(len(values), -1, np.int64)
    if values.dtype.kind in "buif" and known.min() == 1 and not none.any():
        reading.tell("classes numbered from 1")
    ids[~none], classes = class_ids(known, len(known), _fitting_names(known, names), where)
    if names and len(names) != len(classes):
        reading.leave_out("names of classes", f"{len(names)} names for {len(classes)} classes")
    return ids, names if len(names) == len(classes) else classes


def _fitting_names(known: np.ndarray, names: tuple[str, ...]) -> tuple[str, ...]:
    """The names of classes where labels are indices into them; else the distinct labels name themselves."""
    is_index = known.dtype.kind in "bui" and len(known) and known.min() >= 0 and known.max() < len(names)
    return names if is_index else ()


def _is_set_aside(name: str, value: Value, reading: Reading) -> bool:
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


def _tell_unused(arrays: Mapping[str, Value], used: set[str], reading: Reading) -> None:
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


_ID = re.compile(r"(?:id|ids|index|idx|sampleid|sample_id)[-_ ]?\d*")


def _holds_one_of(value: Value, views: Mapping[str, Value]) -> bool:
    """Whether a list of arrays, such as MATLAB's cell, is where views come from."""
    return isinstance(value, list) and any(item is view for item in value for view in views.values())


def _may_be_view(value: Value) -> bool:
    return beside_views.is_matrix(value) or (isinstance(value, list) and any(map(beside_views.is_matrix, value)))


def _find_views(
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


def _shown(item: tuple[str, Value]) -> str:
    """The name of an array, with its type where that is why it is no view."""
    name, value = item
    strange = isinstance(value, np.ndarray) and value.dtype.kind not in "buifUSO"
    return f"{name[:60]} of type {value.dtype}" if strange else name[:60]


def _of_table(arrays: Mapping[str, Value], where: str) -> dict[str, Value]:
    """The views of a table, whose samples are known to be rows; labels that could not be used are none of them."""
    views = {key: value for key, value in arrays.items() if getattr(value, "ndim", 0) > 1}
    if len(views) > MAX_VIEWS:
        raise ValueError(f"{where} holds {len(views)} views; at most {MAX_VIEWS} are read")
    return views


def _samples_first(views: Mapping[str, Value], n_samples: int, has_labels: bool, reading: Reading) -> dict[str, Value]:
    """The views with their samples on the first axis, which is asked for where a matrix could be read either way."""
    flat = [value.shape for value in views.values() if value.ndim == 2]
    square = [key for key, value in views.items() if value.ndim == 2 and value.shape[0] == value.shape[1] == n_samples]
    either = not has_labels and len(flat) == len(views) and len({tuple(sorted(shape)) for shape in flat}) == 1
    if square or either:
        shape = " x ".join(map(str, flat[0]))
        guess = "rows" if square or flat[0][0] == n_samples else "columns"
        text = f"The file does not say whether samples are the rows or the columns of {shape} numbers."
        answer = reading.ask("samples", text, ("rows", "columns"), guess)
        if answer == "columns":
            return {
                key: value.T if key in square or either else _first(value, n_samples) for key, value in views.items()
            }
        if either:
            return dict(views)
    if not has_labels and all(
        value.ndim == 3 and value.shape[0] == value.shape[1] != value.shape[2] for value in views.values()
    ):
        shape = " x ".join(map(str, next(iter(views.values())).shape))
        text = (
            f"The file does not say which axis of {shape} numbers counts the samples; the first two look like pixels."
        )
        if reading.ask("samples", text, (FIRST_AXIS, LAST_AXIS), LAST_AXIS) == LAST_AXIS:
            return {key: np.moveaxis(value, -1, 0) for key, value in views.items()}
    turned = {key: _first(value, n_samples) for key, value in views.items()}
    if any(turned[key] is not value for key, value in views.items()):
        reading.tell("samples in columns")
    return turned


def _counts_by_first(value: Value, n_samples: int) -> bool:
    """Whether an array of images, as NumPy has them, surely counts samples by its first axis."""
    are_pixels_first = value.ndim == 3 and value.shape[0] == value.shape[1] != value.shape[2]
    return value.ndim > 2 and value.shape[0] == n_samples and not are_pixels_first


def _first(value: Value, n_samples: int) -> Value:
    if value.shape[0] == n_samples:
        return value
    return value.T if value.ndim == 2 else np.moveaxis(value, -1, 0)


def _view(name: str, value: Any, where: str, reading: Reading, *, single: bool = False) -> tuple[ViewSpec, np.ndarray]:
    """Spec and values of a view: pictures as they are, anything flat as float32."""
    source = f"{name} in {where}"
    if isinstance(value, np.ndarray) and value.ndim > 2 and sum(size > 1 for size in value.shape[1:]) < 2:
        value = value.reshape(len(value), -1)  # (N, 1, D) is a row of numbers for each sample
    if isinstance(value, np.ndarray):
        value = series_asked(name, _as_asked(name, value, reading), reading)
    if value.ndim > 2:
        value = three_of_many(name, opaque(channels_asked(name, value, reading), reading), reading)
    if value.ndim > 2:
        images, low, high = pixel_range(channels_first(value, source), source)
        shown = "image" if single and re.sub(r"\d+$", "", plain(name)) in (*words.IMAGES, "x", "arr") else name
        return ViewSpec(name=shown, kind="image", shape=images.shape[1:], low=low, high=high), images
    if is_sparse(value):
        mib, most = 4 * value.shape[0] * value.shape[1] / 2**20, settings.limit("DENSE_MIB")
        if mib > most:
            raise ValueError(
                f"{source} is sparse with {value.shape[0]:,} x {value.shape[1]:,} places, which take {mib:,.0f} MiB "
                f"where {most:,} are allowed; reduce its columns first (e.g. by scikit-learn's TruncatedSVD), or raise "
                "MMCLUST_MAX_DENSE_MIB"
            )
        # In its last type at once: pages of memory that hold zeros alone are then never taken from the system.
        matrix = cast(Any, value)
        with np.errstate(over="ignore"):
            value = (matrix if matrix.dtype.kind == "c" else matrix.astype(np.float32)).toarray(order="C")
    if value.dtype.kind == "c":
        raise ValueError(f"{source} holds complex numbers; give their parts or amounts as a view each")
    with np.errstate(over="ignore"):  # beyond float32 becomes infinite, which is refused by name before training
        vectors = np.ascontiguousarray(value, dtype=np.float32)
    return ViewSpec(name=name, kind="vector", shape=vectors.shape[1:]), vectors


def _as_asked(name: str, value: np.ndarray, reading: Reading) -> np.ndarray:
    """Flat columns that may be pixels, which a file does not say, as images (N, H, W) or (N, 3, H, W) where wanted."""
    if value.ndim != 2 or value.dtype.kind not in "buif":
        return value
    n_columns = value.shape[1]
    channels = next((c for c in (1, 3) if n_columns % c == 0 and math.isqrt(n_columns // c) ** 2 == n_columns // c), 0)
    side = math.isqrt(n_columns // channels) if channels else 0
    some = value[:: max(1, len(value) // 256)]
    is_bytes = some.min() >= 0 and 1 < some.max() <= 255 and bool((some == np.round(some)).all())
    if side < 8 or not (is_bytes or (some.min() >= 0 and some.max() <= 1)):
        return value
    text = f"{name} has {n_columns:,} columns, which may be the pixels of {side} x {side} images."
    # Bytes in three planes whose neighbours are alike are pictures as CIFAR stores them; gray ones are often vectors.
    is_named = plain(name) in words.IMAGES or plain(name) == "pixels"
    by_plane, by_pixel = (_roughness(some, side), _roughness(_in_planes(some, side), side)) if channels == 3 else (1, 1)
    together = is_bytes and by_pixel < min(ROUGHNESS, by_plane)
    planes = value.dtype == np.uint8 and by_plane < ROUGHNESS
    guess = BY_PIXELS if together else BY_ROWS if planes or (is_named and value.dtype == np.uint8) else NUMBERS
    options = (NUMBERS, BY_ROWS, BY_COLUMNS, *([BY_PIXELS] if channels == 3 else []))
    answer = reading.ask(f"pixels of {name}", text, options, guess)
    if answer == NUMBERS:
        return value
    if answer == BY_PIXELS:
        return np.moveaxis(value.reshape(len(value), side, side, 3), -1, 1)
    images = value.reshape(len(value), *((side, side) if channels == 1 else (channels, side, side)))
    return images.swapaxes(-1, -2) if answer == BY_COLUMNS else images


def _in_planes(some: np.ndarray, side: int) -> np.ndarray:
    """Columns (n, H W 3), the colours of each pixel together, as planes (n, 3 H W)."""
    return np.moveaxis(some.reshape(len(some), side * side, 3), 2, 1).reshape(len(some), -1)


def _roughness(some: np.ndarray, side: int) -> float:
    """How much columns (n, 3 H W) in planes of pixels differ from their neighbours, beside from others far away."""
    planes = some.reshape(len(some), 3, side, side).astype(np.float32)
    near = np.abs(np.diff(planes, axis=3)).mean() + np.abs(np.diff(planes, axis=2)).mean()
    far = (
        np.abs(planes - np.roll(planes, side // 2, axis=3)).mean()
        + np.abs(planes - np.roll(planes, side // 2, axis=2)).mean()
    )
    return float(near / max(far, np.finfo(np.float32).tiny))


def renamed(dataset: MultiViewDataset, names: Sequence[str]) -> MultiViewDataset:
    """The data set with other names for its views, where there are as many."""
    if len(names) != len(dataset.spec.views):
        return dataset
    views = tuple(replace(view, name=name) for view, name in zip(dataset.spec.views, names, strict=True))
    return replace(dataset, spec=replace(dataset.spec, views=views))


def natural(names: Iterable[str]) -> list[str]:
    """Names sorted as people count: view2 before view10."""
    return sorted(names, key=lambda name: [(int(p), "") if p.isdigit() else (-1, p) for p in re.split(r"(\d+)", name)])
