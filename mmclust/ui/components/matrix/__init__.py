"""A table of counts in the browser: coloured by fractions, with heads that carry metrics, every part of it clickable.

Shapes: R rows and C columns as shown.
"""

import base64
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from streamlit.components.v2 import component

from mmclust.ui.components import modules

DENSE = 10_000
"""Cells up to which all of them are sent."""
_SOURCES = modules.sources(Path(__file__).parent, "matrix")


@dataclass(frozen=True, kw_only=True)
class Head:
    """The head of a row or column."""

    name: str
    size: int
    """Samples in it, also those that no cell shows."""
    rate: float | None = None
    """Recall of a row, precision of a column; None where there is none."""


@dataclass(frozen=True, kw_only=True)
class Clicked:
    """What was clicked: a cell, or the head of a row or of a column (the other place is then None)."""

    row: int | None
    column: int | None


def content(
    counts: np.ndarray,
    rows: Sequence[Head],
    columns: Sequence[Head],
    *,
    words: tuple[str, str, str, str],
    alt: str,
    matched: Sequence[tuple[int, int]] = (),
    normalize: str = "counts",
    fit: bool = False,
    sprite: str = "",
    thumb: int = 0,
    height: int = 700,
) -> dict[str, Any]:
    """Everything the browser needs for a table; 4 bytes a cell, in large tables 8 bytes a cell that holds samples.

    Args:
        counts: (R, C) samples.
        rows: their heads.
        columns: their heads.
        words: what rows and columns are, and what the figures in the heads of rows and of columns are called.
        alt: what the table shows.
        matched: cells that belong together, framed.
        normalize: what colours and numbers are parts of: "counts" (the largest cell), "rows" or "columns".
        fit: draw all of it in the room there is, however small the cells, smaller than a pixel where they are very
            many; otherwise it scrolls.
        sprite: address of a picture of R x C thumbnails.
        thumb: width of each in pixels.
        height: of the table in pixels, beyond which it scrolls.
    """
    flat = np.ascontiguousarray(counts, "<u4").ravel()
    filled = np.flatnonzero(flat)
    sparse = flat.size > DENSE and 2 * len(filled) < flat.size
    return {
        "cells": _text(filled) if sparse else "",
        "counts": _text(flat[filled] if sparse else flat),
        "rows": [asdict(head) for head in rows],
        "columns": [asdict(head) for head in columns],
        "words": words,
        "alt": alt,
        "matched": [list(cell) for cell in matched],
        "shares": normalize,
        "fit": fit,
        "sprite": sprite,
        "thumb": thumb,
        "height": height,
    }


def _text(numbers: np.ndarray) -> str:
    return base64.b64encode(numbers.astype("<u4").tobytes()).decode()


def draw_matrix(data: dict[str, Any], *, key: str, selected: tuple[int, int] | None = None) -> Clicked | None:
    """Draw a table, and give what was just clicked in it; None in all other reruns.

    Args:
        data: made by `content`.
        key: of the component on its page.
        selected: the cell to mark.
    """
    place = None if selected is None else list(selected)
    result = _registered()(key=key, data=data | {"selected": place}, on_clicked_change=lambda: None)
    row, _, column = (result.get("clicked") or "").partition("-")
    if not row and not column:
        return None
    return Clicked(row=int(row) if row else None, column=int(column) if column else None)


@st.cache_resource(show_spinner=False)
def _registered() -> Any:
    return component("mmclust-matrix", html=_SOURCES["html"], css=_SOURCES["css"], js=_SOURCES["js"])
