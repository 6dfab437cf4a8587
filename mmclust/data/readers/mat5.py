"""MATLAB's file format, level 5 (written by `save` up to -v7), as The MathWorks describe it in "MAT-File Format".

SciPy reads it too, but a damaged file can end the process there, and a server has to survive its users' files. Here
every length is compared with what is left before anything is read.
"""

import math
import struct
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

STORED = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
    16: "u1",
    17: "u2",
    18: "u4",
}
"""Number of a storage type -> NumPy's; the last three are UTF-8, -16 and -32."""
MATRIX, COMPRESSED, UTF8 = 14, 15, 16
CELL, STRUCT, OBJECT, CHAR, SPARSE, FUNCTION, OPAQUE = 1, 2, 3, 4, 5, 16, 17
NUMERIC = range(6, 16)
COMPLEX = 0x0800
MAX_DEPTH = 8
"""Cells in cells in cells."""


class Damaged(ValueError):
    """The bytes are not what the format says; one short reason."""


class Opaque:
    """A variable that MATLAB alone can read: an object such as a string array, a categorical or a table."""

    def __init__(self, kind: str) -> None:
        self.kind = kind


class TooLarge(ValueError):
    """The variables unpack to more than is allowed."""


def byte_order(header: bytes) -> str:
    """`<` or `>` as `struct` has it; empty where the header of 128 bytes is not of this format."""
    return {b"IM": "<", b"MI": ">"}.get(header[126:128], "")


def variables(file: BinaryIO, max_bytes: int) -> dict[str, Any]:
    """Every variable by its name: arrays, strings, sparse matrices (SciPy), lists for cells, dictionaries for structs.

    Objects and functions are `Opaque`; several structs are a dictionary of lists.

    Args:
        file: at its beginning.
        max_bytes: how much all variables may unpack to.

    Raises:
        Damaged: the file breaks off or contradicts itself.
        TooLarge: there is more than `max_bytes`.
    """
    order = byte_order(file.read(128))
    if not order:
        raise Damaged("it has no header of a MATLAB file")
    found = {}
    for content in _elements(file, order, max_bytes):
        name, value = _matrix(_Reader(content, order), 0)
        if name and value is not None:
            found[name] = value
    return found


def _elements(file: BinaryIO, order: str, left: int) -> Iterator[bytes]:
    """The contents of the matrices at the top of a file, unpacked."""
    while len(tag := file.read(8)) == 8:
        kind, size = struct.unpack(f"{order}II", tag)
        content = file.read(min(size, left + 1))
        if len(content) > left:
            raise TooLarge
        if len(content) < size:
            raise Damaged(f"{size - len(content):,} bytes are missing")
        if kind == COMPRESSED:
            inner = _Reader(_inflated(content, left), order)
            kind, content = inner.element()
        left -= len(content)
        if kind == MATRIX:
            yield content


def _inflated(content: bytes, left: int) -> bytes:
    unpacker, parts = zlib.decompressobj(), []
    try:
        while content and not unpacker.eof:
            parts.append(unpacker.decompress(content, 1 << 24))
            left -= len(parts[-1])
            if left < 0:
                raise TooLarge
            content = unpacker.unconsumed_tail
    except zlib.error as error:
        raise Damaged(str(error)) from None
    if not unpacker.eof:
        raise Damaged("compressed data break off")
    return b"".join(parts)


class _Reader:
    """Elements of a piece of memory, one after the other."""

    def __init__(self, content: bytes | memoryview, order: str) -> None:
        self.content, self.order, self.at = memoryview(content), order, 0

    def more(self) -> bool:
        return self.at + 8 <= len(self.content)

    def element(self) -> tuple[int, Any]:
        """Kind and content of the next element."""
        if not self.more():
            raise Damaged("a part is missing")
        kind, size = struct.unpack_from(f"{self.order}II", self.content, self.at)
        if kind >> 16:  # up to four bytes stand in the tag itself
            kind, size, start, step = kind & 0xFFFF, kind >> 16, self.at + 4, 8
            if size > 4:
                raise Damaged("a small part is too long")
        else:
            start, step = self.at + 8, 8 + size + -size % 8
        if start + size > len(self.content):
            raise Damaged("a part is longer than the whole")
        self.at += step
        return kind, self.content[start : start + size]

    def array(self) -> np.ndarray:
        """The next element as numbers (n,)."""
        kind, content = self.element()
        if kind not in STORED:
            raise Damaged(f"numbers are of the unknown type {kind}")
        dtype = np.dtype(self.order + STORED[kind])
        if len(content) % dtype.itemsize:
            raise Damaged("half a number is left over")
        return np.frombuffer(content, dtype).astype(dtype.newbyteorder("="), copy=False)

    def text(self) -> str:
        return bytes(self.element()[1]).decode("latin-1")


