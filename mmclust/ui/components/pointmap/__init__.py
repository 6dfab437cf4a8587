"""The map component: up to hundreds of thousands of points in the browser, and the selection back.

Shapes: n points, F frames, G groups.
"""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import streamlit as st
from streamlit.components.v2 import component

from mmclust.ui.components import modules
from mmclust.ui.components.pointmap.atlas import Atlas
from mmclust.ui.shell import files

_FOLDER = Path(__file__).parent
_SOURCES = modules.sources(_FOLDER, "map")


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
    """A point of another kind, such as a prototype, drawn as a star, or a text in its place."""

    x: float
    y: float
    color: str
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class Words:
    """What is typical of a dense region, at its densest place."""

    x: float
    y: float
    text: str
    level: int
    """Scale of the region, 0 the coarsest: finer ones are shown as one zooms in."""


def pack(
    *,
    ids: np.ndarray,
    frames: Sequence[Frame],
    colorings: Sequence[Coloring],
    landmarks: Sequence[Mark] = (),
    words: Sequence[Words] = (),
    atlas: Atlas | None = None,
    places: np.ndarray | None = None,
    texts: str = "",
    layout: str = "",
    start: int | None = None,
    edge: float | None = None,
) -> bytes:
    """Everything the browser needs for a map, as one file; 10 bytes a point for one frame and four colourings.

    Args:
        ids: (n,) sample ids.
        frames: the map over time, the earliest first.
        colorings: ways to colour, the first one being the default.
        landmarks: stars and texts, in the coordinates of the frames.
        words: of dense regions, those that matter most first.
        atlas: thumbnails of all samples of the data set, or None.
        places: (n,) where the thumbnails stand in the atlas; None where that is the id.
        texts: address of a JSON list with the caption of every sample of the data set; empty without captions.
        layout: what the positions stand for; while it stays the same, the browser keeps the user's zoom.
        start: number of the frame to be seen first, by default the last.
        edge: largest coordinate that is seen, in all directions from 0; by default just the points are.
    """
    # ids that just count the points are not sent
    arrays = {} if np.array_equal(ids, np.arange(len(ids))) else {"ids": ids.astype("<u4")}
    if places is not None:
        arrays["places"] = places.astype("<u4")
    extent = Extent.of([frame.xy for frame in frames]) if edge is None else Extent.around(edge)
    shown = []
    for number, frame in enumerate(frames):
        arrays[f"xy{number}"] = extent.quantised(frame.xy)
        entry: dict[str, Any] = {"epoch": frame.epoch, "xy": f"xy{number}"}
        for key, values in frame.values.items():
            arrays[f"{key}{number}"] = small(values)
            entry[key] = f"{key}{number}"
        shown.append(entry)
    header = {
        "n": len(ids),
        "layout": layout,
        "frames": shown,
        "start": len(frames) - 1 if start is None else start,
        "colorings": described(colorings, arrays),
        "marks": placed(landmarks, extent),
        "words": written(words, extent),
        "texts": texts,
        "atlas": None if atlas is None else asdict(atlas),
    }
    return join(header, arrays)


@dataclass(frozen=True, kw_only=True)
class Extent:
    """The square that a map shows: its middle and its side."""

    centre: np.ndarray
    """(2,) in the coordinates of the positions."""
    side: float

    @classmethod
    def of(cls, positions: Sequence[np.ndarray]) -> "Extent":
        """The least square around all positions, each (n, 2)."""
        low = np.min([xy.min(axis=0) for xy in positions], axis=0)
        high = np.max([xy.max(axis=0) for xy in positions], axis=0)
        return cls(centre=(low + high) / 2, side=max(float((high - low).max()), 1e-9))

    @classmethod
    def around(cls, edge: float) -> "Extent":
        """The square around 0 whose largest coordinate is `edge`."""
        return cls(centre=np.zeros(2), side=2 * edge)

    def unit(self, xy: np.ndarray) -> np.ndarray:
        """Positions as fractions of the square's side, from its lower left corner."""
        return (xy - self.centre) / self.side + 0.5

    def quantised(self, xy: np.ndarray) -> np.ndarray:
        """Positions (n, 2) as (2n,) steps of one in 65,535."""
        return np.rint(self.unit(xy).clip(0, 1) * 65535).astype("<u2").ravel()


