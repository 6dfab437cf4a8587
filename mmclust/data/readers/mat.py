"""MATLAB files: up to -v7 by `mat5`, version 7.3 (HDF5) by h5py, also one `.mat` in a zip."""

import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

import numpy as np

from mmclust.data.dataset import MultiViewDataset
from mmclust.data.readers import archives, arrays, mat5, view_arrays
from mmclust.data.readers.pairing import Value
from mmclust.data.readers.reading import Reading

MAX_UNPACKED_BYTES = 8 * 2**30
MAX_VISITED = 100_000
_BLOCK_BYTES = 2**25
_OBJECTS = (
    b"string",
    b"categorical",
    b"table",
    b"timetable",
    b"datetime",
    b"duration",
    b"containers.Map",
    b"dictionary",
)
_HDF5 = b"\x89HDF\r\n\x1a\n"


def read(path: Path, reading: Reading | None = None) -> MultiViewDataset:
    """Read a `.mat`, or a zip that holds one.

    Raises:
        ValueError: what is wrong with the file, in one sentence.
    """
    reading = reading or Reading()
    return arrays.assemble(path.stem, variables(path, reading), path.name, reading)


def variables(path: Path, reading: Reading | None = None) -> dict[str, Value]:
    """Everything a `.mat` holds, by name; cells are lists, the fields of structs stand for themselves.

    Objects of MATLAB are left out, and `reading` told how to save them.

    Raises:
        ValueError: it cannot be read, or unpacks to more than is allowed.
    """
    try:
        if path.suffix.lower() == ".zip":
            return _plain(_of_version(io.BytesIO(_unzipped(path)), path.name), path.name, reading or Reading())
        with open(path, "rb") as file:
            return _plain(_of_version(file, path.name), path.name, reading or Reading())
    except OSError as error:
        raise ValueError(f"{path.name} cannot be read ({error.strerror or error}); check the file") from None


def of_bytes(content: bytes, where: str) -> dict[str, Value]:
    """As `variables`, of a file that is in memory.

    Raises:
        ValueError: it cannot be read.
    """
    return _plain(_of_version(io.BytesIO(content), where), where, Reading())


def _plain(found: dict[str, Any], where: str, reading: Reading) -> dict[str, Value]:
    """Variables without structs around them and without what only MATLAB can read."""
    flat = list(_leaves(found))
    inner = [name for *_, name in (names for names, _ in flat)]
    plain: dict[str, Value] = {}
    for names, value in flat:
        if isinstance(value, mat5.Opaque):
            name = ".".join(names) or "a variable"
            kind = value.kind or "MATLAB"
            if kind != "function":
                reading.leave_out(name, f"a {kind} object; save it in MATLAB with cellstr({name}) or double({name})")
            continue
        # A name that two structs have is told apart by theirs: train.X and test.X.
        name = names[-1] if inner.count(names[-1]) == 1 else "_".join(names)
        plain[name] = value
    if not plain and reading.left_out:
        raise ValueError(f"{where} holds {reading.left_out[0]}")
    return plain


