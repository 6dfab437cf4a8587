"""How many clusters a run's tree should be cut into, where nobody knows: criteria without labels for every number.

Evidence says how well each view of the data alone predicts unseen samples' clusters (`mmclust.auto.evidence`).
Stability says whether the same clusters come out again: with other seeds where the run has them, else where the codes
of random halves are cut into K pieces anew and merged along a tree of their own. As in `mmclust.auto.cluster_count`,
neither decides alone, and their product does; here without a preference for many clusters, since along a tree merging
and splitting are as easy.

Shapes: n samples, K clusters of the run, k after merging.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mmclust.analysis import tree as trees
from mmclust.analysis.kmeans_evaluation import kmeans
from mmclust.analysis.spaces import of_clusters
from mmclust.analysis.stability import on_shared
from mmclust.auto.cluster_count import Suggestion, Tried, chosen, views_of
from mmclust.auto.evidence import Evidence
from mmclust.evaluation.metrics import ari
from mmclust.evaluation.snapshot import Snapshot

if TYPE_CHECKING:
    from mmclust.analysis.tree import Tree
    from mmclust.data.dataset import MultiViewDataset

MOST_SAMPLES = 1500
"""Samples that numbers are compared on."""
ALL_UP_TO, MOST_TRIED = 20, 32
"""Numbers up to which each one is tried, and how many numbers at most."""
N_HALVES = 5
FEWEST = 8
"""Samples below which nothing can be compared."""
HARD = 1000.0
"""Score of a piece for its samples: no other one is possible."""

Report = Callable[[float], None]


@dataclass(frozen=True, kw_only=True)
class TriedCut(Tried):
    """A number of clusters along the tree, and what speaks for it."""

    silhouette: float
    """Mean over samples, in the codes: how much nearer the own cluster is than the next one."""


def tried_numbers(n_used: int) -> list[int]:
    """Numbers from 2 to as many as there are: every small one, and ever fewer of the large ones."""
    most = MOST_TRIED - ALL_UP_TO + 1
    large = np.geomspace(ALL_UP_TO, max(n_used, ALL_UP_TO), most).round().astype(int)
    return sorted({k for k in (*range(2, ALL_UP_TO), *large.tolist()) if k <= n_used})


def suggest_cut(
    snapshot: Snapshot,
    dataset: "MultiViewDataset | None",
    *,
    others: Sequence[Snapshot] = (),
    tree: "Tree | None" = None,
    seed: int = 0,
    report: Report = lambda fraction: None,
) -> Suggestion:
    """A number of clusters for a run that was trained with more of them.

    Args:
        snapshot: of the run.
        dataset: the run's data; None where they are no longer at hand: then silhouettes stand in for evidence.
        others: snapshots of the same training with other seeds; stability is over them where there are any.
        tree: of the snapshot, where it is known.
        seed: of all draws.
        report: told the fraction done.

    Raises:
        ValueError: there are too few clusters or samples to compare.
    """
    tree = tree or trees.tree_of(snapshot)
    numbers, rows = tried_numbers(tree.n_used), _rows(snapshot, seed)
    if len(numbers) < 2 or len(rows) < FEWEST:
        raise ValueError(
            f"{tree.n_used} clusters of {len(rows)} samples came; a suggestion needs three clusters or more and "
            f"{FEWEST} samples; train with more clusters"
        )
    part = _take(snapshot, rows)
    clusterings = [tree.cut(k).groups[part.y_pred] for k in numbers]
    silhouettes = _silhouettes(of_clusters(part), clusterings)
    report(0.1)
    worth = np.maximum(silhouettes, 0) if dataset is None else _evidence(dataset, part, clusterings, numbers, seed)
    report(0.4)
    references = _of_seeds(part, others) if others else _of_halves(part, tree.n_used, seed)
    rands = []
    for number, (places, clusters, reference) in enumerate(references):
        cuts = [reference.cut(min(k, reference.n_used)).groups[clusters] for k in numbers]
        rands.append([ari(mine[places], cut) for mine, cut in zip(clusterings, cuts, strict=True)])
        report(0.4 + 0.6 * (number + 1) / (len(others) or N_HALVES))
    if not rands:
        raise ValueError("the other seeds share no samples with this run; compare it without them")
    stability, spread = np.mean(rands, axis=0), np.std(rands, axis=0)
    return chosen(
        [
            TriedCut(
                n_clusters=k,
                evidence=float(worth[i]),
                stability=float(stability[i]),
                deviation=float(worth[i] * spread[i]),
                silhouette=float(silhouettes[i]),
            )
            for i, k in enumerate(numbers)
        ],
        tied=0.0,
    )


def _rows(snapshot: Snapshot, seed: int) -> np.ndarray:
    """Places of the samples that numbers are compared on: those whose codes and scores are numbers."""
    good = np.isfinite(of_clusters(snapshot)).all(axis=1) & np.isfinite(snapshot.logits).all(axis=1)
    return np.sort(np.random.default_rng(seed).permutation(np.flatnonzero(good))[:MOST_SAMPLES])


def _take(snapshot: Snapshot, rows: np.ndarray) -> Snapshot:
    spaces = {name: values[rows] for name, values in snapshot.spaces.items()}
    index, logits = snapshot.index[rows], snapshot.logits[rows]
    return Snapshot(epoch=snapshot.epoch, step=snapshot.step, index=index, spaces=spaces, logits=logits)


def _silhouettes(codes: np.ndarray, clusterings: Sequence[np.ndarray]) -> np.ndarray:
    """Mean silhouette of each clustering (Rousseeuw, J. Comput. Appl. Math. 20, 1987); 0 where it has one cluster."""
    from sklearn.metrics import pairwise_distances, silhouette_score

    distances = pairwise_distances(codes.astype(np.float64))
    np.fill_diagonal(distances, 0)
    found = []
    for clusters in clusterings:
        n_found = len(np.unique(clusters))
        usable = 1 < n_found < len(clusters)
        found.append(silhouette_score(distances, clusters, metric="precomputed") if usable else 0.0)
    return np.array(found)


def _evidence(
    dataset: "MultiViewDataset", part: Snapshot, clusterings: Sequence[np.ndarray], numbers: Sequence[int], seed: int
) -> np.ndarray:
    """Evidence of each clustering; views are prepared on the compared samples alone."""
    measure = Evidence(views_of(dataset.take(part.index), seed), 2, seed, n_repeats=1)
    found = []
    for k, clusters in zip(numbers, clusterings, strict=True):
        measure.scale = np.log(k)
        found.append(measure.of(clusters))
    return np.array(found)


def _of_seeds(part: Snapshot, others: Sequence[Snapshot]) -> "list[tuple[np.ndarray, np.ndarray, Tree]]":
    """For each other run: places among the compared samples, its clusters of them, its tree."""
    found = []
    for other in others:
        ids, (_, clusters) = on_shared([(part.index, part.y_pred), (other.index, other.y_pred)])
        if len(ids) >= FEWEST:
            order = np.argsort(part.index)
            places = order[np.searchsorted(part.index, ids, sorter=order)]
            found.append((places, clusters, trees.tree_of(other)))
    return found


def _of_halves(part: Snapshot, n_clusters: int, seed: int) -> "list[tuple[np.ndarray, np.ndarray, Tree]]":
    """The same of random halves of the compared samples, cut into K pieces anew."""
    random, codes = np.random.default_rng(seed), of_clusters(part)
    found = []
    for number in range(N_HALVES):
        places = np.sort(random.permutation(len(codes))[: len(codes) // 2])
        n_pieces = min(n_clusters, len(places))
        pieces = kmeans(codes[places], n_pieces, seed=seed + number, n_init=1)
        found.append((places, pieces, trees.build(codes[places], np.eye(n_pieces, dtype=np.float32)[pieces] * HARD)))
    return found
