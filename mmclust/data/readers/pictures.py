"""Pictures: the bytes of their files into pixels, within limits, all brought to one size and to gray or colour.

Shapes: N pictures, C channels, H x W pixels.
"""

import contextlib
import io
import itertools
import struct
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from mmclust import settings
from mmclust.data.readers.archives import shown

_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "PPM", "TIFF")
MAX_PIXELS = settings.limit("MEGAPIXELS") * 10**6
MAX_DECODED_BYTES = 64 * 2**30
NATIVE_PX = 128
"""Square pictures all of one size up to this keep it; others are resized and cut to a square."""
SQUARES_PX = (96, 64, 32)
"""Sizes that others are resized to: the largest that is no larger than the median picture."""
_GRAY = ("1", "L", "LA", "I", "I;16", "I;16B")
_BATCH = 512


@dataclass(frozen=True)
class Form:
    """What many pictures become."""

    shape: tuple[int, int, int]
    """(C, H, W)"""
    resize: bool
    """Whether they have other sizes in their files."""
    notes: list[str] = field(default_factory=list)
    """What happens to them, in words."""


class Sizes:
    """The sizes of many pictures, met one by one by their headers."""

    def __init__(self) -> None:
        self.of: dict[str, tuple[int, int]] = {}
        self.gray = True

    def meet(self, name: str, data: bytes) -> None:
        """Look at the header of a picture; of two of a name the later one counts, as in a tar."""
        with opened(name, data) as image:
            self.of[name] = image.size
            self.gray = self.gray and image.mode in _GRAY

    def form(self, where: str, px: int | None = None) -> Form:
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
        if len(sizes) * int(np.prod(shape)) > MAX_DECODED_BYTES:
            raise ValueError(f"{where} decodes to more than {MAX_DECODED_BYTES >> 30} GiB; give a part of it")
        (narrow, wide), (low, high) = ((min(edges), max(edges)) for edges in zip(*distinct, strict=True))
        of = f"{narrow} x {low}" + (f" to {wide} x {high}" if len(distinct) > 1 else "")
        resize = distinct != {(px, px)}
        done = "resized" if all(width == height for width, height in distinct) else "cut to squares and resized"
        return Form(shape, resize, [f"{done}, from {of}"] * resize)


def decode(items: Iterable[tuple[str, bytes]], into: np.ndarray, row: Callable[[str], int], form: Form) -> None:
    """Write pictures, by name and content, into their rows of an array (N, C, H, W)."""

    def one(item: tuple[str, bytes]) -> None:
        into[row(item[0])] = pixels(*item, form=form)

    if not form.resize:
        for item in items:
            one(item)
        return
    items = iter(items)
    with ThreadPoolExecutor(settings.n_threads()) as pool:  # Pillow lets go of the interpreter while it decodes
        while batch := list(itertools.islice(items, _BATCH)):
            list(pool.map(one, batch))


@contextlib.contextmanager
def opened(name: str, data: bytes) -> Iterator[Image.Image]:
    """A picture whose header has been read.

    Raises:
        ValueError: it is none, is damaged, or has too many pixels.
    """
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise Image.DecompressionBombError
            yield image
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ValueError(
            f"picture {shown(name)} has more than {MAX_PIXELS // 10**6} megapixels; make it smaller"
        ) from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, struct.error) as error:
        raise ValueError(f"picture {shown(name)} is truncated or no picture ({error}); replace or remove it") from None


def is_picture(data: bytes) -> bool:
    """Whether a file begins like a picture."""
    with contextlib.suppress(ValueError), opened("", data):
        return True
    return False


def pixels(name: str, data: bytes, *, form: Form) -> np.ndarray:
    """One picture as bytes (C, H, W)."""
    n_channels, height, width = form.shape
    mode = "L" if n_channels == 1 else "RGB"
    with opened(name, data) as image:
        if form.resize:
            image.draft(mode, (width, height))  # a JPEG is decoded at a fraction of its size where that is enough
            image = ImageOps.exif_transpose(image)
        if image.mode.startswith("I"):  # 16 bits
            image = Image.fromarray(np.clip(np.asarray(image) >> 8, 0, 255).astype(np.uint8))
        image = image.convert(mode)
        if form.resize:
            image = ImageOps.fit(image, (width, height), Image.Resampling.BICUBIC)
        found = np.asarray(image)
    return found[None] if n_channels == 1 else found.transpose(2, 0, 1)
