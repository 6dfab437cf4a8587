"""Preparation of a data set before training, declared in the run spec and fitted without labels.

A step acts on every vector view, or with a number before it on that view alone (`2:l2`); image views are left alone by
all but `flatten`, which turns them into vectors, and `resize-N`, which makes them smaller.
Views are independent of each other, and what a step learns (ranges, directions) it learns from all samples of the run.

Shapes: N samples, D columns, C channels, H x W pixels.
"""

import difflib
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from mmclust.data import scaling
from mmclust.data.dataset import DataSpec, MultiViewDataset, PartialSamples, ViewSpec
from mmclust.data.resizing import resized, size_after

PLAIN = ("flatten", "minmax", "standard", "l2", "unit", "tf-idf", "sqrt", "walk", "auto")
"""Steps without a number; `pca-N`, `clip-N` and `resize-N` are those with."""

MEANING = {
    "flatten": "image views become vectors of pixels in [0, 1]",
    "minmax": "each column to [0, 1]",
    "standard": "each column to mean 0 and deviation 1",
    "l2": "each sample to length 1",
    "unit": "the whole view divided by its standard deviation",
    "tf-idf": "word counts weighted by how rare a word is, each sample to length 1",
    "sqrt": "square roots of the values",
    "walk": "rows of a graph after two steps of a walk on it",
    "auto": "chosen for each view without labels when the run begins",
    "clip-N": "values cut off at N and -N",
    "pca-N": "the N directions of largest variance",
    "resize-N": "images made smaller, their shorter side N pixels",
}
"""What each step does, for forms and help texts."""

OPEN = ("flatten", "pca-100", "unit")
"""What `auto` surely comes to; the scalings between are chosen from the samples when a run begins (`mmclust.auto`)."""
LARGE = 100.0
"""Features beyond this are worth a note where no step scales them."""
_SPARSE = {"tf-idf": scaling.tf_idf, "sqrt": scaling.square_root, "walk": scaling.smooth_graph}
"""Steps that keep views of mostly zeros sparse until another step needs them dense."""
_BLOCK = 4096
"""Rows at a time: temporary copies in double precision stay small."""


def parse(steps: Iterable[str]) -> tuple[str, ...]:
    """Names of steps as a user writes them (`"flatten,minmax"`, `"PCA-20"`, `"none"`), checked.

    Raises:
        ValueError: a step that is not known, with the closest known one.
    """
    found = [name.strip().lower() for text in steps for name in text.split(",") if name.strip()]
    if found == ["none"]:
        return ()
    for step in found:
        name = _named(step)[1]
        if name not in PLAIN and not (components_of(name) or _side(name) or _clip(name)):
            close = difflib.get_close_matches(name, (*PLAIN, "pca-100", "clip-5", "resize-32"), n=1)
            hint = f"did you mean {close[0]}? " if close else ""
            raise ValueError(
                f"step {step!r} is not known; {hint}Steps are {', '.join(PLAIN)}, pca-N such as pca-100, clip-N and "
                "resize-N; with a number before, such as 2:l2, for one view alone; or none alone"
            )
    if "auto" in found and len(found) > 1:
        raise ValueError("step auto chooses all steps; leave the others out, or auto")
    return tuple(found)


def _named(step: str) -> tuple[int | None, str]:
    """Place of the view that a step acts on, None for all, and the step's name."""
    found = re.fullmatch(r"([1-9]\d{0,3}):(.+)", step)
    return (int(found[1]) - 1, found[2]) if found else (None, step)


def _acts(step: str, place: int) -> bool:
    return _named(step)[0] in (None, place)


def acting(step: str, n_views: int) -> list[tuple[int, str]]:
    """Places of the views that a step acts on, each with the step's name."""
    return [(place, _named(step)[1]) for place in range(n_views) if _acts(step, place)]


def components_of(name: str) -> int:
    """The N of `pca-N`; 0 for other names."""
    found = re.fullmatch(r"pca-([1-9]\d{0,4})", name)
    return int(found[1]) if found else 0


def _side(name: str) -> int:
    """The N of `resize-N`; 0 for other names."""
    found = re.fullmatch(r"resize-([1-9]\d{0,3})", name)
    return int(found[1]) if found else 0


