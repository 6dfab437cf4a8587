"""The map component: up to hundreds of thousands of points in the browser, and the selection back.

Shapes: n points, F frames, G groups.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import streamlit as st
from streamlit.components.v2 import component

from mmclust.ui import files
from mmclust.ui.atlas import Atlas

_FOLDER = Path(__file__).parent
_SOURCES = {kind: (_FOLDER / f"map.{kind}").read_text() for kind in ("html", "css", "js")}


@dataclass(frozen=True, kw_only=True)
class Coloring:
    """One way to colour the points."""

    key: str
    title: str
    help: str
    values: np.ndarray
    """(n,) groups from 0, or numbers between 0 and 1 for a scale."""
    colors: Sequence[str]
    """(G,) hex colour of each group; for a scale its stops, evenly spaced."""
    kind: Literal["groups", "scale"] = "groups"
    names: Sequence[str] = ()
    """(G,) shown name of each group."""
    low: str = ""
    """Text at the low end of a scale."""
    high: str = ""


@dataclass(frozen=True, kw_only=True)
class Frame:
    """The points at one epoch."""

    epoch: int
    xy: np.ndarray
    """(n, 2) positions, on the same axes in all frames."""
    values: dict[str, np.ndarray] = field(default_factory=dict)
    """Values of colourings that differ between epochs, by the colouring's key."""


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A point of another kind, such as a prototype, drawn as a star."""

    x: float
    y: float
    color: str


def pack(
    *,
    ids: np.ndarray,
    frames: Sequence[Frame],
    colorings: Sequence[Coloring],
    marks: Sequence[Mark] = (),
    atlas: Atlas | None = None,
    places: np.ndarray | None = None,
    layout: str = "",
) -> bytes:
    """Everything the browser needs for a map, as one file; 10 bytes a point for one frame and four colourings.

    Args:
        ids: (n,) sample ids.
        frames: the map over time, the last one first to be seen.
        colorings: ways to colour, the first one being the default.
        marks: stars, in the coordinates of the frames.
        atlas: thumbnails of all samples of the data set, or None.
        places: (n,) where the thumbnails stand in the atlas; None where that is the id.
        layout: what the positions stand for; while it stays the same, the browser keeps the visitor's zoom.
    """
    arrays: dict[str, np.ndarray] = {"ids": ids.astype("<u4")}
    if places is not None:
        arrays["places"] = places.astype("<u4")
    every = np.concatenate([frame.xy for frame in frames])
    centre, span = (every.min(axis=0) + every.max(axis=0)) / 2, max(float(np.ptp(every, axis=0).max()), 1e-9)

    def unit(xy: np.ndarray) -> np.ndarray:
        return (xy - centre) / span + 0.5

    shown = []
    for number, frame in enumerate(frames):
        arrays[f"xy{number}"] = np.rint(unit(frame.xy).clip(0, 1) * 65535).astype("<u2").ravel()
        entry: dict[str, Any] = {"epoch": frame.epoch, "xy": f"xy{number}"}
        for key, values in frame.values.items():
            arrays[f"{key}{number}"] = _small(values)
            entry[key] = f"{key}{number}"
        shown.append(entry)
    described = []
    for coloring in colorings:
        arrays[coloring.key] = _small(coloring.values)
        about = {name: getattr(coloring, name) for name in ("key", "title", "help", "kind", "low", "high")}
        described.append(
            about | {"values": coloring.key, "names": list(coloring.names), "colors": list(coloring.colors)}
        )
    placed = [unit(np.array([mark.x, mark.y])) for mark in marks]
    header = {
        "n": len(ids),
        "layout": layout,
        "frames": shown,
        "colorings": described,
        "marks": [{"x": float(x), "y": float(y), "color": m.color} for (x, y), m in zip(placed, marks, strict=True)],
        "atlas": None if atlas is None else asdict(atlas),
    }
    return _join(header, arrays)


def _small(values: np.ndarray) -> np.ndarray:
    """Groups as they are and shares of one in 255 steps, in as few bytes as they need."""
    if np.issubdtype(values.dtype, np.floating):
        return np.rint(np.nan_to_num(values).clip(0, 1) * 255).astype("<u1")
    return values.astype("<u1" if values.max(initial=0) < 256 else "<u2")


def _join(header: dict[str, Any], arrays: dict[str, np.ndarray]) -> bytes:
    # Offsets depend on the header's length, which depends on the digits of the offsets: they are given room.
    places = {name: [values.dtype.str[1:], 10**9, len(values)] for name, values in arrays.items()}
    room = len(json.dumps(header | {"arrays": places}).encode())
    offset = start = 4 + room + (-(4 + room)) % 4
    for name, values in arrays.items():
        places[name][1] = offset
        offset += values.nbytes + (-values.nbytes) % 4
    text = json.dumps(header | {"arrays": places}).encode().ljust(start - 4)
    parts = [len(text).to_bytes(4, "little"), text]
    for values in arrays.values():
        parts += [values.tobytes(), bytes((-values.nbytes) % 4)]
    return b"".join(parts)


def show(
    content: bytes,
    n: int,
    *,
    key: str,
    alt: str,
    height: int = 560,
    color: str = "",
    selected: np.ndarray | None = None,
) -> np.ndarray | None:
    """Draw a map and give what is selected in it.

    Args:
        content: made by `pack`.
        n: number of its points.
        key: of the component on its page.
        alt: what the map shows, for readers of the screen.
        height: of the map in pixels, without its bars.
        color: key of the colouring to begin with.
        selected: (m,) positions of points to select; None leaves what the visitor selected.

    Returns:
        (m,) positions of the selected points, in order; None while nothing is selected.
    """
    state = st.session_state.get(key) or {}
    current = state.get("selected") or ""
    if selected is not None:
        current = _encode(selected, n)
    data = {"url": files.publish(content), "alt": alt, "height": height, "color": color, "selection": current}
    result = _registered()(key=key, data=data, default={"selected": current}, on_selected_change=lambda: None)
    found = _decode(result.get("selected") or "", n)
    return found if len(found) else None


@st.cache_resource(show_spinner=False)
def _registered() -> Any:
    return component("mmclust-map", html=_SOURCES["html"], css=_SOURCES["css"], js=_SOURCES["js"])


def _encode(positions: np.ndarray, n: int) -> str:
    if not len(positions):
        return ""
    bits = np.zeros(n, bool)
    bits[positions] = True
    return base64.b64encode(np.packbits(bits, bitorder="little").tobytes()).decode()


def _decode(text: str, n: int) -> np.ndarray:
    """Positions of the set bits; a text that does not fit (an older map's) selects nothing."""
    try:
        packed = np.frombuffer(base64.b64decode(text, validate=True), np.uint8)
    except ValueError:
        return np.empty(0, np.int64)
    if len(packed) != (n + 7) // 8:
        return np.empty(0, np.int64)
    return np.flatnonzero(np.unpackbits(packed, count=n, bitorder="little"))
