"""Beside the confusion matrix: the largest confusions, and the samples of one cell."""

from typing import Any

import numpy as np
import streamlit as st

from mmclust.ui import cache, customdata, pictures

SHOWN = 96
LARGEST = 6


def confusions(view: cache.View) -> list[tuple[int, int]]:
    """(class, cluster) of the largest cells that are not matched, most samples first."""
    assert view.counts is not None and view.matched is not None
    wrong = view.counts.copy()
    for cluster, label in enumerate(view.matched):
        if label >= 0:
            wrong[label, cluster] = 0
    order = np.argsort(-wrong, axis=None, kind="stable")[:LARGEST]
    found = [divmod(int(i), wrong.shape[1]) for i in order]
    return [(label, cluster) for label, cluster in found if wrong[label, cluster]]


def side(view: cache.View, points: list[dict[str, Any]]) -> None:
    """The choice of a cell, by click, by list or by keyboard, and its samples.

    Args:
        view: a view with labels.
        points: what is selected in the matrix.
    """
    assert view.counts is not None
    largest = confusions(view)
    clicked = next((found for point in points if (found := customdata.values(point))), None)
    if clicked is not None and clicked != st.session_state.get("cell-clicked"):
        st.session_state["cell-class"], st.session_state["cell-cluster"] = int(clicked[0]), int(clicked[1])
    st.session_state["cell-clicked"] = clicked
    n_classes, n_clusters = view.counts.shape
    start = largest[0] if largest else (0, 0)
    for key, value, size in (("cell-class", start[0], n_classes), ("cell-cluster", start[1], n_clusters)):
        if st.session_state.get(key, size) >= size:
            st.session_state[key] = value
    if largest:
        st.markdown("**Largest confusions**")
        with st.container(horizontal=True, gap="xsmall"):
            for label, cluster in largest:
                text = f"{view.class_name(label)} as {view.cluster_meaning(cluster)}: {view.counts[label, cluster]:,}"
                st.button(text, key=f"confusion-{label}-{cluster}", on_click=_go, args=(label, cluster))
    else:
        st.success(f"Every {view.word} lies in the cluster of its class.", icon=":material/check_circle:")
    left, right = st.columns(2)
    label = left.selectbox("Class", range(n_classes), key="cell-class", format_func=view.class_name)
    cluster = right.selectbox("Cluster", range(n_clusters), key="cell-cluster", format_func=view.cluster_name)
    _images(view, int(label), int(cluster))


def _go(label: int, cluster: int) -> None:
    st.session_state["cell-class"], st.session_state["cell-cluster"] = label, cluster


def _images(view: cache.View, label: int, cluster: int) -> None:
    assert view.counts is not None and view.y_true is not None
    members = np.flatnonzero((view.y_true == label) & (view.y_pred == cluster))
    total = int(view.counts[label].sum())
    if not len(members):
        st.caption(f"No {view.word} of class {view.class_name(label)} lies in cluster {view.cluster_name(cluster)}.")
        return
    st.markdown(
        f"**{len(members):,} {view.word}s** of class {view.class_name(label)} lie in cluster "
        f"{view.cluster_name(cluster)} "
        f":gray[({len(members) / max(1, total):.1%} of the class)]"
    )
    members = members[np.argsort(-view.confidence[members], kind="stable")]
    with st.container(height=400, border=False):
        st.html(pictures.samples(view, members[:SHOWN], px=48, mark=False))
        if len(members) > SHOWN:
            st.caption(f"The {SHOWN} it is surest about.")
