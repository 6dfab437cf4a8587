"""Pictures: the bytes of their files into pixels, within limits, all brought to one size and to gray or colour.

Every set has one scale for its deep pictures (16 or 32 bits, floating point) and one ground under transparent ones, so
that what differs between pictures in their files differs here, and nothing else.

Shapes: N pictures, C channels, H x W pixels.
"""

import contextlib
import itertools
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from mmclust import settings
from mmclust.data.readers import picture_files
from mmclust.data.readers.archives import shown
from mmclust.data.readers.reading import Reading
from mmclust.data.readers.samples import GROUNDS, best_ground, tones

MAX_DECODED_BYTES = 64 * 2**30
NATIVE_PX = 128
"""Square pictures all of one size up to this keep it; others are resized and cut to a square."""
SQUARES_PX = (96, 64, 32)
"""Sizes that others are resized to: the largest that is no larger than the median picture."""
_BATCH = 512
_NAMED = 20
"""So many pictures that cannot be read are named one by one."""
BROKEN_OUT, BROKEN_STOP = "leave them out", "read nothing"


@dataclass(frozen=True)
class Form:
    """What many pictures become."""

    shape: tuple[int, int, int]
    """(C, H, W)"""
    resize: bool
    """Whether they have other sizes in their files."""
    stretch: bool = False
    """Whether a picture that is no square is stretched to one; otherwise its middle is cut out."""
    notes: list[str] = field(default_factory=list)
    """What happens to them, in words."""
    low: float = 0.0
    high: float = 65535.0
    """Values of deep pictures that become 0 and 255."""
    ground: int = 255
    """Tone of the ground under transparent pictures."""

    def stretched(self) -> "Form":
        """The form by which whole pictures are resized, whatever their shape."""
        notes = [note.replace("cut to squares and resized", "stretched to squares") for note in self.notes]
        return replace(self, stretch=True, notes=notes)


class Sizes:
    """The sizes of many pictures, met one by one by their headers."""

    def __init__(self) -> None:
        self.of: dict[str, tuple[int, int]] = {}
        self.gray = True
        self.coloured: set[str] = set()
        self.deep: set[str] = set()
        self.transparent: set[str] = set()
        self.broken: dict[str, str] = {}
        """Why a file is no picture, by its name."""

    def meet(self, name: str, data: bytes) -> None:
        """Look at the picture_files.header of a picture; of two of a name the later one counts, as in a tar."""
        try:
            found = picture_files.header(name, data)
        except picture_files.Broken as error:
            self.broken[name] = error.reason
            self.of.pop(name, None)
            return
        self.of[name] = found.size
        self.gray = self.gray and found.gray
        self.coloured.update([] if found.gray else [name])
        self.deep.update([name] if found.deep else [])
        self.transparent.update([name] if found.transparent else [])
        self.broken.pop(name, None)

    def form(self, where: str, px: int | None = None, n_samples: int | None = None) -> Form:
        """What all become: squares of `px`, or of the size that suits them (see `NATIVE_PX`, `SQUARES_PX`).

        Raises:
            ValueError: they would decode to too much.
        """
        sizes: Collection[tuple[int, int]] = self.of.values()
        distinct = set(sizes)
        width, height = next(iter(distinct))
        if px is None and len(distinct) == 1 and width == height <= NATIVE_PX:
            px = width
        elif px is None:
            shorter = float(np.median([min(size) for size in sizes]))
            px = next((side for side in SQUARES_PX if side <= shorter), SQUARES_PX[-1])
        shape = (1 if self.gray else 3, px, px)
        if (n_samples or len(sizes)) * int(np.prod(shape)) > MAX_DECODED_BYTES:
            raise ValueError(f"{where} decodes to more than {MAX_DECODED_BYTES >> 30} GiB; give a part of it")
        (narrow, wide), (low, high) = ((min(edges), max(edges)) for edges in zip(*distinct, strict=True))
        of = f"{narrow} x {low}" + (f" to {wide} x {high}" if len(distinct) > 1 else "")
        resize = distinct != {(px, px)}
        done = "resized" if all(width == height for width, height in distinct) else "cut to squares and resized"
        return Form(shape, resize, notes=[f"{done}, from {of}"] * resize)


class Measured:
    """What the pixels of deep and transparent pictures have to tell before all can be decoded alike."""

    def __init__(self) -> None:
        self.low, self.high = np.inf, -np.inf
        self.tones: list[tuple[float, float] | None] = []

    def meet(self, name: str, data: bytes, *, deep: bool) -> None:
        """Look at the pixels of a picture; one that cannot be read is met again when all are decoded."""
        with contextlib.suppress(picture_files.Broken):
            if deep:
                values = picture_files.deep_values(name, data)
                if (finite := values[np.isfinite(values)]).size:
                    self.low, self.high = min(self.low, float(finite.min())), max(self.high, float(finite.max()))
                return
            with picture_files.opened(name, data) as image:
                self.tones.append(tones(np.asarray(picture_files.framed(image)[0].convert("RGBA"))))

    def of(self, form: Form) -> Form:
        """The form with one scale for deep pictures and one ground for transparent ones."""
        notes = list(form.notes)
        if np.isfinite(self.low):
            notes.append(f"values {self.low:g} to {self.high:g} of all pictures scaled to 0 to 255")
            form = replace(form, low=self.low, high=self.high)
        if any(self.tones):
            ground = best_ground(self.tones)
            notes.append(f"transparent parts on {GROUNDS[ground]}")
            form = replace(form, ground=ground)
        return replace(form, notes=notes)


