"""Runs side by side: curves, agreement, leaderboards with the papers' numbers, and stability over seeds."""

import streamlit as st

from mmclust.ui.compare import chosen_runs, leaderboard, seeds
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
    frame.heading("Compare", "Which run is better, by how much, and does the result hold for other seeds?")
with right:
    st.segmented_control(
        "Show",
        list(VIEWS),
        key=state.linked("show", list(VIEWS), "curves"),
        required=True,
        format_func=VIEWS.__getitem__,
        help="The selected runs side by side, or all runs on a data set or with one setting.",
    )
shown = state.link("show", "curves")
with frame.messages():
    if shown == "leaderboard":
        leaderboard.draw_leaderboard()
    elif shown == "seeds":
        seeds.draw_seeds()
    elif not (sides := chosen_runs.choose()):
        frame.empty(
            "No run to compare",
            "Train two runs with different settings or seeds to compare them here.",
            page="train.py",
            button="Start training",
        )
    else:
        if shown == "maps":
            chosen_runs.maps(sides)
        elif shown == "flows":
            chosen_runs.flow(sides)
        elif shown == "agreement":
            chosen_runs.agreement(sides)
        else:
            chosen_runs.curves_over_epochs(sides)
            chosen_runs.table(sides)
        chosen_runs.menu(sides, shown)
