"""All samples of a run as points: neighbours in the code are neighbours on the map."""

import streamlit as st

from mmclust.ui.components import picker
from mmclust.ui.map import maps
from mmclust.ui.shell import frame, state

MAP, STAGE = "map", "stage"

shown = state.linked("mode", [MAP, STAGE], MAP)
clustering = picker.clustering(
    "Map",
    "Each point is a sample; nearby points have similar codes. Draw a lasso to inspect samples.",
    what="the map",
    played=st.session_state[shown] == STAGE,
)

if clustering is not None:
    st.segmented_control(
        "What is shown",
        [MAP, STAGE],
        key=shown,
        required=True,
        label_visibility="collapsed",
        format_func=lambda mode: "Map" if mode == MAP else "Stage: play the training",
    )
    with frame.messages():
        draw = maps.page if state.link("mode", MAP) == MAP else maps.stage_of
        draw(clustering)
