"""The window in which clusters are renamed, merged and split.

The run itself never changes: steps go into an annotation, which any page can show in place of the run's clusters.
"""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from mmclust.analysis import splitting
from mmclust.analysis.spaces import choices
from mmclust.clustering import Clustering
from mmclust.evaluation import metrics
from mmclust.evaluation.annotation import Merge, Rename, Split, Step, applied, merges, moved
from mmclust.evaluation.metric_names import MAIN, METRICS
from mmclust.runs.annotations import Annotation
from mmclust.ui.components import annotations, markup, pictures
from mmclust.ui.shell import frame, state

OPENED = "edit_opened"
MOST_PARTS = 8
SHOWN = 8
"""Pictures of each part of a cluster that is about to be split."""


def begin(clustering: Clustering) -> Annotation:
    """A new annotation under the first free name."""
    taken = {annotation.name for annotation in annotations.stored().of(clustering.record.run_id)}
    name = next(name for i in range(1, len(taken) + 2) if (name := f"Annotation {i}") not in taken)
    return annotations.stored().create(clustering.record.run_id, name, epoch=clustering.epoch)


def take(clustering: Clustering, step: Step) -> None:
    """Take a step in the annotation that is switched on, or in a new one, which is then switched on.

    Clusters that are merged on the page are first merged in the annotation, too.
    """
    first, step = _after_merging(clustering, step)
    keep(clustering, [*first, step])


def keep(clustering: Clustering, steps: Sequence[Step]) -> None:
    """Take steps in the annotation that is switched on, or in a new one; the page then shows what it holds."""
    annotation = clustering.annotation or begin(clustering)
    applied(clustering.own.snapshot, [*annotation.applied, *steps])  # a step that does not fit is not stored
    for step in steps:
        annotation = annotations.stored().add(annotation, step)
    state.choose_annotation(clustering.record.run_id, annotation.annotation_id)
    state.choose_n_clusters(clustering.record.run_id, None)
    st.rerun()


def keep_merging(clustering: Clustering) -> None:
    """Store the merging that the page shows as steps of the annotation."""
    assert clustering.cut is not None
    keep(clustering, merges(clustering.cut.groups)[0])


def _after_merging(clustering: Clustering, step: Step) -> tuple[tuple[Step, ...], Step]:
    """The merging that the page shows, as steps, and a step of its clusters after them."""
    if clustering.cut is None:
        return (), step
    first, places = merges(clustering.cut.groups)
    return first, moved(step, places)


def scores(clustering: Clustering, steps: Sequence[Step]) -> dict[str, float]:
    """Figures of the run's clusters after some steps; empty without labels."""
    plain = clustering.own
    if plain.y_true is None:
        return {}
    y_true, key = plain.y_true, ("scores after", tuple(steps))
    return plain.derive(key, lambda: metrics.score(y_true, applied(plain.snapshot, steps).y_pred))


def _before_and_after(clustering: Clustering, step: Step) -> None:
    """Figures now and after a step."""
    steps = () if clustering.annotation is None else clustering.annotation.applied
    first, step = _after_merging(clustering, step)
    before, after = scores(clustering, [*steps, *first]), scores(clustering, [*steps, *first, step])
    if not before:
        st.caption("This data set has no classes, so there are no metrics to compare.")
        return
    tiles = [
        (f"{METRICS[name].title}, now {before[name]:.1%}", f"{after[name]:.1%}", METRICS[name].about)
        for name in MAIN
        if name in before
    ]
    st.html(markup.tiles(tiles))


def edit(clustering: Clustering, cluster: int | None = None) -> None:
    """Open the window in which clusters are renamed, merged and split.

    Args:
        clustering: the run at an epoch.
        cluster: to begin with.
    """
    # Opened again before the page is whole, a window would show its widgets as new and get what they were before.
    opened = st.session_state[OPENED] = st.session_state.get(OPENED, 0) + 1
    _window(clustering, cluster or 0, opened)


