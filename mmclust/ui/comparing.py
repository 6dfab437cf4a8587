"""Runs side by side: their curves, how far their clusters agree, leaderboards, and stability over seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from mmclust.analysis import stability
from mmclust.analysis.consensus import consensus
from mmclust.baselines.table import BASELINES, fitting, result
from mmclust.evaluation.figures import CURVES, LABELLED, SIGNALS
from mmclust.evaluation.metrics import is_right, score
from mmclust.methods import METHODS, card
from mmclust.papers import reported
from mmclust.plots.curves import decimate, named_curves
from mmclust.plots.sensitivity import heat_map, shown
from mmclust.runs.record import RunRecord
from mmclust.sweeps import results
from mmclust.sweeps.known import key
from mmclust.ui import (
    cache,
    flows,
    frame,
    groupings,
    jobs,
    picker,
    pictures,
    selection,
    side_by_side,
    state,
    visitor,
)

RUNS = "runs"
"""Name of the chosen runs in the URL: ids with commas."""
MOST = 8
UNSTABLE = 40
COSTS = {"core": "core-minutes", "GPU": "GPU-minutes"}
"""Columns of what a row has cost, by the kind of device."""
TIME_HELP = "Of one run by the clock, mean over the seeds: minutes and seconds, or hours before them."
COST_HELP = (
    "All seeds together: time of training by the clock, times the threads of a CPU that computed. It is what this "
    "machine was taken for, other work on it included, and can be compared on the same machine only."
)


@dataclass(frozen=True)
class Side:
    """A run among those that are compared."""

    record: RunRecord
    name: str
    """Short and different from all others."""


def _usable() -> dict[str, RunRecord]:
    """Runs that can be compared, newest first."""
    return {run.run_id: run for run in visitor.runs() if run.epoch > 0}


def choose() -> list[Side]:
    """The runs of the URL or of this session, else the newest finished ones of the same samples."""
    known = _usable()
    wanted = [
        name for name in (st.query_params.get(RUNS) or st.session_state.get(RUNS, "")).split(",") if name in known
    ]
    if "compare-runs" not in st.session_state or not st.session_state["compare-runs"]:
        st.session_state["compare-runs"] = wanted[:MOST] or _first(known)
    st.session_state["compare-runs"] = [name for name in st.session_state["compare-runs"] if name in known]
    names = st.multiselect(
        "Runs", list(known), key="compare-runs", max_selections=MOST, format_func=lambda name: picker.line(known[name]),
        help=f"Up to {MOST} runs; their clusters are compared on the samples that they share.",
    )  # fmt: skip
    st.session_state[RUNS] = ",".join(names)
    if names:
        st.query_params[RUNS] = ",".join(names)
    else:
        st.query_params.pop(RUNS, None)
    return _named([known[name] for name in names])


def _first(known: Mapping[str, RunRecord]) -> list[str]:
    alike: dict[tuple[str, int | None], list[str]] = {}
    for run in known.values():
        if run.status == "finished":
            alike.setdefault((run.spec.dataset, run.spec.limit), []).append(run.run_id)
    return next((runs[:3] for runs in alike.values() if len(runs) > 1), list(known)[:1])


def _named(records: Sequence[RunRecord]) -> list[Side]:
    """Each run by what tells it from the others: title or method, the settings that differ, its seed."""
    differing = _differing(records)
    sides: list[Side] = []
    for run in records:
        words = [run.title or picker.method_title(run)]
        if not run.title:
            words += [f"{name} {shown(values[run.run_id])}" for name, values in list(differing.items())[:2]]
            words.append(f"seed {run.spec.seed}")
        name = ", ".join(words)
        taken = {side.name for side in sides}
        sides.append(Side(run, name if name not in taken else f"{name} ({run.run_id.rsplit('-', 1)[-1]})"))
    return sides


def _differing(records: Sequence[RunRecord]) -> dict[str, dict[str, Any]]:
    """Settings that are not the same in all runs: name -> run -> value."""
    columns: dict[str, dict[str, Any]] = {}
    for run in records:
        settings = {"method": run.spec.method, "data set": run.spec.dataset, "epochs": run.spec.epochs}
        settings |= {"samples": run.n_samples, "clusters": run.n_clusters, **run.spec.config}
        for name, value in settings.items():
            columns.setdefault(name, {})[run.run_id] = value
    return {
        name: {run.run_id: values.get(run.run_id, "") for run in records}
        for name, values in columns.items()
        if len(values) < len(records) or len({repr(value) for value in values.values()}) > 1
    }


def table(sides: Sequence[Side]) -> None:
    """Figures, time and what differs."""
    differing = _differing([side.record for side in sides])
    rows = []
    for side in sides:
        run = side.record
        figures = {title: (run.metrics or {}).get(name) for name, title in LABELLED.items()}
        rows.append(
            {"run": side.name, "status": run.status, **figures, "seed": run.spec.seed, "time": _time(run.seconds)}
            | {name: shown(values[run.run_id]) for name, values in differing.items()}
        )
    percent = st.column_config.NumberColumn(format="percent")
    shown_rows = pd.DataFrame(rows).dropna(axis="columns", how="all")  # without labels there are no figures
    st.dataframe(shown_rows, hide_index=True, column_config=dict.fromkeys(LABELLED.values(), percent))


def _time(seconds: float) -> str:
    return picker.duration(seconds)


def curves(sides: Sequence[Side]) -> None:
    """One figure of all runs over epochs."""
    points = {side.name: cache.curves(cache.store().get(side.record.run_id)) for side in sides}
    known = dict.fromkeys(name for curves in points.values() for name in curves)
    options = [name for name in CURVES if name in known]
    options += [name for name in known if name.startswith(("signal/", "loss/")) or name == results.OBJECTIVE]
    if not options:
        frame.empty("No curves yet", "They come with the first evaluation of a training.")
        return
    name = st.selectbox(
        "Curve", options, key=state.linked("curve", options, options[0]), format_func=_curve_title,
        help="ACC, NMI and ARI compare with classes; signals and losses need no labels.",
    )  # fmt: skip
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


def _views(sides: Sequence[Side]) -> list[cache.View]:
    found = []
    for side in sides:
        kept = cache.store().get(side.record.run_id).snapshots()
        if not kept:
            raise ValueError(f"{side.name} has no snapshot yet; leave it out, or let it train for an epoch first")
        found.append(cache.view(side.record, *kept[-1]))
    return found


def _shared(views: Sequence[cache.View]) -> tuple[np.ndarray, list[np.ndarray]]:
    """Ids of the samples that all runs have, and the cluster of each in each run.

    Raises:
        ValueError: the runs are of different data, or share no sample.
    """
    data = {(view.record.spec.dataset, view.record.spec.limit) for view in views}
    if len(data) > 1:
        raise ValueError("these runs are of different data sets or samples; choose runs of one data set to compare")
    ids, found = stability.on_shared([(view.ids, view.y_pred) for view in views])
    if not len(ids):
        raise ValueError("these runs share no sample; choose runs that were evaluated on the same part")
    return ids, found


def agreement(sides: Sequence[Side]) -> None:
    """How far every two runs agree, and the way to their clusters side by side."""
    if len(sides) < 2:
        frame.empty("One run alone", "Choose a second run above: agreement needs two.")
        return
    views = _views(sides)
    ids, clusters = _shared(views)
    pairs = stability.pairwise_ari(clusters)
    names = [side.name for side in sides]
    st.caption(f"Adjusted Rand index of every two runs on the {len(ids):,} samples that they share: 1 is the same.")
    picture = heat_map(names, names, pairs, np.full_like(pairs, np.nan), names=("run", "run", "ARI"), percent=False)
    st.plotly_chart(picture, key="compare-ari", config={"displayModeBar": False})
    st.markdown("**Matched clusters** :gray[(samples of the first run, and how many the partner shares)]")
    st.dataframe(pd.DataFrame(side_by_side.table(side_by_side.matched(names, views, ids))), hide_index=True)
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    with left:
        titles = {side.record.run_id: side.name for side in sides}
        options = list(titles)[1:]
        other = st.selectbox(
            f"{names[0]} beside", options, format_func=lambda name: titles[name],
            help="Their clusters in one table, matched, with the samples of each cell.",
        )  # fmt: skip
    with right:
        if st.button(
            "Clusters side by side", icon=":material/grid_on:", help="Opens the Confusion page with both runs"
        ):
            state.choose_run(sides[0].record.run_id)
            st.switch_page("confusion.py", query_params={state.RUN: sides[0].record.run_id, "rows": other})


def maps(sides: Sequence[Side]) -> None:
    """The runs' maps beside each other, with one selection."""
    if len(sides) < 2:
        frame.empty("One run alone", "Choose a second run above: maps are set beside each other.")
        return
    views = _views(sides)
    ids, _ = _shared(views)
    side_by_side.show(side_by_side.matched([side.name for side in sides], views, ids), ids)


