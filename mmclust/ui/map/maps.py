"""The Map page: which space and which projection, one map or two beside each other, and what is selected."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from mmclust.analysis import large, projection_quality, timeline
from mmclust.analysis.projection_quality import ProjectionQuality
from mmclust.analysis.spaces import Space
from mmclust.clustering import Clustering
from mmclust.columns import of_run
from mmclust.escaping import markdown
from mmclust.report.figures import maps as of_maps
from mmclust.ui.components import facets, figure_menu, pointmap, run_descriptions, selection, stage
from mmclust.ui.components.pointmap import layouts, map_points
from mmclust.ui.components.pointmap.map_points import Points
from mmclust.ui.components.stage import moments
from mmclust.ui.map import selection_panel
from mmclust.ui.shell import cache, frame, jobs, state

HEIGHT = 460
ASSIGNMENTS = "Assignments"
RESTED = "map-rested"
"""Session key of whether the play head has just come to rest at another epoch."""
GROUP = "map"
"""Both maps of the page share selection, colours and the sample under the pointer."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the controls of one map say."""

    space: Space
    projection: str
    options: tuple[tuple[str, float], ...]
    """Parameters of the projection."""
    through_time: bool = False
    """Whether all saved epochs are laid out, to be played."""
    suffix: str = ""
    """Ends the names of this map's widgets and of its places in the URL."""

    @property
    def name(self) -> str:
        """What is shown, in words."""
        return f"{self.projection} of {self.space.title}"


def page(clustering: Clustering, mode: Callable[[], None]) -> None:
    """The controls, `mode` the first of them, and the map or two below."""
    chosen, save = controls(clustering, mode)
    places = st.columns(len(chosen)) if len(chosen) > 1 else [st.container()]
    drawn = []
    for place, settings in zip(places, chosen, strict=True):
        with place:
            drawn.append((settings, layout(clustering, settings)))
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


def controls(clustering: Clustering, mode: Callable[[], None]) -> tuple[list[Settings], DeltaGenerator]:
    """Draw the controls of one map, or of two; all of them stand in the URL. The second value is room for a button."""
    known = layouts.spaces(clustering)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="mm-map-bar"):
        mode()
        space, kind, options = _choose(clustering, known, "")
        through_time = (
            len(clustering.run.snapshots()) > 1
            and len(space.members) == 1
            and st.toggle(
                "Through time",
                key="time",
                bind="query-params",
                help="Project all saved epochs, each initialised with the one before, and play back how clusters "
                f"form. PCA is immediate; the others take seconds per epoch, for at most {timeline.MOST:,} "
                f"samples and {timeline.FRAMES} epochs.",
            )
        )
        beside = st.toggle(
            "Side by side",
            key="beside",
            bind="query-params",
            help="Add a second map of the same samples with another space or projection. Selected and hovered "
            "points are marked in both.",
        )
        save = st.container(width="content")
    found = [Settings(space=space, projection=kind, options=options, through_time=through_time)]
    if beside:
        with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
            space, kind, options = _choose(clustering, known, "2")
        through_time = through_time and len(space.members) == 1
        found += [Settings(space=space, projection=kind, options=options, through_time=through_time, suffix="2")]
    return found, save


def _choose(
    clustering: Clustering, known: dict[str, Space], suffix: str
) -> tuple[Space, str, tuple[tuple[str, float], ...]]:
    """Space, projection and its options of one map; the second one begins with another space."""
    names = list(known)
    first = "z" if "z" in names else names[0]
    if suffix:
        first = next((name for name in ("z_s", *names) if name in names and name != first), first)
    space = known[_space(known, f"space{suffix}", first, "Space" if not suffix else "Space of the second map")]
    kind = (
        st.segmented_control(
            "Projection",
            list(layouts.PROJECTIONS),
            default="t-SNE",
            key=f"projection{suffix}",
            bind="query-params",
            required=True,
            help="t-SNE, UMAP and PaCMAP preserve neighbourhoods; distances between islands carry little meaning. "
            "PCA is linear. The metrics below the map measure the projection quality.",
        )
        or "t-SNE"
    )
    with st.popover("Options", icon=":material/tune:", key=f"options{suffix}"):
        options = _options(kind, len(clustering.ids), suffix)
    return space, kind, options


def _space(known: dict[str, Space], name: str, first: str, label: str) -> str:
    """The choice of a space: buttons for a few, a list for the many of several views."""
    names, text = (
        list(known),
        "\n".join(f"- **{markdown(space.title)}**: {markdown(space.meaning)}" for space in known.values()),
    )
    key = state.linked(name, names, first)
    if any(space.views for space in known.values()):
        st.selectbox(label, names, key=key, width=300, help=text, format_func=lambda name: known[name].title)
    else:
        st.segmented_control(
            label, names, key=key, required=True, help=text, format_func=lambda name: markdown(known[name].title)
        )
    return state.link(name, first)


