"""Clusters merged along a tree: any number of clusters from one to those that a run has, without labels.

Linkage by node pair sampling (Bonald, Charpentier, Galland and Hollocou, Hierarchical Graph Clustering using Node Pair
Sampling, arXiv:1806.01664, Sec. 3): two clusters are as far as p(a) p(b) / p(a, b), where p(a, b) is the probability
that a random pair of neighbours lies in both. Merging adds probabilities up, so no other rule of updating is needed,
large clusters have no advantage over small ones, and heights never fall. One number holds three signals: who is near
whom in the codes, how many neighbours two samples share (a pair is drawn in proportion to the Jaccard index of their
neighbourhoods: Levine et al., Cell 162(1), 2015), and between which clusters soft assignments waver (each sample of a
pair lies in a cluster with the probability that the network gives it).

Shapes: n samples, D dimensions of the codes, K clusters, k clusters after merging.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.spatial.distance import cdist
from scipy.special import log_softmax

from mmclust import neighbours
from mmclust.analysis.spaces import of_clusters
from mmclust.evaluation.snapshot import Snapshot

N_NEIGHBOURS = 15
MOST_SAMPLES = 10_000
"""Samples that the graph is of, at most."""
UNCONNECTED = 1e-9
"""Weight of the distance of centres: it decides only between clusters that no neighbours connect."""
SMALLEST = 1e-12
"""Probability of a cluster that no sample of the graph lies in."""


@dataclass(frozen=True, kw_only=True)
class Cut:
    """The clusters after merging to k of them."""

    groups: np.ndarray
    """(K,) merged cluster of each cluster."""
    leads: np.ndarray
    """(k,) the largest part of each merged cluster, ascending: its number, name and colour stand for all of them."""

    @property
    def n_clusters(self) -> int:
        """Number of merged clusters k."""
        return len(self.leads)

    def parts(self, group: int) -> tuple[int, ...]:
        """The clusters in a merged one, ascending."""
        return tuple(np.flatnonzero(self.groups == group).tolist())


@dataclass(frozen=True, kw_only=True)
class Tree:
    """How clusters merge, the closest two first; empty ones join others before that."""

    linkage: np.ndarray
    """(K - 1, 4) as SciPy's `linkage`: the two nodes, the height, the clusters in both."""
    sizes: np.ndarray
    """(K,) samples in each cluster."""

    @property
    def n_used(self) -> int:
        """Clusters that hold a sample: the largest number that can be asked for."""
        return max(1, int((self.sizes > 0).sum()))

    def cut(self, n_clusters: int) -> Cut:
        """The clusters merged to k of them.

        Args:
            n_clusters: k.

        Raises:
            ValueError: fewer than one, or more than hold a sample.
        """
        if not 1 <= n_clusters <= self.n_used:
            raise ValueError(
                f"k = {n_clusters} came; clusters of this run can be merged to 1 to {self.n_used}, as many as hold "
                "a sample"
            )
        n_leaves = len(self.sizes)
        members = {leaf: [leaf] for leaf in range(n_leaves)}
        for row in range(n_leaves - n_clusters):
            left, right = (int(node) for node in self.linkage[row, :2])
            members[n_leaves + row] = members.pop(left) + members.pop(right)
        found = sorted((self._lead(leaves), leaves) for leaves in members.values())
        groups = np.empty(n_leaves, np.int64)
        for number, (_, leaves) in enumerate(found):
            groups[leaves] = number
        return Cut(groups=groups, leads=np.array([lead for lead, _ in found], np.int64))

    def _lead(self, leaves: list[int]) -> int:
        return min(leaves, key=lambda leaf: (-self.sizes[leaf], leaf))


def tree_of(snapshot: Snapshot) -> Tree:
    """The tree of a run's clusters at an epoch, from the codes that they are read from."""
    return build(of_clusters(snapshot), snapshot.logits)


def build(codes: np.ndarray, logits: np.ndarray) -> Tree:
    """The tree of clusters.

    Args:
        codes: (n, D); samples with a value that is no number are in no neighbourhood.
        logits: (n, K) scores of the clusters.
    """
    sizes = np.bincount(logits.argmax(axis=1), minlength=logits.shape[1])
    rows = _some(codes, logits)
    probs = np.exp(log_softmax(logits[rows].astype(np.float64), axis=1))
    joint = joint_probabilities(np.asarray(codes[rows], np.float32), probs)
    return Tree(linkage=merge(joint, sizes), sizes=sizes)


