"""The panel of a run while it trains: status, curves, signals, a small map, diagnostics. Reads the store only."""

import math
from html import escape
from typing import Any

import numpy as np
import streamlit as st

from mmclust import events, interventions, launch
from mmclust.auto import account
from mmclust.escaping import markdown
from mmclust.evaluation.metric_names import SIGNALS
from mmclust.methods import METHODS, card
from mmclust.methods.card import MethodCard
from mmclust.plots import curves as plots
from mmclust.plots.sparklines import sparkline
from mmclust.runs import checkpoints
from mmclust.runs.record import RunRecord
from mmclust.runs.run import Run
from mmclust.ui.components import figure_menu, run_descriptions, stage
from mmclust.ui.components.results import earned, understanding, verdicts
from mmclust.ui.components.run_descriptions import run_settings
from mmclust.ui.components.stage import moments
from mmclust.ui.components.stage.terms import term_colors
from mmclust.ui.shell import cache, curves, frame, hidden, login
from mmclust.ui.shell.curves import Curves
from mmclust.ui.train import diagnostics, hands, stability

TICK_S = 1.0
SLOW_TICK_S = 3.0
LABEL_FREE = ("signal/evidence", "signal/augmentations", "signal/stability")
"""Fractions that the stage draws: they need no labels."""
SEARCHING = "Preparing the data and looking for a clustering to start from, without labels …"
GRACE = 0.3
"""Share of a training after which a loss term without a point is taken to be switched off."""
SIGNAL_COLORS = ("#6c7ce0", "#45a05a", "#1391a5", "#de6b35", "#cf5c9d", "#b18a1f")
VIEW_CURVES = {
    "view/acc": "ACC of each view alone",
    "view/nmi": "NMI of each view alone",
    "signal/weight": "Fusion weights",
}
"""Titles of sets of curves, one for each view."""


def panel(run_id: str) -> None:
    """The panel; its parts redraw themselves as long as the run trains or waits."""
    active = cache.store().get(run_id).record().active
    st.fragment(_overview, run_every=TICK_S if active else None)(run_id, active)
    st.fragment(hands.panel)(run_id)
    st.fragment(_details, run_every=SLOW_TICK_S if active else None)(run_id)


def _overview(run_id: str, was_active: bool) -> None:
    """Status, progress, scores, map, diagnostics: what somebody watches."""
    with frame.messages():
        run = cache.store().get(run_id)
        record = run.record()
        if was_active and not record.active:
            st.rerun()  # draws the whole panel once more, without the clock
        points = curves.read(run)
        _head(run, record)
        if not record.active:
            verdicts.line(run)
        if not record.active and not points:
            st.caption("The run ended before the first measurement.")
            return
        if len(points) and not _several_views(record):
            points |= {stability.NAME: stability.curve(run)}
        sizes = _stage(run, record, points)
        _diagnostics(record, points, sizes)


def _details(run_id: str) -> None:
    """A curve per loss term and per signal: many small charts, redrawn less often."""
    with frame.messages():
        run = cache.store().get(run_id)
        record, points = run.record(), curves.read(run)
        if not record.active and not points:
            return
        if not record.active and record.spec.method in METHODS:
            earned.panel(run, record)
        if not record.active and (saved := run.snapshots()):
            figure_menu.menu(cache.clustering(record, *saved[-1]), ["curves", "sizes", "clusters"])
        if record.spec.method in METHODS:
            _terms(record, card(record.spec.method), points)
        _views(record, points)
        _signals(record, points)
        _data(run)


def _data(run: Run) -> None:
    """What was understood of the data when the run began."""
    if (found := run.understanding()) is None:
        return
    n_open = sum(question["open"] for question in found["questions"])
    title = f"Data as read ({n_open} open question{'s' if n_open > 1 else ''})" if n_open else "Data as read"
    with st.expander(title, icon=":material/dataset:", key="run-data"):
        understanding.panel(found)


def _several_views(record: RunRecord) -> bool:
    return record.spec.method in METHODS and card(record.spec.method).several_views


