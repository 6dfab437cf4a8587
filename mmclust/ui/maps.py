"""The map page: which space and which projection; the map itself; what a lasso has caught."""

from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import streamlit as st

from mmclust.analysis import projection, timeline
from mmclust.analysis.spaces import Space, choices
from mmclust.evaluation.snapshot import Snapshot
from mmclust.plots.palette import CONFIDENCE, NEUTRAL, RIGHT, WRONG, cluster_colors, ramp
from mmclust.ui import atlas, cache, frame, jobs, pictures, pointmap, state
from mmclust.ui.pointmap import Coloring, Frame, Mark

HEIGHT = 480
SHOWN = 120
"""Pictures of a selection that are drawn; the other samples are counted."""

PROJECTIONS = {"t-SNE": "tsne", "UMAP": "umap", "PCA": "pca"}
MOST = 12_000
"""Points of a picture of all views at once; beyond, a random sample of the samples is drawn."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the controls say."""

    space: Space
    projection: str
    options: tuple[tuple[str, float], ...]
    """Parameters of the projection."""
    through_time: bool = False
    """Whether all kept epochs are laid out, to be played."""


@dataclass(frozen=True, kw_only=True)
class Points:
    """What stands in the picture. Shapes: m points, M marks."""

    xy: np.ndarray
    """(m, 2) positions of samples."""
    rows: np.ndarray
    """(m,) places in the view's arrays; every sample several times where all views are shown at once."""
    views: np.ndarray | None
    """(m,) number of the data's view each point is of; None for a space of one view or of all together."""
    marks: np.ndarray
    """(M, 2) positions of prototypes in the same projection."""
    frames: tuple[Frame, ...] = ()
    """The same samples at every kept epoch; empty for a map of one epoch."""


def spaces(view: cache.View) -> dict[str, Space]:
    """What can be shown, by the name that stands in the URL."""
    return {space.name: space for space in choices(view.snapshot.spaces, view.view_names)}


def controls(view: cache.View) -> Settings:
    """Draw the controls; all of them stand in the URL."""
    known = spaces(view)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        space = known[_space(known)]
        kind = st.segmented_control(
            "Projection", list(PROJECTIONS), default="t-SNE", key="projection", bind="query-params", required=True,
            help="t-SNE and UMAP keep neighbours together; distances between islands mean little. PCA is linear.",
        )  # fmt: skip
        with st.popover("Options", icon=":material/tune:"):
            options = _options(kind or "t-SNE", len(view.ids))
        through_time = len(view.run.snapshots()) > 1 and len(space.members) == 1 and st.toggle(
            "Through time", key="time", bind="query-params",
            help="Lay out every kept epoch, each starting from the one before, and play how the clusters form. "
            f"PCA does so at once; t-SNE and UMAP take seconds an epoch, for {timeline.MOST:,} samples at most.",
        )  # fmt: skip
    return Settings(space=space, projection=kind or "t-SNE", options=options, through_time=through_time)


def _space(known: dict[str, Space]) -> str:
    """The choice of a space: buttons for a few, a list for the many of several views."""
    names, text = list(known), "\n".join(f"- **{space.title}**: {space.meaning}" for space in known.values())
    first = "z" if "z" in names else names[0]
    key = state.linked("space", names, first)
    if any(space.views for space in known.values()):
        st.selectbox("Space", names, key=key, width=300, help=text, format_func=lambda name: known[name].title)
    else:
        st.segmented_control("Space", names, key=key, required=True, help=text)
    return state.link("space", first)


