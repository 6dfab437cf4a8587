"""Samples on pages: small HTML grids whose pictures carry their own bytes, an alt text and a tooltip.

Images are shown as images, vector views as small bar profiles; a sample of several views shows all of them together.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

import numpy as np

from mmclust.clustering import Clustering
from mmclust.data.dataset import MultiViewDataset
from mmclust.plots import images as drawing
from mmclust.plots import profiles
from mmclust.ui.components import markup

SMALL = 48
"""Images up to this many pixels travel as they are and are enlarged by the browser."""
PROFILE_PX = (128, 80)
"""Width and height of a profile; twice what it takes on a page, so that its bars stay even."""
LONG_CAPTION = 16
"""Letters beyond which a caption is cut to the width of its sample; names of classes are seldom longer."""
CACHED = 16384
"""Pictures cached in memory, some hundred bytes each."""


def image_view(data: MultiViewDataset) -> int | None:
    """Number of the first image view, or None."""
    return next((i for i in range(len(data.views)) if is_image(data, i)), None)


def is_image(data: MultiViewDataset, view: int) -> bool:
    """Whether a view is drawn as an image: it is one, or its columns are the pixels of one."""
    spec = data.spec.views[view]
    return spec.kind == "image" or spec.image_shape is not None


def pixels(data: MultiViewDataset, view: int, rows: np.ndarray) -> np.ndarray:
    """Images (n, H, W, 3) uint8 of rows (n, ...) of an image view."""
    spec = data.spec.views[view]
    return drawing.to_rgb(rows.reshape(-1, *(spec.image_shape or spec.shape)), low=spec.low, high=spec.high)


def source(data: MultiViewDataset, sample: int, px: int = 96) -> str:
    """A sample's first image as a `data:` address, or its first profile; not larger than `px` pixels."""
    if data.pictures is not None:
        return shown_pictures(data, [int(sample)], px)[0]
    view = image_view(data)
    return sources(data, view or 0, [int(sample)], px)[0]


def shown_pictures(data: MultiViewDataset, samples: Sequence[int], px: int = 96) -> list[str]:
    """The pictures that features were made of, as `data:` addresses."""

    def draw(missing: list[int]) -> list[str]:
        assert data.pictures is not None
        return encoded(drawing.to_rgb(data.pictures[missing], low=0.0, high=255.0), px)

    return _drawn.get((_Ref(data), "shown", px), samples, draw)


def sources(data: MultiViewDataset, view: int, samples: Sequence[int], px: int = 96) -> list[str]:
    """Samples of a view as `data:` addresses; those not drawn before are drawn together.

    Args:
        data: the data set.
        view: number of the view.
        samples: ids.
        px: longest side of an image.
    """
    # Data sets are loaded once and shared, so their identity is as good as a name.
    draw = _images if is_image(data, view) else _profiles
    return _drawn.get((_Ref(data), view, px), samples, lambda missing: draw(data, view, missing, px))


class _Drawn:
    """Addresses of pictures that were drawn, the latest kept."""

    def __init__(self) -> None:
        self.known: dict[tuple, str] = {}

    def get(self, of: tuple, samples: Sequence[int], draw: Callable[[list[int]], list[str]]) -> list[str]:
        missing = list(dict.fromkeys(sample for sample in samples if (of, sample) not in self.known))
        fresh = dict(zip(missing, draw(missing), strict=True)) if missing else {}
        found = [fresh.get(sample) or self.known.get((of, sample), "") for sample in samples]
        self.known.update({(of, sample): address for sample, address in fresh.items()})
        for old in list(self.known)[: max(0, len(self.known) - CACHED)]:
            self.known.pop(old, None)
        return found


_drawn = _Drawn()


class _Ref:
    """A data set as a key: compared by identity, kept alive by the cache that holds it."""

    def __init__(self, data: MultiViewDataset) -> None:
        self.data = data

    def __hash__(self) -> int:
        return id(self.data)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Ref) and other.data is self.data


def _images(data: MultiViewDataset, view: int, samples: list[int], px: int) -> list[str]:
    return encoded(pixels(data, view, data.views[view][samples]), px)


