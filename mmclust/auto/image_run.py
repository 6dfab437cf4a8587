"""A run of an image method under preset auto: shallow start, candidates, choice without labels, what earned the result.

Shapes: N images, K clusters, k neighbours.
"""

import shutil
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
import torch

from mmclust.auto import shallow, starts
from mmclust.auto.evidence import Evidence
from mmclust.auto.image_signals import Signals, measure
from mmclust.auto.mirror import Mirror, mirror
from mmclust.auto.record import ARRAYS, FILE, as_start, n_moved, save
from mmclust.auto.trial import Trial
from mmclust.auto.verdict import IMAGE_BASELINE, Measured, verdict
from mmclust.auto.weighing import weigh
from mmclust.baselines.classic import k_means
from mmclust.data.dataset import MultiViewDataset
from mmclust.engine.guide import Guide, Schedule
from mmclust.engine.trainer import Outcome, Trainer
from mmclust.evaluation.metrics import score
from mmclust.evaluation.snapshot import Snapshot

__all__ = ["ARRAYS", "FILE", "Job", "Make", "train"]

FEWEST_PER_CLUSTER = 15
"""Images of a cluster, on average, below which the start is the result: a method cannot learn from so few."""
NEARLY = 0.1
"""Difference in worth up to which the stronger augmentation is taken. Measured: where it helped (digits, letters,
clothes) -0.08 to 0.05, where it destroyed the clusters (palms, faces) 0.3 to 0.9."""
LOST = 0.92
"""Evidence over that of the start, below which the start is the result."""
SEPARATE, CROSSED = 0.98, 0.02
"""How often neighbours tell an image's cluster in a start whose clusters lie apart, and how much less often they may do
so after training: beyond, the deep clustering cuts through clusters where there is a gap. On 27 runs of DCCS on 11 sets
evidence alone does not see the three that lost 0.05 to 0.32 of ACC: it rose. With both limits the mean is 0.760, with
the better of start and method known 0.761, with limits from the other sets 0.750, with the method always 0.703."""
SIGNAL_BATCH = 1024

Make = Callable[[Mapping[str, Any], Any, Guide | None], Trainer]
"""Gives a trainer for hyper-parameters, a recorder and a guide."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """What the worker hands over."""

    run: Any
    """The `ActiveRun`."""
    dataset: MultiViewDataset
    n_clusters: int
    values: Mapping[str, Any]
    """Hyper-parameters, as far as they need no trial."""
    auto: Mapping[str, Any]
    """The spec's `auto`: `budget_min`; `start`, a `Schedule`; `candidates`, the hyper-parameters of each by its name;
    `fixed`, those that the user has set. After an earlier run's decision one candidate is left, with the start's
    `space` and its seeds `layout` and `mixture`."""
    seed: int
    device: torch.device
    make: Make

    @property
    def decided(self) -> bool:
        """Whether the spec repeats a run whose choices are known."""
        return "layout" in self.auto


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A candidate after its training."""

    name: str
    values: Mapping[str, Any]
    signals: Signals
    snapshot: Snapshot
    trial: Trial
    total_steps: int


def train(job: Job) -> tuple[Outcome, Callable[[], None]]:
    """Train all candidates, keep one or the start, and write down what earned the result.

    Returns:
        How it ended, and what is left to do once the run has: simple methods that take long are added to the record.
    """
    images, view = job.dataset.views[0], job.dataset.spec.views[0]
    codes = shallow.describe(images, view, job.seed)
    start = shallow.start(codes, job.n_clusters, job.seed, **_known_start(job))
    seen = mirror(images, start.clusters, job.seed)
    tried = []
    candidates = _candidates(job, allows_mirror=seen.allowed)
    for number, (name, values) in enumerate(candidates.items()):
        folder = job.run.folder / "trials" / name
        trial = Trial(job.run, folder, number=number, n_trials=len(candidates))
        trainer = job.make(values, trial, _guide(job, start))
        outcome = trainer.fit(trial.restored(job.device))
        if outcome != "finished":
            return outcome, _nothing
        tried.append(_tried(name, values, trainer, trial, codes.of(start.taken.space)))
    taken = choose(tried)
    taken.trial.become_the_run(taken.total_steps, job.device)
    why = keep_start(taken.signals, len(start.clusters), job.n_clusters) or supported_start(job, codes, start, taken)
    if why:
        _keep_start(job, start, taken)
    job.run.decide(taken.values, _decided(job, start, taken), trial=taken.name)
    earned = Earned(job=job, codes=codes, start=start, seen=seen, tried=tried, taken=taken, why=why)
    earned.write(quick_baselines(job, codes))
    shutil.rmtree(job.run.folder / "trials", ignore_errors=True)
    return "finished", lambda: earned.write(quick_baselines(job, codes) | slow_baselines(job, codes, start))


def _nothing() -> None:
    """What is left to do of a run that did not finish."""


