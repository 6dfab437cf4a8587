"""The Disentangle page: the same style in other clusters, and what is nearest in each space."""

import numpy as np
import streamlit as st
from markupsafe import Markup

from mmclust.analysis.neighbours import nearest, nearest_of_each_cluster
from mmclust.clustering import Clustering
from mmclust.escaping import markdown
from mmclust.ui.components import cluster_members, markup, pictures, selection
from mmclust.ui.disentangle import probes
from mmclust.ui.shell import state

ROWS = 10
"""Samples that are followed through the clusters."""
COLUMNS = 12
"""Clusters that they are followed through, the largest ones."""
NEAREST = 14


def draw_neighbours(clustering: Clustering) -> None:
    """A table of samples against clusters, then the neighbours of one sample in two spaces."""
    known = {space.name: space for space in probes.spaces(clustering)}
    names = list(known)
    style = "z_s" if "z_s" in known else names[0]
    category = "z_c" if "z_c" in known else next((name for name in names if name != style), style)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        st.selectbox(
            "Similar in",
            names,
            key=state.linked("style", names, style),
            width=280,
            format_func=lambda name: known[name].title,
            help="The space in which distances are measured, usually the style.",
        )
        style = state.link("style", style)
        st.selectbox(
            "Compare with",
            names,
            key=state.linked("beside", names, category),
            width=280,
            format_func=lambda name: known[name].title,
            help="A second space, whose nearest samples are shown for comparison.",
        )
        category = state.link("beside", category)
    clusters = np.sort(np.argsort(-clustering.sizes, kind="stable")[:COLUMNS])
    clusters = clusters[clustering.sizes[clusters] > 0]
    what = "The same style" if style == "z_s" else "Alike"
    st.markdown(
        f"**{what}, in other clusters** :gray[(nearest in {markdown(known[style].title)})]",
        help="Each row starts with a sample; each column shows the nearest sample of that cluster. If the space "
        "encodes only style, a row keeps its slant, weight, size or colour across clusters.",
    )
    asked, name = _asked(clustering, clusters)
    st.html(clustering.derive(("style table", style, name), lambda: _table(clustering, style, asked, clusters)))
    if len(clusters) < int((clustering.sizes > 0).sum()):
        st.caption(f"The {len(clusters)} largest of {len(clustering.sizes)} clusters.")
    _one(clustering, style, category, known[style].title, known[category].title)


def _asked(clustering: Clustering, clusters: np.ndarray) -> tuple[np.ndarray, str]:
    """Places of the samples to follow: selected ones, else a typical one of each cluster; and a name for them."""
    chosen = selection.current(clustering)
    if chosen is not None:
        rows = chosen.rows[np.linspace(0, len(chosen.rows) - 1, min(ROWS, len(chosen.rows))).astype(int)]
        return rows, str(rows.tolist())
    # Not the most confident: those are all alike in style too.
    rows = [cluster_members.members(clustering, int(k), "random", 1)[0] for k in clusters[:ROWS]]
    return np.array(rows), "random"


def _table(clustering: Clustering, space: str, asked: np.ndarray, clusters: np.ndarray) -> str:
    found = nearest_of_each_cluster(clustering.snapshot.spaces[space], asked, clustering.y_pred, clusters)
    heads = [_HEAD.format(clustering.colors[k], clustering.cluster_meaning(int(k))) for k in clusters]
    several = len(clustering.data.views) > 1
    lines = []
    for row, line in zip(asked, found, strict=True):
        cells = [markup.Cell(_picture(clustering, int(i), several), "mm-own" if i == row else "") for i in line]
        lines.append((_picture(clustering, int(row), several), cells))
    return f'<div class="mm-scroll">{markup.table(("sample", *heads), lines, kind="mm-style")}</div>'


_HEAD = Markup('<i style="background:{}"></i>{}')


def _picture(clustering: Clustering, row: int, several: bool) -> Markup:
    shown = pictures.samples(clustering, [row], px=44 if several else 58, mark=False) if row >= 0 else ""
    return Markup(shown)


def _one(clustering: Clustering, style: str, category: str, style_title: str, category_title: str) -> None:
    """Neighbours of one sample: of other clusters in the first space, of any in the second."""
    st.markdown("**One sample and its neighbours**")
    left, right = st.columns([3, 9], gap="large")
    with left:
        sample = st.number_input(
            f"{clustering.word.capitalize()} number",
            0,
            int(clustering.ids.max()),
            key="neighbour-of",
            step=1,
            value=int(
                clustering.ids[cluster_members.members(clustering, int(clustering.sizes.argmax()), "random", 1)[0]]
            ),
            help=f"Index of the {clustering.word} in the data set. Hover over a picture on any page to see its number.",
        )
        row = int(min(np.searchsorted(clustering.ids, sample), len(clustering.ids) - 1))
        st.html(pictures.samples(clustering, [row], px=110, mark=False))
        st.caption(markdown(pictures.describe(clustering, row)))
    with right:
        others = clustering.y_pred != clustering.y_pred[row]
        alike = clustering.derive(
            ("alike", style, row), lambda: nearest(clustering.snapshot.spaces[style], row, NEAREST, among=others)
        )
        st.markdown(f"Nearest in **{markdown(style_title)}** among the other clusters")
        st.html(pictures.samples(clustering, alike, px=58, captions=clustering.y_true is not None))
        beside = clustering.derive(
            ("beside", category, row), lambda: nearest(clustering.snapshot.spaces[category], row, NEAREST)
        )
        st.markdown(f"Nearest in **{markdown(category_title)}** among all")
        st.html(pictures.samples(clustering, beside, px=58, captions=clustering.y_true is not None))