def flow(sides: Sequence[Side]) -> None:
    """How the samples move between the clusters of the runs, from the first to the last."""
    if len(sides) < 2:
        frame.empty("One run alone", "Choose a second run above: flows go from one to the next.")
        return
    views = _views(sides)
    _shared(views)
    first = views[0]
    found = selection.bar(first)
    shown = sides[: flows.MOST_STAGES]
    stages = [groupings.clusters(first, shown[0].name)]
    stages += [replace(groupings.run(first, side.record), title=side.name) for side in shown[1:]]
    flows.show(first, stages, found)


def leaderboard() -> None:
    """For each data set: our runs with mean and deviation over seeds, baselines, and what papers report."""
    finished = [run for run in _usable().values() if run.status == "finished" and run.metrics]
    names = sorted({run.spec.dataset for run in finished})
    if not names:
        frame.empty(
            "No finished run with classes yet", "Train a run on labelled data first.", page="train.py", button="Train"
        )
        return
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    with left:
        dataset = st.selectbox(
            "Data set", names, key=state.linked("data", names, names[0]), format_func=picker.dataset_title,
            help="Data sets of finished runs with classes.",
        )  # fmt: skip
        state.link("data", names[0])
    groups: dict[str, list[RunRecord]] = {}
    for run in finished:
        if run.spec.dataset == dataset:
            groups.setdefault(key(replace(run.spec, seed=0)), []).append(run)
    rows = [_line(_one_a_seed(runs)) for runs in groups.values()]
    with right:
        asked = st.toggle(
            "Classical baselines", key="compare-baselines",
            help="k-means, a Gaussian mixture, Ward's tree, spectral clustering, an autoencoder and others on the same "
            "data, computed once and kept.",
        )  # fmt: skip
    if asked:
        found = jobs.result(
            ("baselines", dataset), lambda report: _baselines(dataset, report), label="Computing the baselines",
            height=80,
        )  # fmt: skip
        rows += found or []
    for row in reported.rows(dataset):
        told = {title: row.figures[name].value for name, title in LABELLED.items() if name in row.figures}
        rows.append({"method": row.method, "from": f"reported: {row.source}", **told})
    rows.sort(key=lambda row: -(row.get("ACC") or 0.0))
    figures = [title for name in LABELLED.values() for title in (name, f"± {name}")]
    columns = ["method", "from", *figures, "seeds", "time", *COSTS.values(), "settings"]
    frame_ = pd.DataFrame(rows)
    frame_ = frame_[[column for column in columns if column in frame_]]
    percent = st.column_config.NumberColumn(format="percent")
    config: dict[str, Any] = dict.fromkeys(figures, percent) | {"time": st.column_config.Column(help=TIME_HELP)}
    config |= dict.fromkeys(COSTS.values(), st.column_config.NumberColumn(format="%.1f", help=COST_HELP))
    st.dataframe(frame_, hide_index=True, column_config=config, placeholder="", height=min(620, 38 + 35 * len(rows)))
    st.caption(
        "Figures of ours are of the last epoch, mean and standard deviation over all seeds that were trained. "
        "Rows marked as reported are numbers of the papers, on their data and hardware."
    )


