"""A column as a file of the browser: a step between two ends, or the number of a group, for each sample id.

Shapes: n samples, N sample ids, G groups.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mmclust.columns.column import Column, Groups, Values
from mmclust.plots.palette import CONFIDENCE, ramp
from mmclust.ui.components import pointmap

STEPS = 65_535
"""Steps between the ends of a column of numbers, the last of which says that there is none."""
MOST_LETTERS, LETTERS_IN_ALL = 160, 24_000_000
"""Of a text, and of all texts of a column."""


def packed(column: Column, values: Values, ids: np.ndarray, n_ids: int) -> bytes:
    """The file of a column: 2 bytes a sample, 4 where there are very many groups.

    Args:
        column: whose values they are.
        values: (n,) of it.
        ids: (n,) of the samples.
        n_ids: one more than the largest id N; ids that are not among `ids` have no value.
    """
    header, codes, none = _of_groups(column, values) if isinstance(values, Groups) else _of_numbers(values)
    spread = codes
    if n_ids != len(ids) or not np.array_equal(ids, np.arange(n_ids)):
        spread = np.full(n_ids, none, codes.dtype)
        spread[ids] = codes
    return pointmap.join(header | {"none": none}, {"values": spread})


def _of_numbers(values: np.ndarray) -> tuple[dict[str, Any], np.ndarray, int]:
    if values.dtype.kind == "M":
        absent = np.isnat(values)
        values = values.astype("datetime64[ms]").astype(np.int64).astype(np.float64)
    else:
        values = values.astype(np.float64)
        absent = ~np.isfinite(values)
    known = values[~absent] if absent.any() else values
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
    share = np.subtract(values, low)  # a million of them are worked on in place
    share /= (high - low) or 1
    share *= STEPS - 1
    share[absent] = STEPS
    codes = np.rint(share, out=share).astype("<u2")
    whole = bool(len(known)) and bool((known == np.rint(known)).all())
    header = {"names": None, "colors": ramp(CONFIDENCE, 32), "low": low, "high": high, "whole": whole}
    return header, codes, STEPS


def _of_groups(column: Column, values: Groups) -> tuple[dict[str, Any], np.ndarray, int]:
    shown: Sequence[Any] = column.shown or values.names
    letters = max(8, min(MOST_LETTERS, LETTERS_IN_ALL // max(1, len(shown))))
    names = [_cut(str(name), letters) for name in shown]
    none = 2**16 - 1 if len(names) < 2**16 - 1 else 2**32 - 1
    codes = np.where(values.codes < 0, none, values.codes).astype("<u2" if none < 2**16 else "<u4")
    return {"names": names, "colors": list(column.colors), "low": 0, "high": 0, "whole": True}, codes, none


def _cut(text: str, letters: int) -> str:
    return text if len(text) <= letters else f"{text[: letters - 1].rstrip()}…"
