"""Which run, and which epoch of it, a page shows: the bar under the heading."""

import time
from contextlib import suppress
from html import escape

import streamlit as st

from mmclust.clustering import Clustering
from mmclust.data import catalogue
from mmclust.evaluation.figures import MAIN, TITLES
from mmclust.methods import METHODS, card
from mmclust.runs.errors import UnknownRun
from mmclust.runs.queue import SWEEP
from mmclust.runs.record import RunRecord
from mmclust.ui.components import annotations
from mmclust.ui.shell import cache, frame, login, state

STATUS = {
    "queued": ("gray", ":material/hourglass_empty:"),
    "running": ("green", ":material/play_arrow:"),
    "paused": ("orange", ":material/pause:"),
    "finished": ("blue", ":material/check:"),
    "stopped": ("gray", ":material/stop:"),
    "failed": ("red", ":material/error:"),
    "interrupted": ("orange", ":material/bolt:"),
}
"""Colour and icon of a badge."""
MOST_LETTERS = 30
"""Of a run's name in a list: with its ACC behind it, they fit into the run box of a window 1024 pixels wide."""


def method_title(record: RunRecord) -> str:
    """The method's title; its key where it is not known here."""
    return card(record.spec.method).title if record.spec.method in METHODS else record.spec.method


def dataset_title(name: str) -> str:
    """The catalogue's title, or the last part of a path."""
    entry = catalogue.find(name)
    return entry.title if entry else name.rsplit("/", 1)[-1]


def about(record: RunRecord) -> str:
    """Method and data set."""
    return f"{method_title(record)} on {dataset_title(record.spec.dataset)}"


def title(record: RunRecord) -> str:
    """A run in a few words."""
    return record.title or about(record)


def with_seed(record: RunRecord) -> str:
    """A run in a few words with its seed, which the titles of a sweep's runs end with already."""
    words, seed = title(record), f"seed {record.spec.seed}"
    return words if words.endswith(seed) else f"{words}, {seed}"


def line(record: RunRecord) -> str:
    """A run in one line of a list, what tells it apart first: narrow boxes cut the end off."""
    words = [_shortened(with_seed(record)), *_figures(record)]
    if record.example or record.status != "finished":
        words.append(_state(record))
    words.append(record.run_id.rsplit("-", 1)[-1])
    if record.title:
        words.append(about(record))
    return " · ".join(words)


def whole(record: RunRecord) -> str:
    """All that the line of a run may leave out or shorten."""
    words = [with_seed(record), *[about(record)] * bool(record.title), *_figures(record), _state(record), record.run_id]
    return " · ".join(words)


def _figures(record: RunRecord) -> list[str]:
    return [f"ACC {record.metrics['acc']:.1%}"] if record.metrics else []


def _state(record: RunRecord) -> str:
    return "example" if record.example else record.status


def _shortened(words: str) -> str:
    """Words that leave room for the figures: the beginning, and the end with the seed."""
    if len(words) <= MOST_LETTERS:
        return words
    n_last = MOST_LETTERS // 2
    return f"{words[: MOST_LETTERS - n_last - 1].rstrip()}…{words[-n_last:].lstrip()}"


def badge(record: RunRecord) -> str:
    """Markdown of the badge of a run's status."""
    color, icon = STATUS[record.status]
    return f":{color}-badge[{icon} {record.status}]"


def ago(moment: float) -> str:
    """How long ago a moment was, in words."""
    seconds = max(0.0, time.time() - moment)
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def duration(seconds: float) -> str:
    """1:05 or 2:03:04."""
    hours, rest = divmod(round(seconds), 3600)
    minutes, secs = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{secs:02}" if hours else f"{minutes}:{secs:02}"


def chosen() -> RunRecord | None:
    """The run of the URL or of this session, else the newest with something to show, else None."""
    records = login.runs()
    wanted = state.run_id()
    for record in records:
        if record.run_id == wanted:
            return record
    if wanted:
        with suppress(UnknownRun):  # runs of the lessons are in no list
            if login.sees((record := cache.store().get(wanted).record()).spec.dataset):
                return record
        st.toast(f"There is no run {wanted} any more; the newest one is shown.", icon=":material/info:")
    shown = [record for record in records if record.status in ("finished", "running", "stopped", "paused")]
    by_hand = [record for record in shown if record.spec.launcher != SWEEP]
    return (by_hand or shown or records or [None])[0]


