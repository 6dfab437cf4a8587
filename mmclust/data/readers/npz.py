"""Images in a NumPy `.npz` file: `images` and, where known, `labels`, `split` and `classes`.

The Keras spelling (`x_train`, `y_train`, `x_test`, `y_test`) is read too. Pickled arrays are refused, and what a
member claims to hold is compared with its size before any memory is given to it.
"""

import zipfile
from pathlib import Path

import numpy as np

from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.data.readers import cache

MAX_BYTES = 64 * 2**30
"""Largest array that is read, unpacked."""
MAP_ABOVE = 2**30
"""Arrays larger than this are unpacked once into the cache and memory-mapped."""


def read(path: Path) -> MultiViewDataset:
    """Read an `.npz` of images.

    Raises:
        ValueError: what is wrong with the file, in one sentence.
    """
    with _Npz(path) as file:
        if "images" in file.members:
            images = file.array("images")
            labels = file.array("labels") if "labels" in file.members else None
            split = file.array("split") if "split" in file.members else None
        else:
            parts = [file.array(name) for name in ("x_train", "x_test")]
            images = np.concatenate(parts)
            split = np.repeat(np.array([0, 1], np.uint8), [len(part) for part in parts])
            has_labels = {"y_train", "y_test"} <= set(file.members)
            labels = (
                np.concatenate([file.array(name).ravel() for name in ("y_train", "y_test")]) if has_labels else None
            )
        names = tuple(str(name) for name in file.array("classes").ravel()) if "classes" in file.members else ()
    images = channels_first(images, path.name)
    images, low, high = pixel_range(images, path.name)
    if labels is not None:
        labels, names = class_ids(labels, len(images), names, path.name)
    if split is not None and (len(split) != len(images) or not np.isin(split, (0, 1)).all()):
        raise ValueError(f"split in {path.name} needs one 0 (train) or 1 (test) for each of the {len(images)} images")
    view = ViewSpec(name="image", kind="image", shape=images.shape[1:], low=low, high=high)
    spec = DataSpec(name=path.stem, views=(view,), n_clusters=len(names), classes=names)
    return MultiViewDataset(
        spec=spec, views=(images,), labels=labels, split=None if split is None else split.astype(np.uint8)
    )


