"""Pools of starts, kept under the cache folder: methods and repeats of a data set share them.

Shapes: N samples, D columns of a view.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmclust.auto import starts
from mmclust.auto.starts import Pool, Start
from mmclust.baselines.alignment import align
from mmclust.data.readers import cache

VERSION = 4
"""Raised when pools change, so that earlier ones are not taken for new ones."""


def pool(views: Sequence[np.ndarray], n_clusters: int, *, seed: int) -> Pool:
    """The pool of `starts.find`, computed where it was not before.

    Args:
        views: each (N, D), prepared.
        n_clusters: K.
        seed: of all draws.
    """

    def fill(folder: Path) -> None:
        _save(folder, starts.find(views, n_clusters, seed=seed, align=align))

    content = hashlib.sha256()
    for view in views:
        content.update(np.ascontiguousarray(view).tobytes())
    name = cache.key("starts", VERSION, content.hexdigest(), [view.shape for view in views], n_clusters, seed)
    return _load(cache.entry(name, fill))


def _save(folder: Path, found: Pool) -> None:
    np.save(folder / "clusters.npy", np.stack([one.clusters for one in found.candidates]).astype(np.int32))
    about = [{"name": c.name, "evidence": c.evidence, "by_view": c.evidence_by_view} for c in found.candidates]
    document = {"candidates": about, "taken": found.taken, "chance": found.chance}
    (folder / "pool.json").write_text(json.dumps(document))


def _load(folder: Path) -> Pool:
    about = json.loads((folder / "pool.json").read_text())
    clusters = np.load(folder / "clusters.npy").astype(np.int64)
    candidates = tuple(
        Start(name=one["name"], clusters=row, evidence=one["evidence"], evidence_by_view=tuple(one["by_view"]))
        for one, row in zip(about["candidates"], clusters, strict=True)
    )
    return Pool(candidates=candidates, taken=about["taken"], chance=about["chance"])
