"""Choose data, method and settings; start a training and watch it."""

import streamlit as st

from mmclust.ui import cache, frame, live, method_card, picker, state, training

frame.heading("Train", "Choose images and a published method, move its sliders, press Start and watch it learn.")

left, right = st.columns([5, 11], gap="large")
with left, frame.messages():
    choice = training.form()

with right:
    runs = [record for record in cache.store().list() if not record.example]
    wanted = state.run_id()
    shown = next((record for record in runs if record.run_id == wanted), next((r for r in runs if r.active), None))
    tabs = ["Method", "Training"]
    st.session_state.setdefault("training-tab", "Training" if shown else "Method")
    tab = st.segmented_control("Show", tabs, key="training-tab", required=True, label_visibility="collapsed")
    if tab == "Method":
        with frame.messages():
            method_card.draw(choice.method, choice.values)
    elif shown is None:
        frame.empty(
            "Nothing has been trained yet",
            "Press Start training on the left: digits take about a minute. Curves, scores and a small map "
            "appear here and move while the network learns.",
        )
    else:
        state.settle(shown.run_id, None)
        waiting = [record for record in runs if record.status == "queued" and record.run_id != shown.run_id]
        if waiting:
            st.caption("In the queue: " + ", ".join(picker.line(record) for record in waiting[:5]))
        with frame.messages():
            live.panel(shown.run_id)
