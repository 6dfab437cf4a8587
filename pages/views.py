"""How the views of the samples agree: their assignments, weights over time, finer clusters."""

import streamlit as st

from mmclust.ui.components import figure_menu, picker
from mmclust.ui.shell import frame, state
from mmclust.ui.views import agreement, overclusters, view_curves

clustering = picker.clustering(
    "Views",
    "Each view is clustered on its own and jointly with the others. Where do the assignments agree?",
    what="the comparison of its views",
)

if clustering is not None and len(clustering.data.views) < 2:
    frame.empty(
        "This run has one view",
        "Its samples have a single view, so there is nothing to compare. Multi-view methods cluster samples by "
        "two or more views, for example the digits as pixels and as stroke directions.",
        page="train.py",
        button="Train on two views",
        query={"dataset": "digits-2view", "method": "msdib"},
    )
elif clustering is not None:
    parts = {"training": view_curves.draw_view_curves}
    if clustering.snapshot.view_logits:
        parts = {"agreement": agreement.draw_agreement, "disagreements": agreement.disagreements} | parts
    if "over" in clustering.snapshot.spaces:
        parts["over-clusters"] = overclusters.draw_overclusters
    first = next(iter(parts))
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        key = state.linked("show", list(parts), first)
        st.segmented_control("Show", list(parts), key=key, required=True, label_visibility="collapsed")
        figure_menu.menu(clustering, ["views", "curves"])
    with frame.messages():
        parts[state.link("show", first)](clustering)