def _some(codes: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """Places of at most `MOST_SAMPLES` samples with numbers only, of each cluster as large a share."""
    good = np.flatnonzero(np.isfinite(codes).all(axis=1) & np.isfinite(logits).all(axis=1))
    if len(good) <= MOST_SAMPLES:
        return good
    by_cluster = good[np.argsort(logits[good].argmax(axis=1), kind="stable")]
    return np.sort(by_cluster[np.linspace(0, len(good) - 1, MOST_SAMPLES).round().astype(np.int64)])


def joint_probabilities(codes: np.ndarray, probs: np.ndarray) -> np.ndarray:
    """(K, K) probability that a random pair of neighbours lies in two clusters, and with tiny weight their nearness.

    Args:
        codes: (n, D) float32.
        probs: (n, K) soft assignment.
    """
    n_clusters = probs.shape[1]
    if not len(codes):
        return np.full((n_clusters, n_clusters), 1 / n_clusters**2)
    joint = probs.T @ (_graph(codes) @ probs)
    joint = (joint + joint.T) / 2
    mass = np.maximum(probs.sum(axis=0), SMALLEST)
    distances = cdist(*[(probs.T @ codes) / mass[:, None]] * 2)
    near = 1 / (1 + distances / max(float(distances.max()), SMALLEST))
    share = np.maximum(joint.sum(axis=1), SMALLEST)
    return joint + UNCONNECTED * np.outer(share, share) * near


def _graph(codes: np.ndarray) -> sparse.spmatrix | sparse.sparray:
    """(n, n) symmetric probabilities of drawing two samples as neighbours, or twice the same where there is no other.

    A sample is drawn evenly, then one of its neighbours in proportion to the Jaccard index of both neighbourhoods.
    """
    n_samples = len(codes)
    n_neighbours = min(N_NEIGHBOURS, n_samples - 1)
    if not n_neighbours:
        return sparse.eye_array(n_samples, format="csr")
    found = neighbours.among(codes, codes, n_neighbours + 1).found
    # The sample itself stays in its neighbourhood, so that two that are nearest to each other share at least those.
    start = np.arange(0, found.size + 1, found.shape[1])
    near = sparse.csr_array((np.ones(found.size), found.ravel(), start), shape=(n_samples, n_samples))
    shared = near.multiply(near @ near.T).tocsr()
    shared.data /= 2 * found.shape[1] - shared.data
    shared.setdiag(0)
    total = np.asarray(shared.sum(axis=1)).ravel()
    drawn = shared.multiply(1 / (n_samples * np.maximum(total, SMALLEST))[:, None])
    return (drawn + drawn.T) / 2


def merge(joint: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """(K - 1, 4) merges, as SciPy's `linkage`; empty clusters join the closest one first, at height 0.

    Args:
        joint: (K, K) symmetric and positive, as of `joint_probabilities`.
        sizes: (K,) samples in each cluster.
    """
    n_leaves = len(joint)
    joint, node, held = joint.copy(), np.arange(n_leaves), np.asarray(sizes, np.float64)
    share = joint.sum(axis=1)
    rows, inside = np.zeros((n_leaves - 1, 4)), np.ones(n_leaves)
    distances = np.outer(share, share) / joint
    np.fill_diagonal(distances, np.inf)
    for step in range(n_leaves - 1):
        empty = np.flatnonzero((held == 0) & (node >= 0))
        asked = empty[:1] if len(empty) and (held > 0).any() else slice(None)
        flat = int(distances[asked].argmin())
        a, b = int(np.arange(n_leaves)[asked][flat // n_leaves]), flat % n_leaves
        height = 0.0 if held[a] == 0 or held[b] == 0 else float(distances[a, b])
        rows[step] = (*sorted((node[a], node[b])), height, inside[a] + inside[b])
        joint[a] += joint[b]
        joint[:, a] += joint[:, b]
        share[a] += share[b]
        held[a] += held[b]
        inside[a] += inside[b]
        node[a], node[b] = n_leaves + step, -1
        distances[a] = distances[:, a] = share[a] * share / joint[a]
        distances[a, a] = np.inf
        gone = node < 0
        distances[gone], distances[:, gone] = np.inf, np.inf
    return rows
