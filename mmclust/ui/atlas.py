"""Thumbnails of a whole data set on a few large pictures: the map asks for pages, not for images one by one."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmclust import settings
from mmclust.data.dataset import MultiViewDataset
from mmclust.plots import images as drawing
from mmclust.ui import files

PAGE = 32
"""Thumbnails in a row and in a column of a page."""
LARGEST = 64
"""Pixels of a thumbnail's edge; smaller images keep theirs."""
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
    """The atlas of an image view; pages are drawn when they are first asked for and kept on disk."""
    spec, images = data.spec.views[view], data.views[view]
    cell = min(LARGEST, max(spec.shape[1:]))
    digest = _digest(data.spec.name, images)
    folder = settings.home() / "cache" / "thumbnails" / digest.hex()[:32]

    def page(number: int) -> bytes | None:
        first = number * PAGE * PAGE
        if first >= len(images):
            return None
        path = folder / f"{number}.jpg"
        if not path.exists():
            _write(path, _draw(images[first : first + PAGE * PAGE], cell, spec.low, spec.high))
        return path.read_bytes()

    return Atlas(url=files.publish_atlas(digest, page), cell=cell)


def _digest(name: str, images: np.ndarray) -> bytes:
    known = hashlib.blake2b(f"{name} {images.shape} {images.dtype} {PAGE} {LARGEST}".encode(), digest_size=32)
    probed = np.linspace(0, len(images) - 1, min(PROBED, len(images))).astype(int)
    known.update(np.ascontiguousarray(images[probed]).tobytes())
    return known.digest()


def _draw(images: np.ndarray, cell: int, low: float, high: float) -> bytes:
    """JPEG of one page; images that are not square stand in the middle of their cell."""
    pictures = drawing.resize(drawing.to_rgb(images, low=low, high=high), cell)
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
