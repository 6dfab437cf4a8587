"""Preparation of samples that a run was not trained on: what a step learns, it learns from the run's samples.

Shapes: N samples of the run, M new ones, D columns.
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from mmclust.data import preprocessing, scaling
from mmclust.data.dataset import MultiViewDataset, ViewSpec
from mmclust.data.preprocessing import acting, components_of
from mmclust.data.scaling import Rows

_BY_ITSELF = ("flatten", "l2", "sqrt", "resize", "clip")
"""Steps that learn nothing: they do the same to every sample."""
NEGLIGIBLE = 1e-8
"""Variance along an axis, beside the largest one, below which it is rounding."""


class _Own:
    """The run's rows at a step; they are made only where a step learns from them.

    Args:
        make: them, from those of the step before, which are let go then.
    """

    def __init__(self, make: Callable[[], Rows]) -> None:
        self.make: Callable[[], Rows] | None = make
        self.made: Rows | None = None

    def __call__(self) -> Rows:
        """The rows."""
        if self.make is not None:
            self.made, self.make = self.make(), None
        assert self.made is not None
        return self.made


def prepare(dataset: MultiViewDataset, views: Sequence[np.ndarray], steps: Sequence[str]) -> tuple[np.ndarray, ...]:
    """Views of new samples after the steps of a run.

    Args:
        dataset: the run's, as it was read.
        views: each (M, ...), of the same kinds and shapes.
        steps: the run's preprocessing, in which nothing is left to choose.

    Returns:
        Each (M, ...); the run's own samples come out as `preprocessing.prepare` gives them, up to rounding.

    Raises:
        ValueError: a step that tells nothing of new samples.
    """
    specs, new = list(dataset.spec.views), list(views)
    own = [_Own(partial(_rows, dataset, i)) for i in range(len(specs))]
    for step in preprocessing.parse(steps):
        for i, name in acting(step, len(specs)):
            before, own[i] = own[i], _Own(partial(_stepped, name, specs[i], own[i]))
            new[i] = _learn(name, specs[i], before)(new[i], own[i])
            specs[i] = preprocessing.view_after(specs[i], name, dataset.n_samples)
    return tuple(_cut(scaling.dense_rows(view), spec) for view, spec in zip(new, specs, strict=True))


def _rows(dataset: MultiViewDataset, i: int) -> np.ndarray:
    """A view with the samples that lack another, which were prepared together with the others."""
    if dataset.partial is None:
        return dataset.views[i]
    return np.concatenate((dataset.views[i], dataset.partial.views[i]))


def _stepped(name: str, spec: ViewSpec, before: _Own) -> Rows:
    return preprocessing.apply_step(name, spec, before())


def _cut(view: np.ndarray, spec: ViewSpec) -> np.ndarray:
    """Networks were built from the complete samples, of which there may be fewer than components of all."""
    return view[:, : spec.shape[0]] if spec.kind == "vector" else view


def _learn(name: str, spec: ViewSpec, own: _Own) -> Callable[[Rows, _Own], Rows]:
    """What the step does to new rows, given the run's rows before it and, when called, after it."""
    if spec.kind == "image" or name.partition("-")[0] in _BY_ITSELF:
        return lambda new, after: preprocessing.apply_step(name, spec, new)
    if components_of(name):
        return lambda new, after: _project(new, own(), after())
    if name == "tf-idf":
        return lambda new, after: scaling.tf_idf(scaling.as_rows(new), like=scaling.as_rows(own()))
    if name == "minmax" and preprocessing.is_scaled_image(spec):
        return lambda new, after: new
    if name in ("minmax", "standard", "unit"):
        return lambda new, after: _affine(scaling.dense_rows(new), scaling.dense_rows(own()), name)
    raise ValueError(
        f"step {name} describes a sample by its links to the run's own samples, so new ones cannot be prepared; "
        "train a run that holds them"
    )


def _project(new: Rows, own: Rows, scores: np.ndarray) -> np.ndarray:
    """Scores of new rows along the axes that gave `scores` of the run's own rows.

    Axes are orthonormal and the scores X V, so that V = X' (X V) / |X V|^2 column by column, signs included. Axes
    without variance have scores of rounding errors, which point nowhere.
    """
    own, new = scaling.as_rows(own), scaling.as_rows(new)
    mean = np.asarray(own.mean(axis=0), np.float64).ravel()
    squares = np.square(scores, dtype=np.float64).sum(axis=0)
    directions = np.asarray(own.T @ scores, np.float64) - np.outer(mean, scores.sum(axis=0, dtype=np.float64))
    directions *= np.divide(1.0, squares, out=np.zeros_like(squares), where=squares > NEGLIGIBLE * squares.max())
    return np.asarray(new @ directions - mean @ directions, np.float32)


def _affine(new: np.ndarray, own: np.ndarray, name: str) -> np.ndarray:
    """The run's scaling of columns; minmax may leave [0, 1] where a new sample lies outside the run's range."""
    if name == "unit":
        deviation = float(np.std(own, dtype=np.float64))
        return (new / (deviation if deviation > 0 else 1.0)).astype(np.float32)
    low, high = own.min(axis=0), own.max(axis=0)
    if name == "minmax":
        shift, scale = low.astype(np.float64), high.astype(np.float64) - low
    else:
        shift = own.mean(axis=0, dtype=np.float64)
        scale = np.where(low == high, 0.0, np.std(own, axis=0, dtype=np.float64))
    factor = np.divide(1.0, scale, out=np.zeros_like(scale), where=scale > 0)
    result = ((new - shift) * factor).astype(np.float32)
    return result.clip(0, 1) if name == "minmax" else result
