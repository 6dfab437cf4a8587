"""Columns that came with the data: class, part, captions, style factors and whatever else stood beside the features.

Shapes: n samples of the clustering, N of the data set.
"""

from collections.abc import Iterator

import numpy as np

from mmclust.clustering import Clustering
from mmclust.columns.column import Column, Groups, grouped, known
from mmclust.data.dataset import MultiViewDataset
from mmclust.plots.palette import cluster_colors

PARTS = ("train", "test")


def columns(clustering: Clustering) -> Iterator[Column]:
    """The columns of the data, those that nearly every data set has first; none where the data are not at hand."""
    data = clustering.dataset
    if data is None:
        return
    ids = clustering.ids
    if clustering.y_true is not None:
        yield _classes(clustering, clustering.y_true)
    if data.texts is not None:
        texts = data.texts
        yield Column(
            name="caption",
            kind="text",
            source="data",
            help="What the data say of the sample in words",
            work=lambda: grouped(texts[ids]),
        )
    if data.has_parts and data.split is not None:
        parts = Groups(codes=data.split[ids].astype(np.int32), names=PARTS)
        yield Column(
            name="part", kind="category", source="data", help="Part of the data set: train or test", work=lambda: parts
        )
    for name, values in data.factors.items():
        yield _factor(data, name, values[ids])
    for name, values in data.columns.items():
        yield known(name, values[ids], source="data", help=f"Column {name} of the data, not used in training")


def _classes(clustering: Clustering, y_true: np.ndarray) -> Column:
    n_classes = max(len(clustering.class_names), int(y_true.max(initial=-1)) + 1)
    names = tuple(clustering.class_name(label) for label in range(n_classes))
    return Column(
        name="class",
        kind="category",
        source="data",
        help="The true class, not used in training",
        work=lambda: Groups(codes=y_true.astype(np.int32), names=names),
        colors=tuple(cluster_colors(n_classes)),
    )


def _factor(data: MultiViewDataset, name: str, values: np.ndarray) -> Column:
    """A style factor that the samples were drawn with: whole numbers are categories."""
    about = f"{name.capitalize()} that the sample was drawn with, not used in training"
    if values.dtype.kind not in "iu":
        return known(name, values, source="data", help=about)
    known_names = data.factor_names.get(name, ())
    n_groups = max(len(known_names), int(values.max(initial=-1)) + 1)
    names = known_names if len(known_names) == n_groups else tuple(range(n_groups))
    return Column(
        name=name,
        kind="category",
        source="data",
        help=about,
        work=lambda: Groups(codes=values.astype(np.int32), names=names),
    )
