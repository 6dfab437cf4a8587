"""NumPy's `.npz`: `images` and, where known, `labels`, `split` and `classes`; or the arrays of several views.

The Keras spelling (`x_train`, `y_train`, `x_test`, `y_test`) is read too. Pickled arrays are refused, and what a
member claims to hold is compared with its size before any memory is given to it.
"""

import zipfile
from pathlib import Path
from typing import IO

import numpy as np

from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.data.readers import arrays, cache
from mmclust.data.readers.reading import Reading
from mmclust.data.readers.samples import channels_first, class_ids, pixel_range
from mmclust.errors import first_line

MAX_BYTES = 64 * 2**30
"""Largest array that is read, unpacked."""
MAP_ABOVE = 2**30
"""Arrays larger than this are unpacked once into the cache and memory-mapped."""


def read(path: Path, reading: Reading | None = None) -> MultiViewDataset:
    """Read an `.npz` of images or of several views.

    Raises:
        ValueError: what is wrong with the file, in one sentence.
    """
    with _Npz(path) as file:
        if file.n_views() > 1 or not file.has_images() or file.is_beside_views():
            found = {name: file.array(name) for name in file.members}
            return arrays.assemble(path.stem, found, path.name, reading)
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
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
            raise ValueError(f"{path.name} cannot be read as .npz ({error}); write it with numpy.savez") from None
        self.members = {info.filename.removesuffix(".npy"): info for info in self.zip.infolist()}
        usual = any(arrays.plain(name).rstrip("0123456789") in arrays.LISTS for name in self.members)
        if not self.has_images() and self.n_views() < 2 and len(self.matrices()) < 2 and not usual:
            held = ", ".join(list(self.members)[:8]) or "nothing"
            self.zip.close()
            raise ValueError(
                f"{path.name} holds {held}; an array `images` (N, H, W), (N, C, H, W) or (N, H, W, C) is needed, "
                "or an array for each of several views, such as `x1`, `x2` and `labels`"
            )

    def has_images(self) -> bool:
        """Whether it holds one set of images under the usual names."""
        return "images" in self.members or {"x_train", "x_test"} <= set(self.members)

    def n_views(self) -> int:
        """How many arrays of two axes or more there are that count the same samples, going by their headers alone."""
        if {"x_train", "x_test"} <= set(self.members):
            return 1
        shapes = self.matrices().values()
        return max((sum(shape[0] == other[0] for other in shapes) for shape in shapes), default=0)

    def matrices(self) -> dict[str, tuple[int, ...]]:
        """Shapes of the arrays of two axes or more, going by their headers alone."""
        shapes = {name: self.shape(name) for name in self.members}
        return {name: shape for name, shape in shapes.items() if len(shape) > 1 and min(shape) > 0}

    def is_beside_views(self) -> bool:
        """Whether `images` are one of several views, though the others count other samples."""
        return any(name != "images" and arrays.is_view_name(name) for name in self.matrices())

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape in a member's header; empty where it has none that can be read."""
        try:
            with self.zip.open(self.members[name]) as member:
                return _header(member)[0]
        except Exception:  # of the types that `array` turns into a sentence
            return ()

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
                shape, dtype = _header(member)
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
            raise ValueError(
                f"{where} is not a NumPy array ({first_line(error)}); write the file with numpy.savez"
            ) from None
        except Exception as error:  # zipfile, zlib and NumPy's parser of headers raise errors of a dozen types
            raise ValueError(
                f"{where} cannot be read ({first_line(error)}); the file is damaged, copy it again"
            ) from None


def member(path: Path, name: str) -> np.ndarray | None:
    """The array called `name` in an `.npz`; None where it has none.

    Raises:
        ValueError: what is wrong with the file, in one sentence.
    """
    with _Npz(path) as file:
        return file.array(name) if name in file.members else None


def array(path: Path) -> np.ndarray:
    """The array of one `.npy`.

    Raises:
        ValueError: what is wrong with the file, in one sentence.
    """
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # NumPy's parser of headers raises errors of a dozen types
        reason = "it is pickled or cut off" if "pickle" in str(error) or "mmap" in str(error) else first_line(error)
        raise ValueError(f"{path.name} is not a NumPy array ({reason}); write it with numpy.save") from None


def _header(member: IO[bytes]) -> tuple[tuple[int, ...], np.dtype]:
    """Shape and type of an open array file; nothing of its data is read."""
    version = np.lib.format.read_magic(member)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read_header(member)
    return shape, dtype
