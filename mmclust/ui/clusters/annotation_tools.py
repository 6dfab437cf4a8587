"""The row of tools for annotations: edit, undo, redo, files."""

from collections.abc import Sequence

import streamlit as st
from markupsafe import Markup

from mmclust.clustering import Clustering
from mmclust.evaluation.annotation import Step, outline, words
from mmclust.evaluation.metric_names import MAIN, METRICS
from mmclust.report import annotations as files
from mmclust.runs.annotations import LONGEST_NAME, Annotation
from mmclust.ui.clusters import editing
from mmclust.ui.components import annotations, markup
from mmclust.ui.shell import state


def tools(clustering: Clustering) -> None:
    """The row of tools on the Clusters page: edit, undo, redo, and what can be done with the annotation."""
    mine = clustering.annotation
    with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content", key="mm-annotation"):
        if st.button(
            "Edit clusters",
            icon=":material/edit:",
            key="edit",
            help=(
                "Rename, merge or split clusters. Changes are stored as an annotation; the run itself is not changed."
            ),
        ):
            editing.edit(clustering)
        if clustering.cut is not None and st.button(
            f"Keep these {len(clustering.sizes)}",
            icon=":material/bookmark_add:",
            key="keep-merging",
            help="Store the merged clusters as steps of an annotation, which can be renamed, merged and split further.",
        ):
            editing.keep_merging(clustering)
        if mine is None:
            return
        undone = mine.steps[mine.n_applied :]
        last = _told(clustering, mine.applied[:-1], mine.applied[-1]) if mine.applied else ""
        following = _told(clustering, mine.applied, undone[0]) if undone else ""
        if st.button(
            "Undo", icon=":material/undo:", key="undo", disabled=not last, help=f"Undo: {last}" if last else None
        ):
            annotations.stored().undo(mine)
            st.rerun()
        if st.button(
            "Redo",
            icon=":material/redo:",
            key="redo",
            disabled=not following,
            help=f"Redo: {following}" if following else None,
        ):
            annotations.stored().redo(mine)
            st.rerun()
        with st.popover("Annotation", icon=":material/more_horiz:", help="Name, steps, downloads, delete"):
            _menu(clustering, mine)
        n = len(mine.applied)
        st.caption(f"{n} step{'s' * (n != 1)}" + (f", {len(undone)} undone" if undone else ""))


def _told(clustering: Clustering, before: Sequence[Step], step: Step) -> str:
    own = clustering.own
    return words(step, outline(own.snapshot.n_clusters, before, clustering.record.cluster_names))


def _menu(clustering: Clustering, mine: Annotation) -> None:
    given = st.text_input(
        "Name",
        mine.name,
        key=f"annotation-name-{mine.annotation_id}",
        max_chars=LONGEST_NAME,
        help="Name of the annotation.",
    )
    if given.strip() and given != mine.name:
        annotations.stored().rename(mine, given)
        st.rerun()
    with st.container(horizontal=True, gap="small"):
        if st.button("New", icon=":material/add:", key="annotation-new", help="Start a new, empty annotation."):
            state.choose_annotation(mine.run_id, editing.begin(clustering).annotation_id)
            st.rerun()
        if st.button(
            "Turn off",
            icon=":material/visibility_off:",
            key="annotation-off",
            help="Show the original clusters. The annotation is not deleted.",
        ):
            state.choose_annotation(mine.run_id, None)
            st.rerun()
        if st.button("Delete", icon=":material/delete:", key="annotation-delete", help="Delete the annotation."):
            annotations.stored().delete(mine.annotation_id)
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
            help="One row per sample: its cluster in the run and in the annotation.",
        )
        st.download_button(
            "JSON",
            lambda: files.document(*_arguments(clustering, mine)),
            f"{name}.json",
            "application/json",
            key="annotation-json",
            on_click="ignore",
            icon=":material/download:",
            help="Steps, names, and metrics before and after.",
        )
    st.html(steps_table(clustering, mine))


def _arguments(clustering: Clustering, mine: Annotation) -> tuple:
    plain = clustering.own
    return plain.snapshot, mine, plain.y_true, plain.classes


def steps_table(clustering: Clustering, mine: Annotation) -> str:
    """HTML of the steps, with the metrics after each; those that were undone are crossed out."""
    shown = [name for name in MAIN if name in clustering.scores]
    n_clusters = clustering.own.snapshot.n_clusters
    rows = []
    for number in range(len(mine.steps) + 1):
        steps = mine.steps[:number]
        text = _told(clustering, steps[:-1], steps[-1]) if steps else annotations.OFF
        text = Markup("<s>{}</s>").format(text) if number > mine.n_applied else text
        found = editing.scores(clustering, steps)
        size = len(outline(n_clusters, steps))
        rows.append((text, [f"{size}", *(f"{found[name]:.1%}" for name in shown)]))
    return markup.table(("step", "clusters", *(METRICS[name].title for name in shown)), rows)
