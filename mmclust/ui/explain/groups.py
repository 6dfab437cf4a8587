"""Samples of a cluster that are looked at together: right, wrong, least confident."""

from dataclasses import dataclass

import numpy as np

from mmclust.clustering import Clustering
from mmclust.ui.components import cluster_members

COUNT = 6
"""Samples of a group."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Samples of a cluster that are shown together."""

    name: str
    about: str
    rows: np.ndarray
    """Places in the clustering's arrays."""


def groups(clustering: Clustering, cluster: int) -> list[Group]:
    """Samples to show for a cluster: most confident (right and wrong where classes are known) and least confident."""
    least = cluster_members.members(clustering, cluster, "least confident", COUNT)
    unsure = Group(name="least confident", about="largest entropy of the cluster probabilities", rows=least)
    members = own(clustering, cluster)
    if clustering.right is None or clustering.wrong is None:
        return [Group(name="most confident", about="largest probability of the cluster", rows=members[:COUNT]), unsure]
    right, wrong = members[clustering.right[members]][:COUNT], members[clustering.wrong[members]][:COUNT]
    return [
        Group(name="right", about=f"most confident {clustering.word}s of the matched class", rows=right),
        Group(name="wrong", about=f"most confident {clustering.word}s of another class", rows=wrong),
        unsure,
    ]


def own(clustering: Clustering, cluster: int) -> np.ndarray:
    """Places of all samples of a cluster, the most confident first."""
    confident = cluster_members.members(clustering, cluster, "most confident", len(clustering.ids))
    return clustering.derive(("own", cluster), lambda: confident[clustering.y_pred[confident] == cluster])
