"""One sample under several clusters."""

import numpy as np
import streamlit as st
from markupsafe import Markup

from mmclust.clustering import Clustering
from mmclust.escaping import markdown
from mmclust.ui.components import pictures
from mmclust.ui.explain import saliency
from mmclust.ui.explain.saliency import Lens, SaliencyMaps

BEST = 5
"""Clusters that one sample is asked about."""


def draw_sample(clustering: Clustering, lens: Lens) -> None:
    """One sample under two clusters at large, and under its most probable ones."""
    left, right = st.columns([3, 9], gap="large")
    with left:
        row = _sample(clustering)
        st.html(pictures.samples(clustering, [row], px=150 if len(clustering.data.views) == 1 else 110, mark=False))
        st.caption(markdown(pictures.describe(clustering, row)))
    probs = np.exp(clustering.log_probs[row])
    asked = list(dict.fromkeys([*compared(clustering, row), *np.argsort(-probs)[: min(BEST, len(probs))].tolist()]))
    with right:
        found = saliency.of(clustering, lens, np.repeat(row, len(asked)), np.array(asked), height=380)
        if found is None:
            return
        st.markdown(f"**The same {clustering.word} under two clusters** :gray[({_why(clustering, row, asked[1])})]")
        st.html(_under(clustering, lens, row, asked[:2], found, 0, px=200))
        if len(asked) > 2:
            st.markdown("**Other clusters**")
            st.html(_under(clustering, lens, row, asked[2:], found, 2, px=110))
        st.caption(f"{saliency.meaning(found)} Each map is scaled separately.")


def compared(clustering: Clustering, row: int) -> list[int]:
    """Two clusters to compare: the sample's own, and that of its class where it is wrong, else the second best."""
    own = int(clustering.y_pred[row])
    if (
        clustering.matched is not None
        and clustering.y_true is not None
        and clustering.wrong is not None
        and clustering.wrong[row]
    ):
        true = np.flatnonzero(clustering.matched == clustering.y_true[row])
        if len(true):
            return [own, int(true[0])]
    order = np.argsort(-clustering.log_probs[row], kind="stable")
    return [own, int(next(k for k in order if k != own))]


def _why(clustering: Clustering, row: int, other: int) -> str:
    wrong = clustering.wrong is not None and clustering.wrong[row]
    matched = (
        clustering.matched is not None
        and clustering.y_true is not None
        and clustering.matched[other] == clustering.y_true[row] >= 0
    )
    return "assigned cluster, and the cluster of its class" if wrong and matched else "assigned cluster and runner-up"


def _under(
    clustering: Clustering, lens: Lens, row: int, asked: list[int], found: SaliencyMaps, start: int, *, px: int
) -> str:
    """HTML of a sample's saliency for several clusters."""
    image, probs = saliency.plain(clustering, lens, np.array([row]))[0], np.exp(clustering.log_probs[row])
    cells = []
    for cluster, address in zip(asked, saliency.sources(found.cams[start : start + len(asked)]), strict=True):
        name = clustering.cluster_name(cluster)
        label = f"Evidence for cluster {name}, probability {probs[cluster]:.1%}"
        picture = saliency.picture(image, address, label, px=px)
        cells.append(_UNDER.format(picture, clustering.colors[cluster], name, f"{probs[cluster]:.1%}"))
    return f'<ul class="mm-grid mm-wrap">{"".join(cells)}</ul>'


_UNDER = Markup('<li>{}<span class="mm-cap mm-under" style="border-color:{}">cluster {}: {}</span></li>')


def _sample(clustering: Clustering) -> int:
    """Place of the chosen sample; at first the least confident of all, the most interesting one."""
    sample = st.number_input(
        f"{clustering.word.capitalize()} number",
        0,
        int(clustering.ids.max()),
        key="image",
        bind="query-params",
        value=int(clustering.ids[np.argmin(clustering.confidence)]),
        step=1,
        help=f"Index of the {clustering.word} in the data set. Hover over a picture on any page to see its number.",
    )
    row = int(np.searchsorted(clustering.ids, sample))
    if row >= len(clustering.ids) or clustering.ids[row] != sample:
        st.caption(f"This {clustering.word} is not in the snapshot; showing the next one.")
        row = min(row, len(clustering.ids) - 1)
    return row
