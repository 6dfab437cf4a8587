"""The order of samples by any column, as a choice on pages."""

import numpy as np
import streamlit as st

from mmclust.columns.column import Groups
from mmclust.columns.table import RunTable
from mmclust.ui.shell import state


def choose(columns: RunTable, name: str, usual: str, *, label: str, help: str, width: int = 190) -> str:
    """Draw the choice of a column to sort by; empty for the usual order.

    Args:
        columns: of the run.
        name: of the choice in the URL.
        usual: what the order is called where no column is chosen.
        label: of the widget.
        help: what is sorted.
        width: in pixels.
    """
    options = ["", *(f"{column}{end}" for column in columns.columns for end in ("", "-"))]
    shown = {
        f"{column}{end}": f"{column.replace('_', ' ')} {arrow}" for column in columns.columns for end, arrow in _WAYS
    }
    key = state.linked(name, options, "")
    st.selectbox(label, options, key=key, width=width, format_func=lambda one: shown.get(one, usual), help=help)
    return state.link(name, "")


_WAYS = (("", "↑"), ("-", "↓"))
"""Ascending and descending."""


def order(columns: RunTable, chosen: str, rows: np.ndarray) -> np.ndarray:
    """Places (m,) in the order of a column, those without a value last.

    Args:
        columns: of the run.
        chosen: name of a column, which a dash at its end turns round.
        rows: (m,) places in the clustering's arrays.
    """
    name = chosen.removesuffix("-") if chosen not in columns.columns else chosen
    keys, absent = _keys(columns, name, rows)
    keys = -keys if name != chosen else keys
    return rows[np.lexsort((keys, absent))]


def _keys(columns: RunTable, name: str, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(m,) numbers that sort as the values do, and (m,) whether there is no value."""
    values = columns.values(name)
    if isinstance(values, Groups):
        ranks = np.argsort(sorted(range(len(values.names)), key=lambda group: values.names[group]))
        codes = values.codes[rows]
        return np.append(ranks, 0)[codes], codes < 0
    some = values[rows]
    if some.dtype.kind == "M":
        return np.where(np.isnat(some), 0, some.astype(np.int64)), np.isnat(some)
    return np.where(np.isfinite(some), some, 0), ~np.isfinite(some)
