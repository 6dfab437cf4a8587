"""How the views of the samples agree: their assignments, weights over time, finer clusters."""

import streamlit as st

from mmclust.ui.components import picker
from mmclust.ui.shell import frame, state
from mmclust.ui.views import agreement, overclusters, view_curves

clustering = picker.clustering(
    "Views",
    "Every view of a sample is assigned by itself and together with the others: where do they agree?",
    what="the comparison of its views",
)

if clustering is not None and len(clustering.data.views) < 2:
    frame.empty(
        "This run has one view",
        "Nothing can be compared: its samples are seen in one way only. DMIM, MSDIB and DMID-UIC cluster samples by "
        "two views or more, for example the digits as pixels and as directions of strokes.",
        page="train.py",
        button="Train on two views",
        query={"dataset": "digits-2view", "method": "msdib"},
    )
elif clustering is not None:
    parts = {"training": view_curves.page}
    if clustering.snapshot.view_logits:
        parts = {"agreement": agreement.page, "disagreements": agreement.disagreements} | parts
    if "over" in clustering.snapshot.spaces:
        parts["over-clusters"] = overclusters.page
    first = next(iter(parts))
    st.segmented_control(
        "Show", list(parts), key=state.linked("show", list(parts), first), required=True, label_visibility="collapsed"
    )
    with frame.messages():
        parts[state.link("show", first)](clustering)
