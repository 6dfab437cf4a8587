"""Simple methods beside a run, computed after it on the same preparation and stored with it.

A run under preset auto has computed the quick ones itself; of other presets this is also where the verdict comes from.
"""

import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from mmclust.auto import baselines, preparation, shallow, starts
from mmclust.auto.account import BESIDE
from mmclust.auto.evidence import Evidence
from mmclust.auto.verdict import IMAGE_BASELINE, verdict
from mmclust.auto.view_run import comparable
from mmclust.auto.weighing import weigh
from mmclust.baselines.classic import k_means
from mmclust.data.dataset import MultiViewDataset
from mmclust.evaluation.metrics import score
from mmclust.evaluation.snapshot import Snapshot

Report = Callable[[float], None]
"""Told the fraction done."""
SIMPLE_FRACTION = 0.9
"""Of the time, that the simple methods take; the rest measures them."""


def add(folder: Path, dataset: MultiViewDataset, snapshot: Snapshot, *, seed: int, report: Report) -> None:
    """Compute what is missing beside a run and write it into its folder; it appears whole or not at all.

    Args:
        folder: of the run.
        dataset: as its method sees it.
        snapshot: the last one.
        seed: of all draws.
        report: told the fraction done.
    """
    several = len(dataset.views) > 1
    found = (_of_views if several else _of_images)(dataset.take(snapshot.index), snapshot, seed, report)
    report(1.0)
    document = {"kind": "views" if several else "images", "n_samples": len(snapshot.index), **found}
    draft = folder / (BESIDE + ".tmp")
    draft.write_text(json.dumps(document, indent=2))
    draft.replace(folder / BESIDE)


def _of_views(dataset: MultiViewDataset, snapshot: Snapshot, seed: int, report: Report) -> dict[str, Any]:
    views, n_clusters = comparable(dataset), snapshot.n_clusters
    titles = [view.name for view in dataset.spec.views]
    related = preparation.related(views, n_clusters)
    partitions = baselines.partitions(views, n_clusters, seed, slow=False)
    report(SIMPLE_FRACTION / 2)
    partitions |= baselines.partitions(views, n_clusters, seed, slow=True)
    report(SIMPLE_FRACTION)
    return _judged(dataset, dict(zip(titles, views, strict=True)), snapshot, partitions, related, seed)


def _of_images(dataset: MultiViewDataset, snapshot: Snapshot, seed: int, report: Report) -> dict[str, Any]:
    """Pixels and edges are the two views."""
    codes, n_clusters = shallow.describe(dataset.views[0], dataset.spec.views[0], seed), snapshot.n_clusters
    report(0.2)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Number of distinct clusters")  # of images that are alike
        partitions = {IMAGE_BASELINE: k_means(codes.pixels, n_clusters, seed)}
    for done, (space, name) in enumerate((("pixels", "pixels"), ("hog", "edges")), start=1):
        partitions[f"UMAP and mixture on {name}"] = shallow.baseline(codes, space, n_clusters, seed)
        report(0.2 + (SIMPLE_FRACTION - 0.2) / 2 * done)
    views = {"pixels": codes.pixels, "edges": codes.hog}
    return _judged(dataset, views, snapshot, partitions, (True, True), seed)


def _judged(
    dataset: MultiViewDataset,
    views: Mapping[str, np.ndarray],
    snapshot: Snapshot,
    partitions: Mapping[str, np.ndarray],
    related: Sequence[bool],
    seed: int,
) -> dict[str, Any]:
    """Evidence of the result and of all partitions (N,), and the verdict."""
    n_clusters, clusters, labels = snapshot.n_clusters, snapshot.y_pred, dataset.labels
    heard = preparation.heard(tuple(views.values()), related)
    chance = starts.chance(heard, n_clusters, seed)
    measured = weigh(
        clusters,
        partitions,
        measure=Evidence(heard, n_clusters, seed),
        views=views,
        related=related,
        chance=chance,
        n_clusters=n_clusters,
        seed=seed,
        of_images=len(dataset.views) == 1,
    )
    rows = [
        {"name": name, "evidence": value, "metrics": None if labels is None else score(labels, partitions[name])}
        for name, value in measured.simple.items()
    ]
    verdict_ = asdict(verdict(measured))
    return {"simple": rows, "evidence": measured.evidence, "chance": chance, "verdict": verdict_}
