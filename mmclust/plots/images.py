"""Images for pages and files: rows, contact sheets, saliency overlays, thumbnails, and their PNG or JPEG bytes.

Shapes: n images, C channels, H x W pixels. Pictures made here are (H, W, 4) uint8 with transparent gaps, so that
they sit on light and dark pages alike.
"""

import base64
from collections.abc import Sequence
from io import BytesIO

import numpy as np
from PIL import Image

from mmclust.plots.palette import rgb

_HEAT = np.array(
    [
        (0, 0, 4),
        (40, 11, 84),
        (101, 21, 110),
        (159, 42, 99),
        (212, 72, 66),
        (245, 125, 21),
        (250, 193, 39),
        (252, 255, 164),
    ]
)
"""Stops of the inferno scale (Smith and van der Walt), evenly spaced."""


def to_rgb(images: np.ndarray, *, low: float = 0.0, high: float = 255.0) -> np.ndarray:
    """Images of any source type as (n, H, W, 3) uint8.

    Args:
        images: (n, C, H, W); one channel is shown gray, three as colour, any other number as their mean.
        low: value drawn black.
        high: value drawn white.
    """
    if images.shape[1] not in (1, 3):
        images = images.mean(axis=1, keepdims=True)
    if images.dtype != np.uint8 or (low, high) != (0.0, 255.0):
        scaled = (images.astype(np.float32) - low) * (255.0 / (high - low))
        images = np.clip(np.rint(np.nan_to_num(scaled)), 0, 255).astype(np.uint8)
    return np.repeat(images.transpose(0, 2, 3, 1), 3 if images.shape[1] == 1 else 1, axis=3)


def resize(images: np.ndarray, px: int, *, smooth: bool = False) -> np.ndarray:
    """Images (n, H, W, 3) uint8 with their longer side at `px` pixels.

    Small images (up to 32 pixels) keep hard pixels when they are enlarged, unless `smooth`.
    """
    height, width = images.shape[1:3]
    if max(height, width) == px:
        return images
    factor = px / max(height, width)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    hard = factor > 1 and max(height, width) <= 32 and not smooth
    how = Image.Resampling.NEAREST if hard else Image.Resampling.BICUBIC
    return np.stack([np.asarray(Image.fromarray(image).resize(size, how)) for image in images])


def sheet(
    images: np.ndarray,
    n_columns: int,
    *,
    gap: int = 4,
    borders: Sequence[str | None] | None = None,
    border: int = 3,
) -> np.ndarray:
    """Contact sheet (rows, columns, 4) uint8 of images, row by row, transparent between them.

    Args:
        images: (n, H, W, 3) uint8.
        n_columns: images in a row.
        gap: pixels between images.
        borders: (n,) hex colour around each image, None for none.
        border: width of such borders in pixels.
    """
    n, height, width, _ = images.shape
    rim = border if borders is not None else 0
    cell_h, cell_w = height + 2 * rim, width + 2 * rim
    n_columns = max(1, n_columns)
    n_rows = max(1, -(-n // n_columns))
    page = np.zeros((n_rows * (cell_h + gap) - gap, n_columns * (cell_w + gap) - gap, 4), dtype=np.uint8)
    for i, image in enumerate(images):
        top, left = (i // n_columns) * (cell_h + gap), (i % n_columns) * (cell_w + gap)
        color = borders[i] if borders is not None else None
        if color:
            page[top : top + cell_h, left : left + cell_w] = (*rgb(color), 255)
        inner = page[top + rim : top + rim + height, left + rim : left + rim + width]
        inner[..., :3], inner[..., 3] = image, 255
    return page


def strip(images: np.ndarray, *, gap: int = 4, borders: Sequence[str | None] | None = None) -> np.ndarray:
    """One row of images (n, H, W, 3) as a picture (H, width, 4) uint8."""
    return sheet(images, len(images), gap=gap, borders=borders)


def saliency_colors(cam: np.ndarray) -> np.ndarray:
    """Colours (..., 3) uint8 of saliency in [0, 1]: from black over red to pale yellow."""
    stops = np.linspace(0, 1, len(_HEAT))
    return np.stack([np.interp(cam, stops, channel) for channel in _HEAT.T], axis=-1).astype(np.uint8)


def overlay(images: np.ndarray, cams: np.ndarray, strength: float = 0.6) -> np.ndarray:
    """Images with saliency laid over them, (n, H, W, 3) uint8; where it is 0 the image is only dimmed.

    Args:
        images: (n, H, W, 3) uint8.
        cams: (n, H, W) in [0, 1].
        strength: fraction of the saliency in the mix.
    """
    gray = images.mean(axis=3, keepdims=True)
    return np.clip((1 - strength) * gray + strength * saliency_colors(cams).astype(np.float32), 0, 255).astype(np.uint8)


def thumbnails(images: np.ndarray, px: int = 48, *, low: float = 0.0, high: float = 255.0) -> np.ndarray:
    """Images (n, C, H, W) of any source type as (n, h, w, 3) uint8, the longer side `px` pixels."""
    return resize(to_rgb(images, low=low, high=high), px)


def png(picture: np.ndarray) -> bytes:
    """PNG file of a picture (H, W, 3 or 4) uint8."""
    return _encode(Image.fromarray(picture), "PNG")


def jpeg(picture: np.ndarray, quality: int = 85) -> bytes:
    """JPEG file of a picture (H, W, 3) uint8; for photographs on pages that count bytes."""
    return _encode(Image.fromarray(picture[..., :3]), "JPEG", quality=quality)


def data_uri(file: bytes) -> str:
    """A PNG or JPEG file as a `data:` address, for pages that carry their images."""
    kind = "png" if file.startswith(b"\x89PNG") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(file).decode('ascii')}"


def _encode(image: Image.Image, kind: str, **options: int) -> bytes:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