def _matrix(reader: _Reader, depth: int) -> tuple[str, Any]:
    """Name and value of a matrix; None for what is of no use here."""
    if depth > MAX_DEPTH:
        raise Damaged("cells lie too deep in each other")
    if not reader.more():
        return "", np.empty((0, 0))
    flags = reader.array()
    kind, is_complex = int(flags[0]) & 0xFF if len(flags) else 0, bool(len(flags) and int(flags[0]) & COMPLEX)
    if kind == OPAQUE:  # its name, the system that it belongs to, its class; then what MATLAB alone knows
        name, _, kind_name = reader.text(), reader.text(), reader.text()
        return name, Opaque(kind_name)
    if kind not in (CELL, STRUCT, OBJECT, CHAR, SPARSE, FUNCTION, *NUMERIC):
        return "", None
    shape = tuple(int(size) for size in reader.array())
    if len(shape) < 2 or min(shape) < 0:
        raise Damaged(f"a variable has the shape {shape}")
    name, count = reader.text(), math.prod(shape)
    if kind == CELL:
        return name, _cell(reader, count, depth)
    if kind == FUNCTION:
        return name, Opaque("function")
    if kind == OBJECT:
        return name, Opaque(reader.text() or "object")
    if kind == STRUCT:
        return name, _struct(reader, count, depth)
    if kind == SPARSE:
        return name, _sparse(reader, shape, is_complex)
    if kind == CHAR:
        return name, _chars(reader, shape)
    values = reader.array()
    if len(values) != count:
        raise Damaged(f"{name or 'a variable'} has {len(values)} values for the shape {shape}")
    if is_complex:
        values = values + 1j * reader.array()[:count]
    return name, values.reshape(shape, order="F")


def _inner(reader: _Reader, depth: int) -> Any:
    kind, content = reader.element()
    if kind != MATRIX:
        raise Damaged("a cell holds no matrix")
    return _matrix(_Reader(content, reader.order), depth + 1)[1]


def _cell(reader: _Reader, count: int, depth: int) -> list[Any]:
    if count > len(reader.content) // 8:  # each has a tag of 8 bytes
        raise Damaged(f"a cell of {count} parts is longer than the file")
    return [_inner(reader, depth) for _ in range(count)]


def _struct(reader: _Reader, count: int, depth: int) -> dict[str, Any] | None:
    """The fields of a struct; of an array of structs, each field is a list."""
    width = reader.array()
    names = bytes(reader.element()[1])
    if count < 1 or not len(width) or width[0] < 1:
        return None
    size = int(width[0])
    fields = [names[i : i + size].split(b"\0")[0].decode("latin-1") for i in range(0, len(names), size)]
    if count == 1:
        return {field: _inner(reader, depth) for field in fields}
    if count * len(fields) > len(reader.content) // 8:
        raise Damaged(f"{count} structs are longer than the file")
    rows = [[_inner(reader, depth) for _ in fields] for _ in range(count)]
    return {field: [row[i] for row in rows] for i, field in enumerate(fields)}


def _chars(reader: _Reader, shape: tuple[int, ...]) -> Any:
    """A row of characters as a string, several rows as a list of strings."""
    kind, content = reader.element()
    if kind == UTF8:
        letters = list(bytes(content).decode(errors="replace"))
    elif kind in STORED:
        codes = np.frombuffer(content[: len(content) // 4 * 4], reader.order + STORED[kind])
        letters = [chr(int(code)) for code in codes if 0 <= code < 0x110000]
    else:
        raise Damaged("text is of an unknown type")
    n_rows = shape[0]
    if n_rows <= 1:
        return "".join(letters)
    return ["".join(letters[row::n_rows]).strip() for row in range(min(n_rows, len(letters)))]


def _sparse(reader: _Reader, shape: tuple[int, ...], is_complex: bool) -> Any:
    from scipy import sparse

    rows, starts, values = reader.array(), reader.array(), reader.array()
    if is_complex:
        values = values + 1j * reader.array()[: len(values)]
    used = int(starts[-1]) if len(starts) else 0
    try:
        matrix = sparse.csc_matrix((values[:used], rows[:used], starts), shape=shape)
        matrix.check_format(full_check=True)  # SciPy writes beyond its memory where a place lies outside the matrix
    except (ValueError, OverflowError) as error:
        raise Damaged(f"a sparse matrix contradicts itself, {error}") from None
    return matrix
