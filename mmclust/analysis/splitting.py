"""Cutting a cluster into parts: k-means on the codes of its samples."""

import numpy as np

from mmclust.evaluation.annotation import Split
from mmclust.evaluation.snapshot import Snapshot
from mmclust.loading import load_scikit_learn

RESTARTS = 4
MOST = 20_000
"""Samples that k-means looks at; of larger clusters a random part."""


def split(snapshot: Snapshot, cluster: int, space: str, n_parts: int, *, seed: int = 0) -> Split:
    """The step that cuts a cluster by k-means in a space, the largest part first.

    Args:
        snapshot: whose samples and codes are used.
        cluster: number of the cluster to be cut.
        space: name of one of the snapshot's spaces.
        n_parts: number of parts, 2 or more.
        seed: of the starting points.

    Raises:
        ValueError: the cluster has fewer different codes than parts, or the snapshot lacks the space.
    """
    load_scikit_learn()
    from sklearn.cluster import KMeans

    if space not in snapshot.spaces:
        raise ValueError(f"space {space} came; this epoch has {', '.join(snapshot.spaces)}")
    codes = snapshot.spaces[space].reshape(len(snapshot.index), -1)[snapshot.y_pred == cluster].astype(np.float32)
    if len(codes) > MOST:
        codes = codes[np.random.default_rng(seed).choice(len(codes), MOST, replace=False)]
    n_different = len(np.unique(codes, axis=0))
    if n_different < n_parts:
        raise ValueError(
            f"the cluster has {n_different} different codes in {space}; choose no more parts, or another space"
        )
    found = KMeans(n_parts, n_init=RESTARTS, random_state=seed).fit(codes)  # pyright: ignore[reportArgumentType]
    parts, centres = np.asarray(found.labels_), np.asarray(found.cluster_centers_)
    largest = np.argsort(-np.bincount(parts, minlength=n_parts), kind="stable")
    return Split(
        cluster=cluster,
        space=space,
        centres=tuple(tuple(float(x) for x in centre) for centre in centres[largest]),
        variance=float(((codes - centres[parts]) ** 2).mean()),
    )


def preview(snapshot: Snapshot, step: Split, k: int) -> tuple[int, list[np.ndarray], list[int]]:
    """What a split gives: samples of the cluster, for each part its k rows nearest to the centre, and its size."""
    rows = np.flatnonzero(snapshot.y_pred == step.cluster)
    codes = snapshot.spaces[step.space].reshape(len(snapshot.index), -1)[rows]
    squared = np.stack([((codes - np.array(centre, np.float32)) ** 2).sum(axis=1) for centre in step.centres], axis=1)
    part = squared.argmin(axis=1)
    nearest, sizes = [], []
    for number in range(len(step.centres)):
        own = np.flatnonzero(part == number)
        nearest.append(rows[own[np.argsort(squared[own, number], kind="stable")[:k]]])
        sizes.append(len(own))
    return len(rows), nearest, sizes
