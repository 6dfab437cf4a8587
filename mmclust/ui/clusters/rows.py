"""Rows of the Clusters page: who a cluster is, in figures and images."""

from collections.abc import Sequence
from html import escape

import numpy as np
import streamlit as st

from mmclust.clustering import Clustering
from mmclust.escaping import markdown
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
    text = escape(cluster_members.title(kind, clustering.word.capitalize()))
    head = (
        '<thead><tr><th title="Number of the cluster · matched class">cluster</th><th>mean</th>'
        f"<th>{text}</th></tr></thead>"
    )
    return f'<table class="mm-table">{head}<tbody>{"".join(rows)}</tbody></table>'


def _row(clustering: Clustering, cluster: int, kind: str, chosen: np.ndarray, shown: Sequence[int], px: int) -> str:
    """HTML of one cluster's row."""
    color, name, size = clustering.colors[cluster], escape(clustering.cluster_name(cluster)), clustering.sizes[cluster]
    found = clustering.per_cluster[cluster]
    samples = '<span class="mm-none">none</span>'
    if len(chosen):
        captions = _captions(clustering, chosen, kind)
        samples = pictures.samples(clustering, chosen, px=px, mark=False, kind="row", only=shown, captions=captions)
        if not found.size:
            samples = f'<div class="mm-others">{samples}<small>all of them lie in other clusters</small></div>'
    about = [
        f"{size:,} {clustering.word}s",
        _told(
            f"{cluster_members.mean_confidence(clustering, cluster):.0%} confident",
            "Mean probability of the cluster over its samples",
        ),
        _told(
            f"entropy {cluster_members.entropies(clustering)[cluster]:.2f}",
            "Mean entropy of the samples' cluster probabilities, in nats (natural logarithm); 0 means certain",
        ),
    ]
    if found.precision is not None:
        about.append(_told(f"{found.precision:.0%} pure", "Fraction of its samples that belong to the matched class"))
    if not found.size:
        about = ["empty"]
    if words := clustering.typical_words[cluster]:
        about.append(
            _told(escape(", ".join(words)), "Words that distinguish its captions from those of the other clusters")
        )
    width = 100 * size / max(1, int(clustering.sizes.max()))
    return (
        f'<tr><th scope="row"><i style="background:{color}"></i><b>{name}</b>'
        f'<span class="mm-bar"><i style="width:{width:.1f}%;background:{color}"></i></span>'
        f"<small>{' · '.join(about)}</small>{_buttons(cluster, name, found.size)}</th>"
        f"<td>{_mean(clustering, cluster, shown, px)}</td><td>{samples}</td></tr>"
    )


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


def _buttons(cluster: int, name: str, size: int) -> str:
    """HTML of what can be done with a cluster; see `clicked`."""
    offered = {action: texts for action, texts in ACTIONS.items() if size or action == "edit"}
    buttons = [
        f'<button type="button" data-click="{action}:{cluster}" title="{about}" '
        f'aria-label="{label}: {about}, cluster {name}">{label}</button>'
        for action, (label, about) in offered.items()
    ]
    return f'<span class="mm-actions">{"".join(buttons)}</span>'


def _told(text: str, meaning: str) -> str:
    return f'<span title="{escape(meaning)}">{text}</span>'


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


def _mean(clustering: Clustering, cluster: int, shown: Sequence[int], px: int) -> str:
    """The mean image or profile of a cluster; of several views level with the samples beside, with the views' names."""
    members = np.flatnonzero(clustering.y_pred == cluster)
    means = clustering.derive(("mean", cluster), lambda: pictures.means(clustering, members))
    if not means:
        return ""
    name = escape(clustering.cluster_name(cluster))
    if len(clustering.data.views) == 1 and pictures.is_image(clustering.data, 0):
        return f'<img class="mm-mean" src="{means[0]}" alt="Mean image of cluster {name}">'
    cells = []
    for number in shown:
        is_image, title = pictures.is_image(clustering.data, number), escape(clustering.view_names[number])
        kind, flat = ("image", "") if is_image else ("profile", " class=mm-profile")
        height = px if is_image else px * pictures.PROFILE_PX[1] // pictures.PROFILE_PX[0]
        cells.append(
            f'<span><small>{title}</small><img{flat} src="{means[number]}" style="width:{px}px;height:{height}px" '
            f'title="{title}" alt="Mean {kind} of cluster {name}, {title}"></span>'
        )
    return f'<div class="mm-mean-stack">{"".join(cells)}</div>'
