"""What settings do to a result: sweeps as curves and heat maps, and a slider that walks over their finished runs."""

import functools

import streamlit as st

from mmclust.sweeps import results
from mmclust.ui.components import figure_menu
from mmclust.ui.shell import frame, state
from mmclust.ui.sweeps import form, model_selection, status, sweep_results

VIEWS = {"results": "Results", "choosing": "Without labels", "new": "New sweep"}

left, middle, right = st.columns([9, 8, 9], gap="medium", vertical_alignment="bottom")
with left:
    frame.heading("Sensitivity", "Vary hyperparameters, train every combination and compare the results.")
with right:
    st.segmented_control(
        "Show",
        list(VIEWS),
        key=state.linked("show", list(VIEWS), "results"),
        required=True,
        format_func=VIEWS.__getitem__,
        help="Sweep results, unsupervised model selection, or the form for a new sweep.",
    )

if state.link("show", "results") == "new":
    if (started := form.form()) is not None:
        sweep_results.choose(started)
        state.set_linked("show", "results")
        st.rerun()
else:
    found = None
    with middle, frame.messages():
        found = sweep_results.chosen()
    if found is None:
        frame.empty(
            "No sweep yet",
            "A sweep trains one method with many settings. Choose one or two hyperparameters and their values, "
            "check the number of runs and the estimated time, and start.",
            key="sweep",
        )
        if st.button("Plan a sweep", type="primary", icon=":material/add:"):
            state.set_linked("show", "new")
            st.rerun()
    else:
        left, right = st.columns([8, 3], gap="medium", vertical_alignment="center")
        with left:
            status.status(found.record)
        with right, st.container(horizontal=True, horizontal_alignment="right", gap="small"):
            is_list = found.sweep is not found.record.sweep
            extended = st.button(
                "Extend",
                icon=":material/add:",
                disabled=is_list,
                help="Extend a list of settings with `python -m mmclust sweep --point`."
                if is_list
                else "Add values or seeds; finished runs are reused.",
            )
            st.download_button(
                "CSV",
                functools.partial(results.as_csv, found.record, found.runs),
                f"{found.record.sweep_id}.csv",
                on_click="ignore",
                icon=":material/download:",
                help="One row per run: settings, seed, metrics, time.",
            )
            figure_menu.of_sweep(found.record.sweep_id)
        if extended:
            form.extend(found.record)
            state.set_linked("show", "new")
            st.rerun()
        with frame.messages():
            if state.link("show", "results") == "choosing":
                model_selection.draw_choice(found)
            else:
                sweep_results.draw_results(found)
