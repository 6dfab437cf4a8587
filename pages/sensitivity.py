"""What settings do to a result: sweeps as curves and heat maps, and a slider that walks over their finished runs."""

import functools

import streamlit as st

from mmclust.sweeps import results
from mmclust.ui.shell import frame, state
from mmclust.ui.sweeps import choosing, form, sensitivity

VIEWS = {"results": "Results", "choosing": "Without labels", "new": "New sweep"}

left, middle, right = st.columns([9, 8, 9], gap="medium", vertical_alignment="bottom")
with left:
    frame.heading("Sensitivity", "Vary settings, train every combination, see what they do.")
with right:
    st.segmented_control(
        "Show",
        list(VIEWS),
        key=state.linked("show", list(VIEWS), "results"),
        required=True,
        format_func=VIEWS.__getitem__,
        help="What came of sweeps; which run could be chosen without labels; or the form that plans a sweep.",
    )

if state.link("show", "results") == "new":
    if (started := form.form()) is not None:
        sensitivity.choose(started)
        state.set_linked("show", "results")
        st.rerun()
else:
    found = None
    with middle, frame.messages():
        found = sensitivity.chosen()
    if found is None:
        frame.empty(
            "No sweep yet",
            "A sweep trains one method with many settings. Choose one or two settings and their values, see how many "
            "runs that makes and how long they take, and start.",
            key="sweep",
        )
        if st.button("Plan a sweep", type="primary", icon=":material/add:"):
            state.set_linked("show", "new")
            st.rerun()
    else:
        left, right = st.columns([8, 3], gap="medium", vertical_alignment="center")
        with left:
            form.status(found.record)
        with right, st.container(horizontal=True, horizontal_alignment="right", gap="small"):
            is_list = found.sweep is not found.record.sweep
            extended = st.button(
                "Extend",
                icon=":material/add:",
                disabled=is_list,
                help="A list of settings is extended by `python -m mmclust sweep --point`."
                if is_list
                else "Add values or seeds; what is trained already is reused.",
            )
            st.download_button(
                "CSV",
                functools.partial(results.as_csv, found.record, found.runs),
                f"{found.record.sweep_id}.csv",
                on_click="ignore",
                icon=":material/download:",
                help="A line a run: settings, seed, figures, time.",
            )
        if extended:
            form.extend(found.record)
            state.set_linked("show", "new")
            st.rerun()
        with frame.messages():
            if state.link("show", "results") == "choosing":
                choosing.show(found)
            else:
                sensitivity.show(found)
