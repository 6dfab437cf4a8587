"""A run of several views under preset auto: preparation, start, the method, gate, and what earned the result.

Shapes: N samples, D columns, K clusters.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from mmclust.auto import baselines, pools, preparation
from mmclust.auto.evidence import TIED, Evidence, total
from mmclust.auto.preparation import Preparation
from mmclust.auto.record import ARRAYS, FILE, as_start, n_moved, save
from mmclust.auto.starts import Pool
from mmclust.auto.verdict import Measured, verdict
from mmclust.auto.weighing import weigh
from mmclust.data import preprocessing, scaling
from mmclust.data.dataset import MultiViewDataset
from mmclust.engine import partial as partial_samples
from mmclust.evaluation.metrics import score
from mmclust.evaluation.snapshot import Snapshot

if TYPE_CHECKING:
    from mmclust.engine.trainer import Outcome, Trainer
    from mmclust.methods.base import Method

__all__ = ["ARRAYS", "FILE", "Job", "LiveEvidence", "chosen_steps", "train"]
STEPS: Mapping[str, tuple[str, ...]] = {
    "none": (),
    "tf-idf": ("tf-idf",),
    "l2": ("l2",),
    "minmax": ("minmax",),
    "standard": ("standard", f"clip-{scaling.CLIP:g}"),
    "sqrt-l2": ("sqrt", "l2"),
    "walk": ("walk",),
}
"""Steps of `mmclust.data.preprocessing` that make each of `preparation.SCALINGS`."""
LIVE_SAMPLES = 2000
"""Samples that the curve of evidence is measured on."""


def chosen_steps(dataset: MultiViewDataset, n_clusters: int, seed: int = 0) -> tuple[tuple[str, ...], Preparation]:
    """Preprocessing of a data set as it was read, in plain steps, and what led to it.

    Raises:
        ValueError: all samples are the same.
    """
    are_images = [view.kind == "image" for view in dataset.spec.views]
    flat = preprocessing.prepare(dataset, ("flatten",))
    found = preparation.choose(flat.views, n_clusters, are_images=are_images, seed=seed)
    own = [f"{number}:{step}" for number, name in enumerate(found.scalings, start=1) for step in STEPS[name]]
    first = ("flatten",) if any(are_images) else ()
    return (*first, *own, f"pca-{preparation.N_COMPONENTS}", "unit"), found


def comparable(dataset: MultiViewDataset) -> tuple[np.ndarray, ...]:
    """The views (N, D) of a prepared data set as starts and evidence need them: one scale, at most 100 columns."""
    flat = preprocessing.prepare(dataset, ("flatten",)).views
    wide = [
        scaling.principal(scaling.as_rows(view), preparation.N_COMPONENTS)
        if view.shape[1] > preparation.N_COMPONENTS
        else np.asarray(view, np.float32)
        for view in flat
    ]
    return tuple(scaling.unit_variance(view) for view in wide)


class LiveEvidence:
    """The curve "evidence (no labels)" of any run of several views: a quick measure at every evaluation.

    Args:
        dataset: as the method sees it.
        n_clusters: K.
    """

    def __init__(self, dataset: MultiViewDataset, n_clusters: int) -> None:
        self.rows = np.sort(np.random.default_rng(0).permutation(dataset.n_samples)[:LIVE_SAMPLES])
        views = comparable(dataset.take(self.rows))
        some = preparation.heard(views, preparation.related(views, n_clusters))
        self.measure = Evidence(some, n_clusters, n_repeats=1)

    def __call__(self, snapshot: Snapshot) -> dict[str, float]:
        """`signal/evidence` of a snapshot, where it holds all measured samples."""
        clusters = np.full(int(max(snapshot.index.max(), self.rows.max())) + 1, -1)
        clusters[snapshot.index] = snapshot.y_pred
        found = clusters[self.rows]
        return {} if (found < 0).any() else {"signal/evidence": self.measure.of(found)}


@dataclass(frozen=True, kw_only=True)
class Job:
    """What the worker hands over."""

    run: Any
    """The `ActiveRun`, whose spec names all preprocessing."""
    dataset: MultiViewDataset
    """Prepared."""
    n_clusters: int
    preparation: Preparation | None
    """What led to the preprocessing; None where the spec named it."""
    state: Mapping[str, Any] | None
    """A checkpoint to go on from."""
    make: "Callable[[Callable[[Method], Method]], Trainer]"
    """Gives the trainer of the method after it was wrapped."""


def train(job: Job) -> "tuple[Outcome, Callable[[], None]]":
    """Start, training and gate; what earned the result is written down at the end.

    Returns:
        How it ended, and what is left to do once the run has: simple methods that take long are added to the record.
    """
    import torch

    from mmclust.methods.warm_start import WarmStart

    spec = job.run.spec
    this = ViewRun(job.dataset, job.n_clusters, seed=spec.seed)
    if "start" in spec.auto:
        this.pool = this.pool.taking(spec.auto["start"])
    job.run.decide(spec.config, {**spec.auto, "start": this.pool.start.name})
    views = _views(this, job.preparation)
    clusters = torch.from_numpy(this.pool.start.clusters)
    epochs = min(spec.auto["start_epochs"], max(1, 2 * spec.epochs // 3))
    trainer = job.make(lambda method: WarmStart(method, clusters, epochs=epochs, noise=spec.auto["noise"]))
    assert isinstance(trainer.method, WarmStart)
    trainer.method.watch(trainer.samples.train_views)
    outcome = trainer.fit(None if job.state is None else dict(job.state))
    if outcome != "finished":
        return outcome, _nothing
    deep = job.run.run.snapshot()
    curve = job.run.run.metrics(["signal/evidence"])
    points = list(zip(curve["epoch"].astype(int), curve["value"], strict=True))
    earned = this.earned(deep, curve=points, taken_over=trainer.method.taken_over)
    if earned.kept == "start":
        job.run.snapshot(as_start(deep, earned.clusters, job.n_clusters))
        found = this.metrics(earned.clusters) or {}
        values = {f"eval/{name}": value for name, value in found.items()}
        job.run.log(
            values | {"signal/evidence": earned.document["evidence"]["start"]}, step=deep.step, epoch=deep.epoch
        )
    if (lacking := job.dataset.partial) is not None:
        found = (
            partial_samples.by_method(trainer.method, lacking, trainer.device)
            if earned.kept == "method"
            else partial_samples.by_neighbours(job.dataset, lacking, earned.clusters)
        )
        partial_samples.keep(job.run, job.dataset, found)
    write = partial(_write, job.run, this, views)
    write(earned)
    return outcome, lambda: write(this.with_slow_baselines(earned))


def _nothing() -> None:
    """What is left to do of a run that did not finish."""


def _write(active: Any, run: "ViewRun", views: Sequence[Mapping[str, Any]], earned: "Earned") -> None:
    spec = active.spec
    about = document(run, earned, views, steps=spec.preprocessing, suggested=spec.auto.get("clusters"))
    save(active.folder, about, earned.partitions)


@dataclass(frozen=True, kw_only=True)
class Earned:
    """What earned a result; `document` is what is stored of it."""

    kept: str
    """"method" or "start"."""
    why: str
    clusters: np.ndarray
    """(N,) the result."""
    partitions: Mapping[str, np.ndarray]
    """Start, deep result and simple methods on the same preparation, by name, each (N,)."""
    document: Mapping[str, Any]


class ViewRun:
    """Decisions of one run beside its training.

    Args:
        dataset: as the method sees it.
        n_clusters: K.
        seed: of all draws.
    """

    def __init__(self, dataset: MultiViewDataset, n_clusters: int, *, seed: int) -> None:
        self.dataset, self.n_clusters, self.seed = dataset, n_clusters, seed
        self.views = comparable(dataset)
        self.related = preparation.related(self.views, n_clusters)
        heard = preparation.heard(self.views, self.related)
        self.pool: Pool = pools.pool(heard, n_clusters, seed=seed)
        self.measure = Evidence(heard, n_clusters, seed)

    def earned(self, deep: Snapshot, *, curve: Sequence[tuple[int, float]], taken_over: int) -> Earned:
        """The gate: the deep result is kept where its evidence is at least the start's, ties included.

        Args:
            deep: the last snapshot, of all samples.
            curve: (epoch, evidence) of the evaluations.
            taken_over: epoch from which the method's own objective was trained.
        """
        start, clusters = self.pool.start, deep.y_pred.astype(np.int64)
        by_view = self.measure.by_view(clusters)
        evidence, of_start = total(by_view), self.measure.of(start.clusters)
        keeps = evidence >= of_start - TIED
        simple = baselines.partitions(self.views, self.n_clusters, self.seed, slow=False)
        result = clusters if keeps else start.clusters
        return Earned(
            kept="method" if keeps else "start",
            why=""
            if keeps
            else f"The method ended with less evidence ({evidence:.3f}) than its start ({of_start:.3f}).",
            clusters=result,
            partitions={"start": start.clusters, "method": clusters} | simple,
            document={
                "chance": self.pool.chance,
                "start": {"name": start.name, "evidence": of_start, "evidence_by_view": start.evidence_by_view},
                "candidates": [self._about(i) for i in range(len(self.pool.candidates))],
                "evidence": {"start": of_start, "distilled": _at(curve, taken_over), "end": evidence},
                "evidence_by_view": by_view.tolist(),
                "taken_over_epoch": taken_over,
                "n_samples": len(clusters),
                "moved": n_moved(start.clusters, clusters),
            },
        )

    def _about(self, place: int) -> dict[str, Any]:
        one = self.pool.candidates[place]
        return {
            "name": one.name,
            "evidence": one.evidence,
            "evidence_by_view": one.evidence_by_view,
            "metrics": self.metrics(one.clusters),
            "taken": place == self.pool.taken,
        }

    def with_slow_baselines(self, earned: Earned) -> Earned:
        """With the simple methods that take long."""
        slow = baselines.partitions(self.views, self.n_clusters, self.seed, slow=True)
        return replace(earned, partitions={**earned.partitions, **slow})

    def metrics(self, clusters: np.ndarray) -> dict[str, float] | None:
        """Agreement with the classes, which no choice has seen; None without labels."""
        return None if self.dataset.labels is None else score(self.dataset.labels, clusters)

    def measured(self, clusters: np.ndarray, simple: Mapping[str, np.ndarray]) -> Measured:
        """What the verdict on a result goes by.

        Args:
            clusters: (N,) the result.
            simple: clusters (N,) by simple methods, by their titles.
        """
        names = [view.name for view in self.dataset.spec.views]
        return weigh(
            clusters,
            simple,
            measure=self.measure,
            views=dict(zip(names, self.views, strict=True)),
            related=self.related,
            chance=self.pool.chance,
            n_clusters=self.n_clusters,
            seed=self.seed,
        )


def document(
    run: ViewRun,
    earned: Earned,
    views: Sequence[Mapping[str, Any]],
    *,
    steps: Sequence[str],
    suggested: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """All of it for `auto.json`.

    Args:
        run: that has ended.
        earned: what came of it.
        views: what is known of each view.
        steps: the preprocessing in plain steps.
        suggested: what spoke for the number of clusters; None where somebody knew it.
    """
    own = ("start", "method")
    measured = run.measured(earned.clusters, {n: found for n, found in earned.partitions.items() if n not in own})
    evidence = {name: run.measure.of(earned.partitions[name]) for name in own} | dict(measured.simple)
    return {
        "kind": "views",
        "kept": earned.kept,
        "why": earned.why,
        "verdict": asdict(verdict(measured)),
        "measured": asdict(measured),
        "preprocessing": list(steps),
        "views": list(views),
        **earned.document,
        "partitions": {name: run.metrics(clusters) for name, clusters in earned.partitions.items()},
        "partition_evidence": evidence,
        "clusters": suggested,
    }


def _views(run: ViewRun, found: Preparation | None) -> list[dict[str, Any]]:
    """What is known of each view: how it was prepared and why, and whether it belongs to the others."""
    views: list[dict[str, Any]] = [
        {"name": view.name, "related": one} for view, one in zip(run.dataset.spec.views, run.related, strict=True)
    ]
    if found:
        for place, about in enumerate(views):
            about |= {
                "kind": found.kinds[place],
                "scaling": found.scalings[place],
                "candidates": found.overlaps[place],
                "copy_of": found.copies[place],
            }
    return views


def _at(curve: Sequence[tuple[int, float]], epoch: int) -> float | None:
    """Evidence at the last evaluation until an epoch; None without one."""
    return next((value for at, value in reversed(curve) if at <= epoch), None)