def described(colorings: Sequence[Coloring], arrays: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    """The colourings as the browser reads them; their values are added to `arrays`."""
    found = []
    for coloring in colorings:
        arrays[coloring.key] = small(coloring.values)
        about = {name: getattr(coloring, name) for name in ("key", "title", "help", "kind", "low", "high")}
        found.append(about | {"values": coloring.key, "names": list(coloring.names), "colors": list(coloring.colors)})
    return found


def placed(marks: Sequence[Mark], extent: Extent) -> list[dict[str, Any]]:
    """Marks as the browser reads them."""
    places = [extent.unit(np.array([mark.x, mark.y])) for mark in marks]
    return [
        {"x": float(x), "y": float(y), "color": mark.color, "text": mark.text}
        for (x, y), mark in zip(places, marks, strict=True)
    ]


def written(words: Sequence[Words], extent: Extent) -> list[dict[str, Any]]:
    """Words as the browser reads them."""
    places = [extent.unit(np.array([one.x, one.y])) for one in words]
    return [
        {"x": float(x), "y": float(y), "text": one.text, "level": one.level}
        for (x, y), one in zip(places, words, strict=True)
    ]


def small(values: np.ndarray) -> np.ndarray:
    """Groups as they are and fractions in 255 steps, in as few bytes as they need."""
    if np.issubdtype(values.dtype, np.floating):
        return np.rint(np.nan_to_num(values).clip(0, 1) * 255).astype("<u1")
    return values.astype("<u1" if values.max(initial=0) < 256 else "<u2")


def join(header: dict[str, Any], arrays: dict[str, np.ndarray]) -> bytes:
    """A file of the browser: the length of a JSON header, the header with the places of the arrays, the arrays."""
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


def draw_map(
    content: bytes,
    n: int,
    *,
    key: str,
    alt: str,
    group: str,
    height: int = 560,
    small: bool = False,
    color: str = "",
    selected: np.ndarray | None = None,
    anchor: int = -1,
    on_select: Callable[[np.ndarray], None] = lambda positions: None,
    on_epoch: Callable[[int], None] | None = None,
) -> None:
    """Draw a map.

    Args:
        content: made by `pack`.
        n: number of its points.
        key: of the component on its page.
        alt: what the map shows, for readers of the screen.
        group: maps of one group share selection, colours and the sample under the pointer in the browser.
        height: of the map in pixels, without its bars; of a small map with them.
        small: whether it is a picture on a page of other things, to point at and to play, not to select in or to zoom.
        color: key of the colouring to begin with; by default the last one used.
        selected: (m,) positions of the points that are selected.
        anchor: id of a sample to mark, -1 for none.
        on_select: called before the page runs again, with the positions that the user has selected.
        on_epoch: called likewise with the epoch that the play head of a map over time has come to rest at.
    """
    answered = f"{group}-answered"

    def told() -> None:
        number, text = (st.session_state.get(key) or {}).get("selected") or (0, "")
        st.session_state[answered] = max(int(number), st.session_state.get(answered, 0))
        on_select(decode(str(text), n))

    def rested() -> None:
        epoch = (st.session_state.get(key) or {}).get("epoch")
        if on_epoch is not None and isinstance(epoch, int):
            on_epoch(epoch)

    _registered()(
        key=key,
        data={
            "url": files.publish(content),
            "alt": alt,
            "group": group,
            "height": height,
            "small": small,
            "color": color,
            "selection": "" if selected is None else encode(selected, n),
            "answered": st.session_state.get(answered, 0),
            "anchor": anchor,
            "follows": on_epoch is not None,
        },
        on_selected_change=told,
        on_epoch_change=rested,
    )


@st.cache_resource(show_spinner=False)
def _registered() -> Any:
    return component("mmclust-map", html=_SOURCES["html"], css=_SOURCES["css"], js=_SOURCES["js"])


def notebook_sources() -> dict[str, str]:
    """HTML, CSS and JavaScript of the map as a widget of notebooks: the same module, called by `notebook.js`."""
    own = (_FOLDER / "notebook.js").read_text(encoding="utf-8")
    called = _SOURCES["js"].replace("export default function", "const draw = function", 1)
    return _SOURCES | {"js": f"{called}\n{own}"}


def encode(positions: np.ndarray, n: int) -> str:
    """Positions of points as text: a bit for each of n points."""
    if not len(positions):
        return ""
    bits = np.zeros(n, bool)
    bits[positions] = True
    return base64.b64encode(np.packbits(bits, bitorder="little").tobytes()).decode()


def decode(text: str, n: int) -> np.ndarray:
    """Positions of the set bits; a text that does not fit (an older map's) selects nothing."""
    try:
        packed = np.frombuffer(base64.b64decode(text, validate=True), np.uint8)
    except ValueError:
        return np.empty(0, np.int64)
    if len(packed) != (n + 7) // 8:
        return np.empty(0, np.int64)
    return np.flatnonzero(np.unpackbits(packed, count=n, bitorder="little"))