def _clip(name: str) -> float:
    """The N of `clip-N`; 0 for other names."""
    found = re.fullmatch(r"clip-(\d+(?:\.\d+)?)", name)
    return float(found[1]) if found else 0.0


def meaning(step: str) -> str:
    """What a step does, in words."""
    place, name = _named(step)
    numbered = {"pca-N": components_of(name), "clip-N": _clip(name), "resize-N": _side(name)}
    words = MEANING[next((kind for kind, number in numbered.items() if number), name)]
    return words if place is None else f"view {place + 1} alone: {words}"


def spec_after(spec: DataSpec, steps: Sequence[str], n_samples: int | None = None) -> DataSpec:
    """What networks are built from: the spec of the data set that `prepare` gives. Applying it twice changes nothing.

    Args:
        spec: of the data set as it was read.
        steps: names from a run spec.
        n_samples: bounds the components of `pca-N`, as the samples themselves do; None where it is not known.

    Raises:
        ValueError: a step that is not known.
    """
    views = list(spec.views)
    for step in _settled(steps):
        for i, name in acting(step, len(views)):
            views[i] = view_after(views[i], name, n_samples)
    return replace(spec, views=tuple(views))


def _settled(steps: Sequence[str]) -> tuple[str, ...]:
    """The steps, with `auto` as it is before a run has chosen."""
    found = parse(steps)
    return OPEN if found == ("auto",) else found


def view_after(view: ViewSpec, step: str, n_samples: int | None) -> ViewSpec:
    """One view's spec after one step; see `spec_after`."""
    if view.kind == "image":
        if side := _side(step):
            return replace(view, shape=(view.shape[0], *size_after((view.shape[1], view.shape[2]), side)))
        if step != "flatten":
            return view
        channels, height, width = view.shape
        flat = (channels * height * width,)
        return replace(view, kind="vector", shape=flat, low=0.0, high=1.0, image_shape=(channels, height, width))
    if step == "minmax":
        return replace(view, low=0.0, high=1.0)
    if step in ("standard", "unit", "sqrt", "tf-idf", "walk"):
        return _unbounded(view)
    if components := components_of(step):
        n_columns = min(components, view.shape[0], n_samples or view.shape[0])
        return replace(_unbounded(view), shape=(n_columns,), image_shape=None)
    return view


def _unbounded(view: ViewSpec) -> ViewSpec:
    """The view without a known range of its values: that of a vector as it was read."""
    return replace(view, low=ViewSpec.low, high=ViewSpec.high)


def prepare(dataset: MultiViewDataset, steps: Sequence[str]) -> MultiViewDataset:
    """The data set after all steps; without any it is the same object, and views that no step changes are shared.

    Samples that lack a view are prepared together with the complete ones.

    Raises:
        ValueError: a step that is not known.
    """
    if dataset.partial is not None:
        return _with_partial(dataset, dataset.partial, steps)
    specs, views, unlabelled = list(dataset.spec.views), list(dataset.views), list(dataset.unlabelled)
    for step in _settled(steps):
        for i, name in acting(step, len(views)):
            views[i] = apply_step(name, specs[i], views[i])
            if _side(name) and unlabelled:
                unlabelled[i] = apply_step(name, specs[i], unlabelled[i])
            specs[i] = view_after(specs[i], name, dataset.n_samples)
    views = [scaling.dense_rows(view) for view in views]
    if all(after is before for after, before in zip(views, dataset.views, strict=True)):
        return dataset
    spec = replace(dataset.spec, views=tuple(specs))
    return replace(dataset, spec=spec, views=tuple(views), unlabelled=tuple(unlabelled))


def _with_partial(dataset: MultiViewDataset, lacking: PartialSamples, steps: Sequence[str]) -> MultiViewDataset:
    n_complete = dataset.n_samples
    pairs = zip(dataset.views, lacking.views, strict=True)
    plain = replace(
        dataset,
        views=tuple(np.concatenate(pair) for pair in pairs),
        **dict.fromkeys(("labels", "split", "texts", "pictures", "partial")),
    )
    prepared = prepare(plain, steps)
    if prepared is plain:
        return dataset
    # Networks know of the complete samples alone, of which there may be fewer than components of all.
    spec = spec_after(dataset.spec, steps, n_complete)
    views = [
        view[:, : about.shape[0]] if about.kind == "vector" else view
        for view, about in zip(prepared.views, spec.views, strict=True)
    ]
    return replace(
        dataset,
        spec=spec,
        views=tuple(view[:n_complete] for view in views),
        unlabelled=prepared.unlabelled,
        partial=replace(lacking, views=tuple(view[n_complete:] for view in views)),
    )


