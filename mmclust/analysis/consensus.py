"""Consensus of several clusterings of the same samples, and how far they agree on each sample.

Evidence accumulation (Fred and Jain, Combining Multiple Clusterings Using Evidence Accumulation, PAMI 27(6), 2005): two
samples are as close as the share of the runs that put them into one cluster, their co-association, and average linkage
on it gives the consensus. Nothing has to be matched for that, so the runs may have different numbers of clusters.
Samples that all runs treat alike have the same row in that matrix, so it is built over such patterns, never over
samples: 70,000 samples and five good runs are a few hundred patterns.

Shapes: R runs, n samples, M patterns, K clusters.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmclust.evaluation.metrics import is_right

MOST_PATTERNS = 1500
"""Linkage is over the most frequent patterns; rarer ones join the cluster that they are closest to."""


@dataclass(frozen=True, kw_only=True)
class Consensus:
    """What the runs say together."""

    clusters: np.ndarray
    """(n,) consensus cluster, the largest first."""
    agreement: np.ndarray
    """(n,) share of the runs that put a sample there, the clusters of each run matched to the consensus (Hungarian)."""
    closeness: np.ndarray
    """(n,) mean co-association of a sample with its cluster: 1 where all runs keep it with all of them."""

    @property
    def unstable(self) -> np.ndarray:
        """(n,) places of the samples, those that fewest runs agree on first, of these the least close first."""
        return np.lexsort((self.closeness, self.agreement))


def consensus(assignments: Sequence[np.ndarray], n_clusters: int | None = None) -> Consensus:
    """The consensus of some clusterings of the same samples.

    Args:
        assignments: (n,) whole numbers of each run, in an order of its own.
        n_clusters: K of the consensus; None for as many as the run that uses most of them.

    Raises:
        ValueError: fewer than two assignments, or more clusters asked for than there are patterns.
    """
    if len(assignments) < 2:
        raise ValueError(f"{len(assignments)} assignments came; a consensus needs two or more")
    runs = np.stack([np.unique(assignment, return_inverse=True)[1] for assignment in assignments])
    n_clusters = n_clusters or int(runs.max()) + 1
    patterns, place, counts = np.unique(runs, axis=1, return_inverse=True, return_counts=True)
    if n_clusters > len(counts):
        raise ValueError(
            f"n_clusters={n_clusters} exceeds the {len(counts)} groups that the runs tell apart; choose fewer clusters"
        )
    frequent = np.sort(np.argsort(-counts, kind="stable")[: max(MOST_PATTERNS, n_clusters)])
    linked = _average_linkage(patterns[:, frequent], counts[frequent], n_clusters)
    of_pattern = np.full(len(counts), -1)
    of_pattern[frequent] = linked
    rare = np.flatnonzero(of_pattern < 0)
    if len(rare):
        of_pattern[rare] = _closeness(patterns[:, frequent], linked, counts[frequent], patterns[:, rare]).argmax(axis=0)
    order = np.argsort(-np.bincount(of_pattern, weights=counts, minlength=n_clusters), kind="stable")
    of_pattern = np.argsort(order)[of_pattern]
    close = _closeness(patterns, of_pattern, counts, patterns)[of_pattern, np.arange(len(counts))]
    place = place.ravel()
    clusters = of_pattern[place]
    agreement = np.mean([is_right(clusters, run) for run in runs], axis=0)
    return Consensus(clusters=clusters, agreement=agreement, closeness=close[place])


def _closeness(patterns: np.ndarray, clusters: np.ndarray, counts: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """(K, Q) mean co-association of each pattern asked about (R, Q) with the samples of each cluster."""
    n_clusters = int(clusters.max()) + 1
    sizes = np.bincount(clusters, weights=counts, minlength=n_clusters)
    found = np.zeros((n_clusters, asked.shape[1]))
    for run, values in zip(patterns, asked, strict=True):
        table = np.zeros((n_clusters, int(max(run.max(), values.max())) + 1))
        np.add.at(table, (clusters, run), counts)
        found += (table / sizes[:, None])[:, values]
    return found / len(patterns)


def _average_linkage(patterns: np.ndarray, weights: np.ndarray, n_clusters: int) -> np.ndarray:
    """(M,) clusters of patterns (R, M) that stand for `weights` samples each, by nearest-neighbour chains."""
    m = patterns.shape[1]
    near = np.zeros((m, m), np.float32)
    for run in patterns:
        near += run[:, None] == run
    near /= len(patterns)
    np.fill_diagonal(near, -1)
    sizes, alive = weights.astype(np.float64), np.ones(m, bool)
    merges: list[tuple[float, int, int]] = []
    chain: list[int] = []
    while len(merges) < m - 1:
        chain = chain or [int(alive.argmax())]
        top = chain[-1]
        best = int(near[top].argmax())
        if len(chain) > 1 and near[top, chain[-2]] >= near[top, best]:
            other = chain[-2]
            merges.append((float(near[top, other]), top, other))
            both = (sizes[top] * near[top] + sizes[other] * near[other]) / (sizes[top] + sizes[other])
            both[[top, other]] = -1
            both[~alive] = -1
            near[top], near[:, top] = both, both
            near[other], near[:, other] = -1, -1
            sizes[top] += sizes[other]
            alive[other] = False
            del chain[-2:]
        else:
            chain.append(best)
    parent = np.arange(m)

    def root(i: int) -> int:
        while parent[i] != i:
            i = parent[i]
        return i

    for _, kept, gone in sorted(merges, key=lambda merge: -merge[0])[: m - n_clusters]:
        parent[root(gone)] = root(kept)
    return np.unique([root(i) for i in range(m)], return_inverse=True)[1]
