"""Which run of a sweep could be chosen without labels, and what the choice would have been worth."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from mmclust.analysis.choosing import Candidate, Choice, choices
from mmclust.evaluation.metric_names import LABELLED
from mmclust.plots.sensitivity import scatter
from mmclust.reproduction import choosing
from mmclust.runs.record import RunRecord
from mmclust.ui.shell import cache, frame, jobs, state
from mmclust.ui.sweeps.sweep_results import ChosenSweep

SCOPES = {"seeds": "seeds of each setting", "all": "all runs"}
HEIGHT = 380


def draw_choice(found: ChosenSweep) -> None:
    """The criteria in a table, and the runs by one of them against ACC."""
    runs = list({run.run_id: run for run in found.finished.values()}.values())
    methods = {(run.spec.method, run.spec.dataset) for run in runs}
    if len(runs) < 2 or len(methods) > 1:
        frame.empty(
            "Not enough runs",
            "Model selection needs at least two finished runs of one method on one data set, such as a sweep "
            "over settings or seeds.",
        )
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        several = len(found.record.sweep.seeds) > 1
        scopes = list(SCOPES) if several and len(found.record.sweep.cells) > 1 else ["all"]
        if len(scopes) > 1:
            st.segmented_control(
                "Select among",
                scopes,
                key=state.linked("among", scopes, "seeds"),
                required=True,
                format_func=SCOPES.__getitem__,
                help="Seeds: select one run per setting. All: select one run over all settings.",
            )
        scope = state.link("among", scopes[0])
        names = [name for name in LABELLED if all(name in (run.metrics or {}) for run in runs)]
        metric = "acc"
        if names:
            metric = (
                st.selectbox(
                    "Evaluate by",
                    names,
                    key=state.linked("worth", names, "acc"),
                    format_func=LABELLED.__getitem__,
                    width=200,
                    help="The metric that evaluates the selection afterwards. It is not used for selecting.",
                )
                or "acc"
            )
            state.link("worth", "acc")
    ids = tuple(run.run_id for run in runs)
    known: list[Candidate] | None = jobs.result(
        ("choosing", ids, scope, metric),
        lambda report: choosing.candidates(
            cache.store(), runs, within_settings=scope == "seeds", metric=metric, progress=report
        ),
        label=f"Reading the codes of {len(runs):,} runs",
        height=HEIGHT,
    )
    if known is None:
        return
    made = choices(known, choosing.criteria(runs[0].spec.method))
    _table(made, runs, LABELLED.get(metric, metric))
    _picture(made, known, runs, LABELLED.get(metric, metric))


def _table(made: Sequence[Choice], runs: Sequence[RunRecord], metric: str) -> None:
    titles = {run.run_id: run.title or run.run_id for run in runs}
    labelled = any(choice.metric is not None for choice in made)
    rows = []
    for choice in made:
        row = {"criterion": choice.criterion.title, "runs": choice.n_candidates}
        first = titles[choice.run_ids[0]]
        row["chosen"] = first if len(choice.run_ids) == 1 else f"one run for each of {len(choice.run_ids)} settings"
        if labelled and choice.metric is not None and choice.oracle is not None:
            row |= {metric: choice.metric, "below the oracle": choice.oracle - choice.metric}
            row |= {"rank correlation": choice.correlation}
        rows.append(row)
    if labelled:
        best = next(choice for choice in made if choice.oracle is not None)
        rows.append(
            {
                "criterion": "Oracle (uses labels)",
                "runs": best.n_candidates,
                "chosen": "not allowed",
                metric: best.oracle,
                "below the oracle": 0.0,
            }
        )
        rows.append(
            {
                "criterion": "Random run",
                "runs": best.n_candidates,
                "chosen": "any",
                metric: best.average,
                "below the oracle": (best.oracle or 0.0) - (best.average or 0.0),
            }
        )
    columns = ["criterion", "chosen", *([metric, "below the oracle", "rank correlation"] if labelled else []), "runs"]
    if not any(choice.correlation is not None for choice in made):
        columns = [column for column in columns if column != "rank correlation"]
    table = pd.DataFrame(rows)
    table = pd.DataFrame(table[[column for column in columns if column in table]])
    config = {
        "rank correlation": st.column_config.NumberColumn(
            format="%.2f",
            help="Spearman rank correlation between the criterion and the metric: 1 ranks runs as the labels do, 0 "
            "means no relation.",
        ),
    }
    shown = frame.percents(table, (metric, "below the oracle"))
    st.dataframe(shown, hide_index=True, column_config=config, placeholder="")
    if not labelled:
        st.caption("This data set has no classes, so the selection cannot be evaluated.")


def _picture(made: Sequence[Choice], known: Sequence[Candidate], runs: Sequence[RunRecord], metric: str) -> None:
    by_name = {choice.criterion.name: choice for choice in made}
    names = list(by_name)
    left, right = st.columns([7, 3], gap="medium")
    with right:
        st.selectbox(
            "Criterion",
            names,
            key=state.linked("criterion", names, names[0]),
            format_func=lambda name: by_name[name].criterion.title,
            help="The criterion shown in the plot.",
        )
        choice = by_name[state.link("criterion", names[0])]
        st.caption(choice.criterion.about)
        better = "Lower" if choice.criterion.lowest else "Higher"
        st.caption(f"{better} is considered better. Circled: the selected run of each group.")
    titles = {run.run_id: run.title or run.run_id for run in runs}
    name, chosen = choice.criterion.name, set(choice.run_ids)
    drawn = [one for one in known if name in one.values and np.isfinite(one.values[name])]
    groups = {group: number for number, group in enumerate(dict.fromkeys(one.group for one in drawn))}
    with left:
        if not all(one.metric is not None for one in drawn):
            st.caption("No plot without classes: it shows the criterion against the agreement with classes.")
            return
        picture = scatter(
            np.array([one.values[name] for one in drawn]),
            np.array([one.metric for one in drawn], dtype=float),
            texts=[titles[one.run_id] for one in drawn],
            groups=np.array([groups[one.group] for one in drawn]),
            marked=np.array([one.run_id in chosen for one in drawn]),
            names=(choice.criterion.title, metric),
        )
        st.plotly_chart(picture, key="choosing-picture", config={"displayModeBar": False})
