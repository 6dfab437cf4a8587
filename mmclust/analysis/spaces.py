"""What the spaces of a snapshot are called by people: `z_1` is "Z of view 1 (mnist)".

A space of one view ends in the view's number, counted from 1; names without a number are of all views together.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mmclust.evaluation.snapshot import Snapshot

KNOWN = {
    "z": ("Z", "the code that clusters are read from"),
    "z_c": ("Z_c, category", "the category part of the code: which cluster"),
    "z_s": ("Z_s, style", "the style part of the code: how it looks; a good run shows no classes here"),
    "p": ("P, projection", "the code that is compared with the prototypes"),
    "h": ("H", "the features that views are fused by"),
    "hidden": ("hidden layer", "the last layer before the clusters; distances between clusters are measured here"),
    "over": ("over-clusters", "probabilities of the finer clusters of the second head"),
}
"""Name without a view -> title and meaning."""

OF_CLUSTERS = ("z", "hidden", "h", "fused")
"""Spaces that clusters are read from, the first one that a method has."""

TOGETHER = "views"
"""Ends the name of a picture of all views' spaces at once: `z_views`."""


@dataclass(frozen=True, kw_only=True)
class Space:
    """One choice of what a map shows."""

    name: str
    """As in the snapshot, or `z_views` for all views of a space at once."""
    title: str
    meaning: str
    members: tuple[str, ...]
    """Names of the snapshot's spaces in it; several for all views at once."""
    views: tuple[int, ...] = ()
    """Number of the view of each member, from 0; empty for a space of all views together."""


def of_view(name: str, n_views: int) -> tuple[str, int | None]:
    """Name without the view's number, and the view from 0; None for spaces of no single view."""
    found = re.fullmatch(r"(.+)_([1-9]\d*)", name)
    if found and n_views > 1 and int(found[2]) <= n_views:
        return found[1], int(found[2]) - 1
    return name, None


def view_title(number: int, name: str = "") -> str:
    """What a view is called: its number, from 1, and its name where that says more.

    Args:
        number: of the view, from 0.
        name: from the data; files without names count their views, which says no more.
    """
    title = f"view {number + 1}"
    return title if name.lower() in ("", title, str(number + 1)) else f"{title} ({name})"


def of_clusters(snapshot: Snapshot) -> np.ndarray:
    """(n, D) codes in the space that the clusters are read from; the scores where a method has none."""
    names = [*(name for name in OF_CLUSTERS if name in snapshot.spaces), *snapshot.spaces]
    return snapshot.spaces[names[0]].reshape(len(snapshot.index), -1) if names else snapshot.logits


def choices(spaces: Mapping[str, np.ndarray], views: Sequence[str]) -> list[Space]:
    """What can be shown of a snapshot: its spaces, those of all views together first, then all views at once.

    Args:
        spaces: of the snapshot, each (n, ...).
        views: names of the data's views.
    """
    parts = {name: of_view(name, len(views)) for name in spaces}
    ordered = sorted(spaces, key=lambda name: parts[name][1] is not None)
    found = [_one(name, *parts[name], views) for name in ordered]
    for base in dict.fromkeys(base for base, view in parts.values() if view is not None):
        members = [name for name in spaces if parts[name][0] == base and parts[name][1] is not None]
        if len(members) == len(views) and len({spaces[name].shape[1:] for name in members}) == 1:
            found.append(_together(base, tuple(members)))
    return found


def _one(name: str, base: str, view: int | None, views: Sequence[str]) -> Space:
    title, meaning = KNOWN.get(base, (base.replace("_", " "), "a space of the method"))
    if view is not None:
        return Space(
            name=name,
            title=f"{title} of {view_title(view, views[view])}",
            meaning=f"{meaning}, from this view alone",
            members=(name,),
            views=(view,),
        )
    fused = len(views) > 1 and base not in ("z_c", "z_s", "over")
    return Space(name=name, title=f"{title}, fused" if fused else title, meaning=meaning, members=(name,))


def _together(base: str, members: tuple[str, ...]) -> Space:
    title = KNOWN.get(base, (base.replace("_", " "), ""))[0]
    return Space(
        name=f"{base}_{TOGETHER}",
        title=f"{title} of every view, in one picture",
        meaning="a point for every view of every sample: where views share a space, a sample's points lie together",
        members=members,
        views=tuple(range(len(members))),
    )
