"""Runs side by side: their curves, maps, flows between their clusters, and how far these agree."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from mmclust.analysis import stability
from mmclust.clustering import Clustering
from mmclust.evaluation.metric_names import CURVES, LABELLED, SIGNALS
from mmclust.methods import METHODS, card
from mmclust.plots.curves import decimate, named_curves
from mmclust.plots.sensitivity import heat_map, shown
from mmclust.report.figures.compared import Side
from mmclust.runs.record import RunRecord
from mmclust.sweeps import results
from mmclust.ui.compare import maps as run_maps
from mmclust.ui.components import figure_menu, flows, run_descriptions, run_search, selection
from mmclust.ui.components.flows import groupings
from mmclust.ui.shell import cache, curves, frame, login, state

RUNS = "runs"
"""Name of the chosen runs in the URL: ids with commas."""
MOST = 8


@dataclass(frozen=True)
class ComparedRun:
    """A run among those that are compared."""

    record: RunRecord
    name: str
    """Short and different from all others."""


def usable() -> dict[str, RunRecord]:
    """Runs that can be compared, newest first."""
    return {run.run_id: run for run in login.runs() if run.epoch > 0}


def choose() -> list[ComparedRun]:
    """The runs of the URL or of this session, else the newest finished ones of the same samples."""
    known = usable()
    wanted = [
        name for name in (st.query_params.get(RUNS) or st.session_state.get(RUNS, "")).split(",") if name in known
    ]
    if "compare-runs" not in st.session_state or not st.session_state["compare-runs"]:
        st.session_state["compare-runs"] = wanted[:MOST] or _first(known)
    st.session_state["compare-runs"] = [name for name in st.session_state["compare-runs"] if name in known]
    chosen = [known[name] for name in st.session_state["compare-runs"]]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        names = _boxes(known, run_search.few(known.values(), chosen))
    st.session_state[RUNS] = ",".join(names)
    if names:
        st.query_params[RUNS] = ",".join(names)
    else:
        st.query_params.pop(RUNS, None)
    return named([known[name] for name in names])


def _boxes(known: Mapping[str, RunRecord], offered: Mapping[str, RunRecord]) -> list[str]:
    """The box with the chosen runs, and the search where not all of the others are in it; ids of the chosen ones."""
    names = st.multiselect(
        "Runs",
        list(offered),
        key="compare-runs",
        max_selections=MOST,
        format_func=lambda name: run_descriptions.line(known[name]),
        help=f"Up to {MOST} runs. Clusters are compared on the samples they share.",
    )
    run_search.popover(list(known.values()), _add, key="compare-search")
    return names


def _add(run_id: str) -> None:
    """Choose one run more; the last of too many gives way."""
    chosen = [name for name in st.session_state["compare-runs"] if name != run_id]
    st.session_state["compare-runs"] = [*chosen[: MOST - 1], run_id]


def _first(known: Mapping[str, RunRecord]) -> list[str]:
    alike: dict[tuple[str, int | None], list[str]] = {}
    for run in known.values():
        if run.status == "finished":
            alike.setdefault((run.spec.dataset, run.spec.limit), []).append(run.run_id)
    return next((runs[:3] for runs in alike.values() if len(runs) > 1), list(known)[:1])


def named(records: Sequence[RunRecord]) -> list[ComparedRun]:
    """Each run by what tells it from the others: title or method, the settings that differ, its seed."""
    differing = _differing(records)
    sides: list[ComparedRun] = []
    for run in records:
        words = [run.title or run_descriptions.method_title(run)]
        if not run.title:
            others = [name for name in differing if name != "method"]  # its title stands first
            told = [(name, differing[name][run.run_id]) for name in others[:2]]
            words += [f"{name} {shown(value)}" for name, value in told if value != ""]
            words.append(f"seed {run.spec.seed}")
        name = ", ".join(words)
        taken = {side.name for side in sides}
        sides.append(ComparedRun(run, name if name not in taken else f"{name} ({run.run_id.rsplit('-', 1)[-1]})"))
    return sides


def _differing(records: Sequence[RunRecord]) -> dict[str, dict[str, Any]]:
    """Settings that are not the same in all runs: name -> run -> value."""
    columns: dict[str, dict[str, Any]] = {}
    for run in records:
        settings = {"method": run.spec.method, "data set": run.spec.dataset, "epochs": run.spec.epochs}
        config = card(run.spec.method).completed(run.spec.config) if run.spec.method in METHODS else run.spec.config
        settings |= {"samples": run.n_samples, "clusters": run.n_clusters, **config}
        settings |= {f"{c['name']} changed to": c["after"] for c in run.spec.changes}
        for name, value in settings.items():
            columns.setdefault(name, {})[run.run_id] = value
    return {
        name: {run.run_id: values.get(run.run_id, "") for run in records}
        for name, values in columns.items()
        if len(values) < len(records) or len({repr(value) for value in values.values()}) > 1
    }


def table(sides: Sequence[ComparedRun]) -> None:
    """Figures, time and what differs."""
    differing = _differing([side.record for side in sides])
    rows = []
    for side in sides:
        run = side.record
        metrics = {title: (run.metrics or {}).get(name) for name, title in LABELLED.items()}
        rows.append(
            {
                "run": side.name,
                "status": run.status,
                **metrics,
                "seed": run.spec.seed,
                "time": run_descriptions.duration(run.seconds),
            }
            | {name: shown(values[run.run_id]) for name, values in differing.items()}
        )
    shown_rows = pd.DataFrame(rows).dropna(axis="columns", how="all")  # without labels there are no metrics
    st.dataframe(frame.percents(shown_rows, LABELLED.values()), hide_index=True)


def curves_over_epochs(sides: Sequence[ComparedRun]) -> None:
    """One metric of all runs over epochs."""
    points = {side.name: curves.read(cache.store().get(side.record.run_id)) for side in sides}
    known = dict.fromkeys(name for of_run in points.values() for name in of_run)
    options = [name for name in CURVES if name in known]
    options += [name for name in known if name.startswith(("signal/", "loss/")) or name == results.OBJECTIVE]
    if not options:
        frame.empty("No curves yet", "Curves appear after the first evaluation.")
        return
    name = st.selectbox(
        "Curve",
        options,
        key=state.linked("curve", options, options[0]),
        format_func=_curve_title,
        help="ACC, NMI and ARI compare clusters with classes; signals and losses need no labels.",
    )
    state.link("curve", options[0])
    parts = {title: decimate(found[name].epoch, found[name].value) for title, found in points.items() if name in found}
    table = pd.DataFrame(
        {
            "epoch": np.concatenate([epoch for epoch, _ in parts.values()]),
            "name": np.repeat(np.array(list(parts), dtype=object), [len(epoch) for epoch, _ in parts.values()]),
            "value": np.concatenate([value for _, value in parts.values()]),
        }
    )
    option = named_curves(
        table, list(parts), dict(zip(parts, parts, strict=True)), y_name=_curve_title(name), percent=name in CURVES
    )
    option["grid"] |= {"top": 64}  # the legend stands above the name of the axis
    st.echarts_chart(option, height=380, key="compare-curves", alt=f"{_curve_title(name)} of each run against epochs")


def _curve_title(name: str) -> str:
    kind, _, rest = name.partition("/")
    return CURVES.get(name) or SIGNALS.get(name) or f"{rest.replace('_', ' ')} ({kind})"


def last_clusterings(sides: Sequence[ComparedRun]) -> list[Clustering]:
    """Each run at its last snapshot.

    Raises:
        ValueError: one has none yet.
    """
    found = []
    for side in sides:
        snapshots = cache.store().get(side.record.run_id).snapshots()
        if not snapshots:
            raise ValueError(f"{side.name} has no snapshot yet; remove it, or wait for its first epoch")
        found.append(cache.clustering(side.record, *snapshots[-1]))
    return found


def shared(clusterings: Sequence[Clustering]) -> tuple[np.ndarray, list[np.ndarray]]:
    """Ids of the samples that all runs have, and the cluster of each in each run.

    Raises:
        ValueError: the runs are of different data, or share no sample.
    """
    data = {(one.record.spec.dataset, one.record.spec.limit) for one in clusterings}
    if len(data) > 1:
        raise ValueError("these runs use different data sets or samples; choose runs on one data set")
    ids, found = stability.on_shared([(one.ids, one.y_pred) for one in clusterings])
    if not len(ids):
        raise ValueError("these runs share no samples; choose runs evaluated on the same split")
    return ids, found


def menu(sides: Sequence[ComparedRun], shown: str) -> None:
    """The menu of the figure that is shown; none for a single run.

    Args:
        sides: the chosen runs.
        shown: view of the page.
    """
    if len(sides) > 1:
        settings = {"curve": state.link("curve", "eval/acc")} if shown == "curves" else {}
        figure_menu.of_runs(shown, partial(_drawn_sides, sides), settings)


def _drawn_sides(sides: Sequence[ComparedRun]) -> list[Side]:
    clusterings = last_clusterings(sides)
    ids, _ = shared(clusterings)
    found = run_maps.matched([side.name for side in sides], clusterings, ids)
    return [Side(name=one.name, clustering=one.clustering, rows=one.rows) for one in found]


def agreement(sides: Sequence[ComparedRun]) -> None:
    """How far every two runs agree, and the way to their clusters side by side."""
    if len(sides) < 2:
        frame.empty("Only one run selected", "Select a second run above to measure agreement.")
        return
    clusterings = last_clusterings(sides)
    ids, clusters = shared(clusterings)
    pairs = stability.pairwise_ari(clusters)
    names = [side.name for side in sides]
    st.caption(f"Adjusted Rand index of each pair of runs on their {len(ids):,} shared samples; 1 means identical.")
    about = {"names": ("run", "run", "ARI"), "percent": False, "scale": (0.0, 1.0)}
    picture = heat_map(names, names, pairs, np.full_like(pairs, np.nan), **about)
    st.plotly_chart(picture, key="compare-ari", config={"displayModeBar": False})
    st.markdown("**Matched clusters** :gray[(samples in the first run, and how many the matched cluster shares)]")
    st.dataframe(pd.DataFrame(run_maps.table(run_maps.matched(names, clusterings, ids))), hide_index=True)
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    with left:
        titles = {side.record.run_id: side.name for side in sides}
        options = list(titles)[1:]
        other = st.selectbox(
            f"Compare with {names[0]}",
            options,
            format_func=lambda name: titles[name],
            help="Show both clusterings in one confusion table.",
        )
    with right:
        if st.button(
            "Clusters side by side", icon=":material/grid_on:", help="Opens the Confusion page with both runs"
        ):
            state.choose_run(sides[0].record.run_id)
            st.switch_page("confusion.py", query_params={state.RUN: sides[0].record.run_id, "rows": other})


def maps(sides: Sequence[ComparedRun]) -> None:
    """The runs' maps beside each other, with one selection."""
    if len(sides) < 2:
        frame.empty("Only one run selected", "Select a second run above to see maps side by side.")
        return
    clusterings = last_clusterings(sides)
    ids, _ = shared(clusterings)
    run_maps.draw_maps(run_maps.matched([side.name for side in sides], clusterings, ids), ids)


def flow(sides: Sequence[ComparedRun]) -> None:
    """How the samples move between the clusters of the runs, from the first to the last."""
    if len(sides) < 2:
        frame.empty("Only one run selected", "Select a second run above to see flows between runs.")
        return
    clusterings = last_clusterings(sides)
    shared(clusterings)
    first = clusterings[0]
    found = selection.bar(first)
    shown = sides[: flows.MOST_STAGES]
    stages = [groupings.clusters(first, shown[0].name)]
    stages += [replace(groupings.run(first, side.record), title=side.name) for side in shown[1:]]
    flows.draw_flows(first, stages, found)