def _leaves(found: dict[str, Any], outer: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value that is no struct, with the names that lead to it."""
    for name, value in found.items():
        names = (*outer, name)
        if isinstance(value, dict):
            yield from _leaves(value, names)
        elif isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
            fields = dict.fromkeys(field for one in value for field in one)
            yield from _leaves({field: _of_structs([one.get(field) for one in value]) for field in fields}, names)
        elif value is not None:
            yield names, value


def _of_structs(values: list[Any]) -> Any:
    """One field of many structs: a row for each where they hold a sample each, else the list of what they hold."""
    shapes = {value.shape if isinstance(value, np.ndarray) else None for value in values}
    if len(values) <= view_arrays.MAX_VIEWS or len(shapes) > 1 or None in shapes:
        return values
    if any(value.dtype.kind not in "buif" for value in values):
        return values
    rows = np.stack(values)
    return rows.reshape(len(rows), -1) if rows.size == len(rows) * max(rows.shape[1:]) else rows


def is_zipped(path: Path) -> bool:
    """Whether a zip holds one `.mat` and nothing else of use; what is no zip at all holds none."""
    try:
        with zipfile.ZipFile(path) as archive:
            others = (".npy", ".npz", ".csv", ".tsv", ".parquet", *archives.PICTURES)
            return len(_members(archive)) == 1 and not any(name.lower().endswith(others) for name in archive.namelist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
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
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise ValueError(f"{path.name} is damaged or cannot be unpacked ({error}); copy it again") from None


class _TooLarge(ValueError):
    def __init__(self, where: str) -> None:
        super().__init__(f"{where} unpacks to more than {MAX_UNPACKED_BYTES >> 30} GiB; give a part of it")


def _of_version(file: BinaryIO, where: str) -> dict[str, Any]:
    head = file.read(520)
    file.seek(0)
    if _HDF5 in (head[:8], head[512:520]):
        return _version_73(file, where)
    return _version_5(file, where)


def _version_5(file: BinaryIO, where: str) -> dict[str, Any]:
    is_older = not mat5.byte_order(file.read(128))
    file.seek(0)
    try:
        found = _version_4(file) if is_older else mat5.variables(file, MAX_UNPACKED_BYTES)
    except mat5.TooLarge:
        raise _TooLarge(where) from None
    except mat5.Damaged as error:
        raise ValueError(f"{where} cannot be read as a MATLAB file ({error}); save it again with save -v7") from None
    return found


def _version_4(file: BinaryIO) -> dict[str, Value]:
    """The format before 1996, nothing but matrices: its sizes are not packed, so they are bounded by the file."""
    from scipy.io import loadmat

    try:
        found = loadmat(file)
        return {
            key: _checked(value.tocsc()) if hasattr(value, "tocsc") else value
            for key, value in found.items()
            if not key.startswith("__")
        }
    except Exception as error:  # SciPy raises errors of a dozen types on damaged files
        raise mat5.Damaged(str(error).strip().partition("\n")[0] or type(error).__name__) from None


def _checked(matrix: Any) -> Any:
    """A sparse matrix whose places all lie inside it: SciPy writes beyond its memory where they do not."""
    matrix.check_format(full_check=True)
    return matrix


def _version_73(file: BinaryIO, where: str) -> dict[str, Value]:
    import h5py

    try:
        with h5py.File(file, "r") as source:
            budget = _Budget(where)
            names = [name for name in map(str, source) if not name.startswith("#")]
            return {name: _hdf5_value(source, name, budget) for name in names}
    except (OSError, RuntimeError, KeyError, TypeError, IndexError, ValueError) as error:
        if where in str(error):
            raise
        raise ValueError(f"{where} cannot be read as a MATLAB 7.3 file ({error}); copy it again") from None


class _Budget:
    """How much may still be read from one file."""

    def __init__(self, where: str) -> None:
        self.where, self.left, self.n_visited = where, MAX_UNPACKED_BYTES, 0

    def visit(self) -> None:
        """Count a variable: groups may lie in each other in a circle."""
        self.n_visited += 1
        if self.n_visited > MAX_VISITED:
            raise ValueError(f"{self.where} holds more than {MAX_VISITED:,} variables; give a part of it")

    def spend(self, n_bytes: int) -> None:
        self.left -= n_bytes
        if self.left < 0:
            raise _TooLarge(self.where)


def _hdf5_value(source: Any, name: Any, budget: _Budget, depth: int = 0) -> Any:
    """A variable of a 7.3 file: HDF5 has its axes the other way round; cells and sparse matrices have parts."""
    import h5py
    from scipy import sparse

    if depth > mat5.MAX_DEPTH:
        raise ValueError("cells lie too deep in each other")
    if isinstance(name, str) and not isinstance(source.get(name, getlink=True), h5py.HardLink):
        raise ValueError(f"{budget.where} points to data in another file; save it again as one file")
    item = source[name]
    budget.visit()
    if item.attrs.get("MATLAB_object_decode") is not None or item.attrs.get("MATLAB_class", b"") in _OBJECTS:
        return mat5.Opaque(bytes(item.attrs.get("MATLAB_class", b"")).decode("latin-1"))
    if isinstance(item, h5py.Group):
        if "MATLAB_sparse" not in item.attrs:
            return {str(field): _hdf5_value(item, str(field), budget, depth + 1) for field in item}
        parts = [_hdf5_value(item, part, budget) for part in ("data", "ir", "jc") if part in item]
        n_columns = max(1, len(parts[-1].ravel()) - 1)
        shape = int(np.asarray(item.attrs["MATLAB_sparse"])), n_columns
        values = tuple(part.ravel() for part in parts)
        return _checked(sparse.csc_matrix(values, shape=shape)) if len(values) == 3 else sparse.csc_matrix(shape)
    if not isinstance(item, h5py.Dataset):
        return {}  # a named type
    budget.spend(item.nbytes)
    if item.external or item.is_virtual:
        raise ValueError(f"{budget.where} points to data in another file; save it again as one file")
    kind = item.attrs.get("MATLAB_class", b"")
    if item.dtype == h5py.ref_dtype:
        return [_hdf5_value(source.file, reference, budget, depth + 1) for reference in item[()].T.ravel(order="F")]
    if kind == b"char":
        return _chars(np.atleast_2d(item[()].T))
    return _turned(item) if item.dtype.kind in "biuf" and item.ndim > 1 else item[()].T


def _chars(codes: np.ndarray) -> Any:
    """A row of characters as a string, several rows as a list of strings."""
    found = ["".join(chr(int(code)) for code in row) for row in codes]
    return found[0] if len(found) == 1 else [row.strip() for row in found]


def _turned(item: Any) -> np.ndarray:
    """A matrix with its axes as MATLAB has them, read in blocks so that it is in memory once.

    Doubles of a view become float32, which they end as anyway; a row or column, which may be labels, stays exact.
    """
    is_view = item.size > max(item.shape, default=0)
    kind = np.dtype(np.float32) if is_view and item.dtype.kind == "f" and item.dtype.itemsize > 4 else item.dtype
    found = np.empty(item.shape[::-1], kind)
    rows = max(1, _BLOCK_BYTES // max(1, item.nbytes // max(1, len(item))))
    with np.errstate(over="ignore"):  # beyond float32 becomes infinite, which is refused by name before training
        for start in range(0, len(item), rows):
            found[..., start : start + rows] = item[start : start + rows].T
    return found
