"""The controls of the Map page: space, projection and its parameters, of one map or of two."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from mmclust.analysis import timeline
from mmclust.analysis.spaces import Space
from mmclust.clustering import Clustering
from mmclust.escaping import markdown
from mmclust.ui.components.pointmap import layouts
from mmclust.ui.shell import state


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


def choose(clustering: Clustering, mode: Callable[[], None]) -> tuple[list[Settings], DeltaGenerator]:
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
    space = known[choose_space(known, f"space{suffix}", first, "Space" if not suffix else "Space of the second map")]
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


def choose_space(known: dict[str, Space], name: str, first: str, label: str) -> str:
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
