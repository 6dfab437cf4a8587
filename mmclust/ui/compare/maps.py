"""Maps of several runs beside each other: the same samples, matched colours, one selection."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from mmclust.analysis.spaces import choices
from mmclust.clustering import Clustering
from mmclust.escaping import markdown
from mmclust.evaluation.metric_names import TITLES
from mmclust.evaluation.metrics import confusion, match_classes
from mmclust.plots import palette
from mmclust.ui.components import facets, pictures, pointmap, selection
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
class MatchedRun:
    """A run at its last epoch, on the samples that all runs share."""

    name: str
    clustering: Clustering
    """With the colours that its clusters have beside the others."""
    rows: np.ndarray
    """(n,) places of the shared samples in the clustering's arrays, in the order of their ids."""
    partner: np.ndarray
    """(K,) cluster of the first run that each cluster is matched to, -1 without one."""


def matched(names: Sequence[str], clusterings: Sequence[Clustering], ids: np.ndarray) -> list[MatchedRun]:
    """The runs with clusters matched to those of the first one on the samples that they share.

    With classes a cluster has the colour of its class in all runs; without them that of the cluster of the first run
    with which it shares most samples (Hungarian).

    Args:
        names: of the runs.
        clusterings: at their last epochs.
        ids: (n,) of the shared samples, ascending.
    """
    found: list[MatchedRun] = []
    for name, clustering in zip(names, clusterings, strict=True):
        order = np.argsort(clustering.ids)
        rows = order[np.searchsorted(clustering.ids, ids, sorter=order)]
        first = found[0] if found else None
        own = clustering.y_pred[rows]
        if first is None:
            found.append(MatchedRun(name, clustering, rows, np.arange(len(clustering.sizes))))
            continue
        leader = first.clustering.y_pred[first.rows]
        partner = match_classes(confusion(leader, own, len(first.clustering.sizes), len(clustering.sizes)))
        if clustering.y_true is None:
            numbers = palette.match_colors(leader, own, len(clustering.sizes))
            clustering = replace(clustering, colors=tuple(palette.cluster_color(int(number)) for number in numbers))
        found.append(MatchedRun(name, clustering, rows, partner))
    return found


