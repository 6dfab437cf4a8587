"""How well found clusters agree with given classes: every metric comes from one table of counts.

Shapes: n samples, C classes, K clusters. Figures are fractions in [0, 1] (ARI may be below 0). Samples without a class,
which have the label `NO_CLASS`, are in no metric.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import linear_sum_assignment

Labels = Int[np.ndarray, " n"]
Counts = Int[np.ndarray, "c k"]
NO_CLASS = -1
"""The label of a sample that has no class: it is clustered, and not scored."""


def score(y_true: Labels, y_pred: Labels) -> dict[str, float]:
    """ACC, NMI with both normalisers, ARI and purity, as fractions.

    Returns:
        The keys `acc nmi nmi_geometric ari purity`; `nmi` has the arithmetic normaliser.

    Raises:
        ValueError: no samples with a class, or a label below `NO_CLASS`.
    """
    counts = confusion(y_true, y_pred)
    return {
        "acc": _acc(counts),
        "nmi": _nmi(counts, geometric=False),
        "nmi_geometric": _nmi(counts, geometric=True),
        "ari": _ari(counts),
        "purity": float(counts.max(axis=0).sum() / counts.sum()),
    }


def acc(y_true: Labels, y_pred: Labels) -> float:
    """Share of samples in the cluster matched to their class; Hungarian, each class has at most one cluster."""
    return _acc(confusion(y_true, y_pred))


def ari(y_true: Labels, y_pred: Labels) -> float:
    """Adjusted Rand index: 0 for independent groupings, 1 for equal ones. Hubert and Arabie (1985)."""
    return _ari(confusion(y_true, y_pred))


def purity(y_true: Labels, y_pred: Labels) -> float:
    """Share of samples whose class is the most frequent one of their cluster."""
    counts = confusion(y_true, y_pred)
    return float(counts.max(axis=0).sum() / counts.sum())


def confusion(y_true: Labels, y_pred: Labels, n_classes: int | None = None, n_clusters: int | None = None) -> Counts:
    """Counts of samples by class (rows) and cluster (columns).

    Args:
        y_true: class of each sample, from 0; those of `NO_CLASS` are not counted.
        y_pred: cluster of each sample, from 0.
        n_classes: rows of the table; by default up to the largest class that occurs.
        n_clusters: columns of the table; by default up to the largest cluster that occurs.

    Raises:
        ValueError: no samples, or a label outside the table.
    """
    assert y_true.shape == y_pred.shape, (y_true.shape, y_pred.shape)
    if (without := y_true == NO_CLASS).any():
        y_true, y_pred = y_true[~without], y_pred[~without]
    if not y_true.size:
        raise ValueError("no samples came; figures need at least one sample with a class and a cluster")
    rows = _size("class", y_true, n_classes)
    columns = _size("cluster", y_pred, n_clusters)
    cells = y_true.astype(np.int64) * columns + y_pred
    return np.bincount(cells, minlength=rows * columns).reshape(rows, columns)


def match_classes(counts: Counts) -> Int[np.ndarray, " k"]:
    """Class of each cluster under the one-to-one matching of most samples; -1 where a cluster has no class left."""
    classes, clusters = linear_sum_assignment(counts, maximize=True)
    matched = np.full(counts.shape[1], -1, dtype=np.int64)
    matched[clusters] = classes
    return matched


def match(counts: Counts) -> Int[np.ndarray, " k"]:
    """Order of the clusters (columns) that puts matched cells on the diagonal.

    Clusters without a class of their own come last, the largest first. With fewer clusters than classes some
    classes have no cluster; those that have one still come in the order of the classes.
    """
    classes = match_classes(counts)
    sizes = counts.sum(axis=0)
    return np.lexsort((-sizes, np.where(classes < 0, counts.shape[0], classes)))


def is_right(y_true: Labels, y_pred: Labels) -> np.ndarray:
    """(n,) whether each sample lies in the cluster matched to its class; the mean over those with one is the ACC."""
    return (match_classes(confusion(y_true, y_pred, n_clusters=int(y_pred.max()) + 1))[y_pred] == y_true) & (
        y_true != NO_CLASS
    )


def acc_top(y_true: Labels, logits: Float[np.ndarray, "n k"], n_best: int = 5) -> float:
    """Share of samples whose class is that of one of their `n_best` clusters; clusters are matched as for ACC."""
    matched = match_classes(confusion(y_true, logits.argmax(axis=1), n_clusters=logits.shape[1]))
    best = np.argsort(-logits, axis=1, kind="stable")[:, :n_best]
    return float((matched[best] == y_true[:, None]).any(axis=1)[y_true != NO_CLASS].mean())


@dataclass(frozen=True, kw_only=True)
class ClusterMetrics:
    """What is known of one cluster; the last three are None without labels or without a matched class."""

    cluster: int
    size: int
    """Samples assigned to it."""
    confidence: float
    """Mean probability of the cluster over its own samples; 0 when it is empty."""
    matched_class: int | None = None
    precision: float | None = None
    """Share of its samples with a class that are of the matched one."""
    recall: float | None = None
    """Share of the matched class that lies in it."""


def per_cluster(
    probs: Float[np.ndarray, "n k"], y_true: Labels | None = None, n_classes: int | None = None
) -> list[ClusterMetrics]:
    """Metrics of every cluster, empty ones too, in the order of the clusters.

    Args:
        probs: assignment probabilities; a sample belongs to its most probable cluster.
        y_true: class of each sample, where known.
        n_classes: number of classes; by default up to the largest that occurs.
    """
    n_clusters = probs.shape[1]
    y_pred = probs.argmax(axis=1)
    sizes = np.bincount(y_pred, minlength=n_clusters)
    confidence = np.bincount(y_pred, weights=probs.max(axis=1), minlength=n_clusters) / np.maximum(sizes, 1)
    if y_true is None:
        return [
            ClusterMetrics(cluster=k, size=int(sizes[k]), confidence=float(confidence[k])) for k in range(n_clusters)
        ]
    counts = confusion(y_true, y_pred, n_classes, n_clusters)
    found = []
    for k, matched in enumerate(match_classes(counts)):
        hits = int(counts[matched, k])
        found.append(
            ClusterMetrics(
                cluster=k,
                size=int(sizes[k]),
                confidence=float(confidence[k]),
                matched_class=int(matched) if matched >= 0 else None,
                precision=hits / max(int(counts[:, k].sum()), 1) if matched >= 0 else None,
                recall=hits / max(int(counts[matched].sum()), 1) if matched >= 0 else None,
            )
        )
    return found


def usage_entropy(assignment: np.ndarray) -> float:
    """Entropy of cluster use in nats: ln K when all K clusters are used alike, 0 when one takes all.

    Args:
        assignment: (n,) clusters, or (n, K) probabilities whose mean is the use.
    """
    if not len(assignment):
        raise ValueError("no samples came; the entropy of cluster use needs at least one")
    use = np.bincount(assignment) if assignment.ndim == 1 else assignment.sum(axis=0, dtype=np.float64)
    return _entropy(use)


EMPTY_BELOW = 0.1
"""Of an even share of the samples: a cluster with fewer is called empty, everywhere."""


def n_found(sizes: np.ndarray) -> int:
    """How many clusters are not empty.

    Args:
        sizes: (K,) samples whose most probable cluster each one is: hard counts, no probabilities.
    """
    return len(sizes) - len(empty_clusters(sizes))


def empty_clusters(sizes: np.ndarray) -> np.ndarray:
    """The empty clusters among K of the given sizes (K,), from 0: those far below an even share."""
    return np.flatnonzero(np.asarray(sizes) < EMPTY_BELOW * np.sum(sizes) / max(len(sizes), 1))


def shown_groups(labels: np.ndarray, names: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """Labels (n,) and the names of their groups, where samples without a class are a last group of their own."""
    if not (labels == NO_CLASS).any():
        return labels, list(names)
    return np.where(labels == NO_CLASS, len(names), labels), [*names, "no class"]


def _size(what: str, labels: np.ndarray, wanted: int | None) -> int:
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or (wanted is not None and high >= wanted):
        allowed = "0 or more" if wanted is None else f"0 to {wanted - 1}"
        raise ValueError(f"{what} {low if low < 0 else high} came; {what} ids may be {allowed}")
    return high + 1 if wanted is None else wanted


def _acc(counts: np.ndarray) -> float:
    return float(counts[linear_sum_assignment(counts, maximize=True)].sum() / counts.sum())


def _entropy(weights: np.ndarray) -> float:
    share = weights[weights > 0] / weights.sum()
    return max(0.0, float(-(share * np.log(share)).sum()))


def _nmi(counts: np.ndarray, *, geometric: bool) -> float:
    h_true, h_pred = _entropy(counts.sum(axis=1)), _entropy(counts.sum(axis=0))
    if h_true == 0.0 and h_pred == 0.0:
        return 1.0  # one class in one cluster: the groupings are equal
    mean = math.sqrt(h_true * h_pred) if geometric else (h_true + h_pred) / 2
    shared = h_true + h_pred - _entropy(counts.ravel())
    return min(1.0, max(0.0, shared / mean)) if mean > 0.0 else 0.0


def _ari(counts: np.ndarray) -> float:
    def pairs(sizes: np.ndarray) -> int:
        return int((sizes * (sizes - 1) // 2).sum())

    both, of_class, of_cluster = pairs(counts.ravel()), pairs(counts.sum(axis=1)), pairs(counts.sum(axis=0))
    n = int(counts.sum())
    total = n * (n - 1) // 2
    if both == of_class == of_cluster:
        return 1.0
    expected = of_class * of_cluster / total
    return (both - expected) / ((of_class + of_cluster) / 2 - expected)
