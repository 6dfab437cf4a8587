"""Matrix Market files (.mtx): sparse matrices as text; and the three files of Cell Ranger with one.

SciPy's own reader takes the process down on some damaged files, so pandas reads the numbers, and places are checked.
"""

import gzip
import io
import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

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
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_BYTES + 1)
        if content[:2] == b"\x1f\x8b":
            with gzip.open(io.BytesIO(content)) as packed:
                content = packed.read(MAX_BYTES + 1)
        _check(content, path.name)
        return _read(content, path.name)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path.name} is damaged ({first_line(error)}); copy it again") from None
    except (ValueError, TypeError, IndexError, OverflowError, MemoryError) as error:
        if path.name in str(error):
            raise
        raise ValueError(f"{path.name} cannot be read as Matrix Market ({first_line(error)}); write it again") from None


def _read(content: bytes, where: str) -> Value:
    """The numbers of a file whose header has been checked."""
    import pandas as pd
    from scipy import sparse

    head = content.split(b"\n", 1)[0].decode("ascii", errors="replace").lower().split()
    if len(head) != 5 or head[4] != "general" or head[3] not in ("real", "integer", "pattern"):
        raise ValueError(f"{where} is no general matrix of numbers; write it with scipy.io.mmwrite, symmetry='general'")
    table = pd.read_csv(io.BytesIO(content), sep=r"\s+", comment="%", header=None, dtype=np.float64, engine="c")
    sizes, values = table.iloc[0].to_numpy(), table.iloc[1:].to_numpy()
    n_rows, n_columns = int(sizes[0]), int(sizes[1])
    if head[2] == "array":
        return np.ascontiguousarray(values[:, 0].reshape(n_columns, n_rows).T)
    places = values[:, :2] - 1
    if (
        len(values) != int(sizes[2])
        or np.isnan(values[:, -1]).any()
        or not (places >= 0).all()
        or (places >= (n_rows, n_columns)).any()
    ):
        raise ValueError(f"{where} names places outside of its matrix; copy it again")
    amounts = np.ones(len(values)) if head[3] == "pattern" else values[:, 2]
    places = places.astype(np.int64)
    return sparse.coo_matrix((amounts, (places[:, 0], places[:, 1])), shape=(n_rows, n_columns)).tocsr()


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
