"""The idx format of MNIST's files (`train-images-idx3-ubyte`, perhaps with `.gz`): a header of sizes, then numbers."""

import gzip
import re
import struct
import zlib
from pathlib import Path

import numpy as np

TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
MAX_BYTES = 8 * 2**30
_NAME = re.compile(r"idx\d[-.]u?(byte|int|short|float|double)|\.idx(\d)?(\.gz)?$", re.IGNORECASE)


def is_idx(name: str) -> bool:
    """Whether a file is of this format by its name."""
    return bool(_NAME.search(name))


def stem(name: str) -> str:
    """The name without what only says the format."""
    return re.sub(r"[-_.]?(idx\d?)([-.]u?(byte|int|short|float|double))?|\.gz$", "", name, flags=re.IGNORECASE)


def array(path: Path) -> np.ndarray:
    """The array of a file.

    Raises:
        ValueError: what is wrong with it, in one sentence.
    """
    try:
        content = path.read_bytes()
        if content[:2] == b"\x1f\x8b":
            with gzip.open(path) as packed:
                content = packed.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(
            f"{path.name} is damaged ({str(error)[:160] or type(error).__name__}); copy it again"
        ) from None
    kind, n_axes = (content[2], content[3]) if len(content) >= 4 and content[:2] == b"\0\0" else (0, 0)
    if kind not in TYPES or not 0 < n_axes <= 4 or len(content) < 4 + 4 * n_axes:
        raise ValueError(f"{path.name} is no idx file, of which MNIST's are; copy it again")
    shape = struct.unpack(f">{n_axes}I", content[4 : 4 + 4 * n_axes])
    dtype = np.dtype(TYPES[kind])
    size = int(np.prod(shape, dtype=object)) * dtype.itemsize
    if size != len(content) - 4 - 4 * n_axes or size > MAX_BYTES:
        raise ValueError(f"{path.name} has {len(content):,} bytes, which is not what its header says; copy it again")
    return np.frombuffer(content, dtype, offset=4 + 4 * n_axes).reshape(shape).astype(dtype.newbyteorder("="))
