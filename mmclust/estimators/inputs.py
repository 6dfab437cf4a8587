"""Arrays, tensors, data frames and pictures of a caller, as a data set.

Shapes: n samples, C channels, H x W pixels, D columns.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.utils import check_array

from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.data.readers.samples import pixel_range

CHANNELS = (1, 3)


def images(given: Any, n_clusters: int) -> MultiViewDataset:
    """One set of images.

    Args:
        given: (n, H, W), (n, H, W, C) or (n, C, H, W) with 1 or 3 channels, an array or a tensor, or a list of pictures
            of one size. Pictures go from 0 to 255, arrays as those of files (`mmclust.data.readers.samples`).
        n_clusters: K.

    Raises:
        ValueError: another shape, no samples, or NaN.
    """
    values = _array(given)
    if values.ndim not in (3, 4):
        raise ValueError(
            f"Expected images of shape (n, H, W), (n, H, W, C) or (n, C, H, W), got an array of shape {values.shape}. "
            "Reshape rows of pixels, for example X.reshape(-1, 28, 28)"
        )
    values = values[:, None] if values.ndim == 3 else values
    if values.shape[1] not in CHANNELS:
        if values.shape[3] not in CHANNELS:
            raise ValueError(f"Images need 1 or 3 channels, got an array of shape {values.shape}")
        values = values.transpose(0, 3, 1, 2)
    if values.dtype == bool:
        values = values.astype(np.uint8) * np.uint8(255)
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise ValueError("Input images contain NaN or infinity.")
    if _are_pictures(given):
        low, high = 0.0, 255.0
    elif (values == values.flat[0]).all():  # no range to see: some blank images
        low, high = (0.0, 255.0) if values.dtype == np.uint8 else (0.0, 1.0)
        values = values if values.dtype == np.uint8 else values.astype(np.float32)
    else:
        values, low, high = pixel_range(values, "X")
    values = np.ascontiguousarray(values)
    view = ViewSpec(name="image", kind="image", shape=values.shape[1:], low=low, high=high)
    return _dataset((view,), (values,), n_clusters)


def views(given: Any, n_clusters: int, title: str) -> MultiViewDataset:
    """Two views or more of the same samples.

    Args:
        given: a list, tuple or mapping of views; each (n, D), an array, tensor, sparse matrix or data frame, or images.
        n_clusters: K.
        title: of the method, for messages.

    Raises:
        ValueError: a single view, views of unequal length, no samples, or NaN.
    """
    named = given if isinstance(given, Mapping) else None
    several = list(given.values()) if isinstance(given, Mapping) else given
    if not isinstance(several, Sequence) or isinstance(several, str) or len(several) < 2:
        raise ValueError(
            f"{title} clusters two or more views of the same samples, got {_shape(given)}. "
            "Give a list of views, such as [X1, X2]"
        )
    names = [str(name) for name in named] if named else [f"view {number}" for number in range(1, len(several) + 1)]
    found = [_view(view, name) for view, name in zip(several, names, strict=True)]
    lengths = [len(values) for _, values in found]
    if len(set(lengths)) != 1:
        raise ValueError(f"Found views with inconsistent numbers of samples: {lengths}")
    return _dataset(tuple(spec for spec, _ in found), tuple(values for _, values in found), n_clusters)


def parts(table: Any, split: int | Sequence[int], n_clusters: int, title: str) -> MultiViewDataset:
    """The views that the columns of one table are cut into.

    Args:
        table: (n, D), dense or sparse, checked.
        split: number of views, or columns of each.
        n_clusters: K.
        title: of the method, for messages.

    Raises:
        ValueError: fewer than two views, or numbers that do not add up to D.
    """
    n_columns = table.shape[1]
    sizes = (
        [len(some) for some in np.array_split(np.arange(n_columns), max(split, 1))]
        if isinstance(split, int)
        else [*split]
    )
    if len(sizes) < 2 or min(sizes) < 1 or sum(sizes) != n_columns:
        raise ValueError(
            f"split={split!r} does not cut {n_columns} feature(s) into two views or more; a minimum of 2 is required: "
            "give the number of views, or the columns of each view, which add up to the columns of X"
        )
    ends = np.cumsum([0, *sizes])
    return views([table[:, a:b] for a, b in zip(ends, ends[1:], strict=False)], n_clusters, title)


def _view(given: Any, name: str) -> tuple[ViewSpec, np.ndarray]:
    if not hasattr(given, "toarray") and _array(given).ndim > 2:
        one = images(given, 2)
        spec = one.spec.views[0]
        return ViewSpec(name=name, kind="image", shape=spec.shape, low=spec.low, high=spec.high), one.views[0]
    rows = given if hasattr(given, "toarray") else _array(given)
    options: dict[str, Any] = {"accept_sparse": "csr", "dtype": np.float32, "input_name": name}
    values: Any = check_array(rows, **options)
    dense = values.toarray() if hasattr(values, "toarray") else np.asarray(values)
    return ViewSpec(name=name, kind="vector", shape=dense.shape[1:]), dense


def _are_pictures(given: Any) -> bool:
    return isinstance(given, Sequence) and len(given) > 0 and hasattr(given[0], "getbands")


def _array(given: Any) -> np.ndarray:
    """The values on the host; pictures are put on each other."""
    if hasattr(given, "detach"):
        given = given.detach().cpu()
    if _are_pictures(given):
        modes = {"L" if picture.getbands() in (("L",), ("1",)) else "RGB" for picture in given}
        mode = "L" if modes == {"L"} else "RGB"
        sizes = {picture.size for picture in given}
        if len(sizes) > 1:
            raise ValueError(f"Pictures need one size, got {', '.join(f'{w} x {h}' for w, h in sorted(sizes)[:5])}")
        given = np.stack([np.asarray(picture.convert(mode)) for picture in given])
    try:
        found = np.asarray(given)
    except ValueError:  # lists of unequal lengths, or arrays of unequal shapes
        raise ValueError(
            "Samples need one shape, and lists of unequal shapes came; bring them to the same size"
        ) from None
    if found.dtype.kind not in "biuf":
        what = f"values of type {found.dtype}" if found.ndim else f"one {type(given).__name__}"
        raise ValueError(f"Expected numbers, got {what}; give an array of samples")
    if len(found) == 0 if found.ndim else True:
        raise ValueError(f"Found array with 0 sample(s) (shape={found.shape}) while a minimum of 2 is required.")
    return found


def _dataset(specs: tuple[ViewSpec, ...], values: tuple[np.ndarray, ...], n_clusters: int) -> MultiViewDataset:
    n_clusters = int(n_clusters) if isinstance(n_clusters, np.integer) else n_clusters
    return MultiViewDataset(spec=DataSpec(name="arrays", views=specs, n_clusters=n_clusters), views=values)


def _shape(given: Any) -> str:
    shape = getattr(given, "shape", None)
    return f"one array of shape {tuple(shape)}" if shape is not None else f"a {type(given).__name__}"
