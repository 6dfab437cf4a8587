"""Samples of several views as cards: images as images, vectors as small profiles, side by side."""

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from mmclust.data.dataset import MultiViewDataset, ViewSpec
from mmclust.plots import images as drawing
from mmclust.plots import profiles
from mmclust.ui.components import markup

ENLARGED_PX = 160
"""Longer side of an image that is sent to the browser; smaller ones travel as they are."""
GAP_PX, CARD_GAP_PX = 6, 14
"""Room between views and between cards, as in style.css."""


def sources(data: MultiViewDataset, view: int, ids: np.ndarray, *, size: tuple[int, int] = (112, 56)) -> list[str]:
    """`data:` addresses of one view of samples.

    Args:
        data: where they are from.
        view: number of the view.
        ids: (n,) samples.
        size: width and height of a profile in pixels.
    """
    spec, values = data.spec.views[view], data.views[view]
    return [drawing.data_uri(drawing.png(picture)) for picture in _pictures(spec, values, values[ids], size)]


def picture(data: MultiViewDataset, view: int, sample: np.ndarray, *, size: tuple[int, int] = (112, 56)) -> str:
    """`data:` address of what might be a sample of one view, such as a mean."""
    spec, values = data.spec.views[view], data.views[view]
    return drawing.data_uri(drawing.png(_pictures(spec, values, sample.astype(np.float32)[None], size)[0]))


def _pictures(spec: ViewSpec, values: np.ndarray, chosen: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    if spec.kind == "vector":
        width, height = size
        return profiles.profiles(chosen, *profiles.column_ranges(values), width=width, height=height)
    return _enlarged(chosen, low=spec.low, high=spec.high)


def _enlarged(images: np.ndarray, *, low: float = 0.0, high: float = 255.0) -> np.ndarray:
    """Images (n, C, H, W) as (n, h, w, 3) bytes, not larger than is shown."""
    pictures = drawing.to_rgb(images, low=low, high=high)
    return drawing.resize(pictures, ENLARGED_PX) if max(pictures.shape[1:3]) > ENLARGED_PX else pictures


def shown_size(spec: ViewSpec, height: int) -> tuple[int, int]:
    """Width and height of a view on the page: images keep their proportions, profiles are twice as wide as high."""
    if spec.kind == "vector":
        return 2 * height, height
    return round(height * spec.shape[2] / spec.shape[1]), height


def cards(
    data: MultiViewDataset,
    ids: np.ndarray,
    *,
    height: int = 56,
    labels: Sequence[str] | None = None,
    colors: Sequence[str] | None = None,
) -> str:
    """HTML of samples, each a card with all its views in a line.

    Args:
        data: where they are from.
        ids: (n,) samples.
        height: of a view in pixels.
        labels: (n,) text under each card.
        colors: (n,) colour of a bar under each card.
    """
    sizes = [shown_size(spec, height) for spec in data.spec.views]
    columns = [sources(data, view, ids, size=size) for view, size in enumerate(sizes)]
    names = [spec.name for spec in data.spec.views]
    if data.pictures is not None:
        sizes.insert(0, (round(height * data.pictures.shape[3] / data.pictures.shape[2]), height))
        columns.insert(0, [drawing.data_uri(drawing.png(one)) for one in _enlarged(data.pictures[ids])])
        names.insert(0, "picture")
    made = []
    wide = sum(width for width, _ in sizes) + GAP_PX * (len(sizes) - 1)
    for row, sample in enumerate(ids):
        shown = [
            _picture(column[row], f"{name} of sample {sample}", size)
            for column, name, size in zip(columns, names, sizes, strict=True)
        ]
        edge = f"border-bottom:3px solid {colors[row]}" if colors else ""
        text = _LABEL.format(wide, labels[row]) if labels else ""
        made.append(markup.Sample(shown, text, framed=True, edge=edge))
    return str(markup.grid(made, kind="mm-grid mm-wrap mm-cards"))


_LABEL = Markup('<span class="mm-cap mm-short" style="width:{0}px" title="{1}">{1}</span>')


def _picture(address: str, label: str, size: tuple[int, int]) -> markup.Picture:
    return markup.Picture(address, label, f"width:{size[0]}px;height:{size[1]}px")


def fitting(data: MultiViewDataset, *, height: int, width: int, rows: int) -> int:
    """How many cards fill so many rows of a page of that width."""
    wide = sum(shown_size(spec, height)[0] for spec in data.spec.views) + GAP_PX * (len(data.views) - 1)
    wide += 0 if data.pictures is None else height + GAP_PX
    return rows * max(1, (width + CARD_GAP_PX) // (wide + CARD_GAP_PX))
