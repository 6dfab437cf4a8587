"""All samples of a run as points: neighbours in the code are neighbours on the map."""

import streamlit as st

from mmclust.ui.components import picker
from mmclust.ui.map import maps, whole_training
from mmclust.ui.shell import frame, state

MAP, STAGE = "map", "stage"


def _mode() -> None:
    """The choice between the map and the stage, among the controls of either."""
    st.segmented_control(
        "Show",
        [MAP, STAGE],
        key=shown,
        required=True,
        format_func=str.capitalize,
        help="Map: one epoch, to select samples. Stage: the whole training under one play head.",
    )
    state.link("mode", MAP)


shown = state.linked("mode", [MAP, STAGE], MAP)
clustering = picker.clustering(
    "Map",
    "Each point is a sample; nearby points have similar codes. Draw a lasso to inspect samples.",
    what="the map",
    played=st.session_state[shown] == STAGE,
)

if clustering is not None:
    with frame.messages():
        wing = maps if st.session_state[shown] == MAP else whole_training
        wing.page(clustering, _mode)
