"""The Map page's stage: the whole training of a run under one play head."""

from collections.abc import Callable

import streamlit as st

from mmclust.clustering import Clustering
from mmclust.ui.components import figure_menu, run_descriptions, stage
from mmclust.ui.components.pointmap import layouts
from mmclust.ui.components.stage import moments
from mmclust.ui.map import controls, layout_jobs
from mmclust.ui.map.controls import Settings
from mmclust.ui.shell import cache, state

ASSIGNMENTS = "Assignments"


def page(clustering: Clustering, mode: Callable[[], None]) -> None:
    """The run under one play head: `mode` and the positions are chosen here, the epoch in the browser."""
    known = layouts.spaces(clustering)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        mode()
        kind = _positions()
        space = ""
        if kind != ASSIGNMENTS:
            single = {name: space for name, space in known.items() if len(space.members) == 1}
            names = list(single)
            space = controls.choose_space(single, "space", "z" if "z" in names else names[0], "Space")
        view = _shown_view(clustering)
        figure_menu.menu(clustering, ["curves", "clusters", "map"])
    last = _at_its_end(clustering)
    if kind == ASSIGNMENTS:
        layout = moments.assignments(last)
    else:
        settings = Settings(space=known[space], projection=kind, options=(), through_time=True)
        points = layout_jobs.timeline_of(last, settings)
        if points is None:
            return
        layout = moments.of_timeline(last, points, settings.name)
    stage.draw_stage(
        last, layout, key="stage", title=run_descriptions.title(clustering.record), view=view, start=clustering.epoch
    )


def _positions() -> str:
    options = [ASSIGNMENTS, *layouts.PROJECTIONS]
    key = state.linked("positions", options, ASSIGNMENTS)
    st.segmented_control(
        "Positions",
        options,
        key=key,
        required=True,
        help="Assignments: each corner is a cluster, a sample moves from the centre (uncertain) to the corner of its "
        "cluster. The others project the codes of every saved epoch, each initialised with the one before.",
    )
    return state.link("positions", ASSIGNMENTS)


def _shown_view(clustering: Clustering) -> int | None:
    """Number of the view whose samples are shown; None for what samples look like."""
    names = clustering.view_names
    if len(names) < 2:
        return None
    looks = "as the samples look"
    found = st.selectbox(
        "Samples", [looks, *names], key="stage-view", width=220, help="Which view the rows and the card show."
    )
    return None if found == looks else names.index(found)


def _at_its_end(clustering: Clustering) -> Clustering:
    """The run at its last snapshot."""
    epoch, path = clustering.run.snapshots()[-1]
    if epoch == clustering.epoch:
        return clustering
    return cache.clustering(clustering.record, epoch, path, clustering.annotation).merged_like(clustering)
