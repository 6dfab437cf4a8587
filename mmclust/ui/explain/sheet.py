"""Right and wrong images of every cluster with their saliency, and the mean of both (IMC-SwAV, Fig. 3b)."""

import numpy as np
import streamlit as st
from markupsafe import Markup

from mmclust.analysis import disk_cache
from mmclust.clustering import Clustering
from mmclust.ui.components import markup, pictures
from mmclust.ui.explain import groups, saliency
from mmclust.ui.explain.saliency import Lens, SaliencyMaps

AVERAGED = 16
"""Most confident samples of a cluster, over which its saliency is averaged."""
ROWS = 10
"""Clusters on a page of the sheet."""


def draw_sheet(clustering: Clustering, lens: Lens) -> None:
    """Right and wrong images of every cluster with their saliency, and the mean of both (IMC-SwAV, Fig. 3b)."""
    filled = [int(k) for k in np.flatnonzero(clustering.sizes)]
    page = 1
    if len(filled) > ROWS:
        page = st.pagination(-(-len(filled) // ROWS), key="sheet-page") or 1
    shown = filled[(page - 1) * ROWS : page * ROWS]
    rows = [
        of
        for k in shown
        for of in (*(group.rows for group in groups.groups(clustering, k)[:2]), groups.own(clustering, k)[:AVERAGED])
    ]
    targets = np.repeat(np.repeat(shown, 3), [len(of) for of in rows])
    found = saliency.of(clustering, lens, np.concatenate(rows), targets, height=150 * len(shown) + 60)
    if found is None:
        return
    names = tuple(clustering.cluster_name(k) for k in shown)
    key = ("sheet", lens, names, disk_cache.content(found.cams))
    with st.container(key="mm-explain-sheet"):  # its room is kept until it is drawn
        st.html(clustering.derive(key, lambda: _table(clustering, lens, shown, rows, found)))
    st.caption(
        f"{saliency.meaning(found)} Each {clustering.word} is scaled separately: compare regions, not "
        f"{clustering.word}s. The mean is over the {AVERAGED} most confident {clustering.word}s of a cluster."
    )


def _table(clustering: Clustering, lens: Lens, shown: list[int], rows: list[np.ndarray], found: SaliencyMaps) -> str:
    """HTML table: a row for each cluster, in it a line for each group; `rows` has three parts for every cluster."""
    cams = np.split(found.cams, np.cumsum([len(of) for of in rows])[:-1])
    lines = []
    for number, cluster in enumerate(shown):
        pair = slice(3 * number, 3 * number + 2)
        groups_html = "".join(
            f'<div class="mm-line"><small>{group.name}</small>{_line(clustering, lens, of, overlays, found.what)}</div>'
            for group, of, overlays in zip(groups.groups(clustering, cluster)[:2], rows[pair], cams[pair], strict=True)
        )
        mean = _mean(clustering, lens, cluster, rows[3 * number + 2], cams[3 * number + 2], found.what)
        lines.append((_head(clustering, cluster), (Markup(mean), Markup(groups_html))))
    heads = ("cluster", "mean", f"{clustering.word}s with {_inside(found.what)}")
    return markup.table(heads, lines, kind="mm-table mm-sheet")


def _inside(name: str) -> str:
    """The name of a method within a sentence: Grad-CAM stays, Attribution is a word."""
    return name if "-" in name or name.isupper() else name.lower()


def _line(clustering: Clustering, lens: Lens, rows: np.ndarray, cams: np.ndarray, what: str) -> str:
    if not len(rows):
        return '<span class="mm-none">none</span>'
    return saliency.samples(clustering, lens, rows, SaliencyMaps(cams=cams, what=what), px=60, captions=[])


def _head(clustering: Clustering, cluster: int) -> Markup:
    """HTML of the first cell of a cluster's row."""
    found = clustering.per_cluster[cluster]
    pure = "" if found.precision is None else f" · {found.precision:.0%} pure"
    name = markup.named(clustering.cluster_name(cluster), clustering.colors[cluster])
    return name + Markup("<small>{}</small>").format(f"{clustering.sizes[cluster]:,} {clustering.word}s{pure}")


def _mean(clustering: Clustering, lens: Lens, cluster: int, rows: np.ndarray, cams: np.ndarray, what: str) -> str:
    """HTML of the mean image of samples beside the mean of their saliency."""
    values = clustering.data.views[lens.view][clustering.ids[rows]].mean(axis=0, dtype=np.float32)[None]
    image = pictures.encoded(pictures.pixels(clustering.data, lens.view, values))
    mean = cams.mean(axis=0, keepdims=True)
    overlays = saliency.sources(mean / max(float(mean.max()), 1e-6))
    label = f"the mean of cluster {clustering.cluster_name(cluster)}"
    return saliency.pairs(image, overlays, [label], [], px=60, what=what)
