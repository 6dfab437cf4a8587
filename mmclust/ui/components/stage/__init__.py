"""The stage: map, curves, typical samples and sizes of all clusters of a run under one play head.

All of it is drawn in the browser. The server gives one file for what stays, one for each saved epoch (`moments`) and
the curves; while a run trains, a page gives them again, and the browser fetches only the epochs that are new.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v2 import component

from mmclust import events
from mmclust.clustering import Clustering
from mmclust.plots.curves import decimate
from mmclust.ui.components import modules, pointmap
from mmclust.ui.components.stage import curves as of_curves
from mmclust.ui.components.stage import moments
from mmclust.ui.components.stage.moments import Layout
from mmclust.ui.shell import curves, files, jobs
from mmclust.ui.shell.curves import Curves

NEW_AT_ONCE = 3
"""Epochs that are prepared while a page waits; more are prepared in the background."""
WATCHED = "stage-watched"
"""Session key: ids of the runs that were seen while they trained."""
HEIGHT = 640
"""Pixels that are kept free for the stage while it is prepared."""


def draw_stage(
    clustering: Clustering,
    layout: Layout,
    *,
    key: str,
    title: str,
    view: int | None = None,
    start: int | None = None,
    points: Curves | None = None,
) -> None:
    """Draw the stage of a run, or a progress bar while its epochs are prepared.

    Args:
        clustering: the run at its last snapshot.
        layout: where the samples are at each epoch.
        key: of the stage on its page.
        title: the run in words.
        view: number of the data's view whose samples are shown; None for what samples look like.
        start: epoch at which the play head stands first, by default the last.
        points: curves of the run, by default those that it has stored.
    """
    if _watched(clustering):
        clustering = moments.steady(clustering)
    prepared = _prepared(clustering, layout, view)
    if prepared is None:
        return
    for one in prepared:
        files.publish(one.sheet)  # its address stands in the moment's file, which may be older than what is kept
    record = clustering.record
    points = curves.read(clustering.run) if points is None else points
    _registered()(
        key=key,
        data={
            "run": record.run_id,
            "title": title,
            "alt": f"{layout.title} of {len(layout.ids):,} samples over training",
            "base": files.publish(moments.base(clustering, layout, view)),
            "moments": [files.publish(one.content) for one in prepared],
            "curves": _sent(of_curves.shown(record, points)),
            "figures": of_curves.figures(points),
            "marks": [
                {"epoch": event.epoch, "kind": event.kind, "text": event.words}
                for event in events.of_run(clustering.run)
                if event.epoch > 0
            ],
            "live": record.active,
            "now": max(record.epoch, layout.epochs[-1]),
            "epochs": record.epochs,
            "start": clustering.epoch if start is None else start,
        },
    )


def _watched(clustering: Clustering) -> bool:
    """Whether this visitor saw the run train: its end changes no colour, for which all epochs would be drawn anew."""
    watched: set[str] = st.session_state.setdefault(WATCHED, set())
    if clustering.record.active:
        watched.add(clustering.record.run_id)
    return clustering.record.run_id in watched


def _prepared(clustering: Clustering, layout: Layout, view: int | None) -> Sequence[moments.Moment] | None:
    known = moments.known(clustering, layout, view)
    if len(layout.epochs) - len(known) <= NEW_AT_ONCE:
        return moments.prepare(clustering, layout, view)

    def work(report: Callable[[float], None]) -> list[moments.Moment]:
        return moments.prepare(clustering, layout, view, progress=report)

    key = ("stage", *moments.key(clustering, layout, view), layout.epochs[-1])
    return jobs.result(key, work, label=f"Preparing {len(layout.epochs)} epochs for playback", height=HEIGHT)


def _sent(shown: Sequence[of_curves.Shown]) -> list[Mapping[str, Any]]:
    """Curves as the browser reads them, with no more points than can be seen."""
    found = []
    for one in shown:
        epoch, value = decimate(one.curve.epoch, one.curve.value, curves.POINTS)
        found.append(
            {
                "name": one.name,
                "title": one.title,
                "color": one.color,
                "dashed": one.dashed,
                "group": one.group,
                "epoch": [round(float(x), 2) for x in epoch],
                "value": [float(f"{y:.5g}") for y in value],
            }
        )
    return found


@st.cache_resource(show_spinner=False)
def _registered() -> Any:
    own = modules.sources(Path(__file__).parent, "stage")
    of_map = modules.sources(Path(pointmap.__file__).parent, "map")
    html = own["html"].replace("<!-- map -->", of_map["html"])
    return component("mmclust-stage", html=html, css=of_map["css"] + own["css"], js=own["js"])
