"""A run of an image method under preset auto: shallow start, candidates, choice without labels, what earned the result.

Shapes: N images, K clusters, k neighbours.
"""

import json
import shutil
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch

from mmclust.auto import shallow
from mmclust.auto.image_signals import Signals, measure
from mmclust.auto.mirror import Mirror, mirror
from mmclust.auto.trial import Trial
from mmclust.baselines.classic import k_means
from mmclust.data.dataset import MultiViewDataset
from mmclust.engine.guide import Guide, Schedule
from mmclust.engine.trainer import Outcome, Trainer
from mmclust.evaluation.metrics import acc, score
from mmclust.evaluation.snapshot import Snapshot

FILE, ARRAYS = "auto.json", "auto.npz"
"""In the run's folder: what earned the result, and the partitions that it names."""

NEARLY = 0.1
"""Difference in worth up to which the stronger augmentation is taken. Measured: where it helped (digits, letters,
clothes) -0.08 to 0.05, where it destroyed the clusters (palms, faces) 0.3 to 0.9."""
SIGNAL_BATCH = 1024
START_LOGIT = 5.0
"""Score of a sample's cluster where the start is the result; the others' is 0."""

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
    `fixed`, those that the user has set. After an earlier run's decision one candidate is left, with the start's seeds
    `layout` and `mixture`."""
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


def train(job: Job) -> Outcome:
    """Train all candidates, keep one or the start, and write down what earned the result."""
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
            return outcome
        tried.append(_tried(name, values, trainer, trial, codes.joint))
    taken = choose(tried)
    taken.trial.become_the_run(taken.total_steps, job.device)
    why = keep_start(taken.signals, start)
    if why:
        _keep_start(job, start, taken)
    _write(job, codes, start, seen, tried, taken, why)
    job.run.decide(taken.values, _decided(job, start, taken))
    shutil.rmtree(job.run.folder / "trials", ignore_errors=True)
    return "finished"


def choose(tried: Sequence[Tried]) -> Tried:
    """The last candidate that is worth nearly as much as the best: the strongest augmentation that codes can follow.

    The paper picks the weight of its augmentation term likewise, the largest before clusters overlap. A stronger
    augmentation costs a little of what a candidate is worth even where it sorts out the clusters.
    """
    best = max(each.signals.worth for each in tried)
    return [each for each in tried if each.signals.worth >= best - NEARLY][-1]


def keep_start(signals: Signals, start: shallow.ShallowStart) -> str:
    """Why the start is the result rather than the deep clustering, in a sentence; empty where it is not."""
    if signals.collapsed:
        return "The deep clustering collapsed into few clusters, so the shallow start is the result."
    if signals.untrained:
        return "The discriminator learned nothing in this time, so the shallow start is the result."
    return ""


def _known_start(job: Job) -> dict[str, Any]:
    return {"only": (job.auto["layout"], job.auto["mixture"])} if job.decided else {}


def _decided(job: Job, start: shallow.ShallowStart, taken: Tried) -> dict[str, Any]:
    """The spec's `auto` with nothing left open."""
    candidates = {taken.name: job.auto["candidates"][taken.name]}
    return {**job.auto, "candidates": candidates, "layout": start.taken.layout, "mixture": start.taken.mixture}


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
        trainer.method.augmented_codes(tuple(view[some.to(device)] for view in trainer.views), generator).argmax(dim=2)
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
    """Make the start the run's result: its last snapshot holds it, its figures are the start's."""
    snapshot = taken.snapshot
    clusters = start.clusters[snapshot.index]
    logits = np.where(np.arange(job.n_clusters) == clusters[:, None], START_LOGIT, 0.0).astype(np.float32)
    job.run.snapshot(replace(snapshot, logits=logits))
    if (found := _figures(job, clusters, snapshot.index)) is not None:
        values = {f"eval/{name}": value for name, value in found.items()}
        job.run.log(values, step=snapshot.step, epoch=snapshot.epoch)


def _figures(job: Job, clusters: np.ndarray, index: np.ndarray) -> dict[str, float] | None:
    """Agreement with the classes, which no choice has seen; None without labels."""
    return None if job.dataset.labels is None else score(job.dataset.labels[index], clusters)


def _write(
    job: Job,
    codes: shallow.Codes,
    start: shallow.ShallowStart,
    seen: Mirror,
    tried: Sequence[Tried],
    taken: Tried,
    why: str,
) -> None:
    """What earned the result, as `auto.json`, and the partitions that it names, as `auto.npz`."""
    index = taken.snapshot.index
    partitions = {"start": start.clusters, **baselines(job, codes)}
    found = {
        "kind": "images",
        "budget_min": job.auto["budget_min"],
        "kept": "start" if why else "method",
        "why": why,
        "start": {
            "space": start.taken.space,
            "layout": start.taken.layout,
            "mixture": start.taken.mixture,
            "predictability": start.taken.predictability,
            "stability": start.taken.stability,
            "clear": start.is_clear,
        },
        "mirror": asdict(seen) | {"allowed": seen.allowed},
        "candidates": [
            {
                "name": each.name,
                "values": {name: each.values[name] for name in ("flip", *job.auto["candidates"][each.name])},
                "signals": each.signals.as_dict(),
                "moved": n_moved(start.clusters[index], each.snapshot.y_pred),
                "metrics": _figures(job, each.snapshot.y_pred, index),
                "taken": each is taken,
            }
            for each in tried
        ],
        "n_samples": len(index),
        "partitions": {name: _figures(job, clusters[index], index) for name, clusters in partitions.items()},
    }
    arrays = {_key(name): values[index] for name, values in partitions.items()}
    np.savez(job.run.folder / ARRAYS, allow_pickle=False, index=index, **arrays)
    temporary = job.run.folder / (FILE + ".tmp")
    temporary.write_text(json.dumps(found, indent=2))
    temporary.replace(job.run.folder / FILE)


def baselines(job: Job, codes: shallow.Codes) -> dict[str, np.ndarray]:
    """Partitions (N,) by simple methods on the same images."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Number of distinct clusters")  # of images that are alike
        centres = k_means(codes.pixels, job.n_clusters, job.seed)
    return {
        "k-means on pixels": centres,
        "UMAP and mixture on pixels": shallow.baseline(codes, "pixels", job.n_clusters, job.seed),
        "UMAP and mixture on edges": shallow.baseline(codes, "hog", job.n_clusters, job.seed),
    }


def n_moved(before: np.ndarray, after: np.ndarray) -> int:
    """Samples (n,) that left their cluster, after clusters of both partitions are matched."""
    return round((1 - acc(before, after)) * len(before))


def _key(name: str) -> str:
    return name.replace(" ", "_")
