"""Thumbnails of a whole data set on a few large pictures: the map asks for pages, not for samples one by one."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmclust import settings
from mmclust.data.dataset import MultiViewDataset
from mmclust.plots import images as drawing
from mmclust.plots import profiles
from mmclust.ui import files

PAGE = 32
"""Thumbnails in a row and in a column of a page."""
LARGEST = 64
"""Pixels of a thumbnail's edge at most."""
SMALLEST = 24
"""Below, a pixel of the image takes several of the thumbnail: JPEG blurs what is smaller than its blocks."""
PROBED = 512
"""Samples by which the content of a data set is recognised, evenly spread."""


@dataclass(frozen=True, kw_only=True)
class Atlas:
    """Where the thumbnails of a data set are: sample i stands in page i // (columns * rows), row by row."""

    url: str
    cell: int
    """Pixels of a thumbnail's edge."""
    columns: int = PAGE
    rows: int = PAGE


def of(data: MultiViewDataset, view: int) -> Atlas:
    """The atlas of a view, vectors as bar profiles; pages are drawn when they are first asked for and kept on disk."""
    spec, values = data.spec.views[view], data.views[view]
    shape = spec.image_shape or (spec.shape if spec.kind == "image" else None)
    cell = LARGEST if shape is None else _cell(max(shape[1:]))
    digest = _digest(f"{data.spec.name} {spec.name}", values)
    folder = settings.home() / "cache" / "thumbnails" / digest.hex()[:32]
    ranges = profiles.column_ranges(values) if shape is None else None

    def page(number: int) -> bytes | None:
        rows = values[number * PAGE * PAGE : (number + 1) * PAGE * PAGE]
        if not len(rows):
            return None
        path = folder / f"{number}.jpg"
        if not path.exists():
            if ranges is not None:
                pictures = profiles.profiles(rows, *ranges, width=cell, height=cell)[..., :3]
            else:
                pictures = drawing.to_rgb(rows.reshape(-1, *(shape or ())), low=spec.low, high=spec.high)
            _write(path, _sheet(pictures, cell))
        return path.read_bytes()

    return Atlas(url=files.publish_atlas(digest, page), cell=cell)


def _cell(side: int) -> int:
    """Edge of the thumbnails of images with that longer side."""
    return min(LARGEST, side * max(1, -(-SMALLEST // side)))


def _digest(name: str, images: np.ndarray) -> bytes:
    known = hashlib.blake2b(
        f"{name} {images.shape} {images.dtype} {PAGE} {LARGEST} {SMALLEST}".encode(), digest_size=32
    )
    probed = np.linspace(0, len(images) - 1, min(PROBED, len(images))).astype(int)
    known.update(np.ascontiguousarray(images[probed]).tobytes())
    return known.digest()


def _sheet(pictures: np.ndarray, cell: int) -> bytes:
    """JPEG of one page of pictures (n, H, W, 3); those that are not square stand in the middle of their cell."""
    pictures = drawing.resize(pictures, cell)
    height, width = pictures.shape[1:3]
    cells = np.zeros((PAGE * PAGE, cell, cell, 3), np.uint8)
    top, left = (cell - height) // 2, (cell - width) // 2
    cells[: len(pictures), top : top + height, left : left + width] = pictures
    sheet = cells.reshape(PAGE, PAGE, cell, cell, 3).swapaxes(1, 2).reshape(PAGE * cell, PAGE * cell, 3)
    return drawing.jpeg(sheet, 88)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_bytes(content)
    temporary.replace(path)
