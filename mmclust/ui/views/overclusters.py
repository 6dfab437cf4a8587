"""The Views page: the finer clusters of a second head inside the clusters."""

import numpy as np
import streamlit as st

from mmclust.analysis import overclusters
from mmclust.analysis.overclusters import OverClusters
from mmclust.plots.confusion import confusion_figure
from mmclust.ui.components import pictures
from mmclust.ui.shell import cache

IN_ROW = 12


def read(view: cache.View) -> OverClusters:
    """Over-clusters against clusters."""
    return cache.derive(
        view, "over", lambda: overclusters.read(view.y_pred, view.snapshot.spaces["over"], len(view.sizes))
    )


def page(view: cache.View) -> None:
    """The table of both, and the over-clusters of one cluster in samples."""
    found = read(view)
    n_over = found.counts.shape[1]
    names = [view.cluster_name(k) for k in range(len(view.sizes))]
    left, right = st.columns([7, 5], gap="large")
    with left:
        st.markdown(
            "**Over-clusters against clusters** :gray[(ordered by their cluster)]",
            help="The second head sorts the same codes into more, finer clusters. Ideally each lies in one cluster.",
        )
        figure = cache.derive(
            view,
            ("over figure", tuple(names)),
            lambda: confusion_figure(
                found.counts,
                names,
                [str(i + 1) for i in range(n_over)],
                order=found.order,
                axes=("cluster", "over-cluster"),
                shares="columns",
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
        cluster = int(st.selectbox("Cluster", range(len(names)), key="over-cluster", format_func=view.cluster_name))
        own = [int(k) for k in found.order if found.owner[k] == cluster and found.counts[:, k].sum()]
        if not own:
            st.caption("No over-cluster lies mainly in this cluster.")
        rows = cache.derive(view, ("over rows", cluster), lambda: "".join(_row(view, found, k) for k in own[:10]))
        with st.container(height=430, border=False):
            st.html(rows)


def sentence(found: OverClusters) -> str:
    """How the finer clusters lie in the others."""
    n_clusters, n_over = found.counts.shape
    used = n_over - found.empty
    text = f"**{used} of {n_over} over-clusters are in use**, about {used / n_clusters:.1f} in each cluster."
    if found.empty:
        text += f" {found.empty} hold no sample."
    if found.mixed:
        return text + f" {found.mixed} lie across clusters: less than nine in ten of their samples are in one."
    return text + " Every one of them lies in a single cluster."


def _row(view: cache.View, found: OverClusters, over: int) -> str:
    """HTML of the surest samples of an over-cluster."""
    probs = view.snapshot.spaces["over"][:, over]
    members = np.flatnonzero(view.snapshot.spaces["over"].argmax(axis=1) == over)
    surest = members[np.argsort(-probs[members], kind="stable")][:IN_ROW]
    color = view.colors[found.owner[over]]
    text = f"over-cluster {over + 1}: {len(members):,} samples, {found.purity[over]:.0%} in this cluster"
    images = pictures.samples(view, surest, px=34, mark=False, kind="row")
    row = f'<div class="mm-row"><i style="background:{color}"></i>{images}</div>'
    return f'<div class="mm-over"><small>{text}</small>{row}</div>'
