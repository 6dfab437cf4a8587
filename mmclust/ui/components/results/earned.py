"""What earned a result: preparation, start, evidence at three moments, what was kept, and simple methods beside it."""

import time
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from mmclust.auto import account
from mmclust.auto.account import Account
from mmclust.evaluation.metric_names import MAIN, TITLES
from mmclust.runs.record import RunRecord
from mmclust.runs.run import Run
from mmclust.ui.shell import cache, frame, hidden, jobs

HELP = (
    "Where the result comes from: how each view was prepared, which clustering training started from, what the "
    "method's own objective changed, and what simple methods reach on the same preparation. Nothing here used labels, "
    "except the columns ACC, NMI and ARI."
)
TIMEOUT_S = 120.0
"""After a run of preset auto: how long its own process may take for the simple methods that take long."""
MEASURES = {"evidence": account.EVIDENCE_ABOUT, "predictability": account.PREDICTABILITY_ABOUT}
KINDS = {
    "counts": "counts (no negative value, most are zero)",
    "signed": "signed numbers",
    "bounded": "numbers without negative values",
    "image": "images",
}


def panel(run: Run, record: RunRecord) -> None:
    """Draw the panel; simple methods that are missing are computed in the background and stored with the run."""
    about = account.read(run.folder)
    st.markdown("**What earned this result**", help=HELP)
    if about is not None:
        _moments(about)
        _table(about)
        _views(about)
        of_labels = () if hidden.hidden() else about.notes_of_labels
        for note in (*about.notes, *of_labels, *[about.suggestion] * bool(about.suggestion)):
            st.caption(note)
    if record.example or record.status != "finished" or (about is not None and about.complete):
        return
    ended = record.ended or 0.0
    if about is not None and record.spec.auto and time.time() - ended < TIMEOUT_S:
        _wait(run.folder, ended)
    else:
        _compute(run, record)


@st.fragment(run_every=2.0)
def _wait(folder: Path, ended: float) -> None:
    """While the process that trained the run still computes the simple methods that take long."""
    about, fraction = account.read(folder), (time.time() - ended) / TIMEOUT_S
    if fraction > 1 or (about is not None and about.complete):
        st.rerun()
    st.progress(fraction, text="Computing UMAP + Gaussian mixture on the same preparation …")


def _compute(run: Run, record: RunRecord) -> None:
    """Simple methods on the same preparation, in the background; the page is drawn anew with them."""

    def work(report: jobs.OnProgress) -> bool:
        from mmclust.auto import beside

        data = cache.prepared(record.spec)
        beside.add(run.folder, data, run.snapshot(), seed=record.spec.seed, report=report)
        return True

    label = "Computing simple methods on the same preparation (k-means, UMAP + mixture and others)"
    if jobs.result(("beside", run.id, record.ended), work, label=label, height=60, border=False):
        st.rerun()


def _moments(about: Account) -> None:
    """The evidence from start to end as metrics in a row, with what moved."""
    shown = list(about.moments)
    if shown:
        st.markdown(f":gray[{about.measure.capitalize()}, without labels, and the samples that training moved:]")
    columns = st.columns(len(shown) + (about.moved is not None) or 1)
    for number, (when, value) in enumerate(shown):
        before = shown[number - 1][1] if number else None
        columns[number].metric(
            when.capitalize(),
            f"{value:.2f}",
            None if before is None else f"{value - before:+.3f}",
            help=MEASURES[about.measure],
        )
    if about.moved is not None:
        fraction = f"{about.moved / about.n_samples:.1%} of {about.n_samples:,}" if about.n_samples else None
        columns[-1].metric(
            "Samples moved",
            f"{about.moved:,}",
            fraction,
            delta_color="off",
            delta_arrow="off",
            help="Samples whose cluster differs from that of the start, after matching the clusters of both.",
        )
    if about.start:
        kept = "The start was kept as the result" if about.kept == "start" else "The method's result was kept"
        st.markdown(f"Started from **{about.start}**. {kept}. {about.why}")


def _table(about: Account) -> None:
    """Result, start and simple methods with their evidence and, where labels may be seen, what they say."""
    shown = about.clusterings
    if len(shown) < 2:
        return
    names = () if hidden.hidden() else MAIN
    rows = pd.DataFrame(
        {"clustering": one.name, "evidence (no labels)": one.evidence}
        | {TITLES[name]: (one.metrics or {}).get(name) for name in names}
        for one in shown
    ).dropna(axis="columns", how="all")
    evidence = st.column_config.ProgressColumn(min_value=0.0, max_value=1.0, format="%.2f", help=account.EVIDENCE_ABOUT)
    config: dict[str, Any] = {"evidence (no labels)": evidence}
    st.dataframe(
        frame.percents(rows, [TITLES[name] for name in MAIN]),
        hide_index=True,
        column_config=config,
        height=38 + 35 * len(rows),
        width="stretch",
    )


def _views(about: Account) -> None:
    """How each view was prepared, and the alternatives it was chosen from."""
    prepared = [view for view in about.views if view.scaling]
    if not prepared:
        return
    st.markdown(
        "**Preparation of each view** :gray[(chosen by the neighbours it shares with the other views, without labels)]",
        help="For each candidate: how many nearest neighbours the view shares with the other views, above chance.",
    )
    table = {
        "view": [view.name for view in prepared],
        "its numbers": [KINDS.get(view.kind, view.kind) for view in prepared],
        "preparation": [view.scaling for view in prepared],
        "shared neighbours of each candidate": [
            ", ".join(f"{name} {value:.2f}" for name, value in (view.overlaps or {}).items()) for view in prepared
        ],
    }
    if any(remarks := [_remark(view) for view in prepared]):
        table["remark"] = remarks
    st.dataframe(pd.DataFrame(table), hide_index=True, width="stretch")


def _remark(view: account.ViewAccount) -> str:
    if view.copy_of:
        return f"a copy of {view.copy_of}"
    return "" if view.related else "has no more in common with the other views than chance"