def apply_step(step: str, spec: ViewSpec, view: np.ndarray) -> np.ndarray:
    """One view after one step; vectors come out as float32."""
    if spec.kind == "image":
        if side := _side(step):
            return resized(view, side)
        return _flattened(spec, view) if step == "flatten" else view
    if step in _SPARSE:
        return _SPARSE[step](scaling.as_rows(view))
    if components := components_of(step):
        # Many columns, or sparse ones, are decomposed by a faster method.
        few = isinstance(view, np.ndarray) and view.shape[1] <= max(len(view), scaling.EXACT_PCA)
        return _principal(view, components) if few else scaling.principal(scaling.as_rows(view), components)
    view = scaling.dense_rows(view)
    if bound := _clip(step):
        return np.clip(view, -bound, bound)
    work: dict[str, Callable[[np.ndarray], np.ndarray]] = {"standard": _standardised, "l2": _normalised, "unit": _unit}
    if step == "minmax" and not is_scaled_image(spec):
        return _minmax(view)
    return work[step](view) if step in work else view


def is_scaled_image(spec: ViewSpec) -> bool:
    """Whether the columns are pixels in [0, 1]: stretching each by itself would distort the picture."""
    return spec.image_shape is not None and (spec.low, spec.high) == (0.0, 1.0)


def _flattened(spec: ViewSpec, view: np.ndarray) -> np.ndarray:
    """Pixels (N, C * H * W) float32, `low` at 0 and `high` at 1."""
    flat = np.empty((len(view), math.prod(spec.shape)), np.float32)
    for rows in _blocks(len(view)):
        np.subtract(view[rows].reshape(-1, flat.shape[1]), np.float32(spec.low), out=flat[rows], casting="same_kind")
    flat /= np.float32(spec.high - spec.low)
    return flat


def _minmax(view: np.ndarray) -> np.ndarray:
    low, high = view.min(axis=0).astype(np.float64), view.max(axis=0).astype(np.float64)
    # Rounding may step over the ends by a hair, and a network that expects [0, 1] need not forgive that.
    return _affine(view, low, high - low).clip(0, 1)


def _standardised(view: np.ndarray) -> np.ndarray:
    deviation = np.std(view, axis=0, dtype=np.float64)
    return _affine(view, view.mean(axis=0, dtype=np.float64), np.where(_constant_columns(view), 0.0, deviation))


def _normalised(view: np.ndarray) -> np.ndarray:
    length = np.sqrt(np.einsum("nd,nd->n", view, view, dtype=np.float64))
    return (view / np.where(length > 0, length, 1.0)[:, None]).astype(np.float32)


def _unit(view: np.ndarray) -> np.ndarray:
    deviation = float(np.std(view, dtype=np.float64))
    return (view / (deviation if deviation > 0 else 1.0)).astype(np.float32)


