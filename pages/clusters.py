"""What each cluster holds: its surest samples, its least sure ones, its mean image or profile and its size."""

from functools import partial

import streamlit as st

from mmclust.plots import clusters as plots
from mmclust.ui.components import annotations, clicks, cluster_rows, picker, selection
from mmclust.ui.shell import cache

ORDERS = ("number", "class", "size", "confidence", "entropy")
ROWS = 10

fused = picker.view(
    "Clusters",
    "One row per cluster: the samples it is surest about. A good cluster shows one kind of thing.",
    what="the clusters",
)

if fused is not None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        view = picker.assignment(fused)
        kind = st.segmented_control(
            f"{view.word.capitalize()}s",
            cluster_rows.kinds(view),
            default="surest",
            key="images",
            bind="query-params",
            required=True,
        )
        order = st.segmented_control("Order", ORDERS, default="number", key="order", bind="query-params", required=True)
        shown = cluster_rows.views(view)
        count = st.slider(f"{view.word.capitalize()}s in a row", 5, 20, 10, key="count", bind="query-params", width=200)
        annotations.tools(view)
    selection.bar(view, page="clusters.py")
    names = [view.cluster_name(k) for k in range(len(view.sizes))]
    ordered = cluster_rows.ordered(view, order or "number")
    page = 1
    if len(ordered) > ROWS:
        page = st.pagination(-(-len(ordered) // ROWS), key="rows-page") or 1
    table = cluster_rows.table(view, ordered[(page - 1) * ROWS : page * ROWS], kind or "surest", count, shown)
    if action := clicks.show(table, key="rows"):
        cluster_rows.clicked(view, action)
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Sizes** :gray[(dashed: all clusters equally large)]")
        draw = partial(plots.size_figure, view.sizes, names, colors=view.colors, height=300)
        figure = cache.derive(view, ("sizes", tuple(names)), draw)
        st.plotly_chart(figure, key="sizes", alt="Number of samples in each cluster", config={"displayModeBar": False})
    with right:
        st.markdown("**How sure it is** :gray[(logarithmic)]")
        figure = cache.derive(view, "sure", partial(plots.confidence_figure, view.confidence, view.right, height=300))
        st.plotly_chart(
            figure, key="sure", alt="Histogram of the largest probability", config={"displayModeBar": False}
        )
