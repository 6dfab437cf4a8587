"""The data sets that are known, what is in them, how to get those that are not here, and how to add one's own."""

import streamlit as st

from mmclust.data import catalogue
from mmclust.ui.data import (
    about,
    add_data,
    baselines,
    data_checks,
    dataset_list,
    extraction,
    own_data,
    samples,
    statistics,
)
from mmclust.ui.shell import frame, login

frame.heading("Data", "Browse data sets: samples, views, classes and sources. Add your own.")

left, right = st.columns([3, 10], gap="large")
with left:
    login.account()
    name = dataset_list.choose()
entry = catalogue.find(name)
with right, frame.messages():
    if entry is None:
        if kept := add_data.panel():
            dataset_list.turn_to(kept)
    else:
        dataset_list.just_added(entry)
        about.about(entry)
        if not entry.available():
            about.missing(entry)
        elif (data := samples.read(entry)) is not None:
            titles = ["Samples", "Views", "Quick map", baselines.TAB, "Duplicates", "Features"]
            titles += ["Edit"] * bool(entry.place)
            shown = [
                samples.samples,
                statistics.statistics,
                data_checks.layout,
                baselines.panel,
                data_checks.duplicates,
                extraction.panel,
            ]
            tabs = st.tabs(titles, key="data-tab", on_change="rerun")
            for tab, draw in zip(tabs, shown, strict=False):
                if tab.open:
                    with tab:
                        draw(entry, data)
            if entry.place and tabs[-1].open:
                with tabs[-1]:
                    own_data.edit(entry)
