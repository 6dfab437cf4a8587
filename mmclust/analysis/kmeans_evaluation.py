"""Other ways to read clusters out of a network: k-means on each of its spaces.

DCCS, Table 4: k-means on Z and Z_c agrees with the assignment, k-means on the style Z_s does not.
"""

import warnings
from collections.abc import Iterable

import numpy as np

from mmclust.analysis.source import Source
from mmclust.evaluation.metrics import score
from mmclust.evaluation.snapshot import Snapshot
from mmclust.loading import load_scikit_learn

SOURCE = Source(modules=(__name__,), packages=("scikit-learn",))
"""The code that computes all of this, for what is kept on disk."""


def evaluate_kmeans(
    snapshot: Snapshot,
    y_true: np.ndarray,
    *,
    spaces: Iterable[str] | None = None,
    n_clusters: int | None = None,
    seed: int = 0,
    n_init: int = 10,
) -> dict[str, dict[str, float]]:
    """Figures of the assignment itself, under "assignment", and of k-means on named spaces.

    Args:
        snapshot: codes of an epoch.
        y_true: (n,) class of each of the snapshot's samples.
        spaces: which spaces; by default all that have a dimension.
        n_clusters: k of k-means; by default as many as the method has clusters.
        seed: of the starting centres.
        n_init: starts of k-means, of which the tightest counts.

    Returns:
        {name: metrics as in `metrics.score`}.

    Raises:
        ValueError: an unknown space; the message lists the known ones.
    """
    names = [name for name, values in snapshot.spaces.items() if values.size] if spaces is None else list(spaces)
    if unknown := [name for name in names if name not in snapshot.spaces]:
        raise ValueError(f"space {unknown[0]!r} is not in this snapshot; known are {', '.join(snapshot.spaces)}")
    metrics = {"assignment": score(y_true, snapshot.y_pred)}
    for name in names:
        values = snapshot.spaces[name].reshape(len(snapshot.index), -1)
        metrics[name] = score(y_true, kmeans(values, n_clusters or snapshot.n_clusters, seed=seed, n_init=n_init))
    return metrics


def kmeans(values: np.ndarray, n_clusters: int, *, seed: int = 0, n_init: int = 10) -> np.ndarray:
    """(n,) groups of k-means on (n, D) values, Lloyd's algorithm from k-means++ centres."""
    load_scikit_learn()
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        # fewer different points than groups: a collapsed space is worth showing, not worth a warning
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = KMeans(min(n_clusters, len(values)), n_init=n_init, random_state=seed)  # pyright: ignore[reportArgumentType]
        return model.fit_predict(np.asarray(values, dtype=np.float32)).astype(np.int64)
