"""One cluster, or one of its prototypes, at length."""

import numpy as np
import streamlit as st

from mmclust.clustering import Clustering
from mmclust.ui.components import prototypes
from mmclust.ui.explain import groups, saliency
from mmclust.ui.explain.saliency import Lens, SaliencyMaps
from mmclust.ui.shell import state

NEAREST = 18
"""Samples of a prototype."""


def draw_cluster(clustering: Clustering, lens: Lens) -> None:
    """The samples of one cluster, or of one of its prototypes."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        cluster = chosen(clustering)
        prototype = prototypes.chosen(clustering, cluster)
    if prototype is not None:
        _prototype(clustering, lens, prototype)
        return
    shown = groups.groups(clustering, cluster)
    rows = np.concatenate([group.rows for group in shown])
    if not len(rows):
        st.caption("This cluster is empty. Choose another one.")
        return
    found = saliency.of(clustering, lens, rows, np.full(len(rows), cluster))
    if found is None:
        return
    cams = np.split(found.cams, np.cumsum([len(group.rows) for group in shown])[:-1])
    columns = st.columns(2, gap="large") if len(shown) == 3 else [st.container()]
    for place, group, of in zip([*columns, st.container()], shown, cams, strict=True):
        with place:
            st.markdown(f"**{group.name.capitalize()}** :gray[{group.about}]")
            if len(group.rows):
                st.html(saliency.samples(clustering, lens, group.rows, SaliencyMaps(cams=of, what=found.what)))
            else:
                st.caption("None in this cluster.")


def chosen(clustering: Clustering) -> int:
    """The cluster that is looked at, from 0; it stands in the URL from 1."""
    names = [str(k + 1) for k in range(len(clustering.sizes))]
    st.selectbox(
        "Cluster",
        names,
        key=state.linked("cluster", names, names[0]),
        width=220,
        format_func=lambda name: clustering.cluster_name(int(name) - 1),
        help=f"The cluster whose {clustering.word}s are shown.",
    )
    return int(state.link("cluster", names[0])) - 1


def _prototype(clustering: Clustering, lens: Lens, prototype: int) -> None:
    """The samples nearest to a prototype, and what in them speaks for it."""
    cosines = prototypes.cosines(clustering, prototype)
    rows = np.argsort(-cosines, kind="stable")[:NEAREST]
    found = saliency.of(clustering, lens, rows, np.full(len(rows), prototype), kind="prototype")
    if found is None:
        return
    st.markdown(
        f"**Prototype {prototype + 1}** :gray[({len(rows)} nearest {clustering.word}s with their cosine similarity)]",
        help="Bright regions raise the cosine similarity of the image's projection and this prototype.",
    )
    texts = [f"{clustering.cluster_meaning(int(clustering.y_pred[i]))} · {cosines[i]:.2f}" for i in rows]
    st.html(saliency.samples(clustering, lens, rows, found, captions=texts))
