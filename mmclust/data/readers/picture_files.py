"""One file of a picture: opened within limits, what its header says, upright, its frames, and values of many bits.

Shapes: C channels, H x W pixels.
"""

import contextlib
import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from mmclust import settings
from mmclust.data.readers.archives import shown

_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "AVIF", "JPEG2000", "PPM", "TIFF")
MAX_PIXELS = settings.limit("MEGAPIXELS") * 10**6
_DEEP = ("I", "I;16", "I;16B", "I;16L", "I;16N", "F")
"""Modes of more than 8 bits; Pillow itself would cut them off."""
GRAY = ("1", "L", "LA", "La", *_DEEP)
_MAX_FRAMES = 256
"""Frames that are looked at for one with something in it."""
_TURNED = (5, 6, 7, 8)
"""EXIF orientations in which width and height change places."""
_ORIENTATION = 274
_SAY_ORIENTATION = frozenset(("exif", "xmp", "XML:com.adobe.xmp", "Raw profile type exif", "Raw profile type APP1"))
"""Where files say how the camera was held."""


class NotGray(Exception):
    """A picture has colour, and those that were looked at had none."""


class Broken(ValueError):
    """A file that is no picture, or one that is too large; `reason` without its name."""

    def __init__(self, name: str, reason: str, remedy: str = "replace or remove it") -> None:
        super().__init__(f"picture {shown(name)} {reason}; {remedy}")
        self.reason = reason


@contextlib.contextmanager
def opened(name: str, data: bytes) -> Iterator[Any]:
    """A picture whose header has been read.

    Raises:
        Broken: it is none, is damaged, or has too many pixels.
    """
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise Image.DecompressionBombError
            yield image
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Broken(name, f"has more than {MAX_PIXELS // 10**6} megapixels", "make it smaller") from None
    except (Broken, NotGray):
        raise
    except Exception as error:  # Pillow raises errors of a dozen types on damaged files
        raise Broken(name, f"is truncated or no picture ({_reason(error, data)})") from None


def _reason(error: Exception, data: bytes) -> str:
    """Why a picture cannot be read, without addresses of objects."""
    if not data:
        return "the file is empty"
    if isinstance(error, UnidentifiedImageError):
        return "it is in no known format"
    return (str(error).strip() or type(error).__name__).splitlines()[0][:120]


def is_picture(data: bytes) -> bool:
    """Whether a file begins like a picture."""
    with contextlib.suppress(ValueError), opened("", data):
        return True
    return False


@dataclass(frozen=True)
class Header:
    """What a picture's file says of it before its pixels are read."""

    size: tuple[int, int]
    """Width and height, the way it is shown."""
    gray: bool
    deep: bool = False
    """More than 8 bits."""
    transparent: bool = False


def header(name: str, data: bytes) -> Header:
    """Look at the header of a picture.

    Raises:
        Broken: it is none.
    """
    try:
        with opened(name, data) as image:
            width, height = image.size
            size = (height, width) if _orientation(image) in _TURNED else (width, height)
            return Header(size, image.mode in GRAY, is_deep(image), bool(image.has_transparency_data))
    except Broken:
        if not is_tiff(data):
            raise
        values = _of_tiff(name, data)
        return Header((values.shape[1], values.shape[0]), values.ndim == 2, deep=True)


def is_tiff(data: bytes) -> bool:
    """Whether a file begins like a TIFF."""
    return data[:4] in (b"II*\0", b"MM\0*")


def _orientation(image: Any) -> int:
    """How the camera was held; only where that stands in the part of the file that has been read."""
    if "exif" not in image.info and image.format != "TIFF":
        return 1
    with contextlib.suppress(Exception):  # damaged EXIF is no reason to lose a picture
        return int(image.getexif().get(_ORIENTATION, 1))
    return 1


def is_deep(image: Any) -> bool:
    """Whether a picture has values of more than 8 bits."""
    return image.mode in _DEEP or bool(_deep_mode(image))