def _head(run: Run, record: RunRecord) -> None:
    title, buttons = st.columns([3, 2], vertical_alignment="center")
    name, badge = markdown(run_descriptions.title(record)), run_descriptions.badge(record)
    title.markdown(f"**{name}** &nbsp; {badge} &nbsp; :gray[`{record.run_id}`]")
    with buttons.container(horizontal=True, horizontal_alignment="right"):
        run_settings.popover(record)
        _buttons(run, record)
    with st.container(key="mm-live-status"):
        if record.status == "queued":
            st.progress(0.0, text=markdown(record.waiting_for or "Waiting in the queue."))
        else:
            st.progress(
                min(1.0, record.step / record.total_steps) if record.total_steps else 0.0,
                text=run_descriptions.progress(record) if record.step or not record.spec.auto else SEARCHING,
            )
    if record.error:
        st.error(markdown(record.error), icon=":material/error:")
    if not record.active and run.snapshots():
        _ways_on(run, record)


WAYS_ON = (
    ("map.py", "Map", "scatter_plot", 100),
    ("clusters.py", "Browse clusters", "workspaces", 164),
    ("confusion.py", "Confusion", "grid_on", 134),
    ("explain.py", "Explain", "visibility", 116),
)
"""Pages that a run that has ended leads to, with the width of their buttons, which are drawn before their words are."""


def _ways_on(run: Run, record: RunRecord) -> None:
    """Where to look next at a run that has ended, and how it compares with k-means on the same data."""
    with st.container(horizontal=True, vertical_alignment="center"):
        for page, text, icon, width in WAYS_ON:
            kind = "primary" if page == "clusters.py" else "secondary"
            if st.button(text, icon=f":material/{icon}:", type=kind, key=f"run-to-{page}", width=width):
                st.switch_page(page, query_params={"run": record.run_id})
        if (text := _beside_k_means(run, record)) and not hidden.hidden():
            st.caption(text, width="content")


def _beside_k_means(run: Run, record: RunRecord) -> str:
    """How a run compares with k-means, which is run beside every run; empty until that is known."""
    found = account.read(run.folder)
    simple = [one for one in (found.simple if found else ()) if one.name.startswith("k-means") and one.metrics]
    if not simple or not record.metrics:
        return ""
    return f"ACC {record.metrics['acc']:.1%}; {simple[0].name}: {(simple[0].metrics or {})['acc']:.1%}."


def _buttons(run: Run, record: RunRecord) -> None:
    mine = login.may_change(record.creator)
    if record.active and mine:
        asked = bool(record.request)
        st.button(
            "Pause",
            icon=":material/pause:",
            key="run-pause",
            disabled=asked or record.status == "queued",
            on_click=_ask,
            args=(run, "pause"),
            help="Save the state and release the device for the next run.",
        )
        st.button(
            "Stop",
            icon=":material/stop:",
            key="run-stop",
            disabled=asked,
            on_click=_ask,
            args=(run, "stop"),
            help="Stop after the current step. You can resume later.",
        )
    begun = checkpoints.exists(run.folder)
    if (
        record.resumable
        and mine
        and st.button(
            "Resume",
            icon=":material/play_arrow:",
            key="run-resume",
            help="Continue from the last checkpoint." if begun else "Restart: this run has no checkpoint.",
        )
    ):
        login.check_quota()
        launch.resume(cache.store(), record.run_id)
        st.rerun()


def _ask(run: Run, command: Any) -> None:
    try:
        run.request(command)
    except ValueError as error:  # it ended between the drawing of the button and the click
        st.toast(markdown(frame.sentence(error)))


def _stage(run: Run, record: RunRecord, points: Curves) -> np.ndarray | None:
    """Map, curves and clusters under one play head; gives the samples per cluster of the latest snapshot."""
    with st.container(key="mm-stage-room"):
        snapshots = run.snapshots()
        if not snapshots:
            st.caption("Map, curves and clusters appear with the first snapshot.")
            return None
        clustering = cache.clustering(record, *snapshots[-1])
        layout, title = moments.assignments(clustering), run_descriptions.title(record)
        stage.draw_stage(clustering, layout, key="live-stage", title=title, points=points)
        return clustering.sizes


def _diagnostics(record: RunRecord, points: Curves, sizes: np.ndarray | None) -> None:
    found = diagnostics.diagnose(record, points, None if sizes is None else sizes.tolist())
    with st.container(key="mm-diagnostics", gap="xsmall"):
        for one in found:
            draw = st.warning if one.level == "warning" else st.info
            draw(one.text, icon=":material/warning:" if one.level == "warning" else ":material/info:")
        told = diagnostics.found_so_far(record, points, None if sizes is None else sizes.tolist())
        if found or not told:
            st.caption(told or "The number of clusters found appears with the first evaluation.")
        elif told.endswith("clusters found.") and "of" not in told:
            st.success(told, icon=":material/check_circle:")
        else:
            st.info(told, icon=":material/hourglass_top:")


