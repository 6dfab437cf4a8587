"""Maps of several runs beside each other: the same samples, matched colours, one selection."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from mmclust.analysis.spaces import choices
from mmclust.clustering import Clustering
from mmclust.evaluation.figures import TITLES
from mmclust.evaluation.metrics import confusion, match_classes
from mmclust.plots import palette
from mmclust.ui.components import pictures, pointmap, selection
from mmclust.ui.components.pointmap import atlas, layouts, map_points
from mmclust.ui.components.pointmap.map_points import Points
from mmclust.ui.shell import frame, jobs, state

MOST = 4
"""Maps that still can be read beside each other."""
HEIGHT = 330
GROUP = "compare"
FIRST = "PCA"
"""Projection that is there at once; the others take a while for each run."""


@dataclass(frozen=True)
class Side:
    """A run at its last epoch, on the samples that all runs share."""

    name: str
    view: Clustering
    """With the colours that its clusters have beside the others."""
    rows: np.ndarray
    """(n,) places of the shared samples in the view's arrays, in the order of their ids."""
    partner: np.ndarray
    """(K,) cluster of the first run that each cluster is matched to, -1 without one."""


def matched(names: Sequence[str], views: Sequence[Clustering], ids: np.ndarray) -> list[Side]:
    """The runs with clusters matched to those of the first one on the samples that they share.

    With classes a cluster has the colour of its class in all runs; without them that of the cluster of the first run
    with which it shares most samples (Hungarian).

    Args:
        names: of the runs.
        views: at their last epochs.
        ids: (n,) of the shared samples, ascending.
    """
    found: list[Side] = []
    for name, view in zip(names, views, strict=True):
        order = np.argsort(view.ids)
        rows = order[np.searchsorted(view.ids, ids, sorter=order)]
        first = found[0] if found else None
        own = view.y_pred[rows]
        if first is None:
            found.append(Side(name, view, rows, np.arange(len(view.sizes))))
            continue
        leader = first.view.y_pred[first.rows]
        partner = match_classes(confusion(leader, own, len(first.view.sizes), len(view.sizes)))
        if view.y_true is None:
            numbers = palette.match_colors(leader, own, len(view.sizes))
            view = replace(view, colors=tuple(palette.cluster_color(int(number)) for number in numbers))
        found.append(Side(name, view, rows, partner))
    return found


def show(sides: Sequence[Side], ids: np.ndarray) -> None:
    """The maps, and below them what is selected.

    Args:
        sides: made by `matched`.
        ids: (n,) of the shared samples.
    """
    first = sides[0].view
    known = [name for name in layouts.spaces(first) if all(name in layouts.spaces(side.view) for side in sides)]
    if not known:
        raise ValueError("these runs have no space in common; choose runs of one method to compare their maps")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        start = "z" if "z" in known else known[0]
        st.selectbox(
            "Space",
            known,
            key=state.linked("space", known, start),
            width=260,
            format_func=lambda name: layouts.spaces(first)[name].title,
            help="A space that all these runs have.",
        )
        kinds = list(layouts.PROJECTIONS)
        st.segmented_control(
            "Projection",
            kinds,
            key=state.linked("projection", kinds, FIRST),
            required=True,
            help="Each run is laid out on its own: what is near in one map is compared by selecting it.",
        )
    space, kind = state.link("space", start), state.link("projection", FIRST)
    st.caption(
        f"The same {len(ids):,} {first.word}s in every map, coloured by "
        f"{'the class' if first.y_true is not None else 'the cluster of the first run'} that their cluster is matched "
        "to. What is selected or under the pointer in one map is marked in all."
    )
    found = selection.current(first)
    marked = None if found is None else np.flatnonzero(np.isin(sides[0].rows, found.rows))
    per_row = 2 if len(sides) in (2, 4) else 3
    for start_of_row in range(0, min(len(sides), MOST), per_row):
        part = sides[start_of_row : start_of_row + per_row]
        for column, side, number in zip(st.columns(len(part)), part, range(start_of_row, MOST), strict=False):
            with column, frame.messages():
                _map(sides[0], side, ids, space, kind, marked, number)
    if len(sides) > MOST:
        st.caption(f"The first {MOST} runs are drawn; order them above.")
    if (chosen := selection.bar(first)) is not None:
        with st.container(height=220, border=False):
            selection.images(first, chosen.rows)


def _map(
    first: Side, side: Side, ids: np.ndarray, space: str, kind: str, marked: np.ndarray | None, number: int
) -> None:
    view = side.view
    figures = " · ".join(f"{TITLES[name]} {view.scores[name]:.1%}" for name in ("acc", "nmi") if name in view.scores)
    st.markdown(f"**{selection.plain(side.name)}** :gray[{figures}]")
    about = next(one for one in choices(view.snapshot.spaces, view.view_names) if one.name == space)
    method = layouts.PROJECTIONS[kind]

    def work(report: jobs.Report) -> np.ndarray:
        return layouts.lay_out(view, about, map_points.shown_rows(len(view.ids), 1), method, progress=report)[0]

    key = ("compare-layout", view.record.run_id, view.epoch, view.version, space, method)
    xy = jobs.result(key, work, label=f"Laying out {len(view.ids):,} points with {kind}", height=HEIGHT)
    if xy is None:
        return
    points = Points(xy=xy[side.rows], rows=side.rows, views=None, landmarks=np.empty((0, 2)))
    names = tuple(view.cluster_name(k) for k in range(len(view.sizes)))
    of_all = (first.view.record.run_id, len(ids), int(ids.sum()), view.colors, names)

    def pack() -> bytes:
        return pointmap.pack(
            ids=ids,
            frames=[pointmap.Frame(epoch=view.epoch, xy=points.xy)],
            colorings=map_points.colorings(view, points),
            atlas=atlas.of(view.data, pictures.image_view(view.data) or 0),
            layout=f"{view.record.run_id} {space} {kind}",
        )

    def select(positions: np.ndarray) -> None:
        title = "Selected on the maps"
        if len(positions) == 1:
            title = f"{view.word.capitalize()} {ids[positions[0]]}"
        selection.select(first.view, first.rows[positions], title)

    pointmap.show(
        view.derive(("compare-map", space, kind, of_all), pack),
        len(ids),
        key=f"compare-map-{number}",
        group=GROUP,
        height=HEIGHT,
        color="cluster",
        alt=f"{kind} map of {len(ids):,} {view.word}s in {about.title} of {side.name}",
        selected=marked,
        on_select=select,
    )


def table(sides: Sequence[Side]) -> list[dict[str, str]]:
    """For each cluster of the first run its partner in every other one, and how many samples they share."""
    first = sides[0]
    leader = first.view.y_pred[first.rows]
    rows = []
    for cluster in np.unique(leader).tolist():
        line = {first.name: f"{first.view.cluster_name(cluster)} ({int((leader == cluster).sum()):,})"}
        for side in sides[1:]:
            own = np.flatnonzero(side.partner == cluster)
            together = int(((leader == cluster) & np.isin(side.view.y_pred[side.rows], own)).sum())
            name = side.view.cluster_name(int(own[0])) if together else ""
            line[side.name] = f"{name} ({together:,} shared)" if together else "no partner"
        rows.append(line)
    return rows