class _Npz:
    """An open `.npz`: the header of every member is known, arrays are read one by one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError) as error:
            raise ValueError(f"{path.name} cannot be read as .npz ({error}); write it with numpy.savez") from None
        self.members = {info.filename.removesuffix(".npy"): info for info in self.zip.infolist()}
        if "images" not in self.members and not {"x_train", "x_test"} <= set(self.members):
            held = ", ".join(list(self.members)[:8]) or "nothing"
            self.zip.close()
            raise ValueError(
                f"{path.name} holds {held}; an array `images` (N, H, W), (N, C, H, W) or (N, H, W, C) is needed"
            )

    def __enter__(self) -> "_Npz":
        return self

    def __exit__(self, *_: object) -> None:
        self.zip.close()

    def array(self, name: str) -> np.ndarray:
        """The array called `name`, memory-mapped from the cache where it is large."""
        info = self.members[name]
        where = f"{name} in {self.path.name}"
        if info.file_size > MAX_BYTES:
            raise ValueError(
                f"{where} unpacks to {info.file_size / 2**30:.0f} GiB; at most {MAX_BYTES >> 30} GiB are read"
            )
        try:
            with self.zip.open(info) as member:
                version = np.lib.format.read_magic(member)
                header = (
                    np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
                )
                shape, _, dtype = header(member)
            if dtype.hasobject:
                raise ValueError(f"{where} is a pickled array; save it with a plain number or string type")
            if int(np.prod(shape, dtype=object)) * dtype.itemsize > info.file_size:
                raise ValueError(f"{where} is shorter than its header says; the file is damaged, copy it again")
            if info.file_size > MAP_ABOVE:
                return cache.unpacked(self.path, self.zip, info)
            with self.zip.open(info) as member:
                return np.lib.format.read_array(member, allow_pickle=False)
        except ValueError as error:
            if where in str(error):
                raise
            raise ValueError(f"{where} is not a NumPy array ({error}); write the file with numpy.savez") from None
        except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError) as error:
            raise ValueError(f"{where} cannot be read ({error}); the file is damaged, copy it again") from None


def channels_first(images: np.ndarray, where: str) -> np.ndarray:
    """Images (N, H, W), (N, H, W, C) or (N, C, H, W) as (N, C, H, W), C = 1 or 3.

    Raises:
        ValueError: another shape, or no image at all.
    """
    if images.ndim == 3:
        images = images[:, None]
    elif images.ndim == 4 and images.shape[1] not in (1, 3) and images.shape[3] in (1, 3):
        images = images.transpose(0, 3, 1, 2)
    if images.ndim != 4 or images.shape[1] not in (1, 3):
        raise ValueError(
            f"images in {where} have shape {images.shape}; (N, H, W), (N, C, H, W) or (N, H, W, C) is needed"
        )
    if 0 in images.shape:
        raise ValueError(f"images in {where} have shape {images.shape}; at least one image with pixels is needed")
    return images if isinstance(images, np.memmap) else np.ascontiguousarray(images)


def pixel_range(images: np.ndarray, where: str) -> tuple[np.ndarray, float, float]:
    """Images in a type to train on, with the smallest and the largest value a pixel may have.

    Bytes stay as they are; other integers within 0..255 become bytes; floating point becomes float32, whose range is
    taken from the data: 0..1, -1..1, 0..255 or, failing these, what is there.

    Raises:
        ValueError: not numbers, not finite, or all pixels alike.
    """
    if images.dtype.kind not in "buif":
        raise ValueError(f"images in {where} are of type {images.dtype}; bytes or floating-point numbers are needed")
    low, high = float(images.min()), float(images.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ValueError(f"images in {where} hold NaN or infinite pixels; replace them by numbers")
    if low == high:
        raise ValueError(f"all pixels of the images in {where} are {low:g}; there is nothing to tell them apart")
    if images.dtype == np.uint8:
        return images, 0.0, 255.0
    if images.dtype.kind == "b":
        return images.astype(np.uint8), 0.0, 1.0
    if images.dtype.kind in "ui" and low >= 0 and high <= 255:
        return images.astype(np.uint8), 0.0, 255.0
    usual = [(0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)]
    low, high = next(((a, b) for a, b in usual if a <= low and high <= b), (low, high))
    return images.astype(np.float32, copy=False), low, high


def class_ids(
    labels: np.ndarray, n_samples: int, names: tuple[str, ...], where: str
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Labels of any numbering as ids (N,) int64 from 0, and the names of the classes.

    With given `names`, labels must be indices into them; without, the distinct labels are numbered in order.

    Raises:
        ValueError: wrong number of labels, missing ones, or an index without a name.
    """
    labels = labels.ravel()
    if len(labels) != n_samples:
        raise ValueError(f"{where} has {len(labels)} labels for {n_samples} images; one label per image is needed")
    if labels.dtype.kind == "f":
        if not np.isfinite(labels).all() or (labels != np.round(labels)).any():
            raise ValueError(f"labels in {where} hold fractions or NaN; whole numbers or names are needed")
        labels = labels.astype(np.int64)
    if labels.dtype.kind not in "buiUS":
        raise ValueError(f"labels in {where} are of type {labels.dtype}; whole numbers or names are needed")
    if names and labels.dtype.kind in "bui":
        if labels.min() < 0 or labels.max() >= len(names):
            raise ValueError(
                f"labels in {where} run from {labels.min()} to {labels.max()}, but there are {len(names)} class names; "
                f"number the classes from 0 to {len(names) - 1}"
            )
        return labels.astype(np.int64), names
    values, ids = np.unique(labels, return_inverse=True)
    return ids.reshape(-1).astype(np.int64), tuple(
        str(v.decode() if isinstance(v, bytes) else v) for v in values.tolist()
    )