def encoded(pictures: np.ndarray, px: int = 96) -> list[str]:
    """Images (n, H, W, 3) uint8 as `data:` addresses: small ones exactly, larger ones as JPEG of `px` pixels."""
    if max(pictures.shape[1:3]) > SMALL:
        pictures = drawing.resize(pictures, min(px, max(pictures.shape[1:3])))
        return [drawing.data_uri(drawing.jpeg(picture, 82)) for picture in pictures]
    return [drawing.data_uri(drawing.png(picture)) for picture in pictures]


def _profiles(data: MultiViewDataset, view: int, samples: list[int], px: int) -> list[str]:
    return drawn_profiles(data, view, data.views[view][samples])


def drawn_profiles(data: MultiViewDataset, view: int, rows: np.ndarray) -> list[str]:
    """Rows (n, D) of a vector view as bar profiles on the scales of the data set's columns."""
    low, high = _ranges(_Ref(data), view)
    width, height = PROFILE_PX
    return [drawing.data_uri(drawing.png(p)) for p in profiles.profiles(rows, low, high, width=width, height=height)]


def thumbnails(data: MultiViewDataset, view: int, ids: np.ndarray, px: int) -> np.ndarray:
    """Samples of a view as squares (n, px, px, 4) uint8, transparent where an image is not square."""
    found = np.zeros((len(ids), px, px, 4), np.uint8)
    rows = data.views[view][ids]
    if not is_image(data, view):
        return profiles.profiles(rows, *_ranges(_Ref(data), view), width=px, height=px)
    images = drawing.resize(pixels(data, view, rows), px) if len(ids) else found[..., :3]
    height, width = images.shape[1:3]
    top, left = (px - height) // 2, (px - width) // 2
    found[:, top : top + height, left : left + width, :3] = images
    found[:, top : top + height, left : left + width, 3] = 255
    return found


@lru_cache(maxsize=64)
def _ranges(ref: _Ref, view: int) -> tuple[np.ndarray, np.ndarray]:
    return profiles.column_ranges(ref.data.views[view])


def grid(
    sources: Sequence[str | Sequence[str]],
    labels: Sequence[str],
    *,
    px: int = 56,
    colors: Sequence[str | None | Sequence[str | None]] | None = None,
    captions: Sequence[str] | None = None,
    kind: str = "wrap",
    views: Sequence[tuple[str, bool]] = (),
) -> str:
    """HTML of samples side by side.

    Args:
        sources: `data:` addresses; several of a sample where it has several views.
        labels: (n,) alt text and tooltip of each sample.
        px: width of a picture on the page.
        colors: (n,) colour of a bar under each picture, None for none; several for samples of several views.
        captions: (n,) short text under each sample.
        kind: "wrap" breaks lines; "row" stays in one line, with smaller pictures where there is less room.
        views: name of each view and whether it is an image, for samples of several views; in a row they stand one
            below the other, otherwise side by side.
    """
    cells = []
    basis = f"flex-basis:{px}px" if kind == "row" else ""
    for i, (address, label) in enumerate(zip(sources, labels, strict=True)):
        color = colors[i] if colors else None
        wide = px if isinstance(address, str) else px * len(address)
        words = captions[i] if captions else ""
        text = markup.caption(words, width=wide if len(words) > LONG_CAPTION else 0) if captions else ""
        if isinstance(address, str):
            inside = [_picture(address, label, px, color if isinstance(color, str) else None)]
        else:
            bars = [color] * len(address) if color is None or isinstance(color, str) else color
            parts = zip(address, views, bars, strict=True)
            inside = [_picture(a, f"{label}, {name}", px, bar, is_image) for a, (name, is_image), bar in parts]
        cells.append(markup.Sample(inside, text, basis, framed=not isinstance(address, str)))
    return str(markup.grid(cells, kind=f"mm-grid mm-{kind}{' mm-several' if views else ''}"))


def _picture(address: str, label: str, px: int, color: str | None, is_image: bool = True) -> markup.Picture:
    edge = f"border-bottom:3px solid {color};" if color else ""
    height = px if is_image else round(px * PROFILE_PX[1] / PROFILE_PX[0])
    if edge and not is_image:  # bars of a profile stay apart from the bar that marks its cluster
        height, edge = height + 5, f"{edge}padding-bottom:2px;"
    style = f"width:{px}px;height:{height}px;{edge}"
    return markup.Picture(address, label, style, "" if is_image else "mm-profile")


