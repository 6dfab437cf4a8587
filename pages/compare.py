"""Runs side by side: curves, agreement, leaderboards with the papers' numbers, and stability over seeds."""

import streamlit as st

from mmclust.ui.compare import comparing, leaderboard, seeds
from mmclust.ui.shell import frame, state

VIEWS = {
    "curves": "Curves",
    "maps": "Maps",
    "flows": "Flows",
    "agreement": "Agreement",
    "leaderboard": "Leaderboard",
    "seeds": "Seeds",
}

left, right = st.columns([5, 6], gap="medium", vertical_alignment="bottom")
with left:
    frame.heading("Compare", "Which run is better, by how much, and would another seed say the same?")
with right:
    st.segmented_control(
        "Show",
        list(VIEWS),
        key=state.linked("show", list(VIEWS), "curves"),
        required=True,
        format_func=VIEWS.__getitem__,
        help="Chosen runs side by side, or all runs of a data set or setting.",
    )
shown = state.link("show", "curves")
with frame.messages():
    if shown == "leaderboard":
        leaderboard.show()
    elif shown == "seeds":
        seeds.show()
    elif not (sides := comparing.choose()):
        frame.empty(
            "No run to compare",
            "Train a run, then another with a different setting or seed, and set them side by side here.",
            page="train.py",
            button="Start a training",
        )
    elif shown == "maps":
        comparing.maps(sides)
    elif shown == "flows":
        comparing.flow(sides)
    elif shown == "agreement":
        comparing.agreement(sides)
    else:
        comparing.curves_over_epochs(sides)
        comparing.table(sides)
