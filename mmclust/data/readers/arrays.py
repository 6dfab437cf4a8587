"""From the named arrays of a file to a data set: which are views, which are labels, which axis counts the samples.

Files of multi-view sets agree on little: views are `X1`, `X2` ... or one cell `X`, samples are rows or columns, labels
are `Y`, `gt` or `truth`, from 0 or from 1. The rules for all formats are here.

Shapes: N samples, D columns, C channels, H x W pixels.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np

from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.data.readers import pairing
from mmclust.data.readers.pairing import Value, is_sparse
from mmclust.data.readers.reading import Reading
from mmclust.data.readers.samples import channels_first, class_ids, pixel_range

LABELS = (
    *("y", "labels", "label", "gt", "gnd", "truth", "truelabel", "truelabels", "groundtruth", "target", "targets"),
    *("ytrue", "class", "l", "s"),
)
"""Names of labels, the surest first; case, hyphens and underscores do not matter."""
CLASSES = ("classes", "classnames", "classmeaning", "labelnames")
TEXTS = ("text", "texts", "caption", "captions", "description", "descriptions", "sentence", "sentences", "tags")
"""Names of captions, where they are strings."""
OTHERS = ("split", "id", "ids", "index", "idx", "sampleid", *CLASSES)
"""Names of what runs along the samples but is no class."""
NUMBERS, BY_ROWS, BY_COLUMNS = "numbers", "images, row by row", "images, column by column"
LISTS = ("x", "data", "fea", "features", "views", "view", "feature", "v")
"""Usual names of the one variable that holds all views, or of several with a number."""
MAX_VIEWS = 32
MAX_DENSE_BYTES = 8 * 2**30
"""Largest view that is made from a sparse matrix."""


def plain(name: str) -> str:
    """A name without what differs between spellings."""
    return re.sub(r"[-_ ]", "", name.lower())


def is_label_name(name: str) -> bool:
    """Whether an array of that name holds labels."""
    return plain(name) in LABELS


def is_view_name(name: str) -> bool:
    """Whether an array of that name is meant as a view, whatever its length; V alone is any matrix's name."""
    return plain(name) != "v" and re.sub(r"\d+$", "", plain(name)) in (*LISTS, *TEXTS, "image", "images")


def assemble(
    name: str,
    arrays: Mapping[str, Value],
    where: str,
    reading: Reading | None = None,
    *,
    texts: np.ndarray | None = None,
    in_rows: bool = False,
) -> MultiViewDataset:
    """The data set that a file's arrays make.

    Args:
        name: what the data set is called.
        arrays: everything the file holds, by name.
        where: the file's name, for messages.
        reading: answers what the arrays leave open.
        texts: (N,) captions that came beside the arrays.
        in_rows: samples are rows, as in every table.

    Raises:
        ValueError: no views, views of different length, or labels that do not belong to them, in one sentence.
    """
    reading = reading or Reading()
    label_name, labels = _asked_labels(arrays, reading)
    others = {key: value for key, value in arrays.items() if key != label_name}
    if labels is not None and not others:
        raise ValueError(f"{where} holds {len(labels):,} labels and no view; give the folder in which its views lie")
    views = _of_table(others, where) if in_rows else _find_views(others, labels, where)
    if unused := [key for key, value in others.items() if _is_matrix(value) and key not in views]:
        reading.tell(f"left out: {', '.join(unused)}")
    views, labels = pairing.by_ids(views, arrays, labels, where, reading)
    n_samples = pairing.count(views, labels, where, in_rows=in_rows)
    if n_samples is None:
        turned, lengths = pairing.common_part(views, labels, where, reading, in_rows=in_rows)
    else:
        turned = dict(views) if in_rows else _samples_first(views, n_samples, labels is not None, reading)
        lengths = {pairing.length(next(iter(turned.values())))}
    n_samples = min(lengths)
    labels = None if labels is None else labels[:n_samples]
    texts = _find_texts(arrays, lengths) if texts is None else texts
    if texts is not None and len(texts) not in lengths:
        reading.tell(f"left out: {len(texts):,} captions, which are not one for each sample")
        texts = None
    texts = None if texts is None else texts[:n_samples]
    kept = pairing.complete(turned, labels, reading)
    made = [_view(key, pairing.rows(value, kept), where, reading) for key, value in turned.items()]
    ids, classes = None, ()
    if labels is not None:
        labels = labels[kept] if kept is not None else labels
        ids, classes = class_ids(labels, len(labels), (), where)
        if labels.dtype.kind in "iuf" and labels.min() == 1:
            reading.tell("classes numbered from 1")
        classes = _named(classes, _find_classes(arrays))
    spec = DataSpec(name=name, views=tuple(spec for spec, _ in made), n_clusters=len(classes), classes=classes)
    if texts is not None and kept is not None:
        texts = texts[kept]
    return MultiViewDataset(spec=spec, views=tuple(view for _, view in made), labels=ids, texts=texts)


