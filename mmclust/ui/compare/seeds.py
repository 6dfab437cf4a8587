"""Stability over seeds: how far equal runs agree, their consensus, and the samples that they disagree on."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from mmclust.analysis import stability
from mmclust.analysis.consensus import Consensus, consensus
from mmclust.clustering import Clustering
from mmclust.evaluation.metrics import is_right, score
from mmclust.runs.record import RunRecord
from mmclust.sweeps import results
from mmclust.sweeps.known import setting
from mmclust.ui.compare import chosen_runs, leaderboard
from mmclust.ui.components import markup, pictures, run_descriptions, selection
from mmclust.ui.shell import frame, state

UNSTABLE, MOST_RUNS = 40, 40


def draw_seeds() -> None:
    """Runs that differ in their seed alone: how far they agree, what they say together, what they disagree on."""
    groups: dict[str, list[RunRecord]] = {}
    for run in chosen_runs.usable().values():
        if run.status == "finished" and not run.example:
            groups.setdefault(setting(run.spec), []).append(run)
    several = [runs for runs in groups.values() if len({run.spec.seed for run in runs}) > 1]
    if not several:
        frame.empty(
            "No setting with two seeds yet",
            "A sweep with seeds 0-4 and one value trains the same setting five times. Its runs appear here.",
            page="sensitivity.py",
            button="Plan a sweep",
            query={"show": "new"},
        )
        return
    runs = _chosen(several)
    clusterings = chosen_runs.last_clusterings(chosen_runs.named(runs))
    ids, clusters = chosen_runs.shared(clusterings)
    first = clusterings[0]
    runs_at = tuple((one.record.run_id, one.epoch) for one in clusterings)
    found = first.derive(("consensus", runs_at), lambda: consensus(clusters))
    pairs = first.derive(("pairwise ARI", runs_at), lambda: stability.pairwise_ari(clusters))
    st.html(markup.tiles([*_agreement(pairs, found), *_accuracy(first, ids, found, runs)]))
    _draw_unstable(first, ids, found, len(runs))


def _chosen(several: Sequence[Sequence[RunRecord]]) -> list[RunRecord]:
    """The runs of the setting that is chosen, one for each seed."""
    places = [str(number) for number in range(len(several))]
    place = st.selectbox(
        "Setting",
        places,
        key=state.linked("setting", places, "0"),
        format_func=lambda i: _group(several[int(i)]),
        help="Finished runs that differ only in their seed.",
    )
    state.link("setting", "0")
    return sorted(leaderboard.one_a_seed(several[int(place)]), key=lambda run: run.spec.seed)[:MOST_RUNS]


def _agreement(pairs: np.ndarray, found: Consensus) -> list[tuple[str, str, str]]:
    """Tiles that need no labels."""
    mean = float(pairs[np.triu_indices(len(pairs), 1)].mean())
    return [
        ("ARI between seeds", f"{mean:.3f}", "Mean adjusted Rand index of all pairs of runs; needs no labels"),
        (
            "in full agreement",
            f"{(found.agreement == 1).mean():.1%}",
            "Samples that all runs assign to the consensus cluster, after matching clusters",
        ),
    ]


def _accuracy(
    first: Clustering, ids: np.ndarray, found: Consensus, runs: Sequence[RunRecord]
) -> list[tuple[str, str, str]]:
    """Tiles of agreement with the classes; none without labels."""
    if first.data.labels is None:
        return []
    y_true, y_pred = first.data.labels[ids].astype(np.int64), found.clusters.astype(np.int64)
    told = []
    if (alone := results.summarise_metrics(runs).get("acc")) is not None:
        spread = "" if alone.deviation is None else f" ± {alone.deviation:.1%}"
        told.append(("ACC of a run", f"{alone.mean:.1%}{spread}", "Mean and standard deviation over the seeds"))
    text = (
        "Evidence accumulation (Fred and Jain, 2005): linkage on the fraction of runs that cluster two samples together"
    )
    told.append(("ACC of the consensus", f"{score(y_true, y_pred)['acc']:.1%}", text))
    silent = found.agreement < 1
    if silent.any() and not silent.all():
        right = is_right(y_true, y_pred)
        text = "ACC of the consensus where all runs agree / where they do not"
        value = f"{right[~silent].mean():.1%} / {right[silent].mean():.1%}"
        told.append(("ACC where runs agree / disagree", value, text))
    return told


def _draw_unstable(first: Clustering, ids: np.ndarray, found: Consensus, n_runs: int) -> None:
    """The samples that the runs disagree on most, and the way to them on the map."""
    order = found.unstable[:UNSTABLE]
    position = {int(sample): row for row, sample in enumerate(first.ids)}
    rows = np.array([position[int(ids[i])] for i in order])
    st.markdown(f"**Most unstable {first.word}s** :gray[(fraction of the {n_runs} runs that agree with the consensus)]")
    st.html(
        pictures.grid(
            [pictures.source(first.data, int(ids[i])) for i in order],
            [f"{first.word} {ids[i]}: {found.agreement[i]:.0%} of the runs agree with the consensus" for i in order],
            px=48,
            captions=[f"{found.agreement[i]:.0%}" for i in order],
        )
    )
    selection.link(
        first,
        "map.py",
        rows,
        f"{len(rows)} most unstable {first.word}s",
        key="unstable",
        label="Show on map",
        icon=":material/scatter_plot:",
        help="Show them on the map of the first run",
    )


def _group(runs: Sequence[RunRecord]) -> str:
    first = runs[0]
    return (
        f"{run_descriptions.about(first)} · {leaderboard.settings(first)} · {len(leaderboard.one_a_seed(runs))} seeds"
    )
