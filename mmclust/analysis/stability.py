"""How far equal runs with different seeds agree: pairs, single samples, and the clustering that most of them vote for.

Shapes: R assignments of the same n samples; each has clusters numbered from 0, in an order of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmclust.evaluation.metrics import ari, confusion, match_classes


@dataclass(frozen=True, kw_only=True)
class Consensus:
    """What R assignments say together."""

    clusters: np.ndarray
    """(n,) cluster that most assignments vote for, numbered as in the reference."""
    agreement: np.ndarray
    """(n,) share of the assignments that vote for it, above 0 and at most 1."""
    reference: int
    """Number of the assignment that the others are matched to: the one most like all others."""


def pairwise_ari(assignments: Sequence[np.ndarray]) -> np.ndarray:
    """(R, R) adjusted Rand index of every two assignments; 1 on the diagonal."""
    found = np.eye(len(assignments))
    for i, left in enumerate(assignments):
        for j in range(i):
            found[i, j] = found[j, i] = ari(left.astype(np.int64), assignments[j].astype(np.int64))
    return found


def on_shared(runs: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, list[np.ndarray]]:
    """Ids of the samples (n,) that all runs have, ascending, and their cluster (n,) in each run.

    Args:
        runs: sample ids and clusters of each run, in any order and of any number.
    """
    ids = np.unique(runs[0][0])
    for own, _ in runs[1:]:
        ids = np.intersect1d(ids, own)
    found = []
    for own, clusters in runs:
        order = np.argsort(own)
        found.append(clusters[order[np.searchsorted(own, ids, sorter=order)]] if len(ids) else clusters[:0])
    return ids, found


def with_others(assignments: Sequence[np.ndarray]) -> np.ndarray:
    """(R,) mean adjusted Rand index of each assignment with the others; NaN for one alone."""
    pairs = pairwise_ari(assignments)
    return (pairs.sum(axis=1) - 1) / (len(pairs) - 1) if len(pairs) > 1 else np.full(len(pairs), np.nan)


def consensus(assignments: Sequence[np.ndarray]) -> Consensus:
    """Vote of matched clusters (cumulative voting, Dudoit and Fridlyand, Bioinformatics 2003, BagClust1).

    The clusters of each assignment are matched to those of the reference so that most samples agree (Hungarian);
    clusters without a partner vote for nobody.

    Raises:
        ValueError: fewer than two assignments.
    """
    if len(assignments) < 2:
        raise ValueError(f"{len(assignments)} assignments came; agreement needs two or more")
    pairs = pairwise_ari(assignments)
    reference = int(pairs.sum(axis=1).argmax())
    leader = assignments[reference].astype(np.int64)
    n_clusters = int(max(assignment.max() for assignment in assignments)) + 1
    votes = np.zeros((len(leader), n_clusters))
    rows = np.arange(len(leader))
    for assignment in assignments:
        own = assignment.astype(np.int64)
        partner = match_classes(confusion(leader, own, n_clusters, n_clusters))
        named = partner[own]
        votes[rows[named >= 0], named[named >= 0]] += 1
    return Consensus(clusters=votes.argmax(axis=1), agreement=votes.max(axis=1) / len(assignments), reference=reference)
