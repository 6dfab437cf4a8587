"""Annotations on pages: which one is switched on, and the tools that rename, merge and split clusters.

The run itself never changes: steps go into an annotation, which any page can show in place of the run's clusters.
"""

from collections.abc import Callable, Sequence
from html import escape

import numpy as np
import streamlit as st

from mmclust.analysis import splitting
from mmclust.analysis.spaces import choices
from mmclust.clustering import Clustering
from mmclust.evaluation import metrics
from mmclust.evaluation.annotation import Merge, Rename, Split, Step, applied, outline, words
from mmclust.evaluation.figures import FIGURES, MAIN
from mmclust.report import annotations as files
from mmclust.runs.annotations import LONGEST_NAME, Annotation, Annotations
from mmclust.ui.components import pictures
from mmclust.ui.shell import cache, frame, state

WIDGET = "annotation_picker"
OFF = "the run's own clusters"
OPENED = "edit_opened"
MOST_PARTS = 8
SHOWN = 8
"""Pictures of each part of a cluster that is about to be split."""


def stored() -> Annotations:
    """The annotations of this server's store, also those of the bundled example."""
    return Annotations(cache.store())


# ------------------------------------------------------------------------------------------------- switched on or off


def lay_over(clustering: Clustering, head: Callable[[Clustering], str], *, wanted: bool = True) -> Clustering:
    """Draw the line of figures under a page's head, with the choice of an annotation where the run has any.

    Args:
        clustering: the run at an epoch.
        head: HTML of the figures.
        wanted: whether the page can show an annotation.

    Returns:
        The clustering as the page is to show it.
    """
    known = {a.annotation_id: a for a in stored().of(clustering.record.run_id)}
    chosen = known.get(state.annotation(clustering.record.run_id) or "")
    state.choose_annotation(clustering.record.run_id, chosen.annotation_id if chosen else None)
    shown = clustering
    if chosen is not None and wanted:
        try:
            shown = clustering.annotated(chosen)
        except ValueError as error:
            frame.show(error)
    if not known:
        st.html(head(shown))
        return shown
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.html(head(shown))
        _choice(clustering.record.run_id, known, chosen)
    if chosen is not None and not wanted:
        st.caption(f"This page shows the run's own clusters: its network knows nothing of “{chosen.name}”.")
    return shown


def _choice(run_id: str, known: dict[str, Annotation], chosen: Annotation | None) -> None:
    st.session_state[WIDGET] = chosen.annotation_id if chosen else ""  # the widget shows None as nothing chosen
    st.selectbox(
        "Annotation",
        ["", *known],
        key=WIDGET,
        width=250,
        label_visibility="collapsed",
        format_func=lambda key: f"Annotation: {known[key].name}" if key in known else OFF,
        on_change=lambda: state.choose_annotation(run_id, st.session_state[WIDGET] or None),
        help="Names, merges and splits laid over the run, on all pages. The run itself stays as it is.",
    )


# ------------------------------------------------------------------------------------------------------------- tools


def tools(clustering: Clustering) -> None:
    """The row of tools on the Clusters page: edit, undo, redo, and what can be done with the annotation."""
    mine = clustering.annotation
    with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content", key="mm-annotation"):
        if st.button(
            "Edit clusters",
            icon=":material/edit:",
            key="edit",
            help="Rename, merge or split clusters. The run stays as it is; your changes are kept beside it.",
        ):
            edit(clustering)
        if mine is None:
            return
        undone = mine.steps[mine.n_applied :]
        last = _told(clustering, mine.applied[:-1], mine.applied[-1]) if mine.applied else ""
        following = _told(clustering, mine.applied, undone[0]) if undone else ""
        if st.button(
            "Undo", icon=":material/undo:", key="undo", disabled=not last, help=f"Take back: {last}" if last else None
        ):
            stored().undo(mine)
            st.rerun()
        if st.button(
            "Redo",
            icon=":material/redo:",
            key="redo",
            disabled=not following,
            help=f"Do again: {following}" if following else None,
        ):
            stored().redo(mine)
            st.rerun()
        with st.popover("Annotation", icon=":material/more_horiz:", help="Name, steps, files, delete"):
            _menu(clustering, mine)
        n = len(mine.applied)
        st.caption(f"{n} step{'s' * (n != 1)}" + (f", {len(undone)} undone" if undone else ""))


def _told(clustering: Clustering, before: Sequence[Step], step: Step) -> str:
    assert clustering.plain is not None
    return words(step, outline(clustering.plain.snapshot.n_clusters, before, clustering.record.cluster_names))


def _menu(clustering: Clustering, mine: Annotation) -> None:
    given = st.text_input(
        "Name",
        mine.name,
        key=f"annotation-name-{mine.annotation_id}",
        max_chars=LONGEST_NAME,
        help="What the annotation is called.",
    )
    if given.strip() and given != mine.name:
        stored().rename(mine, given)
        st.rerun()
    with st.container(horizontal=True, gap="small"):
        if st.button("New", icon=":material/add:", key="annotation-new", help="Begin another one, without steps."):
            state.choose_annotation(mine.run_id, _begin(clustering).annotation_id)
            st.rerun()
        if st.button(
            "Switch off",
            icon=":material/visibility_off:",
            key="annotation-off",
            help="Show the run's own clusters; the annotation is kept.",
        ):
            state.choose_annotation(mine.run_id, None)
            st.rerun()
        if st.button("Delete", icon=":material/delete:", key="annotation-delete", help="Forget the annotation."):
            stored().delete(mine.annotation_id)
            state.choose_annotation(mine.run_id, None)
            st.rerun()
    name = "".join(c if c.isalnum() else "-" for c in mine.name.lower()).strip("-") or "annotation"
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            "CSV",
            lambda: files.table(*_arguments(clustering, mine)),
            f"{name}.csv",
            "text/csv",
            key="annotation-csv",
            on_click="ignore",
            icon=":material/download:",
            help="A line per sample: its cluster in the run and under the annotation.",
        )
        st.download_button(
            "JSON",
            lambda: files.document(*_arguments(clustering, mine)),
            f"{name}.json",
            "application/json",
            key="annotation-json",
            on_click="ignore",
            icon=":material/download:",
            help="Steps, names, and figures before and after.",
        )
    st.html(steps_table(clustering, mine))


