"""The point map of the app in a notebook.

Shapes: n samples.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

try:
    import anywidget  # pyright: ignore[reportMissingImports]
    import traitlets  # pyright: ignore[reportMissingImports]
except ImportError:
    raise ImportError("Map needs anywidget; install it with `pip install 'mmclust[notebook]'`") from None

from mmclust.analysis.spaces import Space
from mmclust.clustering import Clustering, cluster_snapshot
from mmclust.data import catalogue
from mmclust.data.dataset import MultiViewDataset
from mmclust.estimators import DeepClustering
from mmclust.runs.run import Run
from mmclust.runs.store import RunStore
from mmclust.ui.components import pictures, pointmap
from mmclust.ui.components.pointmap import Frame, atlas, layouts, map_points
from mmclust.ui.components.pointmap.map_points import Points

MOST_PAGES = 10
"""Pages of a thousand thumbnails that travel with a map; larger data are drawn without."""
_SOURCES = pointmap.notebook_sources()


class Map(anywidget.AnyWidget):
    """The samples of a clustering as points, to look at and to select.

    Args:
        model: a fitted estimator, a run, or the id of one.
        space: what is drawn; None for the first of `spaces`.
        projection: tsne, umap, pacmap or pca.
        height: in pixels.

    Raises:
        ValueError: no such run, space or projection, or a run without a result.
        TypeError: something else than a model.
        NotFittedError: the estimator is not fitted.

    Attributes:
        selection: (m,) numbers of the selected samples, ascending; can be set.
        spaces: names of what can be drawn.

    Example:
        >>> example = RunStore.example()
        >>> map = Map(example.get(example.list()[0].run_id), projection="pca")
        >>> map.selection = [42, 7]
        >>> map.selection.tolist()
        [7, 42]
    """

    _esm = _SOURCES["js"]
    _css = _SOURCES["css"]
    markup = traitlets.Unicode(_SOURCES["html"]).tag(sync=True)
    content = traitlets.Bytes().tag(sync=True)
    alt = traitlets.Unicode().tag(sync=True)
    height = traitlets.Int(480).tag(sync=True)
    bits = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        model: DeepClustering | Run | str,
        *,
        space: str | None = None,
        projection: str = "tsne",
        height: int = 480,
    ) -> None:
        shown = _clustering(model)
        known = layouts.spaces(shown)
        if space is not None and space not in known:
            raise ValueError(f"space {space!r} is not known; choose one of {', '.join(known)}")
        self.spaces = tuple(known)
        chosen = known[space or self.spaces[0]]
        self._ids, content = _content(shown, chosen, projection)
        alt = f"Samples of {shown.record.title or shown.record.run_id}, {chosen.title}"
        super().__init__(content=content, alt=alt, height=height)

    @property
    def selection(self) -> np.ndarray:
        """(m,) numbers of the selected samples, ascending."""
        return np.unique(self._ids[pointmap.decode(self.bits, len(self._ids))]) if self.bits else np.empty(0, np.int64)

    @selection.setter
    def selection(self, samples: Sequence[int] | np.ndarray) -> None:
        wanted = np.asarray(samples, np.int64)
        if missing := sorted(set(wanted.tolist()) - set(self._ids.tolist())):
            raise ValueError(f"sample {missing[0]} is not on the map; samples go from 0 to {int(self._ids.max())}")
        self.bits = pointmap.encode(np.flatnonzero(np.isin(self._ids, wanted)), len(self._ids))


def _clustering(model: DeepClustering | Run | str) -> Clustering:
    run = (
        model.run_ if isinstance(model, DeepClustering) else RunStore().get(model) if isinstance(model, str) else model
    )
    if not isinstance(run, Run):
        raise TypeError(f"{model!r} has no map; give a fitted estimator, a run, or the id of one")
    data = catalogue.load(run.spec.dataset, limit=run.spec.limit)
    return cluster_snapshot(run.record(), run, 0, run.snapshot(), data)


def _content(shown: Clustering, space: Space, projection: str) -> tuple[np.ndarray, bytes]:
    """Numbers of the samples that the points are, and the map's file."""
    rows = map_points.shown_rows(len(shown.ids), len(space.members))
    xy, stars = layouts.lay_out(shown, space, rows, projection)
    rows = np.tile(rows, len(space.members))
    points = Points(xy=xy, rows=rows, views=None, landmarks=stars)
    ids = shown.ids[rows]
    return ids, pointmap.pack(
        ids=ids,
        frames=[Frame(epoch=shown.epoch, xy=xy)],
        colorings=map_points.colorings(shown, points),
        landmarks=map_points.stars(shown, points),
        atlas=_thumbnails(shown.data),
        layout=f"{space.name} {projection}",
    )


def _thumbnails(data: MultiViewDataset) -> Any:
    view = (pictures.image_view(data) or 0) if data.pictures is None else None
    return atlas.inline(data, view, MOST_PAGES)