def _find_texts(arrays: Mapping[str, Value], lengths: set[int]) -> np.ndarray | None:
    """Captions (N,) as Python strings, as many as some view has samples; None where there are none."""
    for key, value in arrays.items():
        items = value.ravel().tolist() if isinstance(value, np.ndarray) and value.dtype.kind == "U" else value
        fits = isinstance(items, list) and len(items) in lengths and all(isinstance(item, str) for item in items)
        if plain(key) in TEXTS and fits:
            return np.array([item.strip() for item in items], object)
    return None


def _asked_labels(arrays: Mapping[str, Value], reading: Reading) -> tuple[str, np.ndarray | None]:
    """Name and values (N,) of the labels, asked for where several arrays or one of an unusual name could be meant."""
    name, labels = _find_labels(arrays)
    every = [item for value in arrays.values() for item in (value if isinstance(value, list) else [value])]
    lengths = {length for item in every if _is_matrix(item) for length in (item.shape[0], item.shape[-1])}
    possible = {
        key: values
        for key, value in arrays.items()
        if (values := _as_labels(value)) is not None
        and len(values) in lengths
        and re.sub(r"\d+$", "", plain(key)) not in (*OTHERS, *TEXTS)
        and (key == name or _may_be_labels(value, values))
    }
    if not possible or (labels is not None and len(possible) == 1):
        return name, labels
    text = "Which array holds the classes? They only ever score a result."
    answer = reading.ask("classes", text, ("none", *possible), name or "none")
    return ("", None) if answer == "none" else (answer, possible[answer])


