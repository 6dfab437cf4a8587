"""Which classes the clusters mix up, and the samples behind every cell."""

from functools import partial

import streamlit as st

from mmclust.plots import confusion as plots
from mmclust.ui import cache, cells, frame, picker

view = picker.view(
    "Confusion",
    "Classes against clusters, matched one to one. Click a cell to see the samples behind its number.",
    what="the confusion matrix",
)
if view is not None and view.counts is not None:
    view = picker.assignment(view)

if view is not None and view.counts is None:
    frame.empty(
        "This data set has no classes",
        "A confusion matrix compares clusters with known classes. The clusters themselves can be looked at.",
        page="clusters.py",
        button="See the clusters",
    )
elif view is not None and view.counts is not None:
    names = [view.cluster_name(k) for k in range(view.counts.shape[1])]
    classes = [view.class_name(c) for c in range(view.counts.shape[0])]
    left, right = st.columns([7, 5], gap="large")
    with left:
        height = min(820, max(420, 48 * len(classes) + 60))
        draw = partial(plots.confusion_figure, view.counts, classes, names, height=height)
        chart = st.plotly_chart(
            cache.derive(view, ("confusion", tuple(names)), draw),
            key=f"confusion-{view.record.run_id}-{view.epoch}-{st.session_state.get('linked:assignment')}",
            on_select="rerun",
            selection_mode="points",
            config={"displayModeBar": False},
            alt=f"Confusion matrix of {len(classes)} classes and {len(names)} clusters",
        )
    with right:
        cells.side(view, chart.selection.points)
