"""What each part of a code holds: clusters, classes and style, sample by sample and in figures."""

import streamlit as st

from mmclust.ui.components import figure_menu, picker, selection
from mmclust.ui.disentangle import codes, generation, neighbours, probes
from mmclust.ui.shell import frame, state

clustering = picker.clustering(
    "Disentangle",
    "What does each part of the latent code encode? Ideally, the category is independent of style and the "
    "style of the classes.",
    what="the analysis of its latent codes",
    annotated=False,
)

if clustering is not None:
    selection.bar(clustering, page="disentangle.py")
    parts = {"spaces": probes.draw_spaces, "neighbours": neighbours.draw_neighbours}
    if codes.offered(clustering):
        parts["codes"] = codes.draw_codes
    if generation.offered(clustering):
        parts["generated"] = generation.draw_generated
    first = next(iter(parts))
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.segmented_control(
            "Show",
            list(parts),
            key=state.linked("part", list(parts), first),
            required=True,
            label_visibility="collapsed",
            help=(
                "Clusters and classes predicted from each space, nearest neighbours in style, prototypes, and "
                "generated samples."
            ),
        )
        figure_menu.menu(clustering, ["probes"])
    with frame.messages():
        parts[state.link("part", first)](clustering)
