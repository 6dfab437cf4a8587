"""Samples with their columns as CSV."""

import csv as writing
import io

import numpy as np

from mmclust.columns.column import Groups, Values
from mmclust.columns.table import RunTable
from mmclust.escaping import cell


def csv(table: RunTable, rows: np.ndarray) -> str:
    """CSV of samples with every column that costs nothing to read; an empty cell where one has no value.

    Args:
        table: of the run.
        rows: (m,) places in the clustering's arrays, in the order of the lines.
    """
    names = [name for name, column in table.columns.items() if column.cost == "ready"]
    text = io.StringIO()
    write = writing.writer(text, lineterminator="\n").writerow
    write([cell(name) for name in names])
    for line in zip(*(cells(table.values(name), rows) for name in names), strict=True):
        write(line)
    return text.getvalue()


def cells(values: Values, rows: np.ndarray) -> list[str]:
    """Some values of a column as a table shows them."""
    if isinstance(values, Groups):
        return [str(cell(text)) for text in values.texts()[rows].tolist()]
    some = values[rows]
    if some.dtype.kind == "M":
        return ["" if np.isnat(one) else str(one.astype("datetime64[s]")) for one in some]
    if some.dtype.kind == "f":
        return ["" if one != one else f"{one:.7g}" for one in some.tolist()]
    return [str(one) for one in some.tolist()]
