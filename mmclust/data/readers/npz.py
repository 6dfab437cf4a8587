"""NumPy's `.npz` and `.npy`: arrays by their names. What they are is decided in `arrays`.

Pickled arrays are refused, and what a
member claims to hold is compared with its size before any memory is given to it.
"""

import zipfile
from pathlib import Path
from typing import IO

import numpy as np

from mmclust.data.dataset import MultiViewDataset
from mmclust.data.readers import arrays, cache
from mmclust.data.readers.reading import Reading
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
    reading = reading or Reading()
    return arrays.assemble(path.stem, variables(path, reading), path.name, reading, images_first=True)


def variables(path: Path, reading: Reading) -> dict[str, np.ndarray]:
    """Everything an `.npz` holds, by name; pickled arrays are left out where there are others.

    Raises:
        ValueError: what is wrong with the file, in one sentence.
    """
    with _Npz(path) as file:
        pickled = [name for name in file.entries if file.is_pickled(name)]
        if len(pickled) == len(file.entries) and pickled:
            file.array(pickled[0])
        for name in pickled:
            reading.leave_out(name[:60], "a pickled array; save it with a plain number or string type")
        return {name: file.array(name) for name in file.entries if name not in pickled}


class _Npz:
    """An open `.npz`: the header of every member is known, arrays are read one by one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
            raise ValueError(f"{path.name} cannot be read as .npz ({error}); write it with numpy.savez") from None
        self.entries = {info.filename.removesuffix(".npy"): info for info in self.zip.infolist()}
        if not self.entries:
            self.zip.close()
            raise ValueError(f"{path.name} holds nothing; write it with numpy.savez")

    def is_pickled(self, name: str) -> bool:
        """Whether an array holds Python objects, going by its header."""
        try:
            with self.zip.open(self.entries[name]) as member:
                return _header(member)[1].hasobject
        except Exception:  # of the types that `array` turns into a sentence
            return False

    def __enter__(self) -> "_Npz":
        return self

    def __exit__(self, *_: object) -> None:
        self.zip.close()

    def array(self, name: str) -> np.ndarray:
        """The array called `name`, memory-mapped from the cache where it is large."""
        info = self.entries[name]
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
        return file.array(name) if name in file.entries else None


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
