"""What settings do to a result: curves and heat maps of a sweep, and a walk over its finished runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from mmclust.escaping import markdown
from mmclust.evaluation.metric_names import LABELLED, MAIN, SIGNALS
from mmclust.methods import METHODS, card
from mmclust.plots.sensitivity import bands, heat_map, shown
from mmclust.runs.record import RunRecord
from mmclust.sweeps import record as sweeps
from mmclust.sweeps import results
from mmclust.sweeps.record import SweepRecord
from mmclust.sweeps.results import Surface
from mmclust.sweeps.sweep import ABLATION, SETTING, Sweep
from mmclust.ui.components import markup, run_descriptions
from mmclust.ui.shell import cache, forms, frame, login, state
from mmclust.ui.sweeps import status, walk

SWEEP = "sweep"
"""Name of the sweep in the URL."""
TOGETHER = "together"
"""ACC, NMI and ARI in one picture, as papers draw them."""
OBJECTIVES = {results.OBJECTIVE: "Final objective"}


@dataclass(frozen=True)
class ChosenSweep:
    """A sweep with its runs."""

    record: SweepRecord
    runs: dict[str, RunRecord]
    """By id, as far as there are any."""

    @cached_property
    def sweep(self) -> Sweep:
        """What was asked for, as it is drawn."""
        return self.record.sweep.aligned()

    @cached_property
    def finished(self) -> dict[tuple[int, int], RunRecord]:
        """(cell, seed) -> run."""
        places = self.record.runs.items()
        return {p: run for p, i in places if (run := self.runs.get(i)) is not None and run.status == "finished"}


def chosen() -> ChosenSweep | None:
    """The sweep of the URL or of this session, else the newest; None where there is none yet."""
    found = sweeps.listed(cache.store())
    known = {sweep.sweep_id: sweep for sweep in found if all(map(login.sees, {c.dataset for c in sweep.sweep.cells}))}
    if not known:
        return None
    wanted = st.query_params.get(SWEEP) or st.session_state.get(SWEEP)
    if wanted and wanted not in known:
        st.toast(f"Sweep {markdown(wanted)} does not exist; showing the newest one.", icon=":material/info:")
    st.session_state["sweep-picker"] = wanted if wanted in known else next(iter(known))
    name = st.selectbox(
        "Sweep",
        list(known),
        key="sweep-picker",
        format_func=lambda name: _title(known[name]),
        help="Sweeps started here or with `python -m mmclust sweep`, newest first.",
        on_change=lambda: choose(st.session_state["sweep-picker"]),
    )
    choose(name)
    return ChosenSweep(known[name], status.runs_of(known[name]))


def choose(name: str) -> None:
    """Show a sweep, and put it into the URL."""
    st.session_state[SWEEP] = st.query_params[SWEEP] = name


def _title(record: SweepRecord) -> str:
    first = record.sweep.cells[0]
    axes = ", ".join(record.sweep.axes()) or "seeds"
    method = card(first.method).title if first.method in METHODS else first.method
    title = record.title or f"{method} on {run_descriptions.dataset_title(first.dataset)}"
    return f"{title} · {axes} · {record.sweep.n_runs} runs"


def draw_results(found: ChosenSweep) -> None:
    """Curves or a heat map, then the walk."""
    sweep, finished = found.sweep, found.finished
    if not finished:
        frame.empty(
            "No finished runs yet",
            "Each run appears here when it finishes. You can close this page meanwhile.",
        )
        return
    axes = sweep.axes()
    if not axes:
        _seeds_alone(found)
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        x, y, at = _axes(axes)
        metric = _metric(found, single=y is None)
    values = _values(found, metric)
    if y is None:
        names = {TOGETHER: MAIN}.get(metric, (metric,))
        of_each = {name: results.surface(sweep, _values(found, name), x, at=at) for name in names}
        curves = {_words(name): (one.mean[:, 0], one.deviation[:, 0]) for name, one in of_each.items()}
        axis = "agreement with classes" if len(names) > 1 else _words(metric)
        picture = bands(of_each[names[0]].x, curves, names=(_axis(found, x), axis), percent=_percent(metric))
        st.plotly_chart(picture, key="sensitivity-curve", config={"displayModeBar": False})
        surface = results.surface(sweep, values if metric != TOGETHER else _values(found, "acc"), x, at=at)
    else:
        surface = results.surface(sweep, values, x, y, at)
        _two(found, surface, x, y, metric)
    n_gaps = int(np.isnan(surface.values).sum())
    note = f"Bands and ± show one standard deviation over {len(sweep.seeds)} seeds." if len(sweep.seeds) > 1 else ""
    note += f" {n_gaps} of {surface.values.size} runs are missing and shown as gaps." if n_gaps else ""
    if note:
        st.caption(note.strip())
    if x in (ABLATION, SETTING) and y is None:
        _ablation_table(found)
    _walk(found, surface, x, y, at)


def _ablation_table(found: ChosenSweep) -> None:
    """The rows of the ablation as a paper prints them: mean and deviation over seeds."""
    rows = []
    for number, cell in enumerate(found.sweep.cells):
        runs = [run for seed in found.sweep.seeds if (run := found.finished.get((number, seed)))]
        metrics = results.summarise_metrics(runs)
        told = {
            title: f"{one.mean:.1%}" + (f" ± {one.deviation:.1%}" if one.deviation is not None else "")
            for name, title in LABELLED.items()
            if (one := metrics.get(name)) is not None
        }
        rows.append({"row": cell.title, **(told or dict.fromkeys(LABELLED.values(), "missing")), "seeds": len(runs)})
    st.dataframe(pd.DataFrame(rows), hide_index=True)


def _two(found: ChosenSweep, surface: Surface, x: str, y: str, metric: str) -> None:
    """Two settings: a heat map whose cells choose the run below, or a curve for each value of the second."""
    kind = st.session_state.get("sensitivity-kind") or "heat map"
    names = (_axis(found, x), _axis(found, y))
    if kind == "curves":
        curves = {
            f"{y} {shown(value)}": (surface.mean[:, j], surface.deviation[:, j]) for j, value in enumerate(surface.y)
        }
        picture = bands(surface.x, curves, names=(names[0], _words(metric)), percent=_percent(metric))
        st.plotly_chart(picture, key="sensitivity-lines", config={"displayModeBar": False})
        return

    def clicked() -> None:
        points = st.session_state["sensitivity-map"].selection.points
        if points:
            st.session_state["walk:x"], st.session_state["walk:y"] = (int(i) for i in points[0]["customdata"][:2])

    st.plotly_chart(
        heat_map(
            surface.x,
            surface.y,
            surface.mean,
            surface.deviation,
            names=(*names, _words(metric)),
            percent=_percent(metric),
        ),
        key="sensitivity-map",
        on_select=clicked,
        selection_mode="points",
        config={"displayModeBar": False},
    )


def _place(axis: str, n: int) -> int:
    """Where the walk stands on an axis."""
    return min(int(st.session_state.get(f"walk:{axis}", 0)), n - 1)


def _axes(axes: Mapping[str, tuple[Any, ...]]) -> tuple[str, str | None, dict[str, Any]]:
    """What is drawn along, and at which values of the other axes."""
    names = [name for name, values in axes.items() if len(values) > 1] or list(axes)
    if len(names) == 1:
        return names[0], None, {name: axes[name][0] for name in axes if name != names[0]}
    x = st.selectbox(
        "x axis", names, key=state.linked("along", names, names[0]), help="Hyperparameter on the horizontal axis."
    )
    others = ["nothing", *(name for name in names if name != x)]
    first = others[1]
    y = st.selectbox("Second axis", others, key=state.linked("against", others, first), help="Second hyperparameter.")
    state.link("along", names[0])
    state.link("against", first)
    rest = [name for name in axes if name not in (x, y)]
    at = {
        name: st.selectbox(
            f"At {name}",
            axes[name],
            key=f"at:{name}",
            format_func=shown,
            help="Value at which this hyperparameter is fixed.",
        )
        for name in rest
        if len(axes[name]) > 1
    }
    at |= {name: axes[name][0] for name in rest if len(axes[name]) == 1}
    if y != "nothing":
        st.segmented_control(
            "Plot as",
            ["heat map", "curves"],
            key="sensitivity-kind",
            default="heat map",
            required=True,
            help="Curves: one per value of the second hyperparameter, with bands over seeds.",
        )
    return x, None if y == "nothing" else y, at


def _metric(found: ChosenSweep, *, single: bool) -> str:
    """Which metric is drawn: labelled ones where classes are known, and label-free signals always."""
    some = next(iter(found.finished.values()))
    options = [name for name in LABELLED if some.metrics and name in some.metrics]
    if single and len(options) > 2:
        options = [TOGETHER, *options]
    names = _curve_names(some.run_id)
    options += [name for name in names if name == results.OBJECTIVE or name.startswith("signal/")]
    if not options:
        raise ValueError("the finished runs of this sweep have neither metrics nor signals; train them longer")
    chosen = st.selectbox(
        "Metric",
        options,
        key=state.linked("figure", options, options[0]),
        format_func=_words,
        help=(
            "Values of the last epoch. ACC, NMI, ARI and purity compare clusters with classes; the others need no "
            "labels."
        ),
    )
    state.link("figure", options[0])
    return chosen or options[0]


@st.cache_data(show_spinner=False, max_entries=256)
def _curve_names(run_id: str) -> list[str]:
    return cache.store().get(run_id).metric_names()


def _words(name: str) -> str:
    if name == TOGETHER:
        return "ACC, NMI and ARI"
    signal = SIGNALS.get(name) or OBJECTIVES.get(name)
    return LABELLED.get(name) or (f"{signal or name.partition('/')[2].replace('_', ' ')} (no labels)")


def _percent(name: str) -> bool:
    return name in LABELLED or name == TOGETHER


def _axis(found: ChosenSweep, name: str) -> str:
    """Name of an axis, with the paper's symbol where it has one."""
    method = found.sweep.cells[0].method
    hyperparameters = (
        {hyperparameter.name: hyperparameter for hyperparameter in card(method).hyperparameters}
        if method in METHODS
        else {}
    )
    return (
        forms.label(hyperparameters[name])
        if name in hyperparameters and not hyperparameters[name].symbol
        else name.replace("_", " ")
    )