def _one_a_seed(runs: Sequence[RunRecord]) -> list[RunRecord]:
    """The newest run of each seed: a seed that was trained twice counts once."""
    newest: dict[int, RunRecord] = {}
    for run in runs:
        newest.setdefault(run.spec.seed, run)
    return list(newest.values())


def _line(runs: Sequence[RunRecord]) -> dict[str, Any]:
    first = runs[0]
    line: dict[str, Any] = {"method": picker.method_title(first), "from": "our runs", "seeds": len(runs)}
    if first.example:
        line["from"] = "the example"
    for name, found in results.figures(runs).items():
        if name in LABELLED:
            line |= {LABELLED[name]: found.mean, f"± {LABELLED[name]}": found.deviation}
    line["time"] = _time(fmean(run.seconds for run in runs))
    if (cost := results.device_seconds(runs)) is not None:
        line[COSTS[cost[0]]] = cost[1] / 60
    return line | {"settings": _settings(first)}


def _settings(run: RunRecord) -> str:
    """Preset, length, and the settings that differ from the preset."""
    words = [run.spec.preset, f"{run.spec.epochs} epochs"]
    words += [f"{run.spec.limit} samples"] if run.spec.limit else []
    if run.spec.method in METHODS:
        try:
            usual = card(run.spec.method).resolve(run.spec.dataset, run.spec.preset, {})
        except ValueError:  # a preset of another version
            return ", ".join(words)
        words += [f"{name}={shown(value)}" for name, value in run.spec.config.items() if usual.get(name) != value]
    return ", ".join(words)


