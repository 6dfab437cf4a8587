"""MATLAB files: version 5 by SciPy, version 7.3 (HDF5) by h5py where it is installed, also one `.mat` in a zip.

How much a file unpacks to is counted before any of it is given memory.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

import numpy as np

from mmclust.data.dataset import MultiViewDataset
from mmclust.data.readers import arrays
from mmclust.data.readers.arrays import Value

MAX_UNPACKED_BYTES = 8 * 2**30
_HDF5 = b"\x89HDF\r\n\x1a\n"
_COMPRESSED = 15  # miCOMPRESSED of the format's description


def read(path: Path) -> MultiViewDataset:
    """Read a `.mat`, or a zip that holds one.

    Raises:
        ValueError: what is wrong with the file, in one sentence.
    """
    return arrays.assemble(path.stem, variables(path), path.name)


def variables(path: Path) -> dict[str, Value]:
    """Everything a `.mat` holds, by name; cells are lists, the fields of a single struct stand for themselves.

    Raises:
        ValueError: it cannot be read, or unpacks to more than is allowed.
    """
    try:
        if path.suffix.lower() == ".zip":
            return _of_version(io.BytesIO(_unzipped(path)), path.name)
        with open(path, "rb") as file:
            return _of_version(file, path.name)
    except OSError as error:
        raise ValueError(f"{path.name} cannot be read ({error.strerror or error}); check the file") from None


def is_zipped(path: Path) -> bool:
    """Whether a zip holds `.mat` files; what is no zip at all holds none."""
    try:
        with zipfile.ZipFile(path) as archive:
            return bool(_members(archive))
    except (zipfile.BadZipFile, OSError):
        return False


def _members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    return [
        info
        for info in archive.infolist()
        if info.filename.lower().endswith(".mat") and not PurePosixPath(info.filename).name.startswith(".")
    ]


def _unzipped(path: Path) -> bytes:
    """The one `.mat` in a zip."""
    try:
        with zipfile.ZipFile(path) as archive:
            found = _members(archive)
            if len(found) != 1:
                raise ValueError(f"{path.name} holds {len(found)} .mat files; unpack it and give the path of one")
            if found[0].file_size > MAX_UNPACKED_BYTES:
                raise _TooLarge(path.name)
            return archive.read(found[0])
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ValueError(f"{path.name} is damaged or cannot be unpacked ({error}); copy it again") from None


class _TooLarge(ValueError):
    def __init__(self, where: str) -> None:
        super().__init__(f"{where} unpacks to more than {MAX_UNPACKED_BYTES >> 30} GiB; give a part of it")


def _of_version(file: BinaryIO, where: str) -> dict[str, Value]:
    head = file.read(520)
    file.seek(0)
    if _HDF5 in (head[:8], head[512:520]):
        return _version_73(file, where)
    return _version_5(file, where)


def _version_5(file: BinaryIO, where: str) -> dict[str, Value]:
    from scipy.io import loadmat

    _check_unpacked(file, where)
    file.seek(0)
    try:
        found = loadmat(file)
        return dict(_plain_items((key, value) for key, value in found.items() if not key.startswith("__")))
    except Exception as error:  # SciPy raises errors of a dozen types on damaged files
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise ValueError(f"{where} cannot be read as a MATLAB file ({reason}); save it again with save -v7") from None


def _check_unpacked(file: BinaryIO, where: str) -> None:
    """Count what the compressed variables of a version 5 file unpack to, piece by piece."""
    header = file.read(128)
    order = {b"IM": "<", b"MI": ">"}.get(header[126:128], "")
    total = 0
    while order and len(tag := file.read(8)) == 8:  # without an order it is no version 5 file: sizes are as they are
        kind, size = struct.unpack(f"{order}II", tag)
        if kind != _COMPRESSED:
            total += size
            file.seek(size, io.SEEK_CUR)
        else:
            for n_bytes in _inflated(file, size, where):
                total += n_bytes
                if total > MAX_UNPACKED_BYTES:
                    raise _TooLarge(where)
    if total > MAX_UNPACKED_BYTES:
        raise _TooLarge(where)


def _inflated(file: BinaryIO, size: int, where: str) -> Iterator[int]:
    """Sizes of the unpacked pieces of the next `size` bytes."""
    unpacker, left = zlib.decompressobj(), size
    while left > 0 and (piece := file.read(min(left, 1 << 20))):
        left -= len(piece)
        try:
            while piece:
                yield len(unpacker.decompress(piece, 1 << 24))
                piece = unpacker.unconsumed_tail
        except zlib.error as error:
            raise ValueError(f"{where} is damaged ({error}); copy it again") from None
    if left:
        raise ValueError(f"{where} is cut off, {left} bytes are missing; copy it again")


def _plain_items(items: Any) -> Iterator[tuple[str, Value]]:
    for key, value in items:
        if isinstance(value, np.ndarray) and value.dtype.names and value.size == 1:
            yield from _plain_items((field, value[field].item()) for field in value.dtype.names)
        else:
            yield key, _plain_value(value)


def _plain_value(value: Any) -> Value:
    """Cells as lists in MATLAB's order, text as strings, sparse matrices checked, the rest as it is."""
    if hasattr(value, "tocsc"):
        return _checked(value.tocsc())
    if not isinstance(value, np.ndarray):
        return value
    if value.dtype == object:
        return [_plain_value(item) for item in value.ravel(order="F")]
    if value.dtype.kind == "U":
        return str(value.item()) if value.size == 1 else [str(item).strip() for item in value.ravel()]
    return value


