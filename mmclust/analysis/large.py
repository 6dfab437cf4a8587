"""Layouts of more samples than are laid out together: some of them are, and the library's transform places the others.

Shapes: n samples, p prototypes, D dimensions, m samples that are laid out together.
"""

from collections.abc import Hashable
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from mmclust import neighbours
from mmclust.analysis import disk_cache, pacmap_layouts, placement, projection
from mmclust.analysis.projection import Progress, cached_projection
from mmclust.analysis.source import Source

FROM = 100_000
SAMPLE = 50_000
KINDS = ("tsne", "umap", "pacmap")
"""PCA takes no time: it is always laid out whole."""
CHUNK = 10_000
"""Samples that are placed at a time."""
_FIRST = 0.6
"""Share of the time that the first samples take, where they are not laid out yet."""
SOURCE = Source(
    alone=tuple(one.__name__ for one in (neighbours, pacmap_layouts, placement, projection)) + (__name__,),
    packages=("openTSNE", "umap-learn", "pacmap"),
)


def is_large(n_samples: int, kind: str) -> bool:
    """Whether so many samples are laid out in two steps."""
    return n_samples > FROM and kind in KINDS


def first_rows(n_samples: int) -> np.ndarray:
    """Places (m,) of the samples that are laid out together, always the same random ones, ascending; read only."""
    return _chosen(n_samples, min(SAMPLE, n_samples))


@lru_cache(maxsize=2)
def _chosen(n_samples: int, n_chosen: int) -> np.ndarray:
    return np.sort(np.random.default_rng(0).choice(n_samples, n_chosen, replace=False))


def cached_layout(
    folder: Path,
    samples: np.ndarray,
    prototypes: np.ndarray,
    kind: str,
    *,
    progress: Progress | None = None,
    **options: Any,
) -> np.ndarray:
    """Positions (n + p, 2) float32 of samples and prototypes, remembered in `folder`.

    Args:
        folder: where layouts are kept.
        samples: (n, D) codes.
        prototypes: (p, D), which are laid out with the first samples.
        kind: one of `KINDS`.
        progress: told how far the work is.
        **options: see `projection.project`.
    """
    key = layout_key(samples, prototypes, kind, **options)
    work = partial(_lay_out, folder, samples, prototypes, kind, progress or (lambda share: None), options)
    return disk_cache.arrays(folder, key, work, source=SOURCE)["xy"]


def layout_key(samples: np.ndarray, prototypes: np.ndarray, kind: str, **options: Any) -> Hashable:
    """What a layout depends on, beside the code; see `cached_layout`."""
    return kind, *sorted(options.items()), disk_cache.content(samples), disk_cache.content(prototypes)


def _lay_out(
    folder: Path, samples: np.ndarray, prototypes: np.ndarray, kind: str, report: Progress, options: dict[str, Any]
) -> disk_cache.Arrays:
    rows = first_rows(len(samples))
    first = with_prototypes(samples[rows], prototypes)
    begun = 0.0 if projection.is_cached(folder, first, kind, **options) else _FIRST
    drawn = cached_projection(folder, first, kind, progress=lambda share: report(begun * share), **options)
    others = np.setdiff1d(np.arange(len(samples)), rows, assume_unique=True)
    known = {name: options[name] for name in ("seed", "n_neighbors") if name in options}
    place = placement.placer(first, drawn, kind, **known)
    xy = np.empty((len(samples) + len(prototypes), 2), np.float32)
    xy[rows], xy[len(samples) :] = drawn[: len(rows)], drawn[len(rows) :]
    for start in range(0, len(others), CHUNK):
        some = others[start : start + CHUNK]
        xy[some] = place(samples[some])
        report(begun + (1 - begun) * (start + len(some)) / len(others))
    return {"xy": xy}


def with_prototypes(samples: np.ndarray, prototypes: np.ndarray) -> np.ndarray:
    """Codes of samples and below them those of prototypes, if there are any: what is laid out together."""
    return np.concatenate([samples, prototypes]) if len(prototypes) else samples
