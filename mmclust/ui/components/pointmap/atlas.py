"""Thumbnails of a whole data set on a few large pictures: the map asks for pages, not for samples one by one."""

import base64
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmclust import settings
from mmclust.data.dataset import MultiViewDataset, ViewSpec
from mmclust.plots import images as drawing
from mmclust.plots import profiles
from mmclust.ui.shell import files

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
    pages: tuple[str, ...] = ()
    """The pages as data URLs, where no server has them."""


def of(data: MultiViewDataset, *views: int | None) -> Atlas:
    """The atlas of a view, vectors as bar profiles; pages are drawn when they are first asked for and kept on disk.

    Args:
        data: the data set.
        views: numbers of the views, None for the pictures that features were made of; those of several stand one after
            another, see `places`.
    """
    cell = max(_cell(data, view) for view in views)
    sheets = [Sheets(data, view, cell) for view in views]
    n_pages = _n_pages(data.n_samples)

    def page(number: int) -> bytes | None:
        which, own = divmod(number, n_pages)
        return sheets[which].page(own) if which < len(sheets) else None

    digest = hashlib.blake2b(b"".join(of_view.digest for of_view in sheets), digest_size=32).digest()
    return Atlas(url=files.publish_atlas(digest, page), cell=cell)


def inline(data: MultiViewDataset, view: int | None, at_most: int) -> Atlas | None:
    """The atlas of a view with its pages in it, for a map that no server stands behind.

    Args:
        data: the data set.
        view: number of the view, None for the pictures that features were made of.
        at_most: pages; where there were more, None comes back.
    """
    n_pages = _n_pages(data.n_samples)
    if n_pages > at_most:
        return None
    sheets = Sheets(data, view, _cell(data, view))
    pages = (base64.b64encode(sheets.page(number)).decode() for number in range(n_pages))
    return Atlas(url="", cell=sheets.cell, pages=tuple(f"data:image/jpeg;base64,{page}" for page in pages))


def drawer(data: MultiViewDataset, view: int | None) -> "Sheets":
    """Draws single thumbnails of a view, as they stand in its atlas; see `of`."""
    return Sheets(data, view, _cell(data, view))


def places(n_samples: int, ids: np.ndarray, which: np.ndarray) -> np.ndarray:
    """Cells (n,) of samples in an atlas of several views: each view starts on a page of its own.

    Args:
        n_samples: in the data set.
        ids: (n,) samples.
        which: (n,) number of the view among those of the atlas.
    """
    return which * (_n_pages(n_samples) * PAGE * PAGE) + ids


def _n_pages(n_samples: int) -> int:
    return -(-n_samples // (PAGE * PAGE))


class Sheets:
    """The pages of one view."""

    def __init__(self, data: MultiViewDataset, view: int | None, cell: int) -> None:
        self.spec, self.values, self.cell = *_drawn(data, view), cell
        self.shape = _image_shape(self.spec)
        self.ranges = profiles.column_ranges(self.values) if self.shape is None else None
        self.digest = _digest(f"{data.spec.name} {self.spec.name} {cell}", self.values)
        self.folder = settings.home() / "cache" / "thumbnails" / self.digest.hex()[:32]

    def page(self, number: int) -> bytes:
        """JPEG of a page."""
        path = self.folder / f"{number}.jpg"
        if not path.exists():
            first, last = number * PAGE * PAGE, min((number + 1) * PAGE * PAGE, len(self.values))
            _write(path, _sheet(self.cells(np.arange(first, last))))
        return path.read_bytes()

    def cells(self, samples: np.ndarray) -> np.ndarray:
        """Thumbnails (n, cell, cell, 3) of samples; those that are not square stand in the middle of their cell."""
        pictures = drawing.resize(self._pictures(self.values[samples]), self.cell)
        height, width = pictures.shape[1:3]
        cells = np.zeros((len(pictures), self.cell, self.cell, 3), np.uint8)
        top, left = (self.cell - height) // 2, (self.cell - width) // 2
        cells[:, top : top + height, left : left + width] = pictures
        return cells

    def _pictures(self, rows: np.ndarray) -> np.ndarray:
        if self.ranges is not None:
            return profiles.profiles(rows, *self.ranges, width=self.cell, height=self.cell)[..., :3]
        return drawing.to_rgb(rows.reshape(-1, *(self.shape or ())), low=self.spec.low, high=self.spec.high)


def _image_shape(spec: ViewSpec) -> tuple[int, ...] | None:
    """(C, H, W) of a view that is drawn as an image, None for a vector."""
    return spec.image_shape or (spec.shape if spec.kind == "image" else None)


def _drawn(data: MultiViewDataset, view: int | None) -> tuple[ViewSpec, np.ndarray]:
    """What is drawn: a view, or the pictures as one."""
    if view is not None:
        return data.spec.views[view], data.views[view]
    assert data.pictures is not None
    return ViewSpec(name="pictures", kind="image", shape=data.pictures.shape[1:]), data.pictures


def _cell(data: MultiViewDataset, view: int | None) -> int:
    """Edge of the thumbnails of a view: small images grow by whole factors, large ones shrink."""
    shape = _image_shape(_drawn(data, view)[0])
    if shape is None:
        return LARGEST
    side = max(shape[1:])
    return min(LARGEST, side * max(1, -(-SMALLEST // side)))


def _digest(name: str, images: np.ndarray) -> bytes:
    known = hashlib.blake2b(f"{name} {images.shape} {images.dtype} {PAGE}".encode(), digest_size=32)
    probed = np.linspace(0, len(images) - 1, min(PROBED, len(images))).astype(int)
    known.update(np.ascontiguousarray(images[probed]).tobytes())
    return known.digest()


def _sheet(cells: np.ndarray) -> bytes:
    """JPEG of one page of thumbnails (n, cell, cell, 3)."""
    cell = cells.shape[1]
    page = np.zeros((PAGE * PAGE, cell, cell, 3), np.uint8)
    page[: len(cells)] = cells
    sheet = page.reshape(PAGE, PAGE, cell, cell, 3).swapaxes(1, 2).reshape(PAGE * cell, PAGE * cell, 3)
    return drawing.jpeg(sheet, 88)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_bytes(content)
    temporary.replace(path)
