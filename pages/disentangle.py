"""What each part of a code holds: clusters, classes and style, sample by sample and in figures."""

import streamlit as st

from mmclust.ui.components import picker, selection
from mmclust.ui.disentangle import codes, generation, neighbours, probes
from mmclust.ui.shell import frame, state

clustering = picker.clustering(
    "Disentangle",
    "What does each part of a code hold? A good category knows nothing of style, a good style nothing of the classes.",
    what="what its codes hold",
    annotated=False,
)

if clustering is not None:
    selection.bar(clustering, page="disentangle.py")
    parts = {"spaces": probes.page, "neighbours": neighbours.page}
    if codes.offered(clustering):
        parts["codes"] = codes.page
    if generation.offered(clustering):
        parts["generated"] = generation.page
    first = next(iter(parts))
    st.segmented_control(
        "Show",
        list(parts),
        key=state.linked("part", list(parts), first),
        required=True,
        label_visibility="collapsed",
        help="Clusters and classes read off each space, neighbours in style, prototypes, and generated samples.",
    )
    with frame.messages():
        parts[state.link("part", first)](clustering)
