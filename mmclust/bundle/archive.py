"""A zip of whatever origin: measured before it is unpacked, and its documents and arrays checked when they are read."""

import json
import math
import shutil
import stat
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from mmclust import settings
from mmclust.bundle.layout import MEMBER

MAX_JSON_BYTES = 32 * 2**20

LONGEST = 300
"""Letters of what is said of a file."""


class Archive:
    """The entries of a bundle.

    Args:
        path: of the bundle.
        file: the same, opened.
        folder: an empty one to unpack to.
        name: what to call it in messages; None for the name of the file.

    Raises:
        ValueError: it holds what has no place in a bundle, or would unpack to too much.
    """

    def __init__(self, path: Path, file: zipfile.ZipFile, folder: Path, name: str | None = None) -> None:
        self.path, self.file, self.folder, self.name = path, file, folder, name or path.name
        self._check_members()
        self.names = frozenset(file.namelist())

    def _check_members(self) -> None:
        infos = self.file.infolist()
        if len(infos) > settings.limit("ENTRIES"):
            raise self.refuse(f"it holds {len(infos):,} files, {settings.limit('ENTRIES'):,} are allowed")
        seen: set[str] = set()
        for info in infos:
            if not MEMBER.fullmatch(info.filename) or stat.S_ISLNK(info.external_attr >> 16):
                raise self.refuse(f"{shown(info.filename)} has no place in a bundle")
            if info.filename in seen:
                raise self.refuse(f"{info.filename} comes twice")
            seen.add(info.filename)
        unpacked, packed = sum(info.file_size for info in infos), self.path.stat().st_size
        if unpacked > settings.limit("UNPACKED_GIB") * 2**30 or unpacked > max(2**30, settings.limit("RATIO") * packed):
            raise self.refuse(f"it unpacks to {unpacked / 2**30:.1f} GiB from {packed / 2**20:.1f} MiB")

    def refuse(self, what: str) -> ValueError:
        """The error to raise, in words that follow the name of the file."""
        letters = what[:LONGEST] + "…" * (len(what) > LONGEST)
        return ValueError(f"{self.name} is refused: {letters}")

    def json(self, name: str) -> dict[str, Any]:
        """A JSON document with fields.

        Raises:
            ValueError: there is none of that name, or it is none.
        """
        try:
            if self.file.getinfo(name).file_size > MAX_JSON_BYTES:
                raise self.refuse(f"{name} is too long")
            document = json.loads(self.file.read(name))
        except KeyError:
            raise self.refuse(f"it has no {name}") from None
        except (ValueError, RecursionError):  # a number of thousands of digits is a ValueError, too
            raise self.refuse(f"{name} is not JSON") from None
        if not isinstance(document, dict):
            raise self.refuse(f"{name} holds no fields")
        return document

    def whole(self, name: str, value: Any, low: int, high: int) -> int:
        """A whole number within limits.

        Raises:
            ValueError: it is none; `name` says which.
        """
        if type(value) is not int or not low <= value <= high:
            raise self.refuse(f"{name} is {shown(value)}, a whole number from {low} to {high} is needed")
        return value

    def arrays(self, name: str, target: Path | None = None) -> dict[str, np.ndarray]:
        """The arrays of an `.npz`, none of them pickled or larger than the file says.

        Args:
            name: of the member.
            target: where it is unpacked to; None for nowhere that lasts.

        Raises:
            ValueError: it is damaged or holds something else.
        """
        unpacked = self._unpacked(name, target or self.folder / "arrays.npz")
        try:
            with zipfile.ZipFile(unpacked) as inner:
                if sum(info.file_size for info in inner.infolist()) > unpacked.stat().st_size:
                    raise self.refuse(f"{name} is packed twice")  # we write stored arrays: no bomb within a bundle
                for info in inner.infolist():
                    with inner.open(info) as member:
                        _check_header(member, info.file_size)
            with np.load(unpacked, allow_pickle=False) as file:
                return {array: file[array] for array in file.files}
        except (zipfile.BadZipFile, EOFError, KeyError) as error:
            raise self.refuse(f"{name} is damaged ({error})") from None
        except ValueError as error:
            raise self.refuse(f"{name}: {error}") if self.name not in str(error) else error from None

    def _unpacked(self, name: str, target: Path) -> Path:
        with self.file.open(name) as packed, target.open("wb") as file:
            shutil.copyfileobj(packed, file)
        return target


def _check_header(member: Any, size: int) -> None:
    """Refuse an array that is pickled, or that claims to be larger than its file.

    Raises:
        ValueError: in words that follow the array's name.
    """
    version = np.lib.format.read_magic(member)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read_header(member)
    if dtype.hasobject or dtype.kind not in "biufU":
        raise ValueError("an array is pickled or of an unusual kind")
    if math.prod(shape) * dtype.itemsize > size:
        raise ValueError("an array is shorter than its header says")


def shown(value: Any) -> str:
    """Something from a file, fit for a message."""
    return "".join(c if c.isprintable() else "?" for c in str(value))[:80]
