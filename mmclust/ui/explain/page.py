"""The Explain page: which samples, and what in them the network looked at.

Views that go through convolutions are explained by Grad-CAM and variants; other images by attributions laid over them;
views of numbers by the columns that decide.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
import streamlit as st

from mmclust.auto import account
from mmclust.clustering import Clustering
from mmclust.escaping import markdown
from mmclust.ui.components import figure_menu, selection, trained_network
from mmclust.ui.explain import attributions, one_cluster, one_sample, saliency, sheet
from mmclust.ui.explain.saliency import Lens
from mmclust.ui.shell import state

START_KEPT = (
    "The result of this run is its start, a clustering found without a network. The network explained here is the one "
    "that the method trained from that start; it was not taken as the result, and its clusters may differ."
)
AT_ONCE = 36
"""Samples of a selection on a page."""
Part = Callable[[Clustering, Lens], None]


def draw_explanations(clustering: Clustering) -> None:
    """What decided, in one view of the data: for all clusters, one of them, one sample or what is selected."""
    if not trained_network.weights(clustering).exists():
        trained_network.no_weights(clustering, "An explanation")
        return
    clustering = trained_network.at_last_snapshot(clustering)
    about = account.read(clustering.run.folder)
    if about is not None and about.kept == "start":
        st.info(START_KEPT, icon=":material/info:")
    selected = selection.bar(clustering, page="explain.py")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        number = _view(clustering)
        drawn = attributions.drawn_on(clustering, number)
        parts: dict[str, Part] = {
            "clusters": sheet.draw_sheet,
            "one cluster": one_cluster.draw_cluster,
            f"one {clustering.word}": one_sample.draw_sample,
        }
        if not drawn:
            parts = {"clusters": _columns}
        if selected is not None:
            parts["selection"] = partial(_selection if drawn else _columns_of, rows=selected.rows)
        part = _part(list(parts), selected)
        lens = saliency.lens(clustering, number) if drawn else Lens(view=number)
        if drawn:
            saliency.slider()
        figure_menu.menu(clustering, ["gradcam" if drawn else "attribution"], settings={"view": number})
    if (
        len(clustering.data.views) > 1
        and part != "selection"
        and (averages := attributions.averages(clustering)) is not None
    ):
        st.html(attributions.shares(clustering, averages))
    parts[part](clustering, lens)


def _part(parts: list[str], selected: selection.Selection | None) -> str:
    """What is looked at; what has just been selected comes first."""
    text = st.query_params.get(selection.PARAMETER) if selected is not None else None
    key = state.linked("look", parts, parts[0])
    if text != st.session_state.get("explained-selection"):
        st.session_state["explained-selection"] = text
        if text and "look" not in st.query_params:
            st.session_state[key] = "selection"
    if len(parts) > 1:
        st.segmented_control(
            "Show",
            parts,
            key=key,
            required=True,
            help="All clusters with correctly and incorrectly assigned samples, one cluster, one sample explained "
            "for several clusters, or the selected samples.",
        )
    return state.link("look", parts[0])


def _view(clustering: Clustering) -> int:
    """Which view of the data is looked at."""
    if len(clustering.data.views) == 1:
        return 0
    names = [f"view {number + 1}" for number in range(len(clustering.data.views))]
    st.segmented_control(
        "View",
        names,
        key=state.linked("view", names, names[0]),
        required=True,
        format_func=lambda name: markdown(clustering.view_names[names.index(name)]),
        help="Views with a convolutional encoder are explained by its feature maps, others by integrated gradients.",
    )
    return names.index(state.link("view", names[0]))


def _columns(clustering: Clustering, lens: Lens) -> None:
    """The columns of a view of numbers that decide, for one cluster and for all."""
    cluster, found = one_cluster.chosen(clustering), attributions.averages(clustering)
    if found is not None:
        attributions.draw_columns(clustering, lens.view, cluster, found)


def _columns_of(clustering: Clustering, lens: Lens, rows: np.ndarray) -> None:
    attributions.draw_selection(clustering, lens.view, rows)


def _selection(clustering: Clustering, lens: Lens, rows: np.ndarray) -> None:
    """The selected samples, each asked about its own cluster or all about one."""
    order = rows[np.argsort(-clustering.confidence[rows], kind="stable")]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        names = ["own", *(str(k + 1) for k in range(len(clustering.sizes)))]
        asked = st.selectbox(
            "Explain",
            names,
            key="asked",
            width=240,
            format_func=lambda name: "its own cluster" if name == "own" else clustering.cluster_name(int(name) - 1),
            help="Explain each sample for its own cluster, or all samples for one cluster.",
        )
        page = 1
        if len(order) > AT_ONCE:
            page = st.pagination(-(-len(order) // AT_ONCE), key="selection-page") or 1
    shown = order[(page - 1) * AT_ONCE : page * AT_ONCE]
    targets = clustering.y_pred[shown] if asked == "own" else np.full(len(shown), int(asked) - 1)
    found = saliency.of(clustering, lens, shown, targets)
    if found is not None:
        st.html(saliency.samples(clustering, lens, shown, found))
        st.caption(saliency.meaning(found))