def draw_maps(sides: Sequence[MatchedRun], ids: np.ndarray) -> None:
    """The maps, and below them what is selected.

    Args:
        sides: made by `matched`.
        ids: (n,) of the shared samples.
    """
    first = sides[0].clustering
    known = [name for name in layouts.spaces(first) if all(name in layouts.spaces(side.clustering) for side in sides)]
    if not known:
        raise ValueError("these runs share no latent space; choose runs of one method to compare their maps")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        start = "z" if "z" in known else known[0]
        st.selectbox(
            "Space",
            known,
            key=state.linked("space", known, start),
            width=260,
            format_func=lambda name: layouts.spaces(first)[name].title,
            help="A latent space that all selected runs have.",
        )
        kinds = list(layouts.PROJECTIONS)
        st.segmented_control(
            "Projection",
            kinds,
            key=state.linked("projection", kinds, FIRST),
            required=True,
            help="Each run is projected separately, then turned and mirrored to lie like the first. "
            "Select points in one map to find them in the others.",
        )
    space, kind = state.link("space", start), state.link("projection", FIRST)
    st.caption(
        f"The same {len(ids):,} {first.word}s in every map, coloured by "
        f"{'the class' if first.y_true is not None else 'the cluster of the first run'} matched to their "
        "cluster. Selected and hovered points are marked in all maps."
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
        st.caption(f"Only the first {MOST} runs are shown; reorder them above.")
    facets.panel(first, key="compare-facets", group=GROUP, of_map=True)
    if (chosen := selection.bar(first)) is not None:
        with st.container(height=220, border=False):
            selection.images(first, chosen.rows)


def turned(xy: np.ndarray, shared: np.ndarray, target: np.ndarray) -> np.ndarray:
    """A layout (n, 2) turned, mirrored and moved so that shared samples lie like those of another (Procrustes).

    Args:
        xy: of all samples of a run.
        shared: (m, 2) of those that both runs have.
        target: (m, 2) of the same in the other layout.
    """
    middle = shared.mean(axis=0)
    left, _, right = np.linalg.svd((shared - middle).T @ (target - target.mean(axis=0)))
    return ((xy - middle) @ (left @ right) + target.mean(axis=0)).astype(xy.dtype)


def _map(
    first: MatchedRun, side: MatchedRun, ids: np.ndarray, space: str, kind: str, marked: np.ndarray | None, number: int
) -> None:
    clustering = side.clustering
    figures = " · ".join(
        f"{TITLES[name]} {clustering.scores[name]:.1%}" for name in ("acc", "nmi") if name in clustering.scores
    )
    st.markdown(f"**{markdown(side.name)}** :gray[{figures}]")
    about = next(one for one in choices(clustering.snapshot.spaces, clustering.view_names) if one.name == space)
    method = layouts.PROJECTIONS[kind]

    def layout(of: Clustering, report: jobs.OnProgress) -> np.ndarray:
        return layouts.lay_out(of, about, map_points.shown_rows(len(of.ids), 1), method, progress=report)[0]

    def work(report: jobs.OnProgress) -> np.ndarray:
        xy = layout(clustering, report)
        if side is first:
            return xy
        # kept on disk since the first map was drawn: all maps lie like that one
        return turned(xy, xy[side.rows], layout(first.clustering, lambda _: None)[first.rows])

    leader = (first.clustering.record.run_id, first.clustering.epoch, len(ids))
    key = ("compare-layout", clustering.record.run_id, clustering.epoch, clustering.version, space, method, leader)
    xy = jobs.result(key, work, label=f"Projecting {len(clustering.ids):,} points with {kind}", height=HEIGHT)
    if xy is None:
        return
    points = Points(xy=xy[side.rows], rows=side.rows, views=None, landmarks=np.empty((0, 2)))
    names = tuple(clustering.cluster_name(k) for k in range(len(clustering.sizes)))
    of_all = (first.clustering.record.run_id, len(ids), int(ids.sum()), clustering.colors, names)

    def pack() -> bytes:
        return pointmap.pack(
            ids=ids,
            frames=[pointmap.Frame(epoch=clustering.epoch, xy=points.xy)],
            colorings=map_points.colorings(clustering, points),
            atlas=atlas.of(clustering.data, pictures.image_view(clustering.data) or 0),
            layout=f"{clustering.record.run_id} {space} {kind}",
        )

    def select(positions: np.ndarray) -> None:
        title = "Selected on the maps"
        if len(positions) == 1:
            title = f"{clustering.word.capitalize()} {ids[positions[0]]}"
        selection.select(first.clustering, first.rows[positions], title)

    pointmap.draw_map(
        clustering.derive(("compare-map", space, kind, of_all), pack),
        len(ids),
        key=f"compare-map-{number}",
        group=GROUP,
        height=HEIGHT,
        color="cluster",
        alt=f"{kind} map of {len(ids):,} {clustering.word}s in {about.title} of {side.name}",
        selected=marked,
        on_select=select,
    )


def table(sides: Sequence[MatchedRun]) -> list[dict[str, str]]:
    """For each cluster of the first run its partner in every other one, and how many samples they share."""
    first = sides[0]
    leader = first.clustering.y_pred[first.rows]
    rows = []
    for cluster in np.unique(leader).tolist():
        line = {first.name: f"{first.clustering.cluster_name(cluster)} ({int((leader == cluster).sum()):,})"}
        for side in sides[1:]:
            own = np.flatnonzero(side.partner == cluster)
            together = int(((leader == cluster) & np.isin(side.clustering.y_pred[side.rows], own)).sum())
            name = side.clustering.cluster_name(int(own[0])) if together else ""
            line[side.name] = f"{name} ({together:,} shared)" if together else "no match"
        rows.append(line)
    return rows