def _options(kind: str, n: int, suffix: str) -> tuple[tuple[str, float], ...]:
    if kind == "t-SNE":
        high = max(6, min(100, (n - 1) // 3))
        value = st.slider(
            "Perplexity",
            5,
            high,
            min(30, high),
            key=f"perplexity{suffix}",
            bind="query-params",
            help="Effective number of neighbours of each point.",
        )
        return (("perplexity", float(value)),)
    if kind == "PCA":
        st.caption("PCA has no options.")
        return ()
    high, usual = max(3, min(100, n - 1)), 15 if kind == "UMAP" else 10
    near = st.slider(
        "Neighbours",
        2,
        high,
        min(usual, high),
        key=f"{kind.lower()}_neighbours{suffix}",
        bind="query-params",
        help="Small values show local detail, large values the global structure.",
    )
    if kind == "UMAP":
        dist = st.slider(
            "Minimum distance",
            0.0,
            0.99,
            0.1,
            key=f"min_dist{suffix}",
            bind="query-params",
            help="How tightly points may be packed.",
        )
        return (("n_neighbors", float(near)), ("min_dist", float(dist)))
    middle = st.slider(
        "Mid-near pairs",
        0.0,
        2.0,
        0.5,
        0.1,
        key=f"mid_near{suffix}",
        bind="query-params",
        help="Mid-near pairs per neighbour; they preserve the global structure.",
    )
    far = st.slider(
        "Further pairs",
        0.5,
        5.0,
        2.0,
        0.1,
        key=f"further{suffix}",
        bind="query-params",
        help="Far pairs per neighbour; they push groups apart.",
    )
    return (("n_neighbors", float(near)), ("mid_near", float(middle)), ("further", float(far)))


def layout(clustering: Clustering, settings: Settings) -> Points | None:
    """Where the points are, or None while it is computed (a progress bar stands in the map's place).

    Of very many samples some are laid out and shown first, under a bar that tells how far the others are.
    """
    if settings.through_time:
        return _timeline(clustering, settings)
    kind, space = layouts.PROJECTIONS[settings.projection], settings.space
    rows = map_points.shown_rows(len(clustering.ids), len(space.members))
    if not large.is_large(len(rows) * len(space.members), kind):
        label = f"Projecting {len(rows) * len(space.members):,} points with {settings.projection}"
        return _laid_out(clustering, settings, rows, label)
    first = large.first_rows(len(rows))
    shown = _laid_out(clustering, settings, first, f"Projecting the first {len(first):,} of {len(rows):,} points")
    if shown is None:
        return None
    label = f"Placing the other {len(rows) - len(first):,} points with {settings.projection}"
    return _laid_out(clustering, settings, rows, label, height=64) or shown


def _laid_out(
    clustering: Clustering, settings: Settings, rows: np.ndarray, label: str, *, height: int = HEIGHT
) -> Points | None:
    """Some samples in their places, or None under a progress bar of that height."""
    kind, space = layouts.PROJECTIONS[settings.projection], settings.space
    shown = (space.name, kind, settings.options, len(rows))
    key = ("layout", clustering.record.run_id, clustering.epoch, clustering.version, shown)
    options = _typed(settings.options)

    def work(report: jobs.OnProgress) -> tuple[np.ndarray, np.ndarray]:
        return layouts.lay_out(clustering, space, rows, kind, options=options, progress=report)

    found = jobs.result(key, work, label=label, height=height, border=height == HEIGHT)
    if found is None:
        return None
    views = np.repeat(space.views, len(rows)) if len(space.views) > 1 else None
    return Points(xy=found[0], rows=np.tile(rows, len(space.members)), views=views, landmarks=found[1])


def _typed(options: tuple[tuple[str, float], ...]) -> dict[str, Any]:
    """Parameters of the projection as it takes them."""
    return {name: int(value) if name == "n_neighbors" else value for name, value in options}


def _timeline(clustering: Clustering, settings: Settings) -> Points | None:
    """Where the samples are at every saved epoch, or None while that is computed."""
    kind, space = layouts.PROJECTIONS[settings.projection], settings.space.name
    saved = timeline.shown_epochs(clustering.run.snapshots())
    written = tuple(path.stat().st_mtime_ns for _, path in saved)
    key = ("timeline", clustering.record.run_id, clustering.form, written, space, kind, settings.options)

    def work(report: jobs.OnProgress) -> Points:
        snapshots = [clustering.snapshot_at(epoch) for epoch, _ in saved]
        ids = timeline.common_samples([*snapshots, clustering.snapshot], None if kind == "pca" else timeline.MOST)
        rows = [timeline.rows_of(snapshot, ids) for snapshot in snapshots]
        codes = [s.spaces[space][r].reshape(len(ids), -1) for s, r in zip(snapshots, rows, strict=True)]
        positions = timeline.lay_out(
            codes, kind, folder=clustering.folder("layouts"), progress=report, seed=0, **_typed(settings.options)
        )
        frames = [
            map_points.frame(clustering, snapshot, r, ids, xy)
            for snapshot, r, xy in zip(snapshots, rows, positions, strict=True)
        ]
        return Points(
            xy=positions[-1],
            rows=timeline.rows_of(clustering.snapshot, ids),
            views=None,
            landmarks=np.empty((0, 2)),
            frames=tuple(frames),
        )

    label = f"Projecting {len(saved)} epochs with {settings.projection}"
    return jobs.result(key, work, label=label, height=HEIGHT)


def stage_of(clustering: Clustering, mode: Callable[[], None]) -> None:
    """The run under one play head: `mode` and the positions are chosen here, the epoch in the browser."""
    known = layouts.spaces(clustering)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        mode()
        kind = _positions()
        space = ""
        if kind != ASSIGNMENTS:
            single = {name: space for name, space in known.items() if len(space.members) == 1}
            names = list(single)
            space = _space(single, "space", "z" if "z" in names else names[0], "Space")
        view = _shown_view(clustering)
        figure_menu.menu(clustering, ["curves", "clusters", "map"])
    last = _at_its_end(clustering)
    if kind == ASSIGNMENTS:
        layout = moments.assignments(last)
    else:
        settings = Settings(space=known[space], projection=kind, options=(), through_time=True)
        points = _timeline(last, settings)
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
    place = st.container()
    quality = None if settings.through_time else _quality(clustering, points, settings)
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
            height=HEIGHT,
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


def _quality(clustering: Clustering, points: Points, settings: Settings) -> ProjectionQuality | None:
    """Draw the metrics of a picture, or a progress bar while neighbours are compared; None until then.

    Of large pictures they are measured on some of the points; each point's own marks are worked out when asked for.
    """
    rows, space = points.rows[: len(points.rows) // len(settings.space.members)], settings.space
    if len(points.xy) < 4:
        return None
    shown = (space.name, settings.projection, settings.options, len(points.xy))
    key = ("projection quality", clustering.record.run_id, clustering.epoch, clustering.version, shown)

    def work(of_each: bool, report: jobs.OnProgress) -> ProjectionQuality:
        values = map_points.codes(clustering, space, rows)
        folder = clustering.folder("layouts")
        return projection_quality.cached_quality(folder, values, points.xy, of_each=of_each, progress=report)

    label = "Measuring the projection quality"
    found: ProjectionQuality | None = jobs.result(key, partial(work, False), label=label, height=64, border=False)
    if found is None:
        return None
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        place = st.container(width="stretch")
        wanted = not found.is_of_each and st.toggle(
            "Mark each point",
            key=f"marks{settings.suffix}",
            help=f"Works out the false and missing neighbours of each of the {len(points.xy):,} points, as colours of "
            "the map and as columns.",
        )
    if wanted:
        label = f"Comparing the neighbours of {len(points.xy):,} points"
        marked: ProjectionQuality | None = jobs.result(
            (*key, "each"), partial(work, True), label=label, height=64, border=False
        )
        found = marked or found
    place.html(_metrics(found, len(points.xy)))
    if found.is_of_each:
        of_run.keep_quality(clustering, settings.name, found, rows)
    return found


def _metrics(found: ProjectionQuality, n_points: int) -> str:
    k, wide = found.neighbours, projection_quality.WIDE * found.neighbours
    among = "" if found.references == n_points else f" Measured on {found.references:,} random samples."
    errors = (found.trustworthiness_error, found.continuity_error)
    spread = [f" ± {error:.1%}" if error else "" for error in errors]
    cells = (
        (
            "trustworthiness",
            f"{found.trustworthiness:.1%}{spread[0]}",
            "100%: neighbours on the map are neighbours in the latent space. A random map has about 50%.",
        ),
        (
            "continuity",
            f"{found.continuity:.1%}{spread[1]}",
            "100%: neighbours in the latent space are neighbours on the map. A random map has about 50%.",
        ),
        (
            "false neighbours",
            f"{found.false_share:.0%}",
            f"Fraction of the {k} nearest neighbours on the map that are not among the {wide} nearest in the "
            "latent space.",
        ),
        (
            "missing neighbours",
            f"{found.missing_share:.0%}",
            f"Fraction of the {k} nearest neighbours in the latent space that are not among the {wide} nearest "
            "on the map.",
        ),
    )
    inside = "".join(
        f'<span title="{text}{among}"><b>{value}</b> <small>{name}</small></span>' for name, value, text in cells
    )
    return f'<div class="mm-chips mm-projection-quality" role="note">{inside}</div>'
