"""How many clusters views speak for, where nobody knows: evidence and stability of clusterings with each number.

Evidence alone falls slowly beyond the right number, and stability alone likes few clusters; their product peaks where
both hold. Among numbers that are tied the largest is taken: merging two clusters is easier than finding a split.

Shapes: N samples, D columns, K clusters.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mmclust.auto import graphs
from mmclust.auto.evidence import Evidence
from mmclust.auto.starts import CCA_RIDGES, GRAPH_NEIGHBOURS, k_means, mean_graph, shared_directions, unit_rows
from mmclust.evaluation.metrics import ari

if TYPE_CHECKING:
    from mmclust.data.dataset import MultiViewDataset

MOST_SAMPLES = 1500
"""Samples that numbers are compared on."""
TRIED = (2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20, 25, 30, 35, 40, 50)
FEWEST_PER_CLUSTER = 8
"""Samples in a cluster, on average, below which a number is not tried."""
N_SUBSAMPLES, SUBSAMPLE = 4, 0.8
TIED = 0.02

MOST_PREPARED = 5000
"""Samples that views are prepared on."""
MANY_CLUSTERS = 10
"""Bounds the neighbours by which preparations are compared, while the number of clusters is open."""

Views = Sequence[np.ndarray]
Report = Callable[[float], None]


def _nobody(fraction: float) -> None:
    """Told how far it is where nobody watches."""


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A number of clusters, and what speaks for it."""

    n_clusters: int
    evidence: float
    """Of the better of two clusterings, over ln K (see `mmclust.auto.evidence`)."""
    stability: float
    """Mean adjusted Rand index with clusterings of subsamples."""
    deviation: float
    """Standard deviation of the worth over subsamples."""

    @property
    def worth(self) -> float:
        """Evidence times stability."""
        return self.evidence * max(self.stability, 0.0)


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """A number of clusters, the runner-up, and all that was tried."""

    n_clusters: int
    runner_up: int | None
    """The other number of most worth; None where one was tried."""
    plausible: tuple[int, ...]
    """Numbers whose worth lies within two deviations of the best, the uncertainty of the suggestion."""
    tried: tuple[Tried, ...]

    @property
    def sentence(self) -> str:
        """The suggestion in words, with its uncertainty."""
        others = [k for k in self.plausible if k != self.n_clusters]
        sure = f"; {', '.join(map(str, others))} are as plausible" if others else "; no other number comes near"
        sure = sure.replace("are", "is") if len(others) == 1 else sure
        runner_up = f", runner-up {self.runner_up}" if self.runner_up else ""
        return f"{self.n_clusters} clusters are suggested by evidence and stability, without labels{runner_up}{sure}."

    def as_dict(self) -> dict[str, Any]:
        """For a JSON document."""
        tried = [asdict(one) | {"worth": one.worth} for one in self.tried]
        return asdict(self) | {"plausible": list(self.plausible), "tried": tried}


def suggest_for(dataset: "MultiViewDataset", *, seed: int = 0, report: Report = _nobody) -> Suggestion:
    """A number of clusters for a data set as it was read; images count as two views, their pixels and their edges.

    Raises:
        ValueError: too few samples, or all of them are the same.
    """
    if dataset.n_samples > MOST_PREPARED:
        rows = np.sort(np.random.default_rng(seed).permutation(dataset.n_samples)[:MOST_PREPARED])
        dataset = dataset.take(rows)
    return suggest(views_of(dataset, seed), seed=seed, report=report)


def views_of(dataset: "MultiViewDataset", seed: int = 0) -> tuple[np.ndarray, ...]:
    """Prepared views, each (N, D), of a data set as it was read; images count as two, their pixels and their edges."""
    if len(dataset.views) == 1 and dataset.spec.views[0].kind == "image":
        from mmclust.auto import shallow

        codes = shallow.describe(dataset.views[0], dataset.spec.views[0], seed)
        return codes.pixels, codes.hog
    from mmclust.auto.view_run import chosen_steps, comparable
    from mmclust.data import preprocessing

    steps, _ = chosen_steps(dataset, MANY_CLUSTERS, seed)
    return tuple(comparable(preprocessing.prepare(dataset, steps)))


def suggest(views: Views, *, seed: int = 0, report: Report = _nobody) -> Suggestion:
    """A number of clusters for prepared views, each (N, D).

    Args:
        views: prepared.
        seed: of all draws.
        report: told the fraction done.

    Raises:
        ValueError: too few samples to compare even two numbers.
    """
    random = np.random.default_rng(seed)
    n_samples = min(len(views[0]), MOST_SAMPLES)
    rows = np.sort(random.permutation(len(views[0]))[:n_samples])
    some = [view[rows] for view in views]
    numbers = [k for k in TRIED if k * FEWEST_PER_CLUSTER <= n_samples]
    if len(numbers) < 2:
        raise ValueError(
            f"{len(views[0])} samples are too few to find a number of clusters, {FEWEST_PER_CLUSTER * TRIED[1]} are "
            "needed; say how many to look for"
        )
    whole = _clusterings(some, numbers, seed)
    rands: dict[int, list[float]] = {k: [] for k in numbers}
    for number in range(N_SUBSAMPLES):
        report((number + 1) / (N_SUBSAMPLES + 2))
        rows = np.sort(random.permutation(n_samples)[: int(SUBSAMPLE * n_samples)])
        parts = _clusterings([view[rows] for view in some], numbers, seed + 1 + number)
        for k in numbers:
            rands[k].append(max(ari(one[rows], other) for one, other in zip(whole[k], parts[k], strict=True)))
    report((N_SUBSAMPLES + 1) / (N_SUBSAMPLES + 2))
    tried = []
    for k in numbers:
        measure = Evidence(some, k, seed, n_repeats=1)
        evidence = max(measure.of(clusters) for clusters in whole[k])
        stability, spread = float(np.mean(rands[k])), float(np.std(rands[k]))
        tried.append(Tried(n_clusters=k, evidence=evidence, stability=stability, deviation=evidence * spread))
    return chosen(tried)


def chosen(tried: Sequence[Tried], *, tied: float = TIED) -> Suggestion:
    """The largest number that is tied with the best.

    Args:
        tried: all numbers.
        tied: difference of worth within which two numbers are.
    """
    best = max(tried, key=lambda one: one.worth)
    taken = max((one for one in tried if one.worth >= best.worth - tied), key=lambda one: one.n_clusters)
    others = sorted((one for one in tried if one is not taken), key=lambda one: -one.worth)
    near = best.worth - max(TIED, 2 * best.deviation)
    return Suggestion(
        n_clusters=taken.n_clusters,
        runner_up=others[0].n_clusters if others else None,
        plausible=tuple(one.n_clusters for one in tried if one.worth >= near),
        tried=tuple(tried),
    )


def _clusterings(views: Views, numbers: Sequence[int], seed: int) -> dict[int, tuple[np.ndarray, ...]]:
    """Two clusterings for each number: by the mean of the views' graphs, and by what views share linearly."""
    most = min(max(numbers), len(views[0]) - 1)
    vectors = graphs.spectral_embedding(mean_graph(views, GRAPH_NEIGHBOURS[0]), most)
    found = {}
    for k in numbers:
        directions = shared_directions(views, k, CCA_RIDGES[1])
        found[k] = (k_means(unit_rows(vectors[:, :k]), k, seed), k_means(directions, k, seed))
    return found