def _checked(matrix: Any) -> Any:
    """A sparse matrix whose places all lie inside it: SciPy writes beyond its memory where they do not."""
    matrix.check_format(full_check=True)
    return matrix


def _version_73(file: BinaryIO, where: str) -> dict[str, Value]:
    try:
        import h5py  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise ValueError(
            f"{where} is a MATLAB 7.3 file, which needs the package h5py; install it (pip install h5py), "
            "or save the file again with save -v7"
        ) from None
    try:
        with h5py.File(file, "r") as source:
            budget = _Budget(where)
            names = [name for name in source if not name.startswith("#")]
            return {name: _hdf5_value(source, name, budget) for name in names}
    except (OSError, RuntimeError, KeyError, TypeError, IndexError, ValueError) as error:
        if where in str(error):
            raise
        raise ValueError(f"{where} cannot be read as a MATLAB 7.3 file ({error}); copy it again") from None


class _Budget:
    """How much may still be read from one file."""

    def __init__(self, where: str) -> None:
        self.where, self.left = where, MAX_UNPACKED_BYTES

    def spend(self, n_bytes: int) -> None:
        self.left -= n_bytes
        if self.left < 0:
            raise _TooLarge(self.where)


def _hdf5_value(source: Any, name: Any, budget: _Budget) -> Value:
    """A variable of a 7.3 file: HDF5 has its axes the other way round; cells and sparse matrices have parts."""
    import h5py  # pyright: ignore[reportMissingImports]
    from scipy import sparse

    if isinstance(name, str) and not isinstance(source.get(name, getlink=True), h5py.HardLink):
        raise ValueError(f"{budget.where} points to data in another file; save it again as one file")
    item = source[name]
    if isinstance(item, h5py.Group):
        if "MATLAB_sparse" not in item.attrs:
            return {}  # a struct: none of the usual files keeps views in one
        parts = [_hdf5_value(item, part, budget) for part in ("data", "ir", "jc") if part in item]
        n_columns = max(1, len(parts[-1].ravel()) - 1)
        shape = int(item.attrs["MATLAB_sparse"]), n_columns
        values = tuple(part.ravel() for part in parts)
        return _checked(sparse.csc_matrix(values, shape=shape)) if len(values) == 3 else sparse.csc_matrix(shape)
    budget.spend(item.nbytes)
    if item.external or item.is_virtual:
        raise ValueError(f"{budget.where} points to data in another file; save it again as one file")
    kind = item.attrs.get("MATLAB_class", b"")
    if item.dtype == h5py.ref_dtype:
        return [_hdf5_value(source.file, reference, budget) for reference in item[()].T.ravel(order="F")]
    if kind == b"char":
        return "".join(chr(code) for code in item[()].T.ravel(order="F"))
    return item[()].T
