"""Which classes the clusters mix up, what changed between epochs and runs, and the samples behind cells and flows."""

import streamlit as st

from mmclust.ui.components import flows, picker, selection
from mmclust.ui.confusion import confusion
from mmclust.ui.shell import frame, state

SHOWN = ("table", "flows")

fused = picker.clustering(
    "Confusion",
    "Clusters beside classes, or beside another epoch, view or run. Click a cell or a flow to see its samples.",
    what="the confusion matrix",
)

if fused is not None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        st.segmented_control(
            "Show",
            SHOWN,
            key=state.linked("show", SHOWN, "table"),
            required=True,
            help="A table of two groupings, or the flows of samples between several.",
        )
        shown = state.link("show", "table")
        view = picker.assignment(fused)
        stages = table = None
        if shown == "flows":
            stages = flows.stages(view, fused)
        elif (rows := confusion.beside(view, fused)) is not None:
            table = confusion.table(view, rows)
    found = selection.bar(view, page="confusion.py")
    if stages is not None:
        flows.show(view, stages, found)
    elif table is None:
        frame.empty(
            "There is nothing to compare with",
            "This data set has no classes, the run has one snapshot, and there is no other run of the same data. "
            "The clusters themselves can be looked at.",
            page="clusters.py",
            button="See the clusters",
        )
        confusion.sizes(view)
    else:
        left, right = st.columns(table.widths, gap="large")
        with left:
            confusion.show(view, table, found)
        with right:
            confusion.side(view, table, found)
