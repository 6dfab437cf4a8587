"""Matrix Market files (.mtx): sparse matrices as text, read by SciPy; and the three files of Cell Ranger with one."""

import gzip
import io
import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from mmclust.data.readers.pairing import Value, is_sparse
from mmclust.data.readers.reading import Reading
from mmclust.data.readers.table import Columns
from mmclust.errors import first_line

ENDINGS = (".mtx", ".mtx.gz")
MAX_BYTES = 4 * 2**30
MAX_PLACES = 2 * 10**9
_SIZES = re.compile(rb"^\s*(\d+)\s+(\d+)(?:\s+(\d+))?\s*$", re.MULTILINE)


def matrix(path: Path) -> Value:
    """The matrix of a file, sparse or not.

    Raises:
        ValueError: what is wrong with it, in one sentence.
    """
    from scipy.io import mmread

    try:
        with open(path, "rb") as file:
            content = file.read(MAX_BYTES + 1)
        if content[:2] == b"\x1f\x8b":
            with gzip.open(io.BytesIO(content)) as packed:
                content = packed.read(MAX_BYTES + 1)
        _check(content, path.name)
        found = mmread(io.BytesIO(content))
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path.name} is damaged ({first_line(error)}); copy it again") from None
    except Exception as error:  # SciPy's reader raises errors of several types on damaged files
        if path.name in str(error):
            raise
        raise ValueError(f"{path.name} cannot be read as Matrix Market ({first_line(error)}); write it again") from None
    return cast(Any, found).tocsr() if is_sparse(found) else found


def _check(content: bytes, where: str) -> None:
    """Refuse a matrix whose header asks for more memory than its file can fill.

    Raises:
        ValueError: it is too large, or says that it is.
    """
    if len(content) > MAX_BYTES:
        raise ValueError(f"{where} has more than {MAX_BYTES >> 30} GiB; save it as .npz")
    sizes = _SIZES.search(content)
    if not content.startswith(b"%%MatrixMarket") or sizes is None:
        raise ValueError(f"{where} is no Matrix Market file; write it with scipy.io.mmwrite")
    n_rows, n_columns = int(sizes[1]), int(sizes[2])
    n_values = int(sizes[3]) if sizes[3] else n_rows * n_columns
    if n_values > len(content) or n_rows * n_columns > MAX_PLACES or max(n_rows, n_columns) > 10**8:
        raise ValueError(f"{where} says it has {n_rows:,} x {n_columns:,} places, which is not what it holds")


def turned(
    held: Mapping[str, dict[str, Value]], sources: Mapping[str, Columns], reading: Reading
) -> dict[str, dict[str, Value]]:
    """Matrices of genes by cells with a row for each cell, where a file of barcodes counts their columns."""
    counts = {len(one.frame) + one.named for name, one in sources.items() if "barcode" in name.lower()}
    counts |= {len(one.frame) for name, one in sources.items() if "barcode" in name.lower()}
    found = dict(held)
    for name, values in held.items():
        value: Any = values.get("")
        if is_sparse(value) and value.shape[0] not in counts and value.shape[1] in counts:
            found[name] = {"": value.T.tocsr()}
            reading.tell("genes by cells, turned: a cell is a sample")
    return found