class Decoded:
    """What is met while pictures are decoded: files that are broken, files of several frames."""

    def __init__(self) -> None:
        self.broken: dict[str, str] = {}
        self.several_frames: set[str] = set()
        self.later_frame: set[str] = set()
        self.lock = threading.Lock()


def decode(
    items: Iterable[tuple[str, bytes]],
    into: np.ndarray,
    row: Callable[[str], int],
    form: Form,
    met: Decoded | None = None,
) -> None:
    """Write pictures, by name and content, into their rows of an array (N, C, H, W).

    Raises:
        picture_files.NotGray: one has colour and `form` has one channel.
        picture_files.Broken: one cannot be read, and there is no `met` to take that down.
    """

    def one(item: tuple[str, bytes]) -> None:
        try:
            into[row(item[0])] = pixels(*item, form=form, met=met)
        except picture_files.Broken as error:
            if met is None:
                raise
            with met.lock:
                met.broken[item[0]] = error.reason

    if not form.resize:
        for item in items:
            one(item)
        return
    items = iter(items)
    with ThreadPoolExecutor(settings.n_threads()) as pool:  # Pillow lets go of the interpreter while it decodes
        while batch := list(itertools.islice(items, _BATCH)):
            list(pool.map(one, batch))


def leave_out_broken(broken: Mapping[str, str], n_kept: int, n_all: int, where: str, reading: Reading) -> None:
    """Take down pictures that cannot be read, each with the reason, where they are to be left out.

    Raises:
        ValueError: most cannot be read, or nothing is to be left out.
    """
    shown_ = "; ".join(f"{shown(name)} {reason}" for name, reason in list(broken.items())[:6])
    shown_ += f" and {len(broken) - 6:,} more" if len(broken) > 6 else ""
    if 2 * n_kept <= n_all:
        if len(broken) == 1:
            raise ValueError(f"picture {shown_}; replace or remove it")
        raise ValueError(
            f"{len(broken):,} of {n_all:,} pictures in {where} cannot be read: {shown_}; replace or remove them"
        )
    text = f"{len(broken):,} of {n_all:,} pictures cannot be read: {shown_}."
    if reading.ask("broken pictures", text, (BROKEN_OUT, BROKEN_STOP), BROKEN_OUT) == BROKEN_STOP:
        raise ValueError(f"pictures in {where} cannot be read: {shown_}; replace or remove them")
    for name, reason in list(broken.items())[:_NAMED]:
        reading.leave_out(shown(name), reason.removeprefix("is "))
    if len(broken) > _NAMED:
        reading.leave_out(f"{len(broken) - _NAMED:,} more pictures", "truncated or no pictures")


def pixels(name: str, data: bytes, *, form: Form, met: Decoded | None = None) -> np.ndarray:
    """One picture as bytes (C, H, W).

    Raises:
        picture_files.Broken: it cannot be read.
        picture_files.NotGray: it has colour, and the form has one channel.
    """
    n_channels = form.shape[0]
    mode = "L" if n_channels == 1 else "RGB"
    try:
        with picture_files.opened(name, data) as image:
            if n_channels == 1 and image.mode not in picture_files.GRAY:
                raise picture_files.NotGray
            if not picture_files.is_deep(image):
                found = _fitted(_of_bytes(name, image, mode, form, met), form)
                return found[None] if n_channels == 1 else found.transpose(2, 0, 1)
    except picture_files.Broken:
        if not picture_files.is_tiff(data):
            raise
    image = _of_deep(picture_files.deep_values(name, data), form)
    if n_channels == 1 and image.mode != "L":
        raise picture_files.NotGray
    image = _opaque(image, form.ground) if image.mode == "RGBA" else image
    found = _fitted(image.convert(mode), form)
    return found[None] if n_channels == 1 else found.transpose(2, 0, 1)


def _of_bytes(name: str, image: Any, mode: str, form: Form, met: Decoded | None) -> Any:
    """A picture of 8 bits in the mode that all get, upright, one frame of it, on a ground."""
    if form.resize:
        image.draft(mode, form.shape[:0:-1])  # a JPEG is decoded at a fraction of its size where that is enough
    frame, number = (
        picture_files.framed(image) if image.format in ("GIF", "TIFF", "WEBP", "PNG", "AVIF") else (image, 0)
    )
    if met is not None and getattr(image, "n_frames", 1) > 1:
        with met.lock:
            met.several_frames.add(name)
            if number:
                met.later_frame.add(name)
    upright = picture_files.upright(frame)
    if upright.has_transparency_data:
        upright = _opaque(upright.convert("RGBA"), form.ground)
    return upright.convert(mode)


def _of_deep(values: np.ndarray, form: Form) -> Any:
    """Deep values on the one scale of the set as a picture of bytes."""
    span = max(form.high - form.low, np.finfo(np.float32).tiny)
    scaled = np.clip((np.nan_to_num(values, nan=form.low) - form.low) / span, 0, 1)
    return Image.fromarray(np.round(255 * scaled).astype(np.uint8))


def _opaque(image: Any, ground: int) -> Any:
    """A picture with transparent parts on a ground of one tone."""
    below = Image.new("RGBA", image.size, (ground, ground, ground, 255))
    below.alpha_composite(image)
    return below


def _fitted(image: Any, form: Form) -> np.ndarray:
    size = form.shape[2], form.shape[1]
    if image.size == size:
        return np.asarray(image)
    if form.stretch:
        return np.asarray(image.resize(size, Image.Resampling.BICUBIC))
    return np.asarray(ImageOps.fit(image, size, Image.Resampling.BICUBIC))
