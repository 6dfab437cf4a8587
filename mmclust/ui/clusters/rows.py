"""Rows of the Clusters page: who a cluster is, in figures and images."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from jinja2 import Environment
from markupsafe import Markup

from mmclust.clustering import Clustering
from mmclust.escaping import markdown, templates
from mmclust.ui.clusters import editing
from mmclust.ui.components import cluster_members, descriptions, pictures, selection

WIDTHS = {1: 72, 2: 72, 3: 60}
"""Width of a picture by the number of views in a row; smaller where there are more."""
WIDE = 84
"""Width where all views are profiles, which are low."""


def kinds(clustering: Clustering) -> list[str]:
    """What rows may show; wrong images are known only with classes."""
    return [kind for kind in cluster_members.KINDS if kind != "wrong" or clustering.right is not None]


def views(clustering: Clustering) -> list[int]:
    """The views of the data to show in the rows, as chosen; all where there is nothing to choose."""
    every = list(range(len(clustering.data.views)))
    if len(every) < 2:
        return every
    chosen = st.pills(
        "Views",
        every,
        selection_mode="multi",
        default=every,
        key=f"shown-{clustering.record.spec.dataset}",
        format_func=lambda number: markdown(clustering.view_names[number]),
        help="The views shown in each row.",
    )
    return sorted(chosen) or every


def ordered(clustering: Clustering, order: str) -> list[int]:
    """Cluster numbers in an order: number, class, size, confidence or entropy, each with the largest first.

    Empty clusters come last: of many clusters they may be most.
    """
    found = _ordered(clustering, order)
    return sorted(found, key=lambda k: not clustering.sizes[k])


def _ordered(clustering: Clustering, order: str) -> list[int]:
    clusters = range(len(clustering.sizes))
    if order == "size":
        return sorted(clusters, key=lambda k: -clustering.sizes[k])
    if order == "confidence":
        return sorted(clusters, key=lambda k: -cluster_members.mean_confidence(clustering, k))
    if order == "entropy":
        return sorted(clusters, key=lambda k: -cluster_members.entropies(clustering)[k])
    if order == "class" and clustering.matched is not None:
        matched = clustering.matched
        return sorted(clusters, key=lambda k: (matched[k] < 0, matched[k]))
    return list(clusters)


def table(
    clustering: Clustering, clusters: Sequence[int], kind: str, count: int, shown: Sequence[int] | None = None
) -> str:
    """HTML table with a row per cluster.

    Args:
        clustering: the run at an epoch.
        clusters: numbers of the clusters, in order.
        kind: one of `KINDS`.
        count: samples in a row.
        shown: numbers of the data's views; by default all.
    """
    numbers = list(range(len(clustering.data.views))) if shown is None else list(shown)
    has_image = any(pictures.is_image(clustering.data, number) for number in numbers)
    px = WIDTHS.get(len(numbers), 50) if has_image else WIDE
    names = tuple(clustering.cluster_meaning(k) for k in range(len(clustering.sizes)))
    rows = [
        clustering.derive(
            ("row", k, kind, count, tuple(numbers), names),
            lambda k=k: _row(clustering, k, kind, cluster_members.members(clustering, k, kind, count), numbers, px),
        )
        for k in clusters
    ]
    return str(_render("rows", samples=cluster_members.title(kind, clustering.word.capitalize()), rows=rows))


def _row(clustering: Clustering, cluster: int, kind: str, chosen: np.ndarray, shown: Sequence[int], px: int) -> Markup:
    """HTML of one cluster's row."""
    name, size = clustering.cluster_name(cluster), clustering.per_cluster[cluster].size
    samples = ""
    if len(chosen):
        captions = _captions(clustering, chosen, kind)
        samples = pictures.samples(clustering, chosen, px=px, mark=False, kind="row", only=shown, captions=captions)
    return _render(
        "row",
        cluster=cluster,
        name=name,
        color=clustering.colors[cluster],
        width=100 * clustering.sizes[cluster] / max(1, int(clustering.sizes.max())),
        about=_about(clustering, cluster),
        buttons=[(action, *texts) for action, texts in ACTIONS.items() if size or action == "edit"],
        mean=_mean(clustering, cluster, shown, px),
        samples=Markup(samples),
        n_shown=len(chosen),
        others=not size,
    )


def _about(clustering: Clustering, cluster: int) -> list[tuple[str, str]]:
    """Figures of a cluster, each with its meaning where that is not plain."""
    found = clustering.per_cluster[cluster]
    about = [
        (f"{clustering.sizes[cluster]:,} {clustering.word}s", ""),
        (
            f"{cluster_members.mean_confidence(clustering, cluster):.0%} confident",
            "Mean probability of the cluster over its samples",
        ),
        (
            f"entropy {cluster_members.entropies(clustering)[cluster]:.2f}",
            "Mean entropy of the samples' cluster probabilities, in nats (natural logarithm); 0 means certain",
        ),
    ]
    if found.precision is not None:
        about.append((f"{found.precision:.0%} pure", "Fraction of its samples that belong to the matched class"))
    if not found.size:
        about = [("empty", "")]
    if words := clustering.typical_words[cluster]:
        about.append((", ".join(words), "Words that distinguish its captions from those of the other clusters"))
    return about


def _captions(clustering: Clustering, chosen: np.ndarray, kind: str) -> list[str] | bool:
    """Texts below the samples: the runner-up where that is the choice, else their captions, if there are any."""
    if kind == "runner-up":
        return [clustering.cluster_meaning(int(k)) for k in cluster_members.runners_up(clustering)[chosen]]
    return clustering.data.texts is not None and [
        descriptions.caption(clustering.data, int(clustering.ids[i]), 60) for i in chosen
    ]


ACTIONS = {
    "map": ("Map", "Show its samples on the map"),
    "select": ("Select", "Select its samples on all pages"),
    "edit": ("Edit", "Rename, merge or split"),
}
"""What a row offers: label and explanation."""


def clicked(clustering: Clustering, action: str) -> None:
    """Do what a button of a row says."""
    kind, _, number = action.partition(":")
    cluster = int(number)
    if cluster >= len(clustering.sizes):  # clicked before an annotation was changed in another window
        return
    if kind == "edit":
        editing.edit(clustering, cluster)
        return
    selection.select(
        clustering, np.flatnonzero(clustering.y_pred == cluster), f"Cluster {clustering.cluster_name(cluster)}"
    )
    if kind == "map":
        st.switch_page("map.py", query_params=selection.address(clustering))
    st.rerun()


def _mean(clustering: Clustering, cluster: int, shown: Sequence[int], px: int) -> Markup:
    """The mean image or profile of a cluster; of several views level with the samples beside, with the views' names."""
    members = np.flatnonzero(clustering.y_pred == cluster)
    addresses = clustering.derive(("mean", cluster), lambda: pictures.means(clustering, members))
    alone = len(clustering.data.views) == 1 and pictures.is_image(clustering.data, 0)
    profile_px = px * pictures.PROFILE_PX[1] // pictures.PROFILE_PX[0]
    means = [
        {
            "address": addresses[number],
            "view": clustering.view_names[number],
            "is_image": (is_image := pictures.is_image(clustering.data, number)),
            "height": px if is_image else profile_px,
            "alone": alone,
        }
        for number in ([0] if alone else shown)
        if addresses
    ]
    return _render("mean", name=clustering.cluster_name(cluster), px=px, means=means)


def _render(template: str, **values: Any) -> Markup:
    return Markup(_environment().get_template(f"{template}.html").render(values))


@cache
def _environment() -> Environment:
    return templates(Path(__file__).parent)