def _values(found: ChosenSweep, metric: str) -> dict[tuple[int, int], float]:
    """The metric of every finished (cell, seed)."""
    finished = found.finished
    if metric in (*LABELLED, TOGETHER):
        return results.values(cache.store(), finished, "acc" if metric == TOGETHER else metric)
    ids = tuple(sorted({run.run_id for run in finished.values()}))
    last = _last_values(ids, metric)
    return {place: last[run.run_id] for place, run in finished.items() if run.run_id in last}


@st.cache_data(show_spinner=False, max_entries=64)
def _last_values(run_ids: tuple[str, ...], name: str) -> dict[str, float]:
    return results.last_values(cache.store(), run_ids, name)


def _walk(found: ChosenSweep, surface: Surface, x: str, y: str | None, at: Mapping[str, Any]) -> None:
    """Sliders over the axes; what they stand on is drawn below, made ahead of time."""
    st.subheader("Browse finished runs", anchor=False)
    ordered = sorted(found.finished.items(), key=lambda item: item[0])
    walk.make_ahead(found.record.sweep_id, list({run.run_id: run for _, run in ordered}.values()))
    _walking(found, surface, x, y, dict(at))


@st.fragment
def _walking(found: ChosenSweep, surface: Surface, x: str, y: str | None, at: dict[str, Any]) -> None:
    sweep = found.sweep
    places = [("x", x, surface.x)] + ([("y", y, surface.y)] if y else [])
    columns = st.columns([*(3 for _ in places), 2], gap="medium", vertical_alignment="bottom")
    point = dict(at)
    for column, (axis, name, values) in zip(columns, places, strict=False):
        st.session_state[f"walk:{axis}"] = _place(axis, len(values))
        with column:
            if len(values) > 1:
                number = st.select_slider(
                    name.replace("_", " "),
                    range(len(values)),
                    key=f"walk:{axis}",
                    format_func=lambda i, values=values: shown(values[i]),
                    help="Only trained settings are shown; nothing is interpolated.",
                )
            else:
                number = 0
        point[name] = values[number]
    with columns[-1]:
        seed = st.segmented_control(
            "Seed",
            sweep.seeds,
            key="walk:seed",
            default=sweep.seeds[0],
            required=True,
            help="Random seed of the run.",
        )
    cell = next((i for i, c in enumerate(sweep.cells) if all(c.point.get(n) == v for n, v in point.items())), None)
    run = found.finished.get((cell, seed)) if cell is not None and seed is not None else None
    with frame.messages():
        if run is None:
            why = found.record.failures.get((cell, seed), "") if cell is not None and seed is not None else ""
            why = escape(why) or "This setting has no finished run yet."
            st.html(f'<div class="mm-empty mm-gap"><h2>No finished run</h2><p>{why}</p></div>')
            return
        st.html(walk.piece(run))
        if st.button("Open this run", icon=":material/open_in_new:", help="Open this run on the Map page"):
            state.choose_run(run.run_id)
            st.switch_page("map.py", query_params={state.RUN: run.run_id})


def _seeds_alone(found: ChosenSweep) -> None:
    runs = list(found.finished.values())
    told = {name: results.summarise_metrics(runs).get(name) for name in LABELLED}
    cells = [
        (
            LABELLED[name],
            f"{one.mean:.1%}" + (f" ± {one.deviation:.1%}" if one.deviation is not None else ""),
            f"Mean and standard deviation over {one.n} seeds",
        )
        for name, one in told.items()
        if one is not None
    ]
    st.html(markup.tiles(cells))
    st.caption("Only the seed varies in this sweep. The Compare page shows its runs side by side.")