def choose(tried: Sequence[Tried]) -> Tried:
    """The last candidate that is worth nearly as much as the best: the strongest augmentation that codes can follow.

    The paper picks the weight of its augmentation term likewise, the largest before clusters overlap. A stronger
    augmentation costs a little of what a candidate is worth even where it sorts out the clusters.
    """
    best = max(each.signals.worth for each in tried)
    return [each for each in tried if each.signals.worth >= best - NEARLY][-1]


def keep_start(signals: Signals, n_images: int, n_clusters: int) -> str:
    """Why the start is the result rather than the deep clustering, in a sentence; empty where it is not."""
    if n_images < FEWEST_PER_CLUSTER * n_clusters:
        return (
            f"{n_images:,} images are too few for the method, fewer than {FEWEST_PER_CLUSTER} for each of {n_clusters} "
            "clusters, so the shallow start is the result."
        )
    if signals.collapsed:
        return "The deep clustering collapsed into few clusters, so the shallow start is the result."
    if signals.untrained:
        return "The discriminator learned nothing in this time, so the shallow start is the result."
    return ""


def supported_start(job: Job, codes: shallow.Codes, start: shallow.ShallowStart, taken: Tried) -> str:
    """Why the start is the result where pixels and edges speak for it; empty where they do not."""
    index = taken.snapshot.index
    measure = Evidence((codes.pixels[index], codes.hog[index]), job.n_clusters, job.seed)
    begun, ended = measure.of(start.clusters[index]), measure.of(taken.snapshot.y_pred.astype(np.int64))
    if ended < LOST * begun:
        return (
            f"The deep clustering has less evidence ({ended:.2f}) than its start ({begun:.2f}), so the shallow start "
            "is the result."
        )
    before, after = start.predictability, taken.signals.predictability
    if crosses_gaps(before, after):
        return (
            f"Neighbours agree on an image's cluster less often in the deep clustering ({after:.1%}) than in its start "
            f"({before:.1%}), whose clusters lie apart, so the shallow start is the result."
        )
    return ""


def crosses_gaps(start: float, deep: float) -> bool:
    """Whether a deep clustering divides what lies apart, by how often neighbours tell clusters before and after."""
    return start >= SEPARATE and start - deep > CROSSED


def _known_start(job: Job) -> dict[str, Any]:
    if not job.decided:
        return {}
    return {"only": (job.auto.get("space", "joint"), job.auto["layout"], job.auto["mixture"])}


def _decided(job: Job, start: shallow.ShallowStart, taken: Tried) -> dict[str, Any]:
    """The spec's `auto` with nothing left open."""
    known = {"space": start.taken.space, "layout": start.taken.layout, "mixture": start.taken.mixture}
    return {**job.auto, "candidates": {taken.name: job.auto["candidates"][taken.name]}, **known}


def _candidates(job: Job, *, allows_mirror: bool) -> dict[str, dict[str, Any]]:
    """Hyper-parameters of every candidate by its name; what the user fixed is the same in all."""
    fixed = {name: job.values[name] for name in job.auto["fixed"]}
    common = dict(job.values) if job.decided else {**job.values, "flip": allows_mirror}
    return {name: common | dict(values) | fixed for name, values in job.auto["candidates"].items()}


def _guide(job: Job, start: shallow.ShallowStart) -> Guide:
    """Samples beyond the data set's own, such as unlabelled ones, have no start and no other partner."""
    n_more = len(job.dataset.unlabelled[0]) if job.dataset.unlabelled else 0
    n_images, n_neighbours = start.neighbours.shape
    own = np.repeat(np.arange(n_images, n_images + n_more)[:, None], n_neighbours, axis=1)
    return Guide(
        Schedule(**job.auto["start"]),
        targets=torch.from_numpy(np.concatenate((start.clusters, np.full(n_more, -1)))).long().to(job.device),
        neighbours=torch.from_numpy(np.concatenate((start.neighbours, own))).long().to(job.device),
    )


def _tried(name: str, values: Mapping[str, Any], trainer: Trainer, trial: Trial, points: np.ndarray) -> Tried:
    """The candidate with its signals, measured on the samples of its last snapshot."""
    snapshot = trial.last
    if snapshot is None:  # it had ended in an earlier process
        snapshot = trial.last_kept()
    ids, device = torch.from_numpy(snapshot.index), trainer.device
    generator = torch.Generator(device).manual_seed(0)
    trainer.method.eval()
    codes = [
        trainer.method.augmented_codes(
            tuple(view[some.to(device)] for view in trainer.samples.views), generator
        ).argmax(dim=2)
        for some in ids.split(SIGNAL_BATCH)
    ]
    first, second = torch.cat(codes, dim=1).cpu().numpy()
    signals = measure(
        snapshot.probs,
        agreement=float((first == second).mean()),
        points=points[snapshot.index],
        wasserstein=trial.latest.get("signal/wasserstein"),
        discriminator=trial.latest.get("loss/mi") if "signal/wasserstein" in trial.latest else None,
    )
    return Tried(
        name=name, values=values, signals=signals, snapshot=snapshot, trial=trial, total_steps=trainer.total_steps
    )


