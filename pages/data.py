"""The data sets that are known, what is in them, how to get those that are not here, and how to add one's own."""

import streamlit as st

from mmclust.data import catalogue
from mmclust.ui.data import add_data, browse, data_checks, extraction, own_data
from mmclust.ui.shell import frame, login

frame.heading(
    "Data", "Look at the samples before a network does: what is in them, which classes there are, where they come from."
)

left, right = st.columns([3, 10], gap="large")
with left:
    login.account()
    name = browse.choose()
entry = catalogue.find(name)
with right, frame.messages():
    if entry is None:
        if kept := add_data.panel():
            browse.turn_to(kept)
    else:
        browse.kept_now(entry)
        browse.about(entry)
        if not entry.available():
            browse.missing(entry)
        elif (data := browse.read(entry)) is not None:
            titles = ["Samples", "Views", "Quick map", "Duplicates", "Features", *["Edit"] * bool(entry.place)]
            shown = [browse.samples, browse.statistics, data_checks.layout, data_checks.duplicates, extraction.panel]
            tabs = st.tabs(titles, key="data-tab", on_change="rerun")
            for tab, draw in zip(tabs, shown, strict=False):
                if tab.open:
                    with tab:
                        draw(entry, data)
            if entry.place and tabs[-1].open:
                with tabs[-1]:
                    own_data.edit(entry)
