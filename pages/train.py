"""Choose data, method and settings; start a training and watch it."""

import streamlit as st

from mmclust.escaping import markdown
from mmclust.ui.components import run_descriptions
from mmclust.ui.shell import frame, hidden, login, state
from mmclust.ui.train import form, live, method_card, start

runs = [record for record in login.runs(examples=False)]
wanted = state.run_id()
current = next((run for run in runs if run.run_id == wanted), next((run for run in runs if run.active), None))
shown = current or (runs[0] if runs else None)
st.session_state.setdefault("training-tab", "Training" if current else "Method")
if st.session_state.pop(start.STARTED, False):
    st.session_state["training-tab"] = "Training"

with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
    frame.heading("Train", "Choose a data set and a method, set its hyperparameters, start training and watch it live.")
    room = "mm-train-choice" if shown is not None else "mm-train-tab"  # the choice stays when the switch comes
    with st.container(horizontal=True, vertical_alignment="center", width="content", key=room):
        tab = st.segmented_control(
            "Show", ["Method", "Training"], key="training-tab", required=True, label_visibility="collapsed"
        )
        if shown is not None:
            hidden.toggle()

watching = tab == "Training"
if watching and shown is None:
    frame.empty(
        "No runs yet",
        "Press Start training below. Training on the digits takes about a minute. Curves, scores and "
        "a map update here during training.",
    )
elif watching and shown is not None:
    state.sync_url(shown.run_id, None)
    waiting = [record for record in runs if record.status == "queued" and record.run_id != shown.run_id]
    if waiting:
        st.caption("Queued: " + markdown(", ".join(run_descriptions.line(record) for record in waiting[:5])))
    with frame.messages():
        live.panel(shown.run_id)

choice = None
left, right = st.columns([5, 11], gap="large")
with left, frame.messages():
    choice = form.form()
with right:
    if not watching and choice is not None:
        method_card.draw_method_card(choice.method, choice.values)