def _may_be_labels(value: Value, values: np.ndarray) -> bool:
    """Whether an array of no usual name could be classes: along one axis, few distinct whole numbers or words."""
    is_line = isinstance(value, list) or (value.size == max(value.shape) and not is_sparse(value))
    if not is_line or (values.dtype.kind == "f" and not (values == np.round(values)).all()):
        return False
    return 1 < len(np.unique(values)) <= max(2, len(values) // 3)


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
    numeric = is_sparse(value) or (isinstance(value, np.ndarray) and value.dtype.kind in "buif")
    return numeric and 2 <= len(shape) <= 4 and sorted(shape)[-2] > 1


def _find_views(arrays: Mapping[str, Value], labels: np.ndarray | None, where: str) -> dict[str, Value]:
    """The views by name: numbered variables, one cell, one variable of a usual name, or all matrices that fit."""
    matrices = {key: value for key, value in arrays.items() if _is_matrix(value)}
    fitting = {
        key: value
        for key, value in matrices.items()
        if labels is None or len(labels) in (value.shape[0], value.shape[-1])
    }
    groups: dict[str, dict[int, str]] = {}
    for key in matrices:
        if found := re.fullmatch(r"(.*?)[-_ ]?(\d+)", key):
            groups.setdefault(plain(found[1]), {})[int(found[2])] = key
    groups = {name: keys for name, keys in groups.items() if not fitting or set(keys.values()) & set(fitting)}
    cells = {
        key: value
        for key, value in arrays.items()
        if isinstance(value, list) and value and all(_is_matrix(item) for item in value)
    }
    # The largest group; of two as large, the one of a usual name.
    numbered = groups[max(groups, key=lambda key: (len(groups[key]), key in LISTS))] if groups else {}
    if len(numbered) > 1:
        return {key: arrays[key] for _, key in sorted(numbered.items())}
    if cells:
        values = cells[min(cells, key=lambda key: LISTS.index(plain(key)) if plain(key) in LISTS else len(LISTS))]
        if len(values) > MAX_VIEWS:
            raise ValueError(f"{where} holds a list of {len(values)} arrays; at most {MAX_VIEWS} views are read")
        return {f"view {i}": value for i, value in enumerate(values, start=1)}
    # A view of another length is met by its name alone; square matrices are weights, rotations and the like.
    by_name = {key for key, value in matrices.items() if is_view_name(key) and len(set(value.shape)) > 1}
    others = fitting if len(fitting) > 1 else {k: v for k, v in matrices.items() if k in fitting or k in by_name}
    possible = others or matrices
    single = next((key for key in possible if plain(key) in LISTS), None)
    named = [key for key in (single, *numbered.values()) if key in possible]
    chosen = others if len(others) > 1 else {key: arrays[key] for key in named}
    if chosen:
        if len(chosen) > MAX_VIEWS:
            raise ValueError(f"{where} holds {len(chosen)} arrays; at most {MAX_VIEWS} views are read")
        return chosen
    held = ", ".join(list(arrays)[:8]) or "nothing"
    raise ValueError(
        f"{where} holds {held}; views such as X1, X2 and labels Y, or a cell X with a view each, are needed"
    )


def _of_table(arrays: Mapping[str, Value], where: str) -> dict[str, Value]:
    """The views of a table, whose samples are known to be rows; labels that could not be used are none of them."""
    views = {key: value for key, value in arrays.items() if value.ndim > 1}
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
    turned = {key: _first(value, n_samples) for key, value in views.items()}
    if any(turned[key] is not value for key, value in views.items()):
        reading.tell("samples in columns")
    return turned


def _first(value: Value, n_samples: int) -> Value:
    if value.shape[0] == n_samples:
        return value
    return value.T if value.ndim == 2 else np.moveaxis(value, -1, 0)


def _view(name: str, value: Any, where: str, reading: Reading) -> tuple[ViewSpec, np.ndarray]:
    """Spec and values of a view: pictures as they are, anything flat as float32."""
    source = f"{name} in {where}"
    if isinstance(value, np.ndarray):
        value = _as_asked(name, value, reading)
    if value.ndim > 2:
        images, low, high = pixel_range(channels_first(value, source), source)
        return ViewSpec(name=name, kind="image", shape=images.shape[1:], low=low, high=high), images
    if is_sparse(value):
        n_bytes = 8 * value.shape[0] * value.shape[1]
        if n_bytes > MAX_DENSE_BYTES:
            raise ValueError(
                f"{source} is sparse with {value.shape[0]:,} x {value.shape[1]:,} places, too many to hold at once; "
                "reduce its columns first"
            )
        value = cast(Any, value).toarray()
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
    answer = reading.ask(f"pixels of {name}", text, (NUMBERS, BY_ROWS, BY_COLUMNS), NUMBERS)
    if answer == NUMBERS:
        return value
    images = value.reshape(len(value), *((side, side) if channels == 1 else (channels, side, side)))
    return images.swapaxes(-1, -2) if answer == BY_COLUMNS else images


def renamed(dataset: MultiViewDataset, names: Sequence[str]) -> MultiViewDataset:
    """The data set with other names for its views, where there are as many."""
    if len(names) != len(dataset.spec.views):
        return dataset
    views = tuple(replace(view, name=name) for view, name in zip(dataset.spec.views, names, strict=True))
    return replace(dataset, spec=replace(dataset.spec, views=views))


def natural(names: Iterable[str]) -> list[str]:
    """Names sorted as people count: view2 before view10."""
    return sorted(names, key=lambda name: [(int(p), "") if p.isdigit() else (-1, p) for p in re.split(r"(\d+)", name)])
