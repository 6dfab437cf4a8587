"""The Explain page: which samples, and what in them the network looked at.

Views that go through convolutions are explained by Grad-CAM and its kin; other images by attributions laid over them;
views of numbers by the columns that decide.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from html import escape

import numpy as np
import streamlit as st

from mmclust.analysis import disk_cache
from mmclust.analysis.gradcam import WAYS
from mmclust.clustering import Clustering
from mmclust.ui.components import cluster_rows, pictures, prototypes, selection
from mmclust.ui.explain import attributions, saliency
from mmclust.ui.explain.saliency import Heat, Lens
from mmclust.ui.shell import cache, frame, state

COUNT = 6
"""Samples of a group."""
AVERAGED = 16
"""Surest samples of a cluster, over which its heat is averaged."""
ROWS = 10
"""Clusters on a page of the sheet."""
AT_ONCE = 36
"""Samples of a selection on a page."""
BEST = 5
"""Clusters that one sample is asked about."""
NEAREST = 18
"""Samples of a prototype."""

Part = Callable[[Clustering, Lens], None]


@dataclass(frozen=True, kw_only=True)
class Group:
    """Samples of a cluster that are shown together."""

    name: str
    about: str
    rows: np.ndarray
    """Places in the view's arrays."""


def last(clustering: Clustering) -> Clustering:
    """The view at the run's last snapshot: the weights of earlier epochs are not kept."""
    snapshots = clustering.run.snapshots()
    if not snapshots or clustering.epoch == snapshots[-1][0]:
        return clustering
    st.caption(f"Weights are kept of the last epoch only, so this page shows epoch {snapshots[-1][0]}.")
    return cache.clustering(clustering.record, *snapshots[-1])


def no_weights(what: str) -> None:
    """The empty state of what needs the trained network."""
    frame.empty(
        "No trained weights yet",
        f"{what} needs the network itself; it is stored with the first checkpoint, some seconds into a training.",
        page="train.py",
        button="Watch the training",
    )


def page(clustering: Clustering) -> None:
    """What decided, in one view of the data: for all clusters, one of them, one sample or what is selected."""
    if not saliency.weights(clustering).exists():
        no_weights("An explanation")
        return
    clustering = last(clustering)
    selected = selection.bar(clustering, page="explain.py")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        number = _view(clustering)
        drawn = attributions.drawn_on(clustering, number)
        parts: dict[str, Part] = {"clusters": _sheet, "one cluster": _cluster, f"one {clustering.word}": _one}
        if not drawn:
            parts = {"clusters": _columns}
        if selected is not None:
            parts["selection"] = partial(_selection if drawn else _columns_of, rows=selected.rows)
        part = _part(list(parts), selected)
        lens = saliency.lens(clustering, number) if drawn else Lens(view=number)
        if drawn:
            saliency.slider()
    if (
        len(clustering.data.views) > 1
        and part != "selection"
        and (averages := attributions.averages(clustering)) is not None
    ):
        st.html(attributions.shares(clustering, averages))
    parts[part](clustering, lens)


def _part(parts: list[str], selected: selection.Selection | None) -> str:
    """What is looked at; what has just been selected comes first."""
    text = st.query_params.get(selection.PARAMETER) if selected is not None else None
    key = state.linked("look", parts, parts[0])
    if text != st.session_state.get("explained-selection"):
        st.session_state["explained-selection"] = text
        if text and "look" not in st.query_params:
            st.session_state[key] = "selection"
    if len(parts) > 1:
        st.segmented_control(
            "Look at",
            parts,
            key=key,
            required=True,
            help="All clusters as a sheet of right and wrong samples, one of them at length, one sample under several "
            "clusters, or the samples that are selected.",
        )
    return state.link("look", parts[0])


def _view(clustering: Clustering) -> int:
    """Which view of the data is looked at."""
    if len(clustering.data.views) == 1:
        return 0
    names = [f"view {number + 1}" for number in range(len(clustering.data.views))]
    st.segmented_control(
        "View",
        names,
        key=state.linked("view", names, names[0]),
        required=True,
        format_func=lambda name: clustering.view_names[names.index(name)],
        help="Images with a convolutional encoder are explained by its feature maps, others by integrated gradients.",
    )
    return names.index(state.link("view", names[0]))


