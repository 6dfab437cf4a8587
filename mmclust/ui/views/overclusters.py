"""The Views page: the finer clusters of a second head inside the clusters."""

import numpy as np
import streamlit as st

from mmclust.analysis import overclusters
from mmclust.analysis.overclusters import OverClusters
from mmclust.clustering import Clustering
from mmclust.plots.confusion import confusion_figure
from mmclust.ui.components import pictures

IN_ROW = 12


def read(clustering: Clustering) -> OverClusters:
    """Over-clusters against clusters."""
    return clustering.derive(
        "over", lambda: overclusters.read(clustering.y_pred, clustering.snapshot.spaces["over"], len(clustering.sizes))
    )


def draw_overclusters(clustering: Clustering) -> None:
    """The table of both, and the over-clusters of one cluster in samples."""
    found = read(clustering)
    n_over = found.counts.shape[1]
    names = [clustering.cluster_name(k) for k in range(len(clustering.sizes))]
    left, right = st.columns([7, 5], gap="large")
    with left:
        st.markdown(
            "**Over-clusters against clusters** :gray[(ordered by their cluster)]",
            help="The second head assigns the same codes to more, finer clusters. Ideally, each lies in one cluster.",
        )
        figure = clustering.derive(
            ("over figure", tuple(names)),
            lambda: confusion_figure(
                found.counts,
                names,
                [str(i + 1) for i in range(n_over)],
                order=found.order,
                axes=("cluster", "over-cluster"),
                normalize="columns",
                height=max(360, 34 * len(names) + 90),
            ),
        )
        figure.update_xaxes(showticklabels=n_over <= 40)
        st.plotly_chart(
            figure,
            key="over",
            config={"displayModeBar": False},
            alt=f"Table of {len(names)} clusters against {n_over} over-clusters",
        )
    with right:
        st.markdown(sentence(found))
        cluster = int(
            st.selectbox("Cluster", range(len(names)), key="over-cluster", format_func=clustering.cluster_name)
        )
        own = [int(k) for k in found.order if found.owner[k] == cluster and found.counts[:, k].sum()]
        if not own:
            st.caption("No over-cluster belongs mainly to this cluster.")
        rows = clustering.derive(("over rows", cluster), lambda: "".join(_row(clustering, found, k) for k in own[:10]))
        with st.container(height=430, border=False):
            st.html(rows)


def sentence(found: OverClusters) -> str:
    """How the finer clusters lie in the others."""
    n_clusters, n_over = found.counts.shape
    used = n_over - found.empty
    text = f"**{used} of {n_over} over-clusters are in use**, about {used / n_clusters:.1f} in each cluster."
    if found.empty:
        text += f" {found.empty} are empty."
    if found.mixed:
        return text + f" {found.mixed} span clusters: less than 90% of their samples are in one cluster."
    return text + " Each lies in a single cluster."


def _row(clustering: Clustering, found: OverClusters, over: int) -> str:
    """HTML of the most confident samples of an over-cluster."""
    probs = clustering.snapshot.spaces["over"][:, over]
    members = np.flatnonzero(clustering.snapshot.spaces["over"].argmax(axis=1) == over)
    confident = members[np.argsort(-probs[members], kind="stable")][:IN_ROW]
    color = clustering.colors[found.owner[over]]
    text = f"over-cluster {over + 1}: {len(members):,} samples, {found.purity[over]:.0%} in this cluster"
    images = pictures.samples(clustering, confident, px=34, mark=False, kind="row")
    row = f'<div class="mm-row"><i style="background:{color}"></i>{images}</div>'
    return f'<div class="mm-over"><small>{text}</small>{row}</div>'