def _affine(view: np.ndarray, shift: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """(view - shift) / scale by columns as float32; columns of scale 0 become 0."""
    factor = np.divide(1.0, scale, out=np.zeros_like(scale), where=scale > 0)
    result = np.empty(view.shape, np.float32)
    for rows in _blocks(len(view)):
        result[rows] = (view[rows] - shift) * factor
    return result


def _principal(view: np.ndarray, n_components: int) -> np.ndarray:
    """Scores (N, n) of the leading principal directions, centred, not whitened.

    The sign of a direction is free; here its largest score is positive, so that the result is always the same.
    """
    n_samples, n_columns = view.shape
    mean = view.mean(axis=0, dtype=np.float64)
    kept = min(n_components, n_columns, n_samples)
    if n_columns <= n_samples:
        covariance = np.zeros((n_columns, n_columns))
        for rows in _blocks(n_samples):
            centred = view[rows] - mean
            covariance += centred.T @ centred
        directions = np.linalg.eigh(covariance)[1][:, : -kept - 1 : -1]
        scores = np.concatenate([(view[rows] - mean) @ directions for rows in _blocks(n_samples)])
    else:
        left, singular, _ = np.linalg.svd(view - mean, full_matrices=False)
        scores = left[:, :kept] * singular[:kept]
    extreme = np.take_along_axis(scores, np.abs(scores).argmax(axis=0)[None], axis=0)
    return (scores * np.where(extreme < 0, -1.0, 1.0)).astype(np.float32)


def check(dataset: MultiViewDataset, *, steps: Sequence[str] = (), declared: Sequence[str] = ()) -> None:
    """Refuse what nothing can be learned from, before a network sees it.

    Args:
        dataset: as it was read.
        steps: those of the run.
        declared: those the method asks for by itself.

    Raises:
        ValueError: NaN or infinite values, a constant view, or negative features for a method that asks for [0, 1]
            while the run scales nothing.
    """
    for spec, view in zip(dataset.spec.views, dataset.views, strict=True):
        where = f"view {spec.name} of {dataset.spec.name}" if len(dataset.views) > 1 else dataset.spec.name
        if view.dtype.kind == "f" and not math.isfinite(float(view.min()) + float(view.max())):
            raise ValueError(
                f"{where} holds NaN or infinite values, first in sample {_first_bad(view)}; "
                "replace them, or leave such samples out, which a file that has some is asked about"
            )
        if _is_constant(view):
            raise ValueError(
                f"{where} is {view.flat[0]:g} everywhere, so it tells no samples apart; leave this view out"
            )
        if _are_one(view):
            raise ValueError(f"all {len(view):,} samples of {where} are the same, so nothing tells them apart")
        if "minmax" in declared and not _scales(steps) and spec.kind == "vector" and view.min() < 0:
            raise ValueError(
                f"{where} has negative features (down to {view.min():.3g}), but values in [0, 1] are expected; "
                "put minmax into the steps, or another scaling"
            )


def _scales(steps: Sequence[str]) -> bool:
    """Whether any step brings the features into a range of its own."""
    scaled = ("minmax", "standard", "unit", "l2", "tf-idf", "auto")
    return any(name in scaled or components_of(name) for name in (_named(step)[1] for step in steps))


def warnings(dataset: MultiViewDataset, steps: Sequence[str] = ()) -> tuple[str, ...]:
    """What a user should know of the data though it can be trained on, each in one sentence."""
    found = []
    for spec, view in zip(dataset.spec.views, dataset.views, strict=True):
        if spec.kind == "image" or spec.image_shape is not None:
            continue  # the corners of a picture are often empty
        if n_constant := int(_constant_columns(view).sum()):
            found.append(
                f"{n_constant} of the {view.shape[1]} columns of view {spec.name} are constant and tell nothing; "
                "they are kept, as zeros after minmax or standard."
            )
        largest = float(np.abs(view).max())
        if largest > LARGE and not _scales(steps):
            found.append(
                f"Values of view {spec.name} reach {largest:g} and no step scales them; minmax in the steps would."
            )
    return tuple(found)


def _blocks(n_samples: int) -> Iterator[slice]:
    return (slice(start, start + _BLOCK) for start in range(0, n_samples, _BLOCK))


def _constant_columns(view: np.ndarray) -> np.ndarray:
    """(D,) whether all samples have the same value there; exact, where a deviation would round."""
    return view.min(axis=0) == view.max(axis=0)


def _are_one(view: np.ndarray) -> bool:
    """Whether all samples of a view are the same; ends at the first that differs."""
    return all(np.array_equal(sample, view[0]) for sample in view[1:])


def _is_constant(view: np.ndarray) -> bool:
    """Whether all values are alike; a varied view shows it in its first rows."""
    first = view.flat[0]
    return all((view[rows] == first).all() for rows in _blocks(len(view)))


def _first_bad(view: np.ndarray) -> int:
    """The first sample with NaN or infinity."""
    for rows in _blocks(len(view)):
        bad = ~np.isfinite(view[rows].reshape(len(view[rows]), -1)).all(axis=1)
        if bad.any():
            return rows.start + int(bad.argmax())
    raise AssertionError("all values are finite")
