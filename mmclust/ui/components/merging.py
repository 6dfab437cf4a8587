"""Any number of clusters: a run's clusters merged along their tree on all pages, and what speaks for each number."""

from typing import TYPE_CHECKING

import streamlit as st

from mmclust.clustering import Clustering
from mmclust.plots.cluster_count import cluster_count_figure
from mmclust.runs.record import RunRecord
from mmclust.runs.spec import UNKNOWN_NUMBER
from mmclust.sweeps import known
from mmclust.ui.components import selection
from mmclust.ui.shell import cache, jobs, login, state

if TYPE_CHECKING:
    from mmclust.auto.cluster_count import Suggestion

WIDGET, ASKED = "merging-slider", "merging-asked"
MOST_SEEDS = 4
HELP = "Merge the clusters along a tree to any smaller number, on all pages. The run itself is not changed."
SLIDER_HELP = (
    "The two clusters whose samples are most often each other's neighbours merge first. A merged cluster keeps the "
    "number, name and colour of its largest part; moving back restores the parts."
)
SUGGEST_HELP = (
    "**Evidence**: how well each view alone predicts the clusters of unseen samples; without the data, the silhouette. "
    "**Stability**: how similar the clusters are over seeds, or over random halves of the samples where the run has no "
    "other seed. **Silhouette**: how much nearer the own cluster is than the next one. The suggestion is the "
    "number with the largest product of evidence and stability; the grey band holds the numbers that are as plausible: "
    "within two standard deviations of stability. No labels are used."
)


def chosen(clustering: Clustering) -> Clustering:
    """The clustering merged to the number of the URL or of this session; as it is where that number is not possible."""
    run_id = clustering.record.run_id
    number, most = state.n_clusters(run_id), n_used(clustering)
    possible = number is not None and 1 <= number <= most
    if possible and number == most:
        state.accept(state.N_CLUSTERS)
    state.choose_n_clusters(run_id, number if possible and number != most else None)
    return clustering.merged(number) if possible else clustering


def n_used(clustering: Clustering) -> int:
    """Clusters that hold a sample, before merging."""
    return int(((clustering.unmerged or clustering).sizes > 0).sum())


def control(clustering: Clustering) -> None:
    """Draw the menu in which the number is chosen; nothing where there is nothing to merge.

    Args:
        clustering: as `chosen` gives it.
    """
    if n_used(clustering) < 2:
        return
    with st.popover("Fewer clusters", icon=":material/account_tree:", key="merging", help=HELP):
        _menu(clustering)


def note(clustering: Clustering) -> None:
    """Of a run whose number of clusters nobody knew: what is suggested, while no other number is chosen."""
    if clustering.unmerged is not None or not is_unknown(clustering.record) or n_used(clustering) < 3:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="merging-note"):
        found = suggestion(clustering)
        if found is not None:
            near = [str(k) for k in found.plausible if k != found.n_clusters]
            also = f" ({', '.join(near)} as plausible)" if near else ""
            st.caption(
                f"Trained with {len(clustering.sizes)} clusters, since their number is unknown. Suggested: "
                f"**{found.n_clusters}**{also}.",
                width="content",
                help=SUGGEST_HELP,
            )
            _choose_button(clustering, found.n_clusters, "merging-note-choose")


def is_unknown(record: RunRecord) -> bool:
    """Whether a run was trained with more clusters than expected, because nobody knows their number."""
    return UNKNOWN_NUMBER in record.spec.tags


def _menu(clustering: Clustering) -> None:
    run_id, most = clustering.record.run_id, n_used(clustering)
    st.session_state[WIDGET] = most if clustering.cut is None else clustering.cut.n_clusters
    st.slider(
        "Clusters $k$",
        1,
        most,
        key=WIDGET,
        help=SLIDER_HELP,
        on_change=lambda: _choose(run_id, st.session_state[WIDGET], most),
    )
    asked = st.session_state.setdefault(ASKED, set())
    if most > 2 and (run_id in asked or is_unknown(clustering.record)):
        if (found := suggestion(clustering)) is not None:
            _curve(clustering, found)
    elif most > 2 and st.button(
        "Suggest a number", icon=":material/insights:", key="merging-suggest", help=SUGGEST_HELP
    ):
        asked.add(run_id)
        st.rerun()
    if clustering.cut is not None and st.button(
        f"Show all {most}", icon=":material/undo:", key="merging-all", help="Show the clusters unmerged."
    ):
        _choose(run_id, most, most)
        st.rerun()


def _choose(run_id: str, number: int, most: int) -> None:
    state.choose_n_clusters(run_id, None if number == most else number)
    selection.forget_clusters()  # numbers of clusters mean others now


def _choose_button(clustering: Clustering, number: int, key: str) -> None:
    shown = len(clustering.sizes) if clustering.cut is None else clustering.cut.n_clusters
    if number != shown and st.button(f"Show {number} clusters", key=key, help="Merge the clusters to this number."):
        _choose(clustering.record.run_id, number, n_used(clustering))
        st.rerun()


def _curve(clustering: Clustering, found: "Suggestion") -> None:
    """The suggestion with its uncertainty, and the criteria it comes from."""
    st.markdown(f"**k = {found.n_clusters}** is suggested.", help=SUGGEST_HELP)
    others = [str(k) for k in found.plausible if k != found.n_clusters]
    st.caption(f"As plausible: {', '.join(others)}." if others else "No other number comes near.")
    figure = cluster_count_figure(
        [one.n_clusters for one in found.tried],
        {
            "evidence × stability": [one.worth for one in found.tried],
            "evidence": [one.evidence for one in found.tried],
            "stability": [one.stability for one in found.tried],
            "silhouette": [getattr(one, "silhouette", 0.0) for one in found.tried],
        },
        suggested=found.n_clusters,
        plausible=found.plausible,
    )
    alt = "Evidence, stability, their product and silhouette against the number of clusters"
    st.plotly_chart(figure, key="merging-curve", alt=alt, config={"displayModeBar": False})
    _choose_button(clustering, found.n_clusters, "merging-choose")


def suggestion(clustering: Clustering) -> "Suggestion | None":
    """What is suggested for a run at an epoch, worked out in the background; None until then, and without any."""
    whole = clustering.unmerged or clustering
    seeds = other_seeds(whole.record)
    key = ("cuts", whole.record.run_id, whole.epoch, whole.version, whole.form, tuple(run.run_id for run in seeds))

    def work(report: jobs.OnProgress) -> "Suggestion":
        from mmclust.auto.cuts import suggest_cut

        runs = [cache.store().get(run.run_id) for run in seeds]
        last = [run.snapshot(run.snapshots()[-1][0]) for run in runs if run.snapshots()]
        return suggest_cut(whole.snapshot, whole.dataset, others=last, tree=whole.tree, report=report)

    return jobs.result(key, work, label="Comparing numbers of clusters", height=60, border=False)


def other_seeds(record: RunRecord) -> list[RunRecord]:
    """Finished runs of the same setting with other seeds, at most `MOST_SEEDS`."""
    setting, alike = known.setting(record.spec), dict[int, RunRecord]()
    for run in login.runs(examples=False):
        spec = run.spec
        if run.status != "finished" or spec.seed == record.spec.seed or spec.dataset != record.spec.dataset:
            continue
        if known.setting(spec) == setting:
            alike.setdefault(spec.seed, run)
    return list(alike.values())[:MOST_SEEDS]
