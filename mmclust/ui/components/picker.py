"""Which run, and which epoch of it, a page shows: the bar under the heading."""

from contextlib import nullcontext, suppress
from html import escape

import streamlit as st
from markupsafe import Markup

from mmclust.analysis.spaces import view_title
from mmclust.clustering import Clustering
from mmclust.escaping import markdown
from mmclust.evaluation.metric_names import MAIN, TITLES
from mmclust.runs.errors import UnknownRun, UnreadableRun
from mmclust.runs.queue import SWEEP
from mmclust.runs.record import RunRecord
from mmclust.ui.components import annotations, markup, run_descriptions, run_search
from mmclust.ui.components.results import verdicts
from mmclust.ui.components.run_descriptions import run_settings
from mmclust.ui.shell import cache, frame, hidden, login, state


def chosen() -> RunRecord | None:
    """The run of the URL or of this session, else the newest with something to show, else None."""
    records = login.runs()
    wanted = state.run_id()
    for record in records:
        if record.run_id == wanted:
            return record
    if wanted:
        with suppress(UnknownRun, UnreadableRun):  # runs of the lessons are in no list
            if login.sees((record := cache.store().get(wanted).record()).spec.dataset):
                return hidden.of_record(record)
        st.toast(f"Run {markdown(wanted)} no longer exists; showing the newest run.", icon=":material/info:")
    shown = [record for record in records if record.status in ("finished", "running", "stopped", "paused")]
    by_hand = [record for record in shown if record.spec.launcher != SWEEP]
    return (by_hand or shown or records or [None])[0]


def clustering(title: str, text: str, *, what: str, annotated: bool = True, played: bool = False) -> Clustering | None:
    """Draw the head of a page about a run, and give the run at the chosen epoch.

    Args:
        title: of the page.
        text: what the page answers, in a sentence.
        what: what the page would show, for the empty state, e.g. "the map".
        annotated: whether an annotation that is switched on changes the page; the network knows none.
        played: whether the page plays through the epochs by itself: then neither the slider nor the metrics of one
            epoch stand here.

    Returns:
        None where an empty state stands instead.
    """
    record = chosen()
    if record is None:
        frame.heading(title, text)
        frame.empty(
            "No run yet",
            f"Train a model first: {what} appears here after its first epoch.",
            page="train.py",
            button="Start training",
        )
        return None
    left, middle, right = st.columns([5, 6, 4], gap="medium", vertical_alignment="center")
    with left:
        frame.heading(title, text)
    with middle, st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        _run_box(record)
        run_settings.popover(record)
    saved = dict(cache.store().get(record.run_id).snapshots())
    if not saved:
        state.sync_url(record.run_id, None)
        with right:
            st.markdown(run_descriptions.badge(record))
        _nothing_yet(record, what)
        return None
    with right:
        epoch = nearest(list(saved)) if played else _epoch_box(list(saved))
    state.sync_url(record.run_id, None if epoch == max(saved) else epoch)
    if not played:
        verdicts.line(cache.store().get(record.run_id))
    drawn = (lambda found: "") if played else chips
    with right if played else nullcontext():  # without a slider there is room beside the run
        return annotations.lay_over(cache.clustering(record, epoch, saved[epoch]), drawn, wanted=annotated)


def nearest(epochs: list[int]) -> int:
    """The saved epoch nearest to the chosen one, by default the last."""
    wanted = state.epoch()
    if wanted in epochs:
        state.accept(state.EPOCH)
    else:
        state.forget_epoch()  # a link that asks for one that is not saved is told so
    return epochs[-1] if wanted is None else min(epochs, key=lambda epoch: abs(epoch - wanted))


def _nothing_yet(record: RunRecord, what: str) -> None:
    """The empty state of a run without a snapshot: it is about to come, or the run ended too early."""
    if not record.resumable:
        soon = record.waiting_for or f"The first snapshot is saved within seconds; then {what} appears here."
        frame.empty("No results for this run yet", escape(soon), page="train.py", button="Watch training")
        return
    title = "This run has not started" if record.active else "This run ended before its first snapshot"
    why = (
        record.waiting_for or record.error or f"It was {record.status} before the first snapshot. Resume to restart it."
    )
    frame.empty(title, escape(why), page="train.py", button="Resume on the Train page")


def source_name(clustering: Clustering, number: int | None) -> str:
    """What an assignment is called: that of all views together, or of one."""
    return "fused" if number is None else view_title(number, clustering.view_names[number])


def sources(clustering: Clustering) -> dict[str, int | None]:
    """The assignments of a run by their name in the URL: None stands for the fused one, else a view of the data."""
    return {"fused": None} | {f"view {number + 1}": number for number in range(len(clustering.snapshot.view_logits))}


def assignment(clustering: Clustering) -> Clustering:
    """The run by its fused assignment or by that of one view, as chosen; without a choice where there is only one."""
    known = sources(clustering)
    if len(known) == 1:
        return clustering
    st.segmented_control(
        "Assignment",
        list(known),
        key=state.linked("assignment", list(known), "fused"),
        required=True,
        format_func=lambda name: markdown(source_name(clustering, known[name])),
        help="fused: cluster assignment from all views together. The others use a single view.",
    )
    return clustering.of_view(known[state.link("assignment", "fused")])


def chips(found: Clustering) -> str:
    """HTML of the line under the bar: metrics of the run at this epoch."""
    metrics = []
    for name in MAIN:
        if name in found.scores:
            before = "" if found.own is found else f" (run: {found.own.scores[name]:.1%})"
            metrics.append((TITLES[name] + before, f"{found.scores[name]:.1%}"))
    n_clusters = str(found.snapshot.n_clusters)
    if found.unmerged is not None:
        n_clusters += f" of {found.unmerged.snapshot.n_clusters}"
    metrics += [(f"{found.word}s", f"{len(found.ids):,}")]
    if len(found.data.views) > 1:
        metrics.append(("views", f"{len(found.data.views)}"))
    metrics += [("clusters (number · matched class)" if found.matched is not None else "clusters", n_clusters)]
    if not found.scores:
        metrics.append(("classes", "no"))
    epoch = Markup("<span><small>epoch</small> <b>{}</b> <small>of {}</small></span>")
    last = epoch.format(found.epoch, found.record.epochs)
    return markup.chips([(value, name) for name, value in metrics], last=last, role="note")


def _run_box(record: RunRecord) -> None:
    every = login.runs()
    records = run_search.few(every, [record])
    st.session_state[state.RUN_WIDGET] = record.run_id
    st.selectbox(
        "Run",
        list(records),
        key=state.RUN_WIDGET,
        format_func=lambda run_id: run_descriptions.line(records[run_id]) if run_id in records else run_id,
        on_change=lambda: state.choose_run(st.session_state[state.RUN_WIDGET]),
        help=f"{markdown(run_descriptions.whole(record))}\n\nThe selected run is shown on all pages.",
    )
    run_search.popover(every, state.choose_run, key="run-search")


def _epoch_box(epochs: list[int]) -> int:
    epoch = nearest(epochs)
    if len(epochs) == 1:
        st.caption(f"Epoch {epoch} (only snapshot so far)")
        return epoch
    st.session_state[state.EPOCH_WIDGET] = epoch
    last = epochs[-1]

    def changed() -> None:
        now = st.session_state[state.EPOCH_WIDGET]
        state.choose_epoch(None if now == last else now)

    st.select_slider(
        "Epoch",
        epochs,
        key=state.EPOCH_WIDGET,
        on_change=changed,
        help="Snapshots saved during training. Drag to go back in time.",
    )
    return epoch
