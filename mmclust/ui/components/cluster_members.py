"""The samples of clusters by how well they belong, and the figures of clusters."""

import numpy as np

from mmclust.analysis import uncertainty
from mmclust.clustering import Clustering
from mmclust.ui.components import facets
from mmclust.ui.components.facets import ordering

KINDS = {
    "most confident": "{}s with the largest probability of the cluster",
    "least confident": "{}s of the cluster with the largest entropy of their probabilities",
    "runner-up": "{}s with a close second cluster, the runner-up, which is written below",
    "random": "{}s of the cluster, drawn at random",
    "wrong": "{}s of the cluster that belong to another class",
}

BY_COLUMN = "by column "
"""Begins the kinds that show a cluster's samples in the order of a column, whose name follows; see `ordering`."""


def title(kind: str, word: str) -> str:
    """What a kind shows, in words."""
    if kind.startswith(BY_COLUMN):
        return f"{word}s of the cluster in the order of the column {kind.removeprefix(BY_COLUMN).removesuffix('-')}"
    return KINDS[kind].format(word)


def members(clustering: Clustering, cluster: int, kind: str, count: int) -> np.ndarray:
    """Places in the clustering's arrays of the samples to show."""
    return clustering.derive(("members", cluster, kind, count), lambda: _members(clustering, cluster, kind, count))


def _members(clustering: Clustering, cluster: int, kind: str, count: int) -> np.ndarray:
    if kind == "most confident":
        ranked = np.argsort(-clustering.log_probs[:, cluster], kind="stable")
        if clustering.before is not None:
            ranked = in_turn(ranked, clustering.y_pred == cluster, clustering.before.y_pred)
        return ranked[:count]
    own = np.flatnonzero(clustering.y_pred == cluster)
    if kind.startswith(BY_COLUMN):
        return ordering.order(facets.table_of(clustering), kind.removeprefix(BY_COLUMN), own)[:count]
    if kind == "wrong":
        own = own[clustering.wrong[own]] if clustering.wrong is not None else own[:0]
        return own[np.argsort(-clustering.confidence[own], kind="stable")][:count]
    if kind == "random":
        return np.sort(np.random.default_rng(cluster).permutation(own)[:count])
    if kind == "least confident":
        return own[np.argsort(-sample_entropy(clustering)[own], kind="stable")][:count]
    return own[np.argsort(margins(clustering)[own], kind="stable")][:count]


def in_turn(ranked: np.ndarray, own: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """Ranked samples of a merged cluster with those of its parts in turn: the surest part alone would fill a row.

    Args:
        ranked: (n,) places, the best first.
        own: (n,) whether a sample is in the merged cluster; others come last.
        parts: (n,) cluster of each sample before clusters were merged.
    """
    inside, outside = ranked[own[ranked]], ranked[~own[ranked]]
    place = np.empty(len(inside), np.int64)
    for part in np.unique(parts[inside]):
        member = parts[inside] == part
        place[member] = np.arange(member.sum())
    return np.concatenate((inside[np.argsort(place, kind="stable")], outside))


def sample_entropy(clustering: Clustering) -> np.ndarray:
    """(n,) entropy of the assignment of each sample, in nats."""
    return clustering.derive("entropy", lambda: uncertainty.entropy(clustering.log_probs))


def margins(clustering: Clustering) -> np.ndarray:
    """(n,) log-odds of each sample's cluster against the runner-up."""
    return clustering.derive("margin", lambda: uncertainty.margin(clustering.log_probs))


def runners_up(clustering: Clustering) -> np.ndarray:
    """(n,) cluster that each sample belongs to next."""
    return clustering.derive("runner-up", lambda: uncertainty.runner_up(clustering.log_probs))


def entropies(clustering: Clustering) -> np.ndarray:
    """(K,) mean entropy of the assignments of a cluster's samples, in nats."""
    return clustering.derive(
        "entropies",
        lambda: uncertainty.mean_by_cluster(sample_entropy(clustering), clustering.y_pred, len(clustering.sizes)),
    )


def mean_confidence(clustering: Clustering, cluster: int) -> float:
    """Mean probability over the cluster's own samples; 0 when it is empty."""
    return clustering.per_cluster[cluster].confidence
