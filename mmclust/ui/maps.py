"""The map page: which space, which projection, which colours; the figure; what a lasso has caught."""

from dataclasses import astuple, dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from mmclust.analysis import projection
from mmclust.plots import scatter
from mmclust.plots.palette import cluster_colors
from mmclust.ui import cache, frame, jobs, pictures
from mmclust.ui.selection import sample_ids

if TYPE_CHECKING:
    import plotly.graph_objects as go

HEIGHT = 600
DETAILED = 20_000
"""Points up to which the hover text has more than the sample's number."""
SHOWN = 120
"""Images of a selection that are drawn; the others are counted."""

SPACES = {
    "z": "the whole code z",
    "z_c": "the category part z_c: which cluster",
    "z_s": "the style part z_s: how it looks; a good run shows no classes here",
}
PROJECTIONS = {"t-SNE": "tsne", "UMAP": "umap", "PCA": "pca"}
COLORS = ("cluster", "class", "correctness", "confidence")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the controls say."""

    space: str
    projection: str
    color: str
    options: tuple[tuple[str, float], ...]
    """Parameters of the projection."""


def controls(view: cache.View) -> Settings:
    """Draw the controls; all of them stand in the URL."""
    spaces = list(view.snapshot.spaces)
    colors = list(COLORS if view.y_true is not None else ("cluster", "confidence"))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        space = st.segmented_control(
            "Space", spaces, default="z" if "z" in spaces else spaces[0], key="space", bind="query-params",
            required=True,
            help="\n".join(f"- **{name}**: {SPACES.get(name, 'a space of the method')}" for name in spaces),
        )  # fmt: skip
        kind = st.segmented_control(
            "Projection", list(PROJECTIONS), default="t-SNE", key="projection", bind="query-params", required=True,
            help="t-SNE and UMAP keep neighbours together; distances between islands mean little. PCA is linear.",
        )  # fmt: skip
        color = st.segmented_control(
            "Colour", colors, default="cluster", key="color", bind="query-params", required=True
        )
        with st.popover("Options", icon=":material/tune:"):
            options = _options(kind or "t-SNE", len(view.ids))
    return Settings(space=space or spaces[0], projection=kind or "t-SNE", color=color or "cluster", options=options)


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


def layout(view: cache.View, settings: Settings) -> np.ndarray | None:
    """Positions (n, 2), or None while they are computed (a progress bar stands in the map's place)."""
    kind = PROJECTIONS[settings.projection]
    key = ("layout", view.record.run_id, view.epoch, view.version, settings.space, kind, settings.options)
    options: dict[str, Any] = dict(settings.options)
    if "n_neighbors" in options:
        options["n_neighbors"] = int(options["n_neighbors"])

    def work(report: jobs.Report) -> np.ndarray:
        return projection.cached_projection(
            view.run.folder / "layouts", view.snapshot.spaces[settings.space], kind, seed=0, progress=report, **options
        )

    return jobs.result(
        key, work, label=f"Laying out {len(view.ids):,} points with {settings.projection}", height=HEIGHT
    )


@st.fragment
def explore(view: cache.View, xy: np.ndarray, settings: Settings) -> None:
    """The map, and beside it what is selected."""
    left, right = st.columns([8, 4], gap="medium")
    with left:
        chart = st.plotly_chart(
            figure(view, xy, settings),
            key="map",
            on_select="rerun",
            selection_mode=("lasso", "box", "points"),
            config={"displaylogo": False, "scrollZoom": True, "modeBarButtonsToRemove": ["toImage", "autoScale2d"]},
            alt=f"{settings.projection} map of {len(xy):,} samples in {settings.space}, coloured by {settings.color}",
        )
    with right, frame.messages():
        chosen(view, np.searchsorted(view.ids, sample_ids(chart.selection.points)))


def figure(view: cache.View, xy: np.ndarray, settings: Settings) -> "go.Figure":
    """The Plotly figure, kept in memory by what it depends on."""
    names = tuple(view.cluster_name(k) for k in range(len(view.sizes)))
    return _figure((view.record.run_id, view.epoch, view.version), astuple(settings), names, settings, view, xy)


@st.cache_resource(show_spinner=False, max_entries=16)
def _figure(
    what: tuple, how: tuple, names: tuple[str, ...], _settings: Settings, _view: cache.View, _xy: np.ndarray
) -> "go.Figure":
    # The key is what, how and names: Streamlit leaves out names that start with an underscore.
    view, xy, settings = _view, _xy, _settings
    common: dict[str, Any] = {"method": settings.projection, "height": HEIGHT}
    if settings.color == "confidence":
        return scatter.value_map(xy, view.ids, view.confidence, "confidence", low=0.0, high=1.0, **common)
    if len(xy) <= DETAILED:  # beyond, every further column costs seconds in the browser
        common["details"] = {"confidence": view.confidence}
    if settings.color == "correctness" and view.right is not None:
        return scatter.right_map(xy, view.ids, view.right, **common)
    if settings.color == "class" and view.y_true is not None:
        classes = [view.class_name(c) for c in range(int(view.y_true.max()) + 1)]
        return scatter.group_map(xy, view.ids, view.y_true, classes, **common)
    return scatter.group_map(xy, view.ids, view.y_pred, names, colors=view.colors, **common)


def chosen(view: cache.View, positions: np.ndarray) -> None:
    """What is selected: how many, of which clusters and classes, and the images."""
    if not len(positions):
        st.markdown("**Nothing selected**")
        st.caption(
            "Draw around points with the lasso, drag a box, or click one point: its images appear here. "
            "Double-click the map to clear. A click in the legend hides a group, a double-click isolates it."
        )
        if view.images is not None:
            st.markdown("**Least sure images of this run**")
            least = cache.derive(view, "least sure", lambda: np.argsort(view.confidence)[:35])
            st.html(pictures.samples(view, least, px=44))
        return
    st.markdown(f"**{len(positions):,} selected** of {len(view.ids):,}")
    st.html(shares(view, positions))
    if view.images is not None:
        shown = positions[np.argsort(-view.confidence[positions], kind="stable")][:SHOWN]
        with st.container(height=HEIGHT - 150, border=False):
            st.html(pictures.samples(view, shown, px=44))
            if len(positions) > SHOWN:
                st.caption(f"The {SHOWN} surest of them; the line under an image has the colour of its cluster.")


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