def _keep_start(job: Job, start: shallow.ShallowStart, taken: Tried) -> None:
    """Make the start the run's result: its last snapshot holds it, its metrics are the start's."""
    snapshot = as_start(taken.snapshot, start.clusters, job.n_clusters)
    job.run.snapshot(snapshot)
    if (found := _metrics(job, snapshot.y_pred, snapshot.index)) is not None:
        values = {f"eval/{name}": value for name, value in found.items()}
        job.run.log(values, step=snapshot.step, epoch=snapshot.epoch)


def _metrics(job: Job, clusters: np.ndarray, index: np.ndarray) -> dict[str, float] | None:
    """Agreement with the classes, which no choice has seen; None without labels."""
    return None if job.dataset.labels is None else score(job.dataset.labels[index], clusters)


@dataclass(frozen=True, kw_only=True)
class Earned:
    """What earned a result."""

    job: Job
    codes: shallow.Codes
    start: shallow.ShallowStart
    seen: Mirror
    tried: Sequence[Tried]
    taken: Tried
    why: str
    """Why the start is the result; empty where the method's clustering is."""

    def write(self, simple: Mapping[str, np.ndarray]) -> None:
        """Into the run's folder, beside partitions (N,) by simple methods."""
        index, deep = self.taken.snapshot.index, self.taken.snapshot.y_pred.astype(np.int64)
        everything = {"start": self.start.clusters[index], "method": deep}
        everything |= {name: clusters[index] for name, clusters in simple.items()}
        save(self.job.run.folder, self.document(everything), everything | {"index": index})

    def document(self, partitions: Mapping[str, np.ndarray]) -> dict[str, Any]:
        """What `auto.json` holds.

        Args:
            partitions: each (n,) of the images in the last snapshot.
        """
        job, index, taken = self.job, self.taken.snapshot.index, self.start.taken
        metrics = partial(_metrics, job, index=index)
        measured, evidence = self._measured(partitions)
        return {
            "kind": "images",
            "budget_min": job.auto["budget_min"],
            "kept": "start" if self.why else "method",
            "why": self.why,
            "verdict": asdict(verdict(measured)),
            "measured": asdict(measured),
            "start": {
                "space": taken.space,
                "layout": taken.layout,
                "mixture": taken.mixture,
                "predictability": self.start.predictability,
                "likelihood": taken.likelihood,
                "stability": taken.stability,
                "clear": self.start.is_clear,
                "evidence": evidence["start"],
            },
            "evidence": {"start": evidence["start"], "end": evidence["method"]},
            "mirror": asdict(self.seen) | {"allowed": self.seen.allowed},
            "candidates": [self._about(each) for each in self.tried],
            "n_samples": len(index),
            "moved": n_moved(partitions["start"], partitions["method"]),
            "partitions": {name: metrics(clusters) for name, clusters in partitions.items()},
            "partition_evidence": evidence,
            "clusters": job.auto.get("clusters"),
        }

    def _about(self, each: Tried) -> dict[str, Any]:
        """A candidate."""
        index = self.taken.snapshot.index
        return {
            "name": each.name,
            "values": {name: each.values[name] for name in ("flip", *self.job.auto["candidates"].get(each.name, ()))},
            "signals": each.signals.as_dict(),
            "moved": n_moved(self.start.clusters[index], each.snapshot.y_pred),
            "metrics": _metrics(self.job, each.snapshot.y_pred, index),
            "taken": each is self.taken,
        }

    def _measured(self, partitions: Mapping[str, np.ndarray]) -> tuple[Measured, dict[str, float]]:
        """What the verdict goes by, pixels and edges being the two views, and the evidence of each partition."""
        index, n_clusters, seed = self.taken.snapshot.index, self.job.n_clusters, self.job.seed
        views = {"pixels": self.codes.pixels[index], "edges": self.codes.hog[index]}
        own = ("start", "method")
        measure = Evidence(tuple(views.values()), n_clusters, seed)
        measured = weigh(
            partitions["start" if self.why else "method"],
            {name: clusters for name, clusters in partitions.items() if name not in own},
            measure=measure,
            views=views,
            related=(True, True),
            chance=starts.chance(tuple(views.values()), n_clusters, seed),
            n_clusters=n_clusters,
            seed=seed,
            of_images=True,
        )
        return measured, {name: measure.of(partitions[name]) for name in own} | dict(measured.simple)


def quick_baselines(job: Job, codes: shallow.Codes) -> dict[str, np.ndarray]:
    """Partitions (N,) by simple methods on the same images."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Number of distinct clusters")  # of images that are alike
        return {IMAGE_BASELINE: k_means(codes.pixels, job.n_clusters, job.seed)}


def slow_baselines(job: Job, codes: shallow.Codes, start: shallow.ShallowStart) -> dict[str, np.ndarray]:
    """Partitions (N,) by those that take longer than a candidate's evaluation; the start has made some."""
    return {
        f"UMAP and mixture on {name}": start.beside[space]
        if space in start.beside
        else shallow.baseline(codes, space, job.n_clusters, job.seed)
        for name, space in (("pixels", "pixels"), ("edges", "hog"))
    }