def _baselines(dataset: str, report: jobs.Report) -> list[dict[str, Any]]:
    """A row for each baseline; one that does not fit the data says why."""
    names = fitting(len(cache.describe(dataset).views))
    rows = []
    for done, name in enumerate(names):
        report(done / len(names))
        row: dict[str, Any] = {
            "method": BASELINES[name].title,
            "from": "baseline, here",
            "settings": BASELINES[name].about,
        }
        try:
            found = result(name, dataset)
        except ValueError as error:
            rows.append(row | {"settings": str(error)})
            continue
        figures = {title: (found.metrics or {}).get(metric) for metric, title in LABELLED.items()}
        cost = {"seeds": 1, "time": _time(found.seconds), COSTS["core"]: found.seconds / 60}  # they get one thread
        rows.append(row | figures | cost)
    return rows


def seeds() -> None:
    """Runs that differ in their seed alone: how far they agree, what they say together, what they disagree on."""
    groups: dict[str, list[RunRecord]] = {}
    for run in _usable().values():
        if run.status == "finished" and not run.example:
            groups.setdefault(key(replace(run.spec, seed=0)), []).append(run)
    several = {name: runs for name, runs in groups.items() if len({run.spec.seed for run in runs}) > 1}
    if not several:
        frame.empty(
            "No setting was trained with two seeds yet",
            "A sweep with seeds 0-4 and one value trains the same setting five times; its runs appear here.",
            page="sensitivity.py",
            button="Plan a sweep",
            query={"show": "new"},
        )
        return
    names = list(several)
    places = [str(number) for number in range(len(names))]
    place = st.selectbox(
        "Setting", places, key=state.linked("setting", places, "0"), 
        format_func=lambda i: _group(several[names[int(i)]]), help="Finished runs that differ in their seed alone.",
    )  # fmt: skip
    state.link("setting", "0")
    runs = sorted(_one_a_seed(several[names[int(place)]]), key=lambda run: run.spec.seed)[:40]
    views = _views(_named(runs))
    ids, clusters = _shared(views)
    runs_at = tuple((view.record.run_id, view.epoch) for view in views)
    found = cache.derive(views[0], ("consensus", runs_at), lambda: consensus(clusters))
    pairs = cache.derive(views[0], ("pairwise ARI", runs_at), lambda: stability.pairwise_ari(clusters))
    mean = float(pairs[np.triu_indices(len(runs), 1)].mean())
    told = [
        ("ARI between seeds", f"{mean:.3f}", "Mean adjusted Rand index of every two runs: needs no labels"),
        (
            "always together",
            f"{(found.agreement == 1).mean():.1%}",
            "Samples that every run puts where the consensus does, after matching the clusters",
        ),
    ]
    first = views[0]
    if first.data.labels is not None:
        alone = results.figures(runs).get("acc")
        joint = score(first.data.labels[ids].astype(np.int64), found.clusters.astype(np.int64))
        if alone is not None:
            spread = "" if alone.deviation is None else f" ± {alone.deviation:.1%}"
            told.append(("ACC of a run", f"{alone.mean:.1%}{spread}", "Mean and standard deviation over the seeds"))
        text = (
            "Evidence accumulation (Fred and Jain, 2005): linkage on the share of runs that keep two samples together"
        )
        told.append(("ACC of the consensus", f"{joint['acc']:.1%}", text))
        silent = found.agreement < 1
        if silent.any() and not silent.all():
            right = is_right(first.data.labels[ids].astype(np.int64), found.clusters.astype(np.int64))
            text = "ACC of the consensus where all runs agree, and where they do not"
            told.append(("right where they agree", f"{right[~silent].mean():.1%} / {right[silent].mean():.1%}", text))
    st.html(frame.tiles(told))
    order = found.unstable[:UNSTABLE]
    position = {int(sample): row for row, sample in enumerate(first.ids)}
    rows = np.array([position[int(ids[i])] for i in order])
    st.markdown(f"**Most unstable {first.word}s** :gray[(share of the {len(runs)} runs that agree with the consensus)]")
    st.html(
        pictures.grid(
            [pictures.source(first.data, int(ids[i])) for i in order],
            [f"{first.word} {ids[i]}: {found.agreement[i]:.0%} of the runs agree with the consensus" for i in order],
            px=48,
            captions=[f"{found.agreement[i]:.0%}" for i in order],
        )
    )
    selection.link(
        first, "map.py", rows, f"{len(rows)} most unstable {first.word}s", key="unstable",
        label="On the map", icon=":material/scatter_plot:", help="Where they lie in the first of these runs",
    )  # fmt: skip


def _group(runs: Sequence[RunRecord]) -> str:
    first = runs[0]
    return (
        f"{picker.method_title(first)} on {picker.dataset_title(first.spec.dataset)} · {_settings(first)} · "
        f"{len(_one_a_seed(runs))} seeds"
    )
