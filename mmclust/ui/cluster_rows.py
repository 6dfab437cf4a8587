"""Rows of the Clusters page: who a cluster is, in figures and images."""

from collections.abc import Sequence
from html import escape

import numpy as np

from mmclust.evaluation import metrics
from mmclust.evaluation.metrics import ClusterFigures
from mmclust.ui import cache, pictures
from mmclust.ui.cache import View

KINDS = {
    "surest": "Images with the largest probability of the cluster",
    "least sure": "Images of the cluster with the smallest margin",
    "random": "Images of the cluster, drawn at random",
    "wrong": "Images of the cluster that are of another class",
}


def kinds(view: View) -> list[str]:
    """What rows may show; wrong images are known only with classes."""
    return [kind for kind in KINDS if kind != "wrong" or view.right is not None]


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
    return cache.derive(view, ("members", cluster, kind, count), lambda: _members(view, cluster, kind, count))


def _members(view: View, cluster: int, kind: str, count: int) -> np.ndarray:
    if kind == "surest":
        return np.argsort(-view.log_probs[:, cluster], kind="stable")[:count]
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
    return figures(view)[cluster].confidence


def figures(view: View) -> list[ClusterFigures]:
    """Size, confidence, precision and recall of every cluster."""
    return cache.derive(view, "figures", lambda: metrics.per_cluster(np.exp(view.log_probs), view.y_true))


def table(view: View, clusters: Sequence[int], kind: str, count: int) -> str:
    """HTML table with a row per cluster."""
    largest = max(1, int(view.sizes.max()))
    rows = []
    for k in clusters:
        color, name = view.colors[k], escape(view.cluster_name(k))
        shown = members(view, k, kind, count)
        images = (
            pictures.samples(view, shown, px=72, mark=False, kind="row")
            if len(shown)
            else '<span class="mm-none">none</span>'
        )
        mean = cache.derive(view, ("mean", k), lambda k=k: pictures.mean_image(view, np.flatnonzero(view.y_pred == k)))
        picture = f'<img class="mm-mean" src="{mean}" alt="Mean image of cluster {name}">' if mean else ""
        about = [f"{view.sizes[k]:,} images", f"{mean_confidence(view, k):.0%} sure"]
        found = figures(view)[k]
        if found.precision is not None:
            about.append(f"{found.precision:.0%} pure")
        if not found.size:
            about = ["empty"]
        rows.append(
            f'<tr><th scope="row"><i style="background:{color}"></i><b>{name}</b>'
            f'<span class="mm-bar"><i style="width:{100 * view.sizes[k] / largest:.1f}%;background:{color}"></i></span>'
            f"<small>{' · '.join(about)}</small></th>"
            f"<td>{picture}</td><td>{images}</td></tr>"
        )
    head = f"<thead><tr><th>cluster</th><th>mean</th><th>{escape(KINDS[kind])}</th></tr></thead>"
    return f'<table class="mm-table">{head}<tbody>{"".join(rows)}</tbody></table>'