def _deep_mode(image: Any) -> str:
    """How colours of 16 bits lie in the file, of which Pillow reads the upper half; empty where they have 8."""
    tiles = getattr(image, "tile", None) or []
    if len(tiles) != 1:
        return ""
    args = tiles[0][3]
    mode = args[0] if isinstance(args, tuple) and args else args
    return mode if isinstance(mode, str) and mode in ("RGB;16B", "RGB;16L", "RGBA;16B", "RGBA;16L", "LA;16B") else ""


def deep_values(name: str, data: bytes) -> np.ndarray:
    """The values of a deep picture, turned as it is shown: (H, W) or (H, W, C) float32.

    Raises:
        Broken: it cannot be read.
    """
    try:
        with opened(name, data) as image:
            mode = _deep_mode(image)
            if not mode:
                image = upright(framed(image)[0])
                return np.asarray(image, dtype=np.float32)
            upper = np.asarray(upright(image)).astype(np.float32)
        if mode == "LA;16B":
            return upper * 257
        with opened(name, data) as image:  # once more, with the order of the bytes exchanged: the lower half
            tile = image.tile[0]
            args = tile[3]
            swapped = mode[:-1] + {"B": "L", "L": "B"}[mode[-1]]
            image.tile = [(*tile[:3], (swapped, *args[1:]) if isinstance(args, tuple) else swapped)]
            lower = np.asarray(upright(image)).astype(np.float32)
        return upper * 256 + lower
    except Broken:
        if not is_tiff(data):
            raise
        return _of_tiff(name, data)


def _of_tiff(name: str, data: bytes) -> np.ndarray:
    """A TIFF that Pillow does not know, such as colours in floating point, as (H, W) or (H, W, C) float32."""
    import tifffile

    try:
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            page = file.pages[0]
            if int(np.prod(page.shape, dtype=object)) > 4 * MAX_PIXELS:
                raise Broken(name, f"has more than {MAX_PIXELS // 10**6} megapixels", "make it smaller")
            values = np.squeeze(page.asarray())  # type: ignore[union-attr]
    except Broken:
        raise
    except Exception as error:  # of a dozen types on damaged files
        raise Broken(name, f"is truncated or no picture ({_reason(error, data)})") from None
    if values.ndim == 3 and values.shape[0] in (3, 4) and values.shape[2] not in (3, 4):
        values = values.transpose(1, 2, 0)
    if (
        values.ndim not in (2, 3)
        or values.dtype.kind not in "buif"
        or (values.ndim == 3 and values.shape[2] not in (3, 4))
    ):
        raise Broken(name, f"has the shape {values.shape}, which is no picture")
    return values.astype(np.float32)


def upright(image: Any) -> Any:
    """A picture turned as EXIF says."""
    if image.format == "PNG":
        image.load()  # its EXIF may stand behind the pixels
    if image.format != "TIFF" and not _SAY_ORIENTATION & image.info.keys():
        return image
    try:
        return ImageOps.exif_transpose(image)
    except (OSError, SyntaxError, ValueError, EOFError, struct.error):
        raise
    except Exception:  # damaged EXIF: the picture as it lies in its file
        return image


def framed(image: Any) -> tuple[Any, int]:
    """The first frame of a picture that is not blank, and its number; the first one where all are."""
    n_frames = getattr(image, "n_frames", 1)
    if n_frames < 2:
        return image, 0
    for number in range(min(n_frames, _MAX_FRAMES)):
        image.seek(number)
        frame = image.convert("RGBA" if image.has_transparency_data else "RGB") if image.mode == "P" else image
        lows_highs = frame.getextrema()
        lows_highs = lows_highs if isinstance(lows_highs[0], tuple) else (lows_highs,)
        if any(low < high for low, high in lows_highs):
            return image, number
    image.seek(0)
    return image, 0