def samples(
    clustering: Clustering,
    positions: Iterable[int],
    *,
    px: int = 56,
    mark: bool = True,
    captions: bool | Sequence[str] = False,
    kind: str = "wrap",
    only: Sequence[int] | None = None,
) -> str:
    """HTML of samples, each under the colour of its cluster; with several views, each view under the colour of its own.

    Args:
        clustering: the run at an epoch.
        positions: places in the arrays of the clustering (not sample ids).
        px: width of a picture on the page.
        mark: draw the bar in the cluster's colour.
        captions: write the class (or the probability) under each sample, or these texts.
        kind: see `grid`.
        only: numbers of the data's views to show; by default all.
    """
    positions = [int(i) for i in positions]
    shown = list(range(len(clustering.data.views))) if only is None else list(only)
    ids = [int(clustering.ids[i]) for i in positions]
    per_view = [sources(clustering.data, number, ids) for number in shown]
    labels = [describe(clustering, i) for i in positions]
    texts = (
        None if captions is False else [_caption(clustering, i) for i in positions] if captions is True else captions
    )
    if clustering.data.pictures is not None and len(shown) == len(clustering.data.views):
        colors = [clustering.colors[clustering.y_pred[i]] for i in positions] if mark else None
        return grid(shown_pictures(clustering.data, ids), labels, px=px, colors=colors, captions=texts, kind=kind)
    if len(shown) == 1 and (len(clustering.data.views) == 1 or is_image(clustering.data, shown[0])):
        colors = [clustering.colors[clustering.y_pred[i]] for i in positions] if mark else None
        if is_image(clustering.data, shown[0]):
            return grid(per_view[0], labels, px=px, colors=colors, captions=texts, kind=kind)
    views = [(clustering.view_names[number], is_image(clustering.data, number)) for number in shown]
    if len(shown) > 3 and kind == "wrap":
        px = round(0.72 * px)  # two or three samples in a line, where they are wide
    return grid(
        list(zip(*per_view, strict=True)),
        labels,
        px=px,
        colors=_bars(clustering, positions, shown) if mark else None,
        captions=texts,
        kind=kind,
        views=views,
    )


def _bars(clustering: Clustering, positions: list[int], shown: Sequence[int]) -> list[list[str | None]]:
    """Colour of the cluster of each sample, for every view that is shown; the view's own where it has one."""
    clusters = [
        clustering.of_view(number).y_pred[positions]
        if clustering.snapshot.view_logits
        else clustering.y_pred[positions]
        for number in shown
    ]
    return [[clustering.colors[k] for k in of_sample] for of_sample in zip(*clusters, strict=True)]


def describe(clustering: Clustering, position: int) -> str:
    """A sample in words: id, class, cluster, how sure."""
    cluster = int(clustering.y_pred[position])
    words = [f"{clustering.word.capitalize()} {clustering.ids[position]}"]
    if clustering.y_true is not None:
        words.append(f"class {clustering.class_name(int(clustering.y_true[position]))}")
    words.append(f"cluster {clustering.cluster_name(cluster)}")
    words.append(f"{clustering.confidence[position]:.1%} confidence")
    if clustering.data.texts is not None and (text := str(clustering.data.texts[clustering.ids[position]])):
        words.append(f"“{text[:200]}”")
    return ", ".join(words)


def means(clustering: Clustering, members: np.ndarray) -> list[str]:
    """The mean image or profile of samples in every view as `data:` addresses; none without members."""
    if not len(members):
        return []
    return [_mean(clustering.data, number, clustering.ids[members]) for number in range(len(clustering.data.views))]


def _mean(data: MultiViewDataset, view: int, ids: np.ndarray) -> str:
    mean = data.views[view][ids].mean(axis=0, dtype=np.float32)[None]
    return encoded(pixels(data, view, mean))[0] if is_image(data, view) else drawn_profiles(data, view, mean)[0]


def _caption(clustering: Clustering, position: int) -> str:
    if clustering.y_true is not None:
        return clustering.class_name(int(clustering.y_true[position]))
    return f"{clustering.confidence[position]:.0%}"
