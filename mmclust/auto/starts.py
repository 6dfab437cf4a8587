"""A pool of clusterings that need no method, from what views have in common; a method starts from one of them.

Shapes: N samples, D columns of a view, V views, K clusters.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy import sparse

from mmclust import neighbours
from mmclust.auto import graphs
from mmclust.auto.evidence import TIED, Evidence, total

CCA_RIDGES = (1e-3, 1e-2, 1e-1)
"""Fractions of the largest variance added to all: directions of nearly no variance correlate by chance."""
GRAPH_NEIGHBOURS = (10, 20)
CONSENSUS_OF = (4, 7, 10)
"""How many of the best candidates agree on a consensus."""
CHANCE_SHUFFLES, CHANCE_SAMPLES = 2, 3000
"""Orders of the samples that clusterings by chance are measured on, and samples in each, at most."""
N_SEEDS = 3
FEWEST_RESTARTS, MOST_RESTARTS, RESTARTED_SAMPLES = 3, 20, 10_000
"""Random starts of a k-means: as many as give so many samples in all, between the first two. Few samples are soon
clustered, and with few starts their clusters depend on the seed."""
MOST_SAMPLES = 10_000
"""Samples that starts are found on; the others follow their nearest neighbours."""
FOLLOWED = 10
"""Neighbours that a sample outside the measured ones follows."""

Views = Sequence[np.ndarray]
Align = Callable[[Views, float, int], np.ndarray]
"""(views, noise, seed) -> (N, d) features in which the views' samples find each other."""
ALIGN_NOISE = (0.3, 1.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class Start:
    """A candidate to start from."""

    name: str
    """How it was found, in a few words; unique in its pool."""
    clusters: np.ndarray
    """(N,) from 0 to K - 1."""
    evidence: float
    evidence_by_view: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Pool:
    """All candidates, the best evidence first, and the one that was taken."""

    candidates: tuple[Start, ...]
    taken: int
    """Index into `candidates`."""
    chance: float
    """Largest evidence of clusterings found in the same way after the samples of every view were shuffled."""

    @property
    def start(self) -> Start:
        """The candidate that was taken."""
        return self.candidates[self.taken]

    def taking(self, name: str) -> "Pool":
        """The pool with another choice, by an earlier run's name for it.

        Raises:
            ValueError: no candidate has that name.
        """
        names = [candidate.name for candidate in self.candidates]
        if name not in names:
            raise ValueError(f"start {name!r} is not known here; known are {', '.join(sorted(names))}")
        return replace(self, taken=names.index(name))


def find(views: Views, n_clusters: int, *, seed: int = 0, align: Align | None = None) -> Pool:
    """Candidates, their evidence, and the choice among them.

    A consensus of the best candidates is taken where its evidence is as good as any, since it depends on no single
    draw; otherwise the candidate of most evidence.

    Args:
        views: each (N, D), prepared.
        n_clusters: K.
        seed: of all draws.
        align: learns what views share; left out where None.
    """
    n_samples = len(views[0])
    rows = np.sort(np.random.default_rng(seed).permutation(n_samples)[:MOST_SAMPLES])
    some = [view[rows] for view in views]
    measure = Evidence(some, n_clusters, seed)
    found = [_measured(measure, name, clusters) for name, clusters in candidates(some, n_clusters, seed, align)]
    found.sort(key=lambda start: -start.evidence)
    together = [
        _measured(measure, f"consensus of {n}", consensus([start.clusters for start in found[:n]], n_clusters, seed))
        for n in CONSENSUS_OF
        if n <= len(found)
    ]
    everything = sorted((*found, *together), key=lambda start: -start.evidence)
    taken = _chosen(everything, together)
    if len(rows) < n_samples:
        follow = partial(followed, views, rows)
        everything = [replace(one, clusters=follow(one.clusters)) for one in everything]
    return Pool(candidates=tuple(everything), taken=taken, chance=chance(some, n_clusters, seed))


def _measured(measure: Evidence, name: str, clusters: np.ndarray) -> Start:
    by_view = measure.by_view(clusters)
    return Start(name=name, clusters=clusters, evidence=total(by_view), evidence_by_view=tuple(map(float, by_view)))


def _chosen(everything: Sequence[Start], together: Sequence[Start]) -> int:
    """Place of the best consensus where it is as good as the first; of the first otherwise."""
    best = everything[0].evidence
    return next((i for i, one in enumerate(everything) if one in together and one.evidence >= best - TIED), 0)


def candidates(
    views: Views, n_clusters: int, seed: int, align: Align | None = None
) -> Iterator[tuple[str, np.ndarray]]:
    """Names and clusters (N,) of all candidates but the consensus."""
    together = np.concatenate(views, axis=1)
    seeds = [seed * N_SEEDS + number for number in range(N_SEEDS)]
    for one in seeds:
        yield f"k-means, seed {one}", k_means(together, n_clusters, one)
    for ridge in CCA_RIDGES:
        directions = shared_directions(views, n_clusters, ridge)
        for one in seeds:
            yield f"CCA + k-means, ridge {ridge:g}, seed {one}", k_means(directions, n_clusters, one)
    most = min(max(GRAPH_NEIGHBOURS), len(together) - 1)
    near = {
        "graph of all columns": [graphs.neighbours(together, most)],
        "mean of the views' graphs": [graphs.neighbours(view, most) for view in views],
    }
    for k in GRAPH_NEIGHBOURS:
        for name, each in near.items():
            graph = _mean([graphs.weighted(found[:, :k], distances[:, :k]) for found, distances in each])
            embedding = graphs.spectral_embedding(graph, n_clusters)
            for one in seeds[:2]:
                yield f"{name}, {k} neighbours, seed {one}", k_means(embedding, n_clusters, one)
    for noise in ALIGN_NOISE if align else ():
        assert align is not None
        features = align(views, noise, seed)
        yield f"alignment + k-means, noise {noise:g}", k_means(features, n_clusters, seed)
        graph = graphs.affinity(features, GRAPH_NEIGHBOURS[0])
        embedding = graphs.spectral_embedding(graph, n_clusters)
        yield f"alignment + graph, noise {noise:g}", k_means(embedding, n_clusters, seed)


def chance(views: Views, n_clusters: int, seed: int = 0) -> float:
    """Largest evidence of quick clusterings of views whose samples were shuffled, so that nothing is shared.

    Clusters of one view alone still predict themselves there: what a real start has beyond this comes from agreement.
    """
    random = np.random.default_rng(seed)
    rows = np.sort(np.random.default_rng(seed).permutation(len(views[0]))[: max(CHANCE_SAMPLES, 2 * n_clusters)])
    some = [view[rows] for view in views]
    found = []
    for _ in range(CHANCE_SHUFFLES):
        shuffled = [view[random.permutation(len(view))] for view in some]
        measure = Evidence(shuffled, n_clusters, seed)
        together = np.concatenate(shuffled, axis=1)
        directions = (shared_directions(shuffled, n_clusters, ridge) for ridge in CCA_RIDGES)
        embedding = graphs.spectral_embedding(graphs.affinity(together, GRAPH_NEIGHBOURS[0]), n_clusters)
        for points in (together, embedding, *directions):
            found.append(measure.of(k_means(points, n_clusters, seed)))
    return max(found)


def k_means(points: np.ndarray, n_clusters: int, seed: int, n_init: int | None = None) -> np.ndarray:
    """Clusters (N,) of lowest inertia among a few random starts; fewer than K where fewer points differ."""
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    n_init = n_init or min(max(RESTARTED_SAMPLES // len(points), FEWEST_RESTARTS), MOST_RESTARTS)
    clustering = KMeans(n_clusters, n_init=n_init, random_state=seed)  # pyright: ignore[reportArgumentType]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=ConvergenceWarning)
        return clustering.fit_predict(np.ascontiguousarray(points, np.float32)).astype(np.int64)


def shared_directions(views: Views, n_directions: int, ridge: float) -> np.ndarray:
    """Scores (N, d) of the directions that views share most, rows of unit length.

    Kettenring (Biometrika 1971), MAXVAR: leading left singular vectors of all whitened views side by side.
    """
    whitened = np.concatenate([_whitened(view, ridge) for view in views], axis=1)
    if not whitened.shape[1]:  # all samples are alike in every view
        return np.zeros((len(whitened), 1), np.float32)
    _, right = np.linalg.eigh(whitened.T @ whitened)
    return unit_rows(whitened @ right[:, ::-1][:, :n_directions])


def _whitened(view: np.ndarray, ridge: float) -> np.ndarray:
    centred = view - view.mean(axis=0, dtype=np.float64)
    variances, directions = np.linalg.eigh(centred.T @ centred / len(view))
    largest = max(float(variances[-1]), 1e-12)
    kept = variances > 1e-9 * largest
    return centred @ (directions[:, kept] / np.sqrt(variances[kept] + ridge * largest))


def mean_graph(views: Views, n_neighbours: int) -> sparse.csr_matrix:
    """Mean (N, N) of the views' self-tuning graphs."""
    return _mean([graphs.affinity(view, n_neighbours) for view in views])


def _mean(each: Sequence[sparse.csr_matrix]) -> sparse.csr_matrix:
    return sum(each[1:], each[0]) / len(each)


def consensus(partitions: Sequence[np.ndarray], n_clusters: int, seed: int = 0) -> np.ndarray:
    """Clusters (N,) that several partitions agree on.

    k-means of the leading singular vectors of all partitions' indicators, each column scaled by its cluster's size:
    the hypergraph partitioning of Strehl and Ghosh (JMLR 2002) in its spectral form.
    """
    columns = []
    for clusters in partitions:
        indicator = np.eye(n_clusters)[clusters]
        columns.append(indicator / np.sqrt(np.maximum(indicator.sum(axis=0), 1)))
    left = np.linalg.svd(np.concatenate(columns, axis=1), full_matrices=False)[0]
    return k_means(unit_rows(left[:, :n_clusters]), n_clusters, seed, n_init=10)


def unit_rows(points: np.ndarray) -> np.ndarray:
    """Rows of length 1, single precision; rows of zeros stay."""
    length = np.linalg.norm(points, axis=1, keepdims=True)
    return (points / np.maximum(length, 1e-12)).astype(np.float32)


def followed(views: Views, rows: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    """Clusters of all samples (N,) from those of some: the others take what most of their neighbours in all views have.

    Args:
        views: each (N, D).
        rows: (n,) samples whose clusters are known.
        clusters: (n,) of these.
    """
    n_clusters = int(clusters.max()) + 1
    others = np.setdiff1d(np.arange(len(views[0])), rows)
    votes = np.zeros((len(others), n_clusters))
    for view in views:
        found = neighbours.among(view[others], view[rows], FOLLOWED).found
        votes += np.eye(n_clusters)[clusters[found]].sum(axis=1)
    everything = np.empty(len(views[0]), np.int64)
    everything[rows], everything[others] = clusters, votes.argmax(axis=1)
    return everything
