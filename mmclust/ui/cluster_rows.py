"""Rows of the Clusters page: who a cluster is, in figures and images."""

from collections.abc import Sequence
from html import escape

import numpy as np

from mmclust.evaluation import metrics
from mmclust.ui import pictures
from mmclust.ui.cache import View

KINDS = {
    "surest": "Images with the largest probability of the cluster",
    "least sure": "Images of the cluster with the smallest margin",
    "random": "Images of the cluster, drawn at random",
    "wrong": "Images of the cluster that are of another class",
}


def ordered(view: View, order: str) -> list[int]:
    """Cluster numbers in an order: number, class, size (largest first) or confidence (surest first)."""
    clusters = range(len(view.sizes))
    if order == "size":
        return sorted(clusters, key=lambda k: -view.sizes[k])
    if order == "confidence":
        return sorted(clusters, key=lambda k: -mean_confidence(view, k))
    if order == "class" and view.matched is not None:
        matched = view.matched
        return sorted(clusters, key=lambda k: (matched[k] < 0, matched[k]))
    return list(clusters)


def members(view: View, cluster: int, kind: str, count: int) -> np.ndarray:
    """Places in the view's arrays of the samples to show."""
    if kind == "surest":
        return np.argsort(-view.snapshot.log_probs[:, cluster], kind="stable")[:count]
    own = np.flatnonzero(view.y_pred == cluster)
    if kind == "wrong":
        own = own[~view.right[own]] if view.right is not None else own[:0]
        return own[np.argsort(-view.confidence[own], kind="stable")][:count]
    if kind == "random":
        return np.sort(np.random.default_rng(cluster).permutation(own)[:count])
    two = np.sort(view.snapshot.logits[own], axis=1)[:, -2:]
    return own[np.argsort(two[:, 1] - two[:, 0], kind="stable")][:count]


def mean_confidence(view: View, cluster: int) -> float:
    """Mean probability over the cluster's own samples; 0 when it is empty."""
    own = view.confidence[view.y_pred == cluster]
    return float(own.mean()) if len(own) else 0.0


def table(view: View, clusters: Sequence[int], kind: str, count: int) -> str:
    """HTML table with a row per cluster."""
    largest = max(1, int(view.sizes.max()))
    figures = {f.cluster: f for f in metrics.per_cluster(view.snapshot.probs, view.y_true)}
    rows = []
    for k in clusters:
        color, name = view.colors[k], escape(view.cluster_name(k))
        shown = members(view, k, kind, count)
        images = (
            pictures.samples(view, shown, px=72, mark=False, kind="row")
            if len(shown)
            else '<span class="mm-none">none</span>'
        )
        own = np.flatnonzero(view.y_pred == k)
        mean = pictures.mean_image(view, own)
        picture = f'<img class="mm-mean" src="{mean}" alt="Mean image of cluster {name}">' if mean else ""
        about = [f"{view.sizes[k]:,} images", f"{mean_confidence(view, k):.0%} sure"]
        found = figures[k]
        if found.precision is not None:
            about.append(f"{found.precision:.0%} pure")
        if not len(own):
            about = ["empty"]
        rows.append(
            f'<tr><th scope="row"><i style="background:{color}"></i><b>{name}</b>'
            f'<span class="mm-bar"><i style="width:{100 * view.sizes[k] / largest:.1f}%;background:{color}"></i></span>'
            f"<small>{' · '.join(about)}</small></th>"
            f"<td>{picture}</td><td>{images}</td></tr>"
        )
    head = f"<thead><tr><th>cluster</th><th>mean</th><th>{escape(KINDS[kind])}</th></tr></thead>"
    return f'<table class="mm-table">{head}<tbody>{"".join(rows)}</tbody></table>'
