"""What each part of a code holds: clusters, classes and style, sample by sample and in figures."""

import streamlit as st

from mmclust.ui import codes, disentangle, frame, generation, neighbours, picker, selection, state

view = picker.view(
    "Disentangle",
    "What does each part of a code hold? A good category knows nothing of style, a good style nothing of the classes.",
    what="what its codes hold",
    annotated=False,
)

if view is not None:
    selection.bar(view, page="disentangle.py")
    parts = {"spaces": disentangle.page, "neighbours": neighbours.page}
    if codes.offered(view):
        parts["codes"] = codes.page
    if generation.offered(view):
        parts["generated"] = generation.page
    first = next(iter(parts))
    st.segmented_control(
        "Show", list(parts), key=state.linked("part", list(parts), first), required=True, label_visibility="collapsed",
        help="Clusters and classes read off each space, neighbours in style, prototypes, and generated samples.",
    )  # fmt: skip
    with frame.messages():
        parts[state.link("part", first)](view)