def _terms(record: RunRecord, method: MethodCard, points: Curves) -> None:
    st.markdown("**Loss terms** :gray[(unweighted)]")
    colors = term_colors(method)
    now = interventions.values_now(record)
    off = {term.name for term in method.terms if term.weight and not now.get(term.weight, 1)}
    # every term keeps its place, also before its stage: boxes that come and go would move the others
    shown = [term for term in method.terms if term.name not in off or f"loss/{term.name}" in points]
    grid = st.grid(min(len(shown), 6), min_column_width=150, gap="small")
    for term in shown:
        with grid.cell():
            _small(record, points, f"loss/{term.name}", term.title, colors[term.name])


def _signals(record: RunRecord, points: Curves) -> None:
    st.markdown("**Unsupervised signals**")
    names = ["signal/usage_entropy", "signal/confidence"]
    shown = (*names, *LABEL_FREE)
    names += [name for name in points if name.startswith("signal/") and name not in shown and not _of_views(name)]
    grid = st.grid(3, min_column_width=200, gap="small")
    k = record.n_clusters or 2
    for i, name in enumerate(names):
        reference, note = (math.log(k), "even") if name == "signal/usage_entropy" else (None, "")
        title = SIGNALS.get(name) or name.removeprefix("signal/").replace("_", " ").capitalize()
        with grid.cell():
            _small(record, points, name, title, SIGNAL_COLORS[i % len(SIGNAL_COLORS)], reference, note)


def _of_views(name: str) -> bool:
    """Whether a curve is one of a set with one for each view, such as `signal/weight_2`."""
    return name.rsplit("_", 1)[-1].isdigit()


def _views(record: RunRecord, points: Curves) -> None:
    """Curves with a line for each view: how well each clusters alone, and what else a method keeps of each."""
    sets = list(dict.fromkeys(name.rsplit("_", 1)[0] for name in points if _of_views(name)))
    shown = [prefix for prefix in ("view/acc", "view/nmi") if prefix in sets]
    shown += [prefix for prefix in sets if prefix.startswith("signal/")]
    if not shown:
        return
    views = _view_names(record, max(int(name.rsplit("_", 1)[1]) for name in points if _of_views(name)))
    st.markdown("**Views**")
    grid = st.grid(min(len(shown), 3), min_column_width=220, gap="small")
    for prefix in shown:
        names = {f"{prefix}_{i}": view for i, view in enumerate(views, start=1) if f"{prefix}_{i}" in points}
        percent = prefix.startswith("view/")
        if percent and (fused := f"eval/{prefix.removeprefix('view/')}") in points:
            names[fused] = "fused"
        option = plots.named_curves(curves.thin(points, list(names)), list(names), names, percent=percent)
        option["xAxis"] |= {"max": record.epochs, "name": ""}
        title = (
            VIEW_CURVES.get(prefix) or f"{prefix.removeprefix('signal/').replace('_', ' ').capitalize()} of each view"
        )
        with grid.cell():
            st.html(f'<div class="mm-term" style="--c:#8a919e"><span>{escape(title)}</span></div>')
            st.echarts_chart(option, height=190, key=f"live-{prefix}", alt=f"{title} against epochs")


def _view_names(record: RunRecord, count: int) -> list[str]:
    """Names of the data's views, numbers where the data is not at hand."""
    try:
        names = [view.name for view in cache.describe(record.spec.dataset).views]
    except ValueError:
        names = []
    return names if len(names) == count else [f"view {i + 1}" for i in range(count)]


def _small(
    record: RunRecord,
    points: Curves,
    name: str,
    title: str,
    color: str,
    reference: float | None = None,
    note: str = "",
) -> None:
    curve = points.get(name, curves.NO_CURVE)
    latest = f"{curve.value[-1]:.3g}" if len(curve) else ""
    st.html(f'<div class="mm-term" style="--c:{color}"><span>{escape(title)}</span><b>{latest}</b></div>')
    epoch, value = plots.decimate(curve.epoch, curve.value, curves.POINTS)
    option = sparkline(epoch, value, name=title, color=color, epochs=record.epochs, reference=reference, note=note)
    plots.mark(option, {event.epoch: event.words for event in events.of_spec(record.spec)})
    st.echarts_chart(option, height=120, key=f"live-{name}", alt=f"{title} against epochs")
