"""The numbers of a table as views: one, several by the names of columns, or pixels."""

import re
from collections.abc import Sequence

import numpy as np

from mmclust.data.readers import cells, labels, view_arrays
from mmclust.data.readers.reading import Reading, listed
from mmclust.data.readers.table import Table


def of(table: Table, name: str, reading: Reading) -> dict[str, np.ndarray]:
    """The numbers of a table as one view, or as several where the names of its columns have the form `view_1`."""
    found = table.lists
    if _are_pixels(table.header):
        return found | {"pixels": _bytes(table.numbers)}
    groups: dict[str, list[int]] = {}
    for column, title in enumerate(table.header):
        match = re.fullmatch(r"(.*[^\d_. -])[_. -]?\d+", title)
        first = title if f"{title}.1" in table.header else ""  # pandas counts names that come again
        groups.setdefault(match[1] if match else first, []).append(column)
    several = len(groups) > 1 and "" not in groups and min(map(len, groups.values())) > 1
    if several and len(groups) <= view_arrays.MAX_VIEWS:
        names = ", ".join(f"{cells.shown(group)} ({len(columns)})" for group, columns in groups.items())
        apart = f"{len(groups)} views"
        if reading.ask("views", f"Columns are named after {names}.", (apart, "1 view"), apart) == apart:
            return found | {group: table.numbers[:, columns] for group, columns in groups.items()}
    if not table.numbers.shape[1]:
        return found
    columns = table.header or tuple(f"column {i}" for i in range(1, table.numbers.shape[1] + 1))
    if found and len(columns) <= FEW_BESIDE:
        text = f"{listed(list(columns))} {'stands' if len(columns) == 1 else 'stand'} beside {listed(list(found))}."
        is_wanted = any(reading.answers.get(f"use of {column}") == labels.FEATURE for column in columns)
        if reading.ask("numbers beside", text, (LEAVE_OUT, A_VIEW), A_VIEW if is_wanted else LEAVE_OUT) == LEAVE_OUT:
            reading.leave_out(listed(list(columns)), "numbers that describe the samples")
            return found
    return found | {name: table.numbers}


def _are_pixels(header: Sequence[str]) -> bool:
    """Whether columns are called pixels, or by the row and the column of each: 1x1, 1x2 ..."""
    if len(header) < MIN_PIXELS:
        return False
    if all(re.fullmatch(r"(pixels?|px|pix)[-_. ]?\d+", title, re.IGNORECASE) for title in header):
        return True
    places = {(m[1], m[2]) for title in header if (m := re.fullmatch(r"(?:r|row)?(\d+)[x_,](?:c|col)?(\d+)", title))}
    rows, columns = ({place[axis] for place in places} for axis in (0, 1))
    return len(places) == len(header) == len(rows) * len(columns)


MIN_PIXELS = 16
"""Columns called pixels, at least."""


def _bytes(numbers: np.ndarray) -> np.ndarray:
    """Numbers as bytes where all are whole and in 0..255."""
    is_bytes = np.isfinite(numbers).all() and numbers.min() >= 0 and numbers.max() <= 255
    return numbers.astype(np.uint8) if is_bytes and bool((numbers == np.round(numbers)).all()) else numbers


FEW_BESIDE = 5
"""So few numbers beside lists or pictures describe these, and are no view of their own unless somebody says so."""


LEAVE_OUT, A_VIEW = "leave them out", "a view of their own"