def _arguments(clustering: Clustering, mine: Annotation) -> tuple:
    plain = clustering.plain or clustering
    return plain.snapshot, mine, plain.y_true, plain.classes


def _begin(clustering: Clustering) -> Annotation:
    """A new annotation under the first free name."""
    taken = {annotation.name for annotation in stored().of(clustering.record.run_id)}
    name = next(name for i in range(1, len(taken) + 2) if (name := f"Annotation {i}") not in taken)
    return stored().create(clustering.record.run_id, name, epoch=clustering.epoch)


def take(clustering: Clustering, step: Step) -> None:
    """Take a step in the annotation that is switched on, or in a new one, which is then switched on."""
    plain = clustering.plain or clustering
    annotation = clustering.annotation or _begin(clustering)
    applied(plain.snapshot, [*annotation.applied, step])  # a step that does not fit is not stored
    state.choose_annotation(clustering.record.run_id, stored().add(annotation, step).annotation_id)
    st.rerun()


# ------------------------------------------------------------------------------------------------------------ figures


def scores(clustering: Clustering, steps: Sequence[Step]) -> dict[str, float]:
    """Figures of the run's clusters after some steps; empty without labels."""
    plain = clustering.plain or clustering
    if plain.y_true is None:
        return {}
    y_true, key = plain.y_true, ("scores after", tuple(steps))
    return plain.derive(key, lambda: metrics.score(y_true, applied(plain.snapshot, steps).y_pred))


def steps_table(clustering: Clustering, mine: Annotation) -> str:
    """HTML of the steps, with the figures after each; those that were undone are crossed out."""
    shown = [name for name in MAIN if name in clustering.scores]
    n_clusters = (clustering.plain or clustering).snapshot.n_clusters
    rows = []
    for number in range(len(mine.steps) + 1):
        steps = mine.steps[:number]
        text = escape(_told(clustering, steps[:-1], steps[-1]) if steps else OFF)
        text = f"<s>{text}</s>" if number > mine.n_applied else text
        found = scores(clustering, steps)
        cells = "".join(f"<td>{found[name]:.1%}</td>" for name in shown)
        size = len(outline(n_clusters, steps))
        rows.append(f'<tr><th scope="row">{text}</th><td>{size}</td>{cells}</tr>')
    titles = ("step", "clusters", *(FIGURES[name].title for name in shown))
    head = "".join(f'<th scope="col">{title}</th>' for title in titles)
    return f'<table class="mm-figures"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


def _before_and_after(clustering: Clustering, step: Step) -> None:
    """Figures now and after a step."""
    steps = () if clustering.annotation is None else clustering.annotation.applied
    before, after = scores(clustering, steps), scores(clustering, [*steps, step])
    if not before:
        st.caption("This data set has no classes: there are no figures to compare.")
        return
    tiles = [
        (f"{FIGURES[name].title}, now {before[name]:.1%}", f"{after[name]:.1%}", FIGURES[name].about)
        for name in MAIN
        if name in before
    ]
    st.html(frame.tiles(tiles))


# --------------------------------------------------------------------------------------------------------------- edit


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
            "What to do",
            list(kinds),
            default="Rename",
            required=True,
            key=f"edit-kind-{opened}",
            help="Give it a name, join it with others, or cut it by k-means.",
        )
    if clustering.annotation is None:
        st.caption("The first change begins an annotation. The run itself stays as it is.")
    with frame.messages():
        kinds[kind or "Rename"](clustering, int(chosen or 0), opened)


def _rename(clustering: Clustering, cluster: int, opened: int) -> None:
    with st.form("rename", border=False):
        given = st.text_input(
            "Name",
            clustering.given_name(cluster),
            max_chars=100,
            placeholder=clustering.cluster_name(cluster),
            help="Shown on all pages while the annotation is on; empty takes the name away.",
            key=f"name-of-{cluster}-{opened}",
        )
        if st.form_submit_button("Rename", type="primary"):
            take(clustering, Rename(cluster=cluster, name=given))


def _merge(clustering: Clustering, cluster: int, opened: int) -> None:
    if len(clustering.sizes) < 3:
        raise ValueError("there are only two clusters; merging them would leave a single one")
    nearest = [int(k) for k in rivals(clustering, cluster) if k != cluster]
    others = st.multiselect(
        "Merge with",
        nearest,
        nearest[:1],
        format_func=clustering.cluster_name,
        key=f"merge-{cluster}-{opened}",
        help="Clusters that its samples belong to next come first.",
    )
    if not others:
        st.caption("Choose at least one other cluster.")
        return
    step = Merge(clusters=tuple(sorted((cluster, *others))))
    _before_and_after(clustering, step)
    if st.button(f"Merge {len(others) + 1} clusters", type="primary", disabled=len(others) > len(clustering.sizes) - 2):
        take(clustering, step)


def rivals(clustering: Clustering, cluster: int) -> np.ndarray:
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
    parts = right.slider("Parts", 2, MOST_PARTS, 2, key=f"split-parts-{opened}", help="Into how many parts it is cut.")
    with st.spinner("Cutting the cluster …"):
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
