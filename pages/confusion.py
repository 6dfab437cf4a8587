"""Which classes the clusters mix up, what changed between epochs and runs, and the samples behind cells and flows."""

import streamlit as st

from mmclust.ui.components import facets, figure_menu, flows, picker, selection
from mmclust.ui.confusion import table as confusion_table
from mmclust.ui.shell import frame, state

SHOWN = ("table", "flows")

fused = picker.clustering(
    "Confusion",
    "Clusters compared with classes, or with another epoch, view or run. Click a cell or a flow to see its samples.",
    what="the confusion matrix",
)

if fused is not None:
    room = "mm-confusion-bar" + "-of-views" * (len(fused.data.views) > 1)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key=room):
        st.segmented_control(
            "Show",
            SHOWN,
            key=state.linked("show", SHOWN, "table"),
            required=True,
            help="A confusion table of two groupings, or the flow of samples between several.",
        )
        shown = state.link("show", "table")
        clustering = picker.assignment(fused)
        stages = table = None
        if shown == "flows":
            stages = flows.stages(clustering, fused)
        elif (rows := confusion_table.beside(clustering, fused)) is not None:
            table = confusion_table.table(clustering, rows)
        figure_menu.menu(clustering, ["flows", "matrix"] if shown == "flows" else ["matrix", "flows"])
    found = selection.bar(clustering, page="confusion.py")
    if stages is not None:
        flows.draw_flows(clustering, stages, found)
    elif table is None:
        frame.empty(
            "Nothing to compare",
            "This data set has no classes, the run has one snapshot, and no other run uses the same data. You "
            "can still browse the clusters.",
            page="clusters.py",
            button="Browse clusters",
        )
        confusion_table.sizes(clustering)
    else:
        left, right = st.columns(table.widths, gap="large")
        with left:
            confusion_table.draw_table(clustering, table, found)
        with right:
            confusion_table.side(clustering, table, found)
    facets.panel(clustering, key="confusion-facets", group="confusion", of_map=False)
