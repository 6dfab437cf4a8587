"""The number of clusters on the form of a training: chosen, or suggested without labels where nobody knows it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from mmclust.data import catalogue
from mmclust.plots.cluster_count import cluster_count_figure
from mmclust.runs.spec import FEWEST_EACH, UNKNOWN_NUMBER, most_clusters, unknown_clusters
from mmclust.ui.shell import cache, forms, jobs

if TYPE_CHECKING:
    from mmclust.auto.cluster_count import Suggestion

CHOOSE, SUGGEST, UNKNOWN = "choose", "suggest", "unknown"
MODES = {CHOOSE: "Choose", SUGGEST: "Suggest", UNKNOWN: "K unknown"}
MODE_KEY, CHOSEN_KEY, SUGGESTED_KEY = "form:count", "form:clusters", "form:suggested-clusters"
KEYS = (CHOSEN_KEY, SUGGESTED_KEY)
HELP = (
    "Choose: you know how many clusters to look for. Suggest: the data are clustered with 2 to 50 clusters, and the "
    "number is suggested whose clusters are stable and can be predicted from each view. K unknown: the training looks "
    "for more clusters than expected; afterwards they are merged along a tree, and a number is suggested. No labels "
    "are used."
)
COUNT_HELP = "Number of clusters; by default the number of classes."
OVERRULE_HELP = "The suggestion is a starting point: move the slider to train with another number."
CURVE_HELP = (
    "**Evidence**: how well each view alone predicts the clusters. **Stability**: how similar clusterings of random "
    "subsamples are. The suggestion is the largest number whose product of both is within 0.02 of the best; the grey "
    "band holds the numbers that are as plausible."
)
MOST, LARGEST = 1000, 10**6
"""Clusters that a run may look for, and that the form lets be typed."""
FEW_EACH = 10
"""Samples for each cluster, on average, below which the number is doubtful."""


@dataclass(frozen=True, kw_only=True)
class Count:
    """What the form says of the number of clusters."""

    n_clusters: int
    suggested: dict[str, Any] | None = None
    """What spoke for a number that nobody had to know."""
    is_known: bool = True
    """False while the suggestion is still being worked out, and where there is none."""
    is_unknown: bool = False
    """Whether there are more clusters than expected, to be merged after the training."""

    @property
    def tags(self) -> tuple[str, ...]:
        """Tags of a run with this number."""
        return (UNKNOWN_NUMBER,) if self.is_unknown else ()


def choose(dataset: str, limit: int | None) -> Count:
    """Draw the choice and give the number."""
    n_classes = cache.describe(dataset).n_clusters
    if st.session_state.get(MODE_KEY) not in MODES:
        wanted = forms.saved("count", CHOOSE)
        st.session_state[MODE_KEY] = wanted if wanted in MODES else CHOOSE
    mode = st.segmented_control(
        "Number of clusters",
        list(MODES),
        default=st.session_state[MODE_KEY],
        key=MODE_KEY,
        format_func=MODES.__getitem__,
        required=True,
        help=HELP,
    )
    forms.save_change("count", mode, CHOOSE)
    if mode == CHOOSE:
        return _chosen(forms.number("clusters", "Clusters $K$", n_classes, 0, LARGEST, COUNT_HELP), dataset, limit)
    if mode == UNKNOWN:
        return _more_than_expected(dataset, limit)
    found = _suggestion(dataset, limit)
    if found is None:
        return Count(n_clusters=n_classes, is_known=False)
    return Count(n_clusters=_overruled(found), suggested=found.as_dict())


def _more_than_expected(dataset: str, limit: int | None) -> Count:
    n_clusters = unknown_clusters(_n_samples(dataset, limit))
    st.caption(
        f"The training looks for **{n_clusters} clusters**. Afterwards, *Fewer clusters* on Map, Clusters, Confusion "
        "merges them and suggests a number.",
        help="The square root of the number of samples, within 10 to 100.",
    )
    return Count(n_clusters=n_clusters, is_unknown=True)


def _n_samples(dataset: str, limit: int | None) -> int:
    entry = catalogue.find(dataset)
    n_samples = entry.n_samples if entry else cache.dataset(dataset).n_samples
    return min(limit or n_samples, n_samples)


def _chosen(n_clusters: int, dataset: str, limit: int | None) -> Count:
    """The typed number, checked: what is not possible says so and holds the start back."""
    n_samples = _n_samples(dataset, limit)
    if reason := impossible(n_clusters, n_samples):
        st.error(reason, icon=":material/error:")
        return Count(n_clusters=min(max(n_clusters, 2), MOST, max(2, most_clusters(n_samples))), is_known=False)
    if n_clusters > n_samples / FEW_EACH:
        st.warning(
            f"K = {n_clusters:,} leaves {n_samples / n_clusters:.1f} samples for each cluster. That is few to learn "
            f"from: up to {n_samples // FEW_EACH:,} clusters have {FEW_EACH} or more.",
            icon=":material/warning:",
        )
    return Count(n_clusters=n_clusters)


def impossible(n_clusters: int, n_samples: int) -> str:
    """Why nobody can look for so many clusters in so many samples, in a sentence; empty where somebody can."""
    most = min(MOST, most_clusters(n_samples))
    if 2 <= n_clusters <= most:
        return ""
    if most < 2:
        return f"{n_samples} samples are too few to cluster; {2 * FEWEST_EACH} are needed at least."
    return f"K = {n_clusters:,} is not possible here; give a whole number from 2 to {most:,}."


def _suggestion(dataset: str, limit: int | None) -> "Suggestion | None":
    """The suggestion for a data set, worked out in the background; None meanwhile, and where there is none."""

    def work(report: jobs.OnProgress) -> "Suggestion":
        from mmclust.auto.cluster_count import suggest_for

        return suggest_for(cache.dataset(dataset, limit), report=report)

    label = "Comparing numbers of clusters"
    return jobs.result(("cluster count", dataset, limit), work, label=label, height=60, border=False)


def _overruled(found: "Suggestion") -> int:
    """Draw the suggestion with its uncertainty; the number that the user takes."""
    st.markdown(f"**K = {found.n_clusters}** is suggested.", help=CURVE_HELP)
    others = [str(k) for k in found.plausible if k != found.n_clusters]
    as_plausible = f"As plausible: {', '.join(others)}." if others else "No other number comes near."
    st.caption(f"{as_plausible} Runner-up: {found.runner_up}." if found.runner_up else as_plausible)
    numbers = [one.n_clusters for one in found.tried]
    figure = cluster_count_figure(
        numbers,
        {
            "evidence × stability": [one.worth for one in found.tried],
            "evidence": [one.evidence for one in found.tried],
            "stability": [one.stability for one in found.tried],
        },
        suggested=found.n_clusters,
        plausible=found.plausible,
    )
    alt = "Evidence, stability and their product against the number of clusters"
    st.plotly_chart(figure, key="cluster-count", alt=alt, config={"displayModeBar": False})
    high = max(numbers)
    if st.session_state.get(SUGGESTED_KEY) is None:
        wanted = str(forms.saved("clusters", found.n_clusters))
        st.session_state[SUGGESTED_KEY] = min(high, max(2, int(wanted))) if wanted.isdigit() else found.n_clusters
    taken = int(st.slider("Clusters $K$", 2, high, key=SUGGESTED_KEY, help=OVERRULE_HELP))
    forms.save_change("clusters", taken, found.n_clusters)
    return taken
