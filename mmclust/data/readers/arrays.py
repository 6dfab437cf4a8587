"""From the named arrays of a file to a data set, by the same rules for all formats.

Files of multi-view sets agree on little: views are `X1`, `X2` ... or one cell `X`, samples are rows or columns, labels
are `Y`, `gt` or `truth`, from 0 or from 1. Which arrays are views: `view_arrays`; classes, parts and captions beside
them: `beside_views`; which axis counts the samples: `sample_axis`; what a view's numbers are: `view_values`.

Shapes: N samples.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from mmclust.data.dataset import DataSpec, MultiViewDataset, PartialSamples
from mmclust.data.readers import beside_views, cubes, joining, pairing, sample_axis, view_arrays, view_values
from mmclust.data.readers.labels import without_none
from mmclust.data.readers.pairing import Value
from mmclust.data.readers.reading import Reading
from mmclust.data.readers.samples import class_ids


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
    others = {key: value for key, value in others.items() if not view_arrays.is_set_aside(key, value, reading)}
    if labels is not None and not any(
        view_arrays.may_be_view(one) or (in_rows and np.ndim(one) > 1) for one in others.values()
    ):
        raise ValueError(view_arrays.no_view(arrays, label_name, len(labels), where, reading))
    ends = partial(pairing.ends, images_first=images_first, n_labels=None if labels is None else len(labels))
    views = view_arrays.of_table(others, where) if in_rows else view_arrays.find_views(others, labels, where, ends)
    if not views:
        raise ValueError(f"{where} holds no numbers; a view of numbers or pictures is needed")
    opened = {key for key, value in arrays.items() if view_arrays.holds_one_of(value, views)}
    views, labels = pairing.by_ids(views, arrays, labels, where, reading)
    n_samples = pairing.count(views, labels, where, in_rows=in_rows, ends=ends)
    if n_samples is None:
        turned, lengths = pairing.common_part(views, labels, where, reading, in_rows=in_rows)
    else:
        known = in_rows or (images_first and sample_axis.is_surely_first(views, n_samples))
        turned = dict(views) if known else sample_axis.samples_first(views, n_samples, labels is not None, reading)
        lengths = {pairing.length(next(iter(turned.values())))}
    n_samples = min(lengths)
    labels = None if labels is None else labels[:n_samples]
    split = beside_views.find_split(arrays, n_samples, reading) if split is None else split
    texts, texts_name = beside_views.find_texts(arrays, lengths) if texts is None else (texts, "")
    if texts is not None and len(texts) not in lengths:
        reading.leave_out(f"{len(texts):,} captions", "not one for each sample")
        texts = None
    texts = None if texts is None else texts[:n_samples]
    view_arrays.tell_unused(arrays, {label_name, texts_name, *views, *opened}, reading)
    columns = {key: values[:n_samples] for key, values in (columns or {}).items() if len(values) in lengths}
    kept = pairing.complete(turned, reading)
    single = len(turned) == 1
    if kept is not None:
        turned, labels = _in_order(turned, kept), None if labels is None else labels[_order(kept)]
        texts, split = (None if one is None else one[kept.complete] for one in (texts, split))
        columns = {key: values[kept.complete] for key, values in columns.items()}
    made = [view_values.view(key, value, where, reading, single=single) for key, value in turned.items()]
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


def renamed(dataset: MultiViewDataset, names: Sequence[str]) -> MultiViewDataset:
    """The data set with other names for its views, where there are as many."""
    if len(names) != len(dataset.spec.views):
        return dataset
    views = tuple(replace(view, name=name) for view, name in zip(dataset.spec.views, names, strict=True))
    return replace(dataset, spec=replace(dataset.spec, views=views))


def natural(names: Iterable[str]) -> list[str]:
    """Names sorted as people count: view2 before view10."""
    return sorted(names, key=lambda name: [(int(p), "") if p.isdigit() else (-1, p) for p in re.split(r"(\d+)", name)])
