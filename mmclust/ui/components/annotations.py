"""Annotations on pages: which one is switched on, and what the page then shows.

The run itself never changes: an annotation is shown in place of the run's clusters.
"""

from collections.abc import Callable

import streamlit as st

from mmclust.clustering import Clustering
from mmclust.escaping import markdown
from mmclust.runs.annotations import Annotation, Annotations
from mmclust.ui.components import merging
from mmclust.ui.shell import cache, frame, state

WIDGET = "annotation_picker"
OFF = "no annotation (original clusters)"


def stored() -> Annotations:
    """The annotations of this server's store, also those of the bundled example."""
    return Annotations(cache.store())


def lay_over(clustering: Clustering, head: Callable[[Clustering], str], *, wanted: bool = True) -> Clustering:
    """Draw the line of metrics under a page's head, with the choice of an annotation where the run has any.

    Args:
        clustering: the run at an epoch.
        head: HTML of the metrics, or an empty text for none.
        wanted: whether the page can show an annotation.

    Returns:
        The clustering as the page is to show it.
    """
    known = {a.annotation_id: a for a in stored().of(clustering.record.run_id)}
    chosen = known.get(state.annotation(clustering.record.run_id) or "")
    state.choose_annotation(clustering.record.run_id, chosen.annotation_id if chosen else None)
    shown = clustering
    if chosen is not None and wanted:
        try:
            shown = clustering.annotated(chosen)
        except ValueError as error:
            frame.show_error(error)
    shown = merging.chosen(shown) if wanted else shown
    told = head(shown)
    line = "mm-run-line" if told else "mm-run-line-without-figures"
    align = "left" if told else "right"
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment=align, gap="medium", key=line):
        if told:
            st.html(told)
        if known:
            _choice(clustering.record.run_id, known, chosen)
        if wanted:
            merging.control(shown)
    if wanted:
        merging.note(shown)
    if chosen is not None and not wanted:
        name = markdown(chosen.name)
        st.caption(f"This page shows the original clusters: the network does not know the annotation “{name}”.")
    return shown


def _choice(run_id: str, known: dict[str, Annotation], chosen: Annotation | None) -> None:
    st.session_state[WIDGET] = chosen.annotation_id if chosen else ""  # the widget shows None as nothing chosen
    st.selectbox(
        "Annotation",
        ["", *known],
        key=WIDGET,
        width=250,
        label_visibility="collapsed",
        format_func=lambda key: f"Annotation: {known[key].name}" if key in known else OFF,
        on_change=lambda: state.choose_annotation(run_id, st.session_state[WIDGET] or None),
        help="Renamed, merged and split clusters, shown on all pages. The run itself is not changed.",
    )
