"""From the named arrays of a file to a data set: which are views, which are labels, which axis counts the samples.

Files of multi-view sets agree on little: views are `X1`, `X2` ... or one cell `X`, samples are rows or columns, labels
are `Y`, `gt` or `truth`, from 0 or from 1. The rules for all formats are here.

Shapes: N samples, D columns, C channels, H x W pixels.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.data.readers.samples import channels_first, class_ids, pixel_range

LABELS = (
    *("y", "labels", "label", "gt", "gnd", "truth", "truelabel", "truelabels", "groundtruth", "target", "targets"),
    *("ytrue", "class", "l", "s"),
)
"""Names of labels, the surest first; case, hyphens and underscores do not matter."""
CLASSES = ("classes", "classnames", "classmeaning", "labelnames")
LISTS = ("x", "data", "fea", "features", "views", "view", "feature", "v")
"""Usual names of the one variable that holds all views, or of several with a number."""
MAX_VIEWS = 32
MAX_DENSE_BYTES = 8 * 2**30
"""Largest view that is made from a sparse matrix."""

Value = Any
"""A NumPy array, a SciPy sparse matrix, a string, or a list of these (a cell of MATLAB)."""


def plain(name: str) -> str:
    """A name without what differs between spellings."""
    return re.sub(r"[-_ ]", "", name.lower())


def is_label_name(name: str) -> bool:
    """Whether an array of that name holds labels."""
    return plain(name) in LABELS


def assemble(name: str, arrays: Mapping[str, Value], where: str) -> MultiViewDataset:
    """The data set that a file's arrays make.

    Args:
        name: what the data set is called.
        arrays: everything the file holds, by name.
        where: the file's name, for messages.

    Raises:
        ValueError: no views, views of different length, or labels that do not belong to them, in one sentence.
    """
    label_name, labels = _find_labels(arrays)
    views = _find_views({key: value for key, value in arrays.items() if key != label_name}, labels, where)
    n_samples = _count(views, labels, where)
    turned = {key: _samples_first(value, n_samples) for key, value in views.items()}
    made = [_view(key, value, where) for key, value in turned.items()]
    ids, classes = None, ()
    if labels is not None:
        ids, classes = class_ids(labels, n_samples, (), where)
        classes = _named(classes, _find_classes(arrays))
    spec = DataSpec(name=name, views=tuple(spec for spec, _ in made), n_clusters=len(classes), classes=classes)
    return MultiViewDataset(spec=spec, views=tuple(view for _, view in made), labels=ids)


def _find_labels(arrays: Mapping[str, Value]) -> tuple[str, np.ndarray | None]:
    """Name and values (N,) of the labels; None where there are none."""
    for wanted in LABELS:
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
    if _is_sparse(value):
        value = value.toarray() if value.shape[0] * value.shape[1] < 10**8 else None
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "buifUS" or value.size < 2:
        return None
    if value.size == max(value.shape):
        return value.ravel()
    if value.ndim == 2 and value.dtype.kind in "buif" and np.isin(value, (0, 1)).all():
        for axis in (1, 0):
            if (value.sum(axis=axis) == 1).all():
                return value.argmax(axis=axis)
    return None


def _is_sparse(value: Value) -> bool:
    """Whether it is a matrix of SciPy, told without the quarter of a second that importing it takes."""
    return hasattr(value, "toarray")


def _find_classes(arrays: Mapping[str, Value]) -> tuple[str, ...]:
    for key, value in arrays.items():
        if plain(key) in CLASSES:
            items = value.ravel().tolist() if isinstance(value, np.ndarray) else value
            if isinstance(items, list) and items and all(isinstance(item, str) for item in items):
                return tuple(item.strip() for item in items)
    return ()


def _named(found: tuple[str, ...], names: tuple[str, ...]) -> tuple[str, ...]:
    """Names for the distinct labels: by position where there are as many names as labels, whole numbers as they are."""
    return names if len(names) == len(found) else found


def _is_matrix(value: Value) -> bool:
    """Whether it may be a view: two axes or more, at least two of them longer than 1."""
    shape = getattr(value, "shape", ())
    numeric = _is_sparse(value) or (isinstance(value, np.ndarray) and value.dtype.kind in "buif")
    return numeric and 2 <= len(shape) <= 4 and sorted(shape)[-2] > 1


def _find_views(arrays: Mapping[str, Value], labels: np.ndarray | None, where: str) -> dict[str, Value]:
    """The views by name: numbered variables, one cell, one variable of a usual name, or all matrices that fit."""
    groups: dict[str, dict[int, str]] = {}
    for key, value in arrays.items():
        if (found := re.fullmatch(r"(.*?)[-_ ]?(\d+)", key)) and _is_matrix(value):
            groups.setdefault(plain(found[1]), {})[int(found[2])] = key
    cells = {
        key: value
        for key, value in arrays.items()
        if isinstance(value, list) and value and all(_is_matrix(item) for item in value)
    }
    single = next((key for key in arrays if plain(key) in LISTS and _is_matrix(arrays[key])), None)
    # The largest group; of two as large, the one of a usual name.
    numbered = groups[max(groups, key=lambda key: (len(groups[key]), key in LISTS))] if groups else {}
    if len(numbered) > 1:
        return {key: arrays[key] for _, key in sorted(numbered.items())}
    if cells:
        values = cells[min(cells, key=lambda key: LISTS.index(plain(key)) if plain(key) in LISTS else len(LISTS))]
        if len(values) > MAX_VIEWS:
            raise ValueError(f"{where} holds a list of {len(values)} arrays; at most {MAX_VIEWS} views are read")
        return {f"view {i}": value for i, value in enumerate(values, start=1)}
    others = {
        key: value
        for key, value in arrays.items()
        if _is_matrix(value) and (labels is None or len(labels) in (value.shape[0], value.shape[-1]))
    }
    if len(others) > 1 or single or numbered:
        chosen = others if len(others) > 1 else {key: arrays[key] for key in (single, *numbered.values()) if key}
        if len(chosen) > MAX_VIEWS:
            raise ValueError(f"{where} holds {len(chosen)} arrays; at most {MAX_VIEWS} views are read")
        return chosen
    held = ", ".join(list(arrays)[:8]) or "nothing"
    raise ValueError(
        f"{where} holds {held}; views such as X1, X2 and labels Y, or a cell X with a view each, are needed"
    )


def _count(views: Mapping[str, Value], labels: np.ndarray | None, where: str) -> int:
    """How many samples there are: as many as labels, or the length that all views share, rows before columns."""
    shapes = [value.shape for value in views.values()]
    shown = ", ".join(f"{key} {' x '.join(map(str, value.shape))}" for key, value in views.items())
    if labels is not None:
        if all(len(labels) in (shape[0], shape[-1]) for shape in shapes):
            return len(labels)
        if any(len(labels) in (shape[0], shape[-1]) for shape in shapes):
            raise ValueError(
                f"views in {where} differ in length ({shown}; {len(labels)} labels); "
                "every view needs the same samples in the same order"
            )
        raise ValueError(f"{where} has {len(labels)} labels for {shown}; one label per sample is needed")
    common = set.intersection(*({shape[0], shape[-1]} for shape in shapes))
    if not common:
        raise ValueError(
            f"views in {where} differ in length ({shown}); every view needs the same samples in the same order"
        )
    firsts = {shape[0] for shape in shapes}
    return firsts.pop() if len(firsts) == 1 else max(common)


def _samples_first(value: Value, n_samples: int) -> Value:
    """A view with its samples on the first axis."""
    if value.shape[0] == n_samples:
        return value
    return value.T if value.ndim == 2 else np.moveaxis(value, -1, 0)


def _view(name: str, value: Value, where: str) -> tuple[ViewSpec, np.ndarray]:
    """Spec and values of a view: pictures as they are, anything flat as float32."""
    source = f"{name} in {where}"
    if value.ndim > 2:
        images, low, high = pixel_range(channels_first(value, source), source)
        return ViewSpec(name=name, kind="image", shape=images.shape[1:], low=low, high=high), images
    if _is_sparse(value):
        n_bytes = 8 * value.shape[0] * value.shape[1]
        if n_bytes > MAX_DENSE_BYTES:
            raise ValueError(
                f"{source} is sparse with {value.shape[0]:,} x {value.shape[1]:,} places, too many to hold at once; "
                "reduce its columns first"
            )
        value = value.toarray()
    with np.errstate(over="ignore"):  # beyond float32 becomes infinite, which is refused by name before training
        vectors = np.ascontiguousarray(value, dtype=np.float32)
    return ViewSpec(name=name, kind="vector", shape=vectors.shape[1:]), vectors


def renamed(dataset: MultiViewDataset, names: Sequence[str]) -> MultiViewDataset:
    """The data set with other names for its views, where there are as many."""
    if len(names) != len(dataset.spec.views):
        return dataset
    views = tuple(replace(view, name=name) for view, name in zip(dataset.spec.views, names, strict=True))
    return replace(dataset, spec=replace(dataset.spec, views=views))


def natural(names: Iterable[str]) -> list[str]:
    """Names sorted as people count: view2 before view10."""
    return sorted(names, key=lambda name: [(int(p), "") if p.isdigit() else (-1, p) for p in re.split(r"(\d+)", name)])
