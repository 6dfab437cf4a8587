"""The Map page's maps of one epoch: one, or two beside each other, and what is selected on them."""

from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st

from mmclust.analysis.projection_quality import ProjectionQuality
from mmclust.clustering import Clustering
from mmclust.report.figures import maps as of_maps
from mmclust.ui.components import facets, figure_menu, pointmap, selection
from mmclust.ui.components.pointmap import map_points
from mmclust.ui.components.pointmap.map_points import Points
from mmclust.ui.map import controls, layout_jobs, map_quality, selection_panel
from mmclust.ui.map.controls import Settings
from mmclust.ui.shell import frame, state

RESTED = "map-rested"
"""Session key of whether the play head has just come to rest at another epoch."""
GROUP = "map"
"""Both maps of the page share selection, colours and the sample under the pointer."""


def page(clustering: Clustering, mode: Callable[[], None]) -> None:
    """The controls, `mode` the first of them, and the map or two below."""
    chosen, save = controls.choose(clustering, mode)
    places = st.columns(len(chosen)) if len(chosen) > 1 else [st.container()]
    drawn = []
    for place, settings in zip(places, chosen, strict=True):
        with place:
            drawn.append((settings, layout_jobs.layout(clustering, settings)))
    ready = [(settings, points) for settings, points in drawn if points is not None]
    if len(ready) == len(drawn):
        single = [one for one in ready if one[1].views is None]
        layouts_shown = [of_maps.Layout(title=s.name, xy=points.xy, rows=points.rows) for s, points in single]
        with save:
            figure_menu.menu(clustering, ["map", "maps"], settings={"layouts": layouts_shown})
        explore(clustering, ready)
        return
    for place, (settings, points) in zip(places, drawn, strict=True):  # what is there is not held back by the rest
        if points is not None:
            with place:
                one(clustering, settings, points)


@st.fragment
def explore(clustering: Clustering, drawn: Sequence[tuple[Settings, Points]]) -> None:
    """The map, or two, and beside or below what is selected."""
    found = selection.current(clustering)
    if len(drawn) == 1:
        left, right = st.columns([8, 4], gap="medium")
        places = [left]
    else:
        places, right = st.columns(len(drawn), gap="medium"), st.container()
    for place, (settings, points) in zip(places, drawn, strict=True):
        with place:
            if len(drawn) > 1:
                st.markdown(f"**{settings.name}**")
            _map(clustering, points, settings, found)
    with right, frame.messages():
        selection_panel.panel(
            clustering, found, [settings.space.members[0] for settings, _ in drawn], wide=len(drawn) > 1
        )
    facets.panel(clustering, key="map-facets", group=GROUP, of_map=True)


@st.fragment
def one(clustering: Clustering, settings: Settings, points: Points) -> None:
    """A map by itself, under its name."""
    st.markdown(f"**{settings.name}**")
    _map(clustering, points, settings, selection.current(clustering))


def _map(clustering: Clustering, points: Points, settings: Settings, found: selection.Selection | None) -> None:
    """One map, and below it how far it may be trusted."""
    place = st.container(key=f"mm-map-room{settings.suffix}")  # it is kept until the map is drawn
    quality = None if settings.through_time else map_quality.measured(clustering, points, settings)
    n_samples = len(points.rows) // len(settings.space.members)
    if n_samples < len(clustering.ids):
        st.caption(f"{n_samples:,} random samples of {len(clustering.ids):,}.")

    def select(positions: np.ndarray) -> None:
        rows = selection.each_once(points.rows[positions], len(clustering.ids))
        title = "Selected on the map"
        if len(rows) == 1:
            title = f"{clustering.word.capitalize()} {clustering.ids[rows[0]]}"
        selection.select(clustering, rows, title)

    saved = [epoch for epoch, _ in clustering.run.snapshots()]

    def rest(epoch: int) -> None:
        if epoch in saved:
            state.choose_epoch(None if epoch == saved[-1] else epoch)
            st.session_state[RESTED] = True

    with place:
        pointmap.draw_map(
            _packed(clustering, points, settings, quality),
            len(points.xy),
            key=f"map{settings.suffix}",
            group=GROUP,
            height=layout_jobs.HEIGHT,
            alt=f"{settings.projection} map of {len(points.xy):,} points in {settings.space.title}",
            selected=None if found is None else _places(points.rows, found.rows, len(clustering.ids)),
            anchor=selection_panel.anchor(clustering),
            on_select=select,
            on_epoch=rest if points.frames else None,
        )
    if st.session_state.pop(RESTED, False):
        st.rerun()  # columns, charts and queries are of the epoch that the play head rests at


def _places(rows: np.ndarray, chosen: np.ndarray, n: int) -> np.ndarray:
    """Positions of the points (m,) of some rows whose sample, one of n, is among the chosen."""
    inside = np.zeros(n, bool)
    inside[chosen] = True
    return np.flatnonzero(inside[rows])


def _packed(clustering: Clustering, points: Points, settings: Settings, quality: ProjectionQuality | None) -> bytes:
    """The map's file, cached by what it depends on."""
    names = tuple(clustering.cluster_name(k) for k in range(len(clustering.sizes)))
    shown = (settings.space.name, settings.projection, settings.options, len(points.frames), len(points.xy))
    layout, texts = f"{clustering.record.run_id} {shown}", map_points.texts(clustering)
    return clustering.derive(
        ("map", shown, names, quality is not None and quality.is_of_each),
        lambda: map_points.content(clustering, points, settings.space, quality, layout=layout, texts=texts),
    )