@st.dialog("Edit clusters", width="medium")
def _window(clustering: Clustering, first: int, opened: int) -> None:
    kinds = {"Rename": _rename, "Merge": _merge, "Split": _split}
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    with left:
        chosen = st.selectbox(
            "Cluster",
            range(len(clustering.sizes)),
            first,
            format_func=clustering.cluster_name,
            key=f"edit-cluster-{opened}",
            help="The cluster to change.",
        )
    with right:
        kind = st.segmented_control(
            "Action",
            list(kinds),
            default="Rename",
            required=True,
            key=f"edit-kind-{opened}",
            help="Rename it, merge it with other clusters, or split it by k-means.",
        )
    if clustering.annotation is None:
        st.caption("The first change starts an annotation. The run itself is not changed.")
    with frame.messages():
        kinds[kind or "Rename"](clustering, int(chosen or 0), opened)


def _rename(clustering: Clustering, cluster: int, opened: int) -> None:
    with st.form("rename", border=False):
        given = st.text_input(
            "Name",
            clustering.given_name(cluster),
            max_chars=100,
            placeholder=clustering.cluster_name(cluster),
            help="Shown on all pages while the annotation is on. Leave empty to remove the name.",
            key=f"name-of-{cluster}-{opened}",
        )
        if st.form_submit_button("Rename", type="primary"):
            take(clustering, Rename(cluster=cluster, name=given))


def _merge(clustering: Clustering, cluster: int, opened: int) -> None:
    if len(clustering.sizes) < 3:
        raise ValueError("there are only two clusters; merging them would leave one")
    nearest = [int(k) for k in nearest_clusters(clustering, cluster) if k != cluster]
    others = st.multiselect(
        "Merge with",
        nearest,
        nearest[:1],
        format_func=clustering.cluster_name,
        key=f"merge-{cluster}-{opened}",
        help="Ordered by the mean probability of the cluster's samples.",
    )
    if not others:
        st.caption("Choose at least one other cluster.")
        return
    step = Merge(clusters=tuple(sorted((cluster, *others))))
    _before_and_after(clustering, step)
    if st.button(f"Merge {len(others) + 1} clusters", type="primary", disabled=len(others) > len(clustering.sizes) - 2):
        take(clustering, step)


def nearest_clusters(clustering: Clustering, cluster: int) -> np.ndarray:
    """(K,) clusters in the order of the mean probability that the samples of one give them, the largest first."""
    given = np.exp(clustering.log_probs[clustering.y_pred == cluster]).sum(axis=0)
    return np.argsort(-given, kind="stable")


def _split(clustering: Clustering, cluster: int, opened: int) -> None:
    titles = {
        s.name: s.title for s in choices(clustering.snapshot.spaces, clustering.view_names) if len(s.members) == 1
    }
    spaces = list(titles)
    left, right = st.columns(2)
    first = "z" if "z" in spaces else spaces[0]
    space = left.selectbox(
        "Space",
        spaces,
        spaces.index(first),
        format_func=titles.__getitem__,
        key=f"split-space-{opened}",
        help="k-means runs on the codes of the cluster's samples in this space.",
    )
    parts = right.slider("Parts", 2, MOST_PARTS, 2, key=f"split-parts-{opened}", help="Number of sub-clusters.")
    with st.spinner("Splitting the cluster …"):
        step = clustering.derive(
            ("split", cluster, space, parts), lambda: splitting.split(clustering.snapshot, cluster, str(space), parts)
        )
    _before_and_after(clustering, step)
    _parts(clustering, step)
    if st.button(f"Split into {parts}", type="primary"):
        take(clustering, step)


def _parts(clustering: Clustering, step: Split) -> None:
    """The samples of each part that lie nearest to its centre."""
    members, nearest, sizes = clustering.derive(
        ("parts", step), lambda: splitting.preview(clustering.snapshot, step, SHOWN)
    )
    for size, rows in zip(sizes, nearest, strict=True):
        st.html(
            f'<div class="mm-row"><small class="mm-part">{size:,} of {members:,}</small>'
            f"{pictures.samples(clustering, rows, px=44, mark=False, kind='row')}</div>"
        )