def groups(clustering: Clustering, cluster: int) -> list[Group]:
    """Samples to show for a cluster: the surest ones, right and wrong where classes are known, and the least sure."""
    least = cluster_rows.members(clustering, cluster, "least sure", COUNT)
    unsure = Group(name="least sure", about="smallest margin to another cluster", rows=least)
    own = _own(clustering, cluster)
    if clustering.right is None:
        return [Group(name="surest", about="largest probability of the cluster", rows=own[:COUNT]), unsure]
    right, wrong = own[clustering.right[own]][:COUNT], own[~clustering.right[own]][:COUNT]
    return [
        Group(name="right", about=f"surest {clustering.word}s of the matched class", rows=right),
        Group(name="wrong", about=f"surest {clustering.word}s of another class", rows=wrong),
        unsure,
    ]


def _own(clustering: Clustering, cluster: int) -> np.ndarray:
    """Places of all samples of a cluster, the surest first."""
    surest = cluster_rows.members(clustering, cluster, "surest", len(clustering.ids))
    return clustering.derive(("own", cluster), lambda: surest[clustering.y_pred[surest] == cluster])


# ------------------------------------------------------------------------------------------------------ all clusters


def _sheet(clustering: Clustering, lens: Lens) -> None:
    """Right and wrong images of every cluster with their heat, and the mean of both (IMC-SwAV, Fig. 3b)."""
    filled = [int(k) for k in np.flatnonzero(clustering.sizes)]
    page = 1
    if len(filled) > ROWS:
        page = st.pagination(-(-len(filled) // ROWS), key="sheet-page") or 1
    shown = filled[(page - 1) * ROWS : page * ROWS]
    rows = [
        of
        for k in shown
        for of in (*(group.rows for group in groups(clustering, k)[:2]), _own(clustering, k)[:AVERAGED])
    ]
    targets = np.repeat(np.repeat(shown, 3), [len(of) for of in rows])
    found = saliency.of(clustering, lens, np.concatenate(rows), targets, height=150 * len(shown) + 60)
    if found is None:
        return
    names = tuple(clustering.cluster_name(k) for k in shown)
    key = ("sheet", lens, names, disk_cache.content(found.cams))
    st.html(clustering.derive(key, lambda: _table(clustering, lens, shown, rows, found)))
    st.caption(
        f"{_meaning(found)} Heat is scaled for every {clustering.word} by itself: it compares places, never "
        f"{clustering.word}s. "
        f"The mean is over the {AVERAGED} surest {clustering.word}s of a cluster."
    )


def _meaning(found: Heat) -> str:
    """What bright places mean."""
    if any(way.title == found.what and not way.of_a_score for way in WAYS.values()):
        return "Bright: what stands out in the feature maps, whatever the cluster."
    text = "Bright: what speaks for the cluster."
    if dark := int((found.cams.max(axis=(1, 2), initial=0) == 0).sum()):
        text += (
            f" {dark} of {len(found.cams)} are dark: by {found.what} nothing in them does; try another way or layer."
        )
    return text


def _table(clustering: Clustering, lens: Lens, shown: list[int], rows: list[np.ndarray], found: Heat) -> str:
    """HTML table: a row for each cluster, in it a line for each group; `rows` has three parts for every cluster."""
    cams = np.split(found.cams, np.cumsum([len(of) for of in rows])[:-1])
    lines = []
    for number, cluster in enumerate(shown):
        pair = slice(3 * number, 3 * number + 2)
        groups_html = "".join(
            f'<div class="mm-line"><small>{group.name}</small>{_line(clustering, lens, of, heats, found.what)}</div>'
            for group, of, heats in zip(groups(clustering, cluster)[:2], rows[pair], cams[pair], strict=True)
        )
        mean = _mean(clustering, lens, cluster, rows[3 * number + 2], cams[3 * number + 2], found.what)
        lines.append(f"<tr>{_head(clustering, cluster)}<td>{mean}</td><td>{groups_html}</td></tr>")
    head = f"<thead><tr><th>cluster</th><th>mean</th><th>{clustering.word}s beside their {found.what}</th></tr></thead>"
    return f'<table class="mm-table mm-sheet">{head}<tbody>{"".join(lines)}</tbody></table>'


def _line(clustering: Clustering, lens: Lens, rows: np.ndarray, cams: np.ndarray, what: str) -> str:
    if not len(rows):
        return '<span class="mm-none">none</span>'
    return saliency.samples(clustering, lens, rows, Heat(cams=cams, what=what), px=60, captions=[])


def _head(clustering: Clustering, cluster: int) -> str:
    """HTML of the first cell of a cluster's row."""
    found = cluster_rows.figures(clustering)[cluster]
    pure = "" if found.precision is None else f" · {found.precision:.0%} pure"
    return (
        f'<th scope="row"><i style="background:{clustering.colors[cluster]}"></i>'
        f"<b>{escape(clustering.cluster_name(cluster))}</b>"
        f"<small>{clustering.sizes[cluster]:,} {clustering.word}s{pure}</small></th>"
    )


def _mean(clustering: Clustering, lens: Lens, cluster: int, rows: np.ndarray, cams: np.ndarray, what: str) -> str:
    """HTML of the mean image of samples beside the mean of their heat."""
    values = clustering.data.views[lens.view][clustering.ids[rows]].mean(axis=0, dtype=np.float32)[None]
    image = pictures.encoded(pictures.pixels(clustering.data, lens.view, values))
    mean = cams.mean(axis=0, keepdims=True)
    heats = saliency.sources(mean / max(float(mean.max()), 1e-6))
    label = f"the mean of cluster {clustering.cluster_name(cluster)}"
    return saliency.pairs(image, heats, [label], [], px=60, what=what)


# ------------------------------------------------------------------------------------------------------- one cluster


def _cluster(clustering: Clustering, lens: Lens) -> None:
    """The samples of one cluster, or of one of its prototypes."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        cluster = _chosen(clustering)
        prototype = prototypes.chosen(clustering, cluster)
    if prototype is not None:
        _prototype(clustering, lens, prototype)
        return
    shown = groups(clustering, cluster)
    rows = np.concatenate([group.rows for group in shown])
    if not len(rows):
        st.caption("This cluster is empty: choose another one.")
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
                st.html(saliency.samples(clustering, lens, group.rows, Heat(cams=of, what=found.what)))
            else:
                st.caption("None in this cluster.")


def _chosen(clustering: Clustering) -> int:
    """The cluster that is looked at, from 0; it stands in the URL from 1."""
    names = [str(k + 1) for k in range(len(clustering.sizes))]
    st.selectbox(
        "Cluster",
        names,
        key=state.linked("cluster", names, names[0]),
        width=220,
        format_func=lambda name: clustering.cluster_name(int(name) - 1),
        help=f"Whose {clustering.word}s are looked at.",
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
        f"**Prototype {prototype + 1}** :gray[({len(rows)} nearest {clustering.word}s; the number is the cosine)]",
        help="Heat marks what raises the cosine of the image's projection and this prototype.",
    )
    texts = [f"{clustering.cluster_meaning(int(clustering.y_pred[i]))} · {cosines[i]:.2f}" for i in rows]
    st.html(saliency.samples(clustering, lens, rows, found, captions=texts))


# --------------------------------------------------------------------------------------------------------- one sample


def _one(clustering: Clustering, lens: Lens) -> None:
    """One sample under two clusters at large, and under its most probable ones."""
    left, right = st.columns([3, 9], gap="large")
    with left:
        row = _sample(clustering)
        st.html(pictures.samples(clustering, [row], px=150 if len(clustering.data.views) == 1 else 110, mark=False))
        st.caption(pictures.describe(clustering, row))
    probs = np.exp(clustering.log_probs[row])
    asked = list(dict.fromkeys([*rivals(clustering, row), *np.argsort(-probs)[: min(BEST, len(probs))].tolist()]))
    with right:
        found = saliency.of(clustering, lens, np.repeat(row, len(asked)), np.array(asked), height=380)
        if found is None:
            return
        st.markdown(f"**The same {clustering.word} under two clusters** :gray[({_why(clustering, row, asked[1])})]")
        st.html(_under(clustering, lens, row, asked[:2], found, 0, px=200))
        if len(asked) > 2:
            st.markdown("**And under others**")
            st.html(_under(clustering, lens, row, asked[2:], found, 2, px=110))
        st.caption(f"{_meaning(found)} Each by itself is scaled to full heat.")


def rivals(clustering: Clustering, row: int) -> list[int]:
    """Two clusters to compare: the sample's own, and that of its class where it is wrong, else the second best."""
    own = int(clustering.y_pred[row])
    if (
        clustering.matched is not None
        and clustering.y_true is not None
        and clustering.right is not None
        and not clustering.right[row]
    ):
        true = np.flatnonzero(clustering.matched == clustering.y_true[row])
        if len(true):
            return [own, int(true[0])]
    order = np.argsort(-clustering.log_probs[row], kind="stable")
    return [own, int(next(k for k in order if k != own))]


def _why(clustering: Clustering, row: int, other: int) -> str:
    wrong = clustering.right is not None and not clustering.right[row]
    matched = (
        clustering.matched is not None
        and clustering.y_true is not None
        and clustering.matched[other] == clustering.y_true[row]
    )
    return "its own, and that of its class" if wrong and matched else "its own, and the next best"


def _under(clustering: Clustering, lens: Lens, row: int, asked: list[int], found: Heat, start: int, *, px: int) -> str:
    """HTML of a sample's heat for several clusters."""
    image, probs = saliency.plain(clustering, lens, np.array([row]))[0], np.exp(clustering.log_probs[row])
    cells = []
    for cluster, address in zip(asked, saliency.sources(found.cams[start : start + len(asked)]), strict=True):
        name = clustering.cluster_name(cluster)
        label = f"What speaks for cluster {name}, probability {probs[cluster]:.1%}"
        cells.append(
            f'<li>{saliency.picture(image, address, label, px=px)}<span class="mm-cap mm-under" '
            f'style="border-color:{clustering.colors[cluster]}">'
            f"cluster {escape(name)}: {probs[cluster]:.1%}</span></li>"
        )
    return f'<ul class="mm-grid mm-wrap">{"".join(cells)}</ul>'


def _sample(clustering: Clustering) -> int:
    """Place of the chosen sample; at first the least sure of all, the most interesting one."""
    sample = st.number_input(
        f"{clustering.word.capitalize()} number",
        0,
        int(clustering.ids.max()),
        key="image",
        bind="query-params",
        value=int(clustering.ids[np.argmin(clustering.confidence)]),
        step=1,
        help=f"The number of the {clustering.word} in the data set; other pages show it when the pointer rests on it.",
    )
    row = int(np.searchsorted(clustering.ids, sample))
    if row >= len(clustering.ids) or clustering.ids[row] != sample:
        st.caption(f"This {clustering.word} is not part of the snapshot; the next one is shown.")
        row = min(row, len(clustering.ids) - 1)
    return row


# ----------------------------------------------------------------------------------------------------------- numbers


def _columns(clustering: Clustering, lens: Lens) -> None:
    """The columns of a view of numbers that decide, for one cluster and for all."""
    cluster, found = _chosen(clustering), attributions.averages(clustering)
    if found is not None:
        attributions.page(clustering, lens.view, cluster, found)


def _columns_of(clustering: Clustering, lens: Lens, rows: np.ndarray) -> None:
    attributions.selection(clustering, lens.view, rows)


# ---------------------------------------------------------------------------------------------------------- selection


def _selection(clustering: Clustering, lens: Lens, rows: np.ndarray) -> None:
    """The selected samples, each asked about its own cluster or all about one."""
    order = rows[np.argsort(-clustering.confidence[rows], kind="stable")]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        names = ["own", *(str(k + 1) for k in range(len(clustering.sizes)))]
        asked = st.selectbox(
            "What speaks for",
            names,
            key="asked",
            width=240,
            format_func=lambda name: "its own cluster" if name == "own" else clustering.cluster_name(int(name) - 1),
            help="Ask every sample about the cluster it is in, or all of them about the same cluster.",
        )
        page = 1
        if len(order) > AT_ONCE:
            page = st.pagination(-(-len(order) // AT_ONCE), key="selection-page") or 1
    shown = order[(page - 1) * AT_ONCE : page * AT_ONCE]
    targets = clustering.y_pred[shown] if asked == "own" else np.full(len(shown), int(asked) - 1)
    found = saliency.of(clustering, lens, shown, targets)
    if found is not None:
        st.html(saliency.samples(clustering, lens, shown, found))
        st.caption(_meaning(found))