def _options(kind: str, n: int) -> tuple[tuple[str, float], ...]:
    if kind == "t-SNE":
        high = max(6, min(100, (n - 1) // 3))
        value = st.slider("Perplexity", 5, high, min(30, high), key="perplexity", bind="query-params",
                          help="About how many neighbours each point tries to keep.")  # fmt: skip
        return (("perplexity", float(value)),)
    if kind == "UMAP":
        high = max(3, min(100, n - 1))
        near = st.slider("Neighbours", 2, high, min(15, high), key="neighbours", bind="query-params",
                         help="Small: fine detail. Large: the whole shape.")  # fmt: skip
        dist = st.slider("Smallest distance", 0.0, 0.99, 0.1, key="min_dist", bind="query-params",
                         help="How tightly points may be packed.")  # fmt: skip
        return (("n_neighbors", float(near)), ("min_dist", float(dist)))
    st.caption("PCA has no options.")
    return ()


def layout(view: cache.View, settings: Settings) -> Points | None:
    """Where the points are, or None while it is worked out (a progress bar stands in the map's place)."""
    if settings.through_time:
        return _timeline(view, settings)
    kind, space = PROJECTIONS[settings.projection], settings.space
    key = ("layout", view.record.run_id, view.epoch, view.version, space.name, kind, settings.options)
    options = _typed(settings.options)
    rows = shown_rows(len(view.ids), len(space.members))

    def work(report: jobs.Report) -> np.ndarray:
        # Samples and marks are laid out together: only then does their distance mean anything.
        return projection.cached_projection(
            view.run.folder / "layouts", stacked(view, space, rows), kind, seed=0, progress=report, **options
        )

    n_points = len(rows) * len(space.members)
    xy = jobs.result(key, work, label=f"Laying out {n_points:,} points with {settings.projection}", height=HEIGHT)
    if xy is None:
        return None
    views = np.repeat(space.views, len(rows)) if len(space.views) > 1 else None
    return Points(xy=xy[:n_points], rows=np.tile(rows, len(space.members)), views=views, marks=xy[n_points:])


def _typed(options: tuple[tuple[str, float], ...]) -> dict[str, Any]:
    """Parameters of the projection as it takes them."""
    return {name: int(value) if name == "n_neighbors" else value for name, value in options}


def _timeline(view: cache.View, settings: Settings) -> Points | None:
    """Where the samples are at every kept epoch, or None while that is worked out."""
    kind, space = PROJECTIONS[settings.projection], settings.space.name
    kept = view.run.snapshots()
    written = tuple(path.stat().st_mtime_ns for _, path in kept)
    key = ("timeline", view.record.run_id, written, space, kind, settings.options)

    def work(report: jobs.Report) -> Points:
        snapshots = [view.run.snapshot(epoch) for epoch, _ in kept]
        ids = timeline.common_samples([*snapshots, view.snapshot], kind)
        rows = [timeline.rows_of(snapshot, ids) for snapshot in snapshots]
        codes = [s.spaces[space][r].reshape(len(ids), -1) for s, r in zip(snapshots, rows, strict=True)]
        layouts = timeline.lay_out(
            codes, kind, folder=view.run.folder / "layouts", progress=report, seed=0, **_typed(settings.options)
        )
        frames = [_frame(view, snapshot, r, ids, xy) for snapshot, r, xy in zip(snapshots, rows, layouts, strict=True)]
        return Points(
            xy=layouts[-1],
            rows=np.searchsorted(view.ids, ids),
            views=None,
            marks=np.empty((0, 2)),
            frames=tuple(frames),
        )

    label = f"Laying out {len(kept)} epochs with {settings.projection}"
    return jobs.result(key, work, label=label, height=HEIGHT)


def _frame(view: cache.View, snapshot: Snapshot, rows: np.ndarray, ids: np.ndarray, xy: np.ndarray) -> Frame:
    """One epoch of a timeline. A cluster keeps its number, and with it its colour, through a whole run."""
    clusters = snapshot.y_pred[rows]
    values = {"cluster": clusters, "confidence": np.exp(snapshot.log_probs[rows].max(axis=1))}
    if view.y_true is not None and view.matched is not None and view.data.labels is not None:
        values["correctness"] = (view.matched[clusters] != view.data.labels[ids]).astype(np.uint8)
    return Frame(epoch=snapshot.epoch, xy=xy, values=values)


def shown_rows(n_samples: int, n_members: int) -> np.ndarray:
    """Which samples stand in a picture of so many spaces at once."""
    if n_members == 1 or n_samples * n_members <= MOST:
        return np.arange(n_samples)
    return np.sort(np.random.default_rng(0).choice(n_samples, MOST // n_members, replace=False))


def stacked(view: cache.View, space: Space, rows: np.ndarray) -> np.ndarray:
    """Codes of the samples in each member of a space, below them the marks."""
    codes = [view.snapshot.spaces[name] for name in space.members]
    parts = [of_view.reshape(len(of_view), -1)[rows] for of_view in codes]
    marks = [view.snapshot.marks[name] for name in space.members if name in view.snapshot.marks]
    return parts[0] if len(parts) == 1 and not marks else np.concatenate([*parts, *marks])


@st.fragment
def explore(view: cache.View, points: Points, settings: Settings) -> None:
    """The map, and beside it what is selected."""
    left, right = st.columns([8, 4], gap="medium")
    with left:
        selected = pointmap.show(
            _packed(view, points, settings),
            len(points.xy),
            key="map",
            height=HEIGHT,
            alt=f"{settings.projection} map of {len(points.xy):,} points in {settings.space.title}",
        )
        if len(points.rows) < len(view.ids) * len(settings.space.members):
            st.caption(f"{len(points.rows) // len(settings.space.members):,} random samples of {len(view.ids):,}.")
    with right, frame.messages():
        chosen(view, np.empty(0, int) if selected is None else np.unique(points.rows[selected]))


def _packed(view: cache.View, points: Points, settings: Settings) -> bytes:
    """The map's file, kept in memory by what it depends on."""
    names = tuple(view.cluster_name(k) for k in range(len(view.sizes)))
    key = ("map", settings.space.name, settings.projection, settings.options, names, len(points.frames))
    return cache.derive(view, key, lambda: content(view, points, settings))


def content(view: cache.View, points: Points, settings: Settings) -> bytes:
    """The file that the browser draws the map from."""
    # A point of one view shows that view, a point of all together the first image.
    pictured = settings.space.views or (pictures.image_view(view.data) or 0,)
    ids = view.ids[points.rows]
    return pointmap.pack(
        ids=ids,
        frames=points.frames or [Frame(epoch=view.epoch, xy=points.xy)],
        colorings=colorings(view, points),
        marks=_marks(view, points),
        atlas=atlas.of(view.data, *pictured),
        places=None if points.views is None else atlas.places(view.data.n_samples, ids, points.views),
        layout=f"{view.record.run_id} {settings.space.name} {settings.projection} {settings.options}",
    )


def colorings(view: cache.View, points: Points) -> list[Coloring]:
    """What the points can be coloured by, the most telling first."""
    rows, found = points.rows, []
    if points.views is not None:
        colors = cluster_colors(len(view.view_names))
        found.append(Coloring(key="view", title="view", help="Which view of the sample a point is", colors=colors,
                              values=points.views, names=view.view_names))  # fmt: skip
    names = [view.cluster_name(k) for k in range(len(view.sizes))]
    found.append(Coloring(key="cluster", title="cluster", help="The cluster each sample was put into",
                          values=view.y_pred[rows], names=names, colors=view.colors))  # fmt: skip
    if view.y_true is not None and view.right is not None:
        classes = [view.class_name(c) for c in range(int(view.y_true.max()) + 1)]
        colors = cluster_colors(len(classes))
        found.append(Coloring(key="class", title="class", help="The true class, which training never saw",
                              values=view.y_true[rows], names=classes, colors=colors))  # fmt: skip
        found.append(Coloring(key="correctness", title="correctness", colors=(RIGHT, WRONG), names=("right", "wrong"),
                              help="Whether the sample lies in the cluster matched to its class",
                              values=(~view.right[rows]).astype(np.uint8)))  # fmt: skip
    found.append(Coloring(key="confidence", title="confidence", help="Probability of the sample's cluster",
                          kind="scale", values=view.confidence[rows], low="0%", high="100%",
                          colors=ramp(CONFIDENCE, 32)))  # fmt: skip
    return found


def _marks(view: cache.View, points: Points) -> list[Mark]:
    """Prototypes; in the colour of their cluster where there is one for each cluster (and view)."""
    n_marks, n_clusters = len(points.marks), len(view.colors)
    own = list(view.colors) * (n_marks // n_clusters) if n_marks % n_clusters == 0 else [NEUTRAL] * n_marks
    return [Mark(x=float(x), y=float(y), color=color) for (x, y), color in zip(points.marks, own, strict=True)]


def chosen(view: cache.View, positions: np.ndarray) -> None:
    """What is selected: how many, of which clusters and classes, and the samples."""
    if not len(positions):
        st.markdown("**Nothing selected**")
        st.caption(
            f"Draw around points with the lasso, drag a box, or click one point: its {view.word}s appear here. "
            "Shift adds to a selection, Ctrl takes away, Esc clears it. The wheel zooms in, down to the pictures; with "
            "the arrow keys one walks from point to point."
        )
        st.markdown(f"**Least sure {view.word}s of this run**")
        least = cache.derive(view, "least sure", lambda: np.argsort(view.confidence)[:35])
        st.html(pictures.samples(view, least[: 35 // len(view.data.views)], px=44))
        return
    st.markdown(f"**{len(positions):,} selected** of {len(view.ids):,}")
    st.html(shares(view, positions))
    shown = positions[np.argsort(-view.confidence[positions], kind="stable")][: SHOWN // len(view.data.views)]
    with st.container(height=HEIGHT - 150, border=False):
        st.html(pictures.samples(view, shown, px=44))
        if len(positions) > len(shown):
            of = "its own assignment" if len(view.data.views) > 1 and view.snapshot.view_logits else "the cluster"
            st.caption(f"The {len(shown)} surest of them; the line under a picture has the colour of {of}.")


def shares(view: cache.View, positions: np.ndarray) -> str:
    """HTML bars: how a selection spreads over clusters, and over classes where they are known."""
    parts = [_share_bar("clusters", np.bincount(view.y_pred[positions], minlength=len(view.sizes)),
                        [view.cluster_name(k) for k in range(len(view.sizes))], view.colors)]  # fmt: skip
    if view.y_true is not None:
        counts = np.bincount(view.y_true[positions])
        parts.append(_share_bar("classes", counts, [view.class_name(c) for c in range(len(counts))],
                                tuple(cluster_colors(len(counts)))))  # fmt: skip
    return "".join(parts)


def _share_bar(title: str, counts: np.ndarray, names: list[str], colors: tuple[str, ...]) -> str:
    order = np.argsort(-counts)
    order = order[counts[order] > 0]
    total = max(1, int(counts.sum()))
    cells = "".join(
        f'<i style="flex:{counts[i]};background:{colors[i]}" title="{escape(names[i])}: {counts[i]:,}"></i>'
        for i in order
    )
    text = ", ".join(f"{escape(names[i])} {counts[i] / total:.0%}" for i in order[:4])
    text = f"{title}: {text}" + (" …" if len(order) > 4 else "")
    return f'<div class="mm-share"><small>{text}</small><div role="img" aria-label="{text}">{cells}</div></div>'
