"""What a selection of samples holds: how it spreads over clusters and classes, its samples, a table of its ids."""

import csv
import io

import numpy as np
import streamlit as st

from mmclust.clustering import Clustering
from mmclust.escaping import cell
from mmclust.plots.palette import cluster_colors
from mmclust.ui.components import markup, pictures

SHOWN = 120
"""Pictures of a selection that are drawn; the other samples are counted."""


def images(clustering: Clustering, rows: np.ndarray, *, px: int = 44) -> None:
    """The samples, most confident first, and how they spread over clusters and classes.

    Args:
        clustering: the run at an epoch.
        rows: (m,) places in the clustering's arrays.
        px: width of a picture.
    """
    st.html(shares(clustering, rows))
    shown = surest(clustering, rows, SHOWN // len(clustering.data.views))
    st.html(pictures.samples(clustering, shown, px=px))
    if len(rows) > len(shown):
        of = (
            "its own assignment"
            if len(clustering.data.views) > 1 and clustering.snapshot.view_logits
            else "the cluster"
        )
        st.caption(f"The {len(shown)} most confident. The line under each picture has the colour of {of}.")


def surest(clustering: Clustering, rows: np.ndarray, most: int) -> np.ndarray:
    """The most confident of some samples (m,), the surest first; of equals those that come first."""
    confidence = np.nan_to_num(clustering.confidence[rows], nan=-1)
    if 0 < most < len(rows):  # only those that can be among them are sorted
        least = np.partition(confidence, len(rows) - most)[len(rows) - most]
        kept = confidence >= least
        rows, confidence = rows[kept], confidence[kept]
    return rows[np.argsort(-confidence, kind="stable")][:most]


def shares(clustering: Clustering, rows: np.ndarray) -> str:
    """HTML bars: how samples spread over clusters, and over classes where they are known."""
    parts = [
        _share_bar(
            "clusters",
            np.bincount(clustering.y_pred[rows], minlength=len(clustering.sizes)),
            [clustering.cluster_name(k) for k in range(len(clustering.sizes))],
            clustering.colors,
        )
    ]
    if clustering.y_true is not None:
        labels = clustering.y_true[rows]
        counts = np.bincount(labels[labels >= 0], minlength=1)
        parts.append(
            _share_bar(
                "classes",
                counts,
                [clustering.class_name(c) for c in range(len(counts))],
                tuple(cluster_colors(len(counts))),
            )
        )
    return "".join(parts)


def _share_bar(title: str, counts: np.ndarray, names: list[str], colors: tuple[str, ...]) -> str:
    order = np.argsort(-counts)
    order = order[counts[order] > 0]
    total = max(1, int(counts.sum()))
    text = ", ".join(f"{names[i]} {counts[i] / total:.0%}" for i in order[:4])
    text = f"{title}: {text}" + (" …" if len(order) > 4 else "")
    return markup.share(text, [markup.Bar(names[i], int(counts[i]), colors[i], f": {counts[i]:,}") for i in order])


def table(clustering: Clustering, rows: np.ndarray) -> str:
    """CSV of samples: id, cluster (as pages count, from 1), its name and probability, and the class where known."""
    text = io.StringIO()
    write = csv.writer(text, lineterminator="\n").writerow
    classes = clustering.y_true is not None
    write(["id", "cluster", "cluster_name", "probability", *(["class"] if classes else [])])
    names = [cell(clustering.cluster_name(k)) for k in range(len(clustering.sizes))]
    for row in rows.tolist():
        cluster = int(clustering.y_pred[row])
        known = [cell(clustering.class_name(int(clustering.y_true[row])))] if clustering.y_true is not None else []
        write([int(clustering.ids[row]), cluster + 1, names[cluster], f"{clustering.confidence[row]:.6f}", *known])
    return text.getvalue()
