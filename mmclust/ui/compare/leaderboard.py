"""Leaderboards: our runs with their deviation over seeds, baselines, and what papers report, for each data set."""

from collections.abc import Sequence
from statistics import fmean
from typing import Any

import pandas as pd
import streamlit as st

from mmclust.baselines.table import BASELINES, fitting, result
from mmclust.evaluation.metric_names import LABELLED
from mmclust.methods import METHODS, card
from mmclust.plots.sensitivity import shown
from mmclust.reproduction import reported
from mmclust.runs.record import RunRecord
from mmclust.sweeps import results
from mmclust.sweeps.known import setting
from mmclust.ui.compare import chosen_runs
from mmclust.ui.components import run_descriptions
from mmclust.ui.shell import cache, frame, hidden, jobs, state

COSTS = {"core": "core-minutes", "GPU": "GPU-minutes"}
"""Columns of what a row has cost, by the kind of device."""
MEASURES = {"parameters": "parameters", "peak MiB": "peak_memory_mib"}
"""Columns of what a run has measured of itself, the most of any seed."""
TIME_HELP = "Wall-clock training time of one run (h:mm:ss or m:ss), mean over seeds."
MEMORY_HELP = (
    "Largest value over seeds: tensor memory on a GPU, process memory on a CPU. Not measured for runs trained "
    "inside this server, because its pages share the memory."
)
PARAMETERS_HELP = "Number of trainable parameters of all networks of the method."
COST_HELP = (
    "Sum over all seeds: wall-clock training time, multiplied by the number of CPU threads. Includes other "
    "load on the machine; compare only values from the same machine."
)


def draw_leaderboard() -> None:
    """For each data set: our runs with mean and deviation over seeds, baselines, and what papers report."""
    if hidden.hidden():
        frame.empty("Accuracy is hidden", "The leaderboard ranks by agreement with the classes. Reveal it at the top.")
        return
    finished = [run for run in chosen_runs.usable().values() if run.status == "finished" and run.metrics]
    names = sorted({run.spec.dataset for run in finished})
    if not names:
        frame.empty(
            "No finished run on labelled data yet",
            "Train a run on labelled data first.",
            page="train.py",
            button="Train",
        )
        return
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    with left:
        dataset = st.selectbox(
            "Data set",
            names,
            key=state.linked("data", names, names[0]),
            format_func=run_descriptions.dataset_title,
            help="Data sets with classes and finished runs.",
        )
        state.link("data", names[0])
    groups: dict[str, list[RunRecord]] = {}
    for run in finished:
        if run.spec.dataset == dataset:
            groups.setdefault(setting(run.spec), []).append(run)
    rows = [_line(one_a_seed(runs)) for runs in groups.values()]
    with right:
        asked = st.toggle(
            "Classical baselines",
            key="compare-baselines",
            help="k-means, Gaussian mixture, Ward linkage, spectral clustering, an autoencoder and others on the "
            "same data. Computed once and cached.",
        )
    if asked:
        found = jobs.result(
            ("baselines", dataset),
            lambda report: _baselines(dataset, report),
            label="Computing the baselines",
            height=80,
        )
        rows += found or []
    rows += [_reported(row) for row in reported.rows(dataset)]
    _draw_table(sorted(rows, key=lambda row: -(row.get("ACC") or 0.0)))
    st.caption(
        "Our results are from the last epoch, mean and standard deviation over all trained seeds. Rows marked "
        "as reported are taken from the papers, on their data and hardware."
    )


def _draw_table(rows: Sequence[dict[str, Any]]) -> None:
    metrics = [title for name in LABELLED.values() for title in (name, f"± {name}")]
    columns = ["method", "from", *metrics, "seeds", "time", *COSTS.values(), *MEASURES, "settings"]
    frame_ = pd.DataFrame(rows)
    frame_ = pd.DataFrame(frame_[[column for column in columns if column in frame_]])
    config: dict[str, Any] = {"time": st.column_config.Column(help=TIME_HELP)}
    config |= dict.fromkeys(COSTS.values(), st.column_config.NumberColumn(format="%.2f", help=COST_HELP))
    config["parameters"] = st.column_config.NumberColumn(format="localized", help=PARAMETERS_HELP)
    config["peak MiB"] = st.column_config.NumberColumn(format="localized", help=MEMORY_HELP)
    shown_rows = frame.percents(frame_, metrics)
    st.dataframe(
        shown_rows, hide_index=True, column_config=config, placeholder="", height=min(620, 38 + 35 * len(rows))
    )


def _reported(row: reported.ReportedRow) -> dict[str, Any]:
    told = {title: row.metrics[name].value for name, title in LABELLED.items() if name in row.metrics}
    return {"method": row.method, "from": f"reported: {row.source}", **told}


def one_a_seed(runs: Sequence[RunRecord]) -> list[RunRecord]:
    """The newest run of each seed: a seed that was trained twice counts once."""
    newest: dict[int, RunRecord] = {}
    for run in runs:
        newest.setdefault(run.spec.seed, run)
    return list(newest.values())


def _line(runs: Sequence[RunRecord]) -> dict[str, Any]:
    first = runs[0]
    line: dict[str, Any] = {"method": run_descriptions.method_title(first), "from": "our runs", "seeds": len(runs)}
    if first.example:
        line["from"] = "the example"
    for name, found in results.summarise_metrics(runs).items():
        if name in LABELLED:
            line |= {LABELLED[name]: found.mean, f"± {LABELLED[name]}": found.deviation}
    line["time"] = run_descriptions.duration(fmean(run.seconds for run in runs))
    if (cost := results.device_seconds(runs)) is not None:
        line[COSTS[cost[0]]] = cost[1] / 60
    for title, name in MEASURES.items():
        known = [number for run in runs if (number := run.measured(name)) is not None]
        line |= {title: max(known)} if known else {}
    return line | {"settings": settings(first)}


def settings(run: RunRecord) -> str:
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


def _baselines(dataset: str, report: jobs.OnProgress) -> list[dict[str, Any]]:
    """A row for each baseline; one that does not fit the data says why."""
    names = fitting(len(cache.describe(dataset).views))
    rows = []
    for done, name in enumerate(names):
        report(done / len(names))
        row: dict[str, Any] = {
            "method": BASELINES[name].title,
            "from": "baseline (ours)",
            "settings": BASELINES[name].about,
        }
        try:
            found = result(name, dataset)
        except ValueError as error:
            rows.append(row | {"settings": str(error)})
            continue
        metrics = {title: (found.metrics or {}).get(metric) for metric, title in LABELLED.items()}
        cost = {
            "time": run_descriptions.duration(found.seconds),
            COSTS["core"]: found.seconds / 60,
        }  # they get one thread
        rows.append(row | metrics | {"seeds": 1} | cost)
    return rows
