"""A baseline as a run of the store: the same record, curves and snapshot as a method's, so that every page shows it."""

import platform
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from mmclust.baselines.exploring import EXPLORED, fit
from mmclust.baselines.table import STEPS
from mmclust.data import preprocessing as preparation
from mmclust.data.dataset import MultiViewDataset
from mmclust.evaluation.metrics import NO_CLASS, score, usage_entropy
from mmclust.evaluation.snapshot import Snapshot
from mmclust.runs.active import ActiveRun
from mmclust.runs.spec import RunSpec

PRESET = "baseline"
"""Of the spec of such a run."""


def spec_of(
    dataset: str,
    name: str,
    *,
    n_samples: int,
    n_classes: int,
    clusters: int | None = None,
    preprocessing: Sequence[str] | None = None,
    seed: int = 0,
    limit: int | None = None,
    launcher: str = "thread",
    title: str = "",
    tags: Sequence[str] = (),
) -> RunSpec:
    """The spec of a baseline's run.

    Args:
        dataset: catalogue name or path.
        name: key of `EXPLORED`.
        n_samples: of the run.
        n_classes: of the data set, 0 without.
        clusters: None for as many as there are classes.
        preprocessing: of the data; None for columns from 0 to 1.
        seed: of all random starts.
        limit: a random sample of this many.
        launcher: who executes it.
        title: what the user calls it.
        tags: words to find it by.

    Raises:
        ValueError: a number of clusters that cannot be looked for.
    """
    wanted = n_classes if clusters is None else clusters
    if not 2 <= wanted <= n_samples:
        raise ValueError(
            f"clusters={wanted} is not allowed for {Path(dataset).name}; give the number of clusters to look for, from "
            f"2 to {n_samples:,}"
        )
    return RunSpec(
        dataset=dataset,
        method=name,
        config={},
        epochs=1,
        preprocessing=preparation.parse(STEPS if preprocessing is None else preprocessing),
        seed=seed,
        n_clusters=clusters,
        limit=limit,
        preset=PRESET,
        device="cpu",
        launcher=launcher,
        n_snapshots=1,
        title=title.strip(),
        tags=tuple(tags),
    )


def execute(run: ActiveRun, dataset: MultiViewDataset) -> None:
    """Cluster the data of a claimed run by its baseline, and keep what pages show.

    Raises:
        ValueError: the data cannot be used, in one sentence.
    """
    from mmclust import __version__

    spec = run.spec
    n_clusters = spec.n_clusters or dataset.spec.n_clusters
    data = preparation.prepare(dataset, spec.preprocessing)
    if images := [view.name for view in data.spec.views if view.kind == "image"]:
        raise ValueError(
            f"{', '.join(images)} is an image and {EXPLORED[spec.method].title} needs columns; add flatten"
        )
    preparation.check(data)
    environment = {"mmclust": __version__, "python": platform.python_version(), "numpy": np.__version__}
    run.begin(n_samples=data.n_samples, n_train=data.n_samples, n_clusters=n_clusters, environment=environment)
    with threadpool_limits(1):  # as in `mmclust.baselines.table`
        found = fit(spec.method, data.views, n_clusters, spec.seed)
    snapshot = Snapshot(
        epoch=1, step=1, index=np.arange(data.n_samples), spaces=found.spaces, logits=found.logits.astype(np.float32)
    )
    probs = snapshot.probs
    values = {"signal/usage_entropy": usage_entropy(probs), "signal/confidence": float(probs.max(axis=1).mean())}
    if data.labels is not None and (data.labels != NO_CLASS).any():
        values |= {f"eval/{name}": value for name, value in score(data.labels, snapshot.y_pred).items()}
    run.snapshot(snapshot)
    run.log(values, step=1, epoch=1)
    run.progress(step=1, total_steps=1, epoch=1)
