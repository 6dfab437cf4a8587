"""Images on pages: small HTML grids whose pictures carry their own bytes, an alt text and a tooltip."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from html import escape

import numpy as np

from mmclust.data.dataset import MultiViewDataset
from mmclust.plots import images as drawing
from mmclust.ui.cache import View

SMALL = 48
"""Images up to this many pixels travel as they are and are enlarged by the browser."""


def image_view(data: MultiViewDataset) -> int | None:
    """Number of the first image view, or None."""
    return next((i for i, spec in enumerate(data.spec.views) if spec.kind == "image"), None)


def source(data: MultiViewDataset, sample: int, px: int = 96) -> str:
    """A sample's image as a `data:` address, not larger than `px` pixels; empty without an image view."""
    view = image_view(data)
    if view is None:
        return ""
    # Data sets are loaded once and shared, so their identity is as good as a name.
    return _source(_Ref(data), view, int(sample), px)


class _Ref:
    """A data set as a key: compared by identity, kept alive by the cache that holds it."""

    def __init__(self, data: MultiViewDataset) -> None:
        self.data = data

    def __hash__(self) -> int:
        return id(self.data)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Ref) and other.data is self.data


@lru_cache(maxsize=8192)
def _source(ref: _Ref, view: int, sample: int, px: int) -> str:
    spec, values = ref.data.spec.views[view], ref.data.views[view]
    picture = drawing.to_rgb(values[sample : sample + 1], low=spec.low, high=spec.high)
    if max(picture.shape[1:3]) > SMALL:
        picture = drawing.resize(picture, min(px, max(picture.shape[1:3])))
        return drawing.data_uri(drawing.jpeg(picture[0], 82))
    return drawing.data_uri(drawing.png(picture[0]))


def grid(
    sources: Sequence[str],
    labels: Sequence[str],
    *,
    px: int = 56,
    colors: Sequence[str | None] | None = None,
    captions: Sequence[str] | None = None,
    kind: str = "wrap",
) -> str:
    """HTML of images side by side.

    Args:
        sources: `data:` addresses.
        labels: (n,) alt text and tooltip of each image.
        px: edge of an image on the page.
        colors: (n,) colour of a bar under each image, None for none.
        captions: (n,) short text under each image.
        kind: "wrap" breaks lines; "row" stays in one line, with smaller images where there is less room.
    """
    cells = []
    basis = f' style="flex-basis:{px}px"' if kind == "row" else ""
    for i, (address, label) in enumerate(zip(sources, labels, strict=True)):
        color = colors[i] if colors else None
        edge = f"border-bottom:3px solid {color};" if color else ""
        text = f'<span class="mm-cap">{escape(captions[i])}</span>' if captions else ""
        cells.append(
            f'<li{basis}><img src="{address}" alt="{escape(label)}" title="{escape(label)}" '
            f'style="width:{px}px;height:{px}px;{edge}">{text}</li>'
        )
    return f'<ul class="mm-grid mm-{kind}">{"".join(cells)}</ul>'


def samples(
    view: View, positions: Iterable[int], *, px: int = 56, mark: bool = True, captions: bool = False, kind: str = "wrap"
) -> str:
    """HTML of samples of a view, each under the colour of its cluster.

    Args:
        view: the run at an epoch.
        positions: places in the arrays of the view (not sample ids).
        px: edge of an image on the page.
        mark: draw the bar in the cluster's colour.
        captions: write the class (or the probability) under each image.
        kind: see `grid`.
    """
    positions = [int(i) for i in positions]
    return grid(
        [source(view.data, int(view.ids[i])) for i in positions],
        [describe(view, i) for i in positions],
        px=px,
        colors=[view.colors[view.y_pred[i]] for i in positions] if mark else None,
        captions=[_caption(view, i) for i in positions] if captions else None,
        kind=kind,
    )


def describe(view: View, position: int) -> str:
    """A sample in words: id, class, cluster, how sure."""
    cluster = int(view.y_pred[position])
    words = [f"Image {view.ids[position]}"]
    if view.y_true is not None:
        words.append(f"class {view.class_name(int(view.y_true[position]))}")
    words.append(f"cluster {view.cluster_name(cluster)}")
    words.append(f"{view.confidence[position]:.1%} sure")
    return ", ".join(words)


def mean_image(view: View, members: np.ndarray) -> str:
    """The mean image of samples as a `data:` address; empty without images or members."""
    number = image_view(view.data)
    if number is None or not len(members):
        return ""
    spec, values = view.data.spec.views[number], view.data.views[number]
    mean = values[view.ids[members]].mean(axis=0, dtype=np.float32)[None]
    picture = drawing.to_rgb(mean, low=spec.low, high=spec.high)
    if max(picture.shape[1:3]) > SMALL:
        picture = drawing.resize(picture, 96)
    return drawing.data_uri(drawing.png(picture[0]))


def _caption(view: View, position: int) -> str:
    if view.y_true is not None:
        return view.class_name(int(view.y_true[position]))
    return f"{view.confidence[position]:.0%}"


def pairs(left: Sequence[str], right: Sequence[str], labels: Sequence[str], captions: Sequence[str], *, px: int) -> str:
    """HTML of image pairs (an image and the same under heat) side by side, with a text under each pair."""
    cells = [
        f'<li class="mm-pair"><div><img src="{a}" alt="{escape(label)}" title="{escape(label)}" '
        f'style="width:{px}px;height:{px}px"><img src="{b}" alt="Grad-CAM of {escape(label)}" '
        f'title="Grad-CAM of {escape(label)}" style="width:{px}px;height:{px}px"></div>'
        f'<span class="mm-cap">{escape(caption)}</span></li>'
        for a, b, label, caption in zip(left, right, labels, captions, strict=True)
    ]
    return f'<ul class="mm-grid mm-wrap mm-pairs">{"".join(cells)}</ul>'
