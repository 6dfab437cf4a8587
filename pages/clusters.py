"""What each cluster holds: its samples by confidence, its mean image or profile and its size."""

from functools import partial

import streamlit as st

from mmclust.plots import clusters as plots
from mmclust.ui.clusters import annotation_tools, new_samples, rows
from mmclust.ui.components import clicks, cluster_members, facets, figure_menu, picker, selection
from mmclust.ui.components.facets import ordering
from mmclust.ui.shell import state

ORDERS = ("number", "class", "size", "confidence", "entropy")
ROWS = 10
ROW_REM = 4.4
"""Height of a row at least."""
FORMER = {"surest": "most confident", "least sure": "least confident", "contested": "runner-up"}
"""Names of kinds in links made by earlier versions -> their names now."""

fused = picker.clustering(
    "Clusters",
    "One row per cluster with its most confident samples. A good cluster shows one kind of object.",
    what="the clusters",
)

if fused is not None:
    room = "mm-clusters-bar" + "-of-views" * (len(fused.data.views) > 1)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key=room):
        clustering = picker.assignment(fused)
        kinds = rows.kinds(clustering)
        st.segmented_control(
            f"{clustering.word.capitalize()}s",
            kinds,
            key=state.linked("images", kinds, kinds[0], former=FORMER),
            required=True,
        )
        kind = state.link("images", kinds[0])
        chosen = ordering.choose(
            facets.table_of(clustering),
            "by",
            "as chosen",
            label="Sort by column",
            help=f"Show the {clustering.word}s of each cluster in the order of any column instead.",
            width=170,
        )
        kind = f"{cluster_members.BY_COLUMN}{chosen}" if chosen else kind
        order = st.segmented_control("Order", ORDERS, default="number", key="order", bind="query-params", required=True)
        shown = rows.views(clustering)
        count = st.slider(
            f"{clustering.word.capitalize()}s per row", 5, 20, 10, key="count", bind="query-params", width=130
        )
        annotation_tools.tools(clustering)
        figure_menu.menu(clustering, ["clusters", "sizes"])
    selection.bar(clustering, page="clusters.py")
    names = [clustering.cluster_name(k) for k in range(len(clustering.sizes))]
    ordered = rows.ordered(clustering, order or "number")
    page = 1
    if len(ordered) > ROWS:
        page = st.pagination(-(-len(ordered) // ROWS), key="rows-page") or 1
    table = rows.table(clustering, ordered[(page - 1) * ROWS : page * ROWS], kind, count, shown)
    # what comes below stays below while they are drawn
    st.html(
        f"<style>.st-key-mm-clusters-rows {{ min-height: min(80vh, {ROW_REM * min(ROWS, len(ordered))}rem) }}</style>"
    )
    with st.container(key="mm-clusters-rows"):
        action = clicks.clickable(table, key="rows")
    if action:
        rows.clicked(clustering, action)
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Cluster sizes** :gray[(dashed line: equal sizes)]")
        draw = partial(plots.size_figure, clustering.sizes, names, colors=clustering.colors, height=300)
        figure = clustering.derive(("sizes", tuple(names)), draw)
        st.plotly_chart(figure, key="sizes", alt="Number of samples in each cluster", config={"displayModeBar": False})
    with right:
        st.markdown("**Confidence** :gray[(log scale)]")
        figure = clustering.derive(
            "sure",
            partial(plots.confidence_figure, clustering.confidence, clustering.right, clustering.wrong, height=300),
        )
        st.plotly_chart(
            figure, key="sure", alt="Histogram of the largest cluster probability", config={"displayModeBar": False}
        )
    facets.panel(clustering, key="clusters-facets", group="clusters", of_map=False)
    with st.expander("Assign new samples to these clusters", icon=":material/add_photo_alternate:"):
        new_samples.panel(fused)
