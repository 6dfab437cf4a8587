"""The data sets that are known, what is in them, and how to get those that are not here."""

import streamlit as st

from mmclust.data import catalogue
from mmclust.ui import browse, frame

frame.heading(
    "Data", "Look at the samples before a network does: what is in them, which classes there are, where they come from."
)

left, right = st.columns([3, 10], gap="large")
with left:
    name = browse.choose()
entry = catalogue.DATASETS[name]
with right, frame.messages():
    browse.about(entry)
    if entry.available():
        browse.samples(entry)
    else:
        browse.missing(entry)
