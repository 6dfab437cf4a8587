"""Where samples lie on a map: the spaces and projections on offer, and the layout of one of them."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from mmclust.analysis import large
from mmclust.analysis.projection import cached_projection
from mmclust.analysis.spaces import Space, choices
from mmclust.clustering import Clustering
from mmclust.ui.components.pointmap import map_points

PROJECTIONS = {"t-SNE": "tsne", "UMAP": "umap", "PaCMAP": "pacmap", "PCA": "pca"}
"""Title -> name of the projection."""


def spaces(clustering: Clustering) -> dict[str, Space]:
    """What can be shown, by the name that stands in the URL."""
    return {space.name: space for space in choices(clustering.snapshot.spaces, clustering.view_names)}


def lay_out(
    clustering: Clustering,
    space: Space,
    rows: np.ndarray,
    kind: str,
    *,
    options: Mapping[str, Any] | None = None,
    progress: Callable[[float], None] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Positions of samples and of the space's prototypes, which are laid out together: only then do they compare.

    Args:
        clustering: the run at an epoch.
        space: what is projected.
        rows: (m,) places of the samples in the clustering's arrays.
        kind: one of the values of `PROJECTIONS`.
        options: parameters of the projection.
        progress: told the fraction done.

    Returns:
        (m * members of the space, 2) of the samples, member after member, and (M, 2) of the prototypes.
    """
    samples, prototypes = map_points.codes(clustering, space, rows), map_points.landmarks(clustering, space)
    folder, settings = clustering.folder("layouts"), {"seed": 0, **(options or {})}
    if large.is_large(len(samples), kind):
        xy = large.cached_layout(folder, samples, prototypes, kind, progress=progress, **settings)
    else:
        together = large.with_prototypes(samples, prototypes)
        xy = cached_projection(folder, together, kind, progress=progress, **settings)
    return xy[: len(samples)], xy[len(samples) :]
