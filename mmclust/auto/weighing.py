"""What the verdict on a result goes by, measured on the result and on simple clusterings of the same samples.

Shapes: N samples, D columns of a view, K clusters.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from mmclust.auto import preparation, starts
from mmclust.auto.evidence import Evidence, total
from mmclust.auto.verdict import Measured, baseline
from mmclust.evaluation.metrics import usage_entropy

MOST_SAMPLES = 5000
"""Samples that each view is clustered on alone, at most."""


def weigh(
    result: np.ndarray,
    simple: Mapping[str, np.ndarray],
    *,
    measure: Evidence,
    views: Mapping[str, np.ndarray],
    related: Sequence[bool],
    chance: float,
    n_clusters: int,
    seed: int,
    of_images: bool = False,
) -> Measured:
    """What is known of a result without labels.

    Args:
        result: (N,) clusters.
        simple: clusters (N,) by simple methods, by their titles.
        measure: evidence by the views that belong together.
        views: each (N, D), prepared, by their names.
        related: whether each of these has more to do with some other one than chance.
        chance: evidence that clusterings of shuffled views reach.
        n_clusters: K.
        seed: of all draws.
        of_images: whether the views are pixels and edges of the same images.
    """
    by_view = measure.by_view(result)
    evidence = {title: measure.of(clusters) for title, clusters in simple.items()}
    compared = baseline(evidence, of_images=of_images)
    return Measured(
        n_samples=len(result),
        n_clusters=n_clusters,
        evidence=total(by_view),
        evidence_by_view=tuple(by_view.tolist()),
        alone=agreement_alone(tuple(views.values()), result, n_clusters, seed),
        chance=chance,
        simple=evidence,
        noise=measure.noise(result, simple[compared]) if compared else 0.0,
        use=usage_entropy(result) / float(np.log(n_clusters)),
        views=tuple(views),
        related=tuple(related),
        copies=_copies(views, n_clusters),
        of_images=of_images,
    )


def _copies(views: Mapping[str, np.ndarray], n_clusters: int) -> dict[str, str]:
    """Names of views (N, D) that repeat an earlier one, with its name."""
    names = tuple(views)
    found = preparation.copies(tuple(views.values()), n_clusters)
    return {names[place]: names[first] for place, first in enumerate(found) if first is not None}


def agreement_alone(views: Sequence[np.ndarray], clusters: np.ndarray, n_clusters: int, seed: int) -> tuple[float, ...]:
    """Adjusted mutual information of clusters (N,) and those that k-means finds in each view (N, D) alone."""
    from sklearn.metrics import adjusted_mutual_info_score

    rows = np.sort(np.random.default_rng(seed).permutation(len(clusters))[: max(MOST_SAMPLES, 2 * n_clusters)])
    return tuple(
        float(adjusted_mutual_info_score(clusters[rows], starts.k_means(view[rows], n_clusters, seed)))
        for view in views
    )