def clustering(title: str, text: str, *, what: str, annotated: bool = True) -> Clustering | None:
    """Draw the head of a page about a run, and give the run at the chosen epoch.

    Args:
        title: of the page.
        text: what the page answers, in a sentence.
        what: what the page would show, for the empty state, e.g. "the map".
        annotated: whether an annotation that is switched on changes the page; the network knows none.

    Returns:
        None where an empty state stands instead.
    """
    record = chosen()
    if record is None:
        frame.heading(title, text)
        frame.empty(
            "No run yet",
            f"Train a clustering first: {what} of it appears here as soon as its first epoch is done.",
            page="train.py",
            button="Start a training",
        )
        return None
    left, middle, right = st.columns([6, 5, 4], gap="medium", vertical_alignment="center")
    with left:
        frame.heading(title, text)
    with middle:
        _run_box(record)
    kept = dict(cache.store().get(record.run_id).snapshots())
    if not kept:
        state.settle(record.run_id, None)
        with right:
            st.markdown(badge(record))
        _nothing_yet(record, what)
        return None
    with right:
        epoch = _epoch_box(list(kept))
    state.settle(record.run_id, None if epoch == max(kept) else epoch)
    return annotations.lay_over(cache.clustering(record, epoch, kept[epoch]), chips, wanted=annotated)


def _nothing_yet(record: RunRecord, what: str) -> None:
    """The empty state of a run without a snapshot: it is about to come, or the run ended too early."""
    if not record.resumable:
        soon = record.waiting_for or f"The first snapshot is taken within seconds; then {what} appears."
        frame.empty("Nothing to see of this run yet", soon, page="train.py", button="Watch the training")
        return
    title = "This run has not begun" if record.active else "This run ended before its first snapshot"
    why = record.waiting_for or record.error or f"It was {record.status} too early; resumed, it begins anew."
    frame.empty(title, escape(why), page="train.py", button="Resume it on the Train page")


def source_name(clustering: Clustering, number: int | None) -> str:
    """What an assignment is called: that of all views together, or of one."""
    return "fused" if number is None else f"view {number + 1} ({clustering.view_names[number]})"


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
        format_func=lambda name: source_name(clustering, known[name]),
        help="fused: from all views together. The others: from one view alone.",
    )
    return clustering.of_view(known[state.link("assignment", "fused")])


def chips(found: Clustering) -> str:
    """HTML of the line under the bar: figures of the run at this epoch."""
    figures = []
    for name in MAIN:
        if name in found.scores:
            before = "" if found.plain is None else f" (run: {found.plain.scores[name]:.1%})"
            figures.append((TITLES[name] + before, f"{found.scores[name]:.1%}"))
    n_clusters = found.snapshot.n_clusters
    figures += [(f"{found.word}s", f"{len(found.ids):,}")]
    if len(found.data.views) > 1:
        figures.append(("views", f"{len(found.data.views)}"))
    figures += [("clusters", f"{n_clusters}")]
    if not found.scores:
        figures.append(("classes", "not known"))
    cells = "".join(f"<span><b>{value}</b> <small>{name}</small></span>" for name, value in figures)
    cells += f"<span><small>epoch</small> <b>{found.epoch}</b> <small>of {found.record.epochs}</small></span>"
    return f'<div class="mm-chips" role="note">{cells}</div>'


def _run_box(record: RunRecord) -> None:
    records = {r.run_id: r for r in login.runs()}
    records.setdefault(record.run_id, record)
    st.session_state[state.RUN_WIDGET] = record.run_id
    st.selectbox(
        "Run",
        list(records),
        key=state.RUN_WIDGET,
        format_func=lambda run_id: line(records[run_id]) if run_id in records else run_id,
        on_change=lambda: state.choose_run(st.session_state[state.RUN_WIDGET]),
        help=f"{whole(record)}\n\nThe run chosen here is shown on all pages.",
    )


def _epoch_box(epochs: list[int]) -> int:
    wanted = state.epoch()
    epoch = epochs[-1] if wanted is None else min(epochs, key=lambda e: abs(e - wanted))
    if len(epochs) == 1:
        st.caption(f"Epoch {epoch}: the only snapshot so far")
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
        help="Snapshots kept during training; drag to go back in time.",
    )
    return epoch
