"""Baselines on a data set: k-means and mixtures, started here and explored on every page like any run."""

import streamlit as st

from mmclust import fitting, launch, specs
from mmclust.baselines.exploring import EXPLORED
from mmclust.data.dataset import MultiViewDataset
from mmclust.data.entry import Entry
from mmclust.escaping import markdown
from mmclust.runs.record import RunRecord
from mmclust.ui.components import run_descriptions
from mmclust.ui.shell import cache, frame, login

TAB = "Baselines"
"""Title of the tab that `panel` fills."""
USUAL_CLUSTERS = 10
"""To look for where there are no classes to go by."""
LISTED = 12
TICK_S = 1.0
PAGES = {"map.py": "Map", "clusters.py": "Clusters", "confusion.py": "Confusion"}


def fits_alone(entry: Entry) -> bool:
    """Whether baselines are all that takes a data set: one view of numbers."""
    return not fitting.fitting_methods([view.shape for view in entry.view_specs])


def panel(entry: Entry, data: MultiViewDataset) -> None:
    """The form that starts baselines, and those of this data set so far."""
    st.markdown(
        "Baselines cluster any data set without training a network. Each becomes a run: its map, clusters and "
        "confusion matrix open on the other pages."
    )
    with st.form("baselines", border=True):
        left, middle, right = st.columns([6, 2, 2], vertical_alignment="bottom")
        chosen = left.multiselect(
            "Baselines",
            list(EXPLORED),
            list(EXPLORED),
            format_func=lambda name: EXPLORED[name].title,
            help="\n".join(f"- **{one.title}**: {one.about}" for one in EXPLORED.values()),
        )
        n_clusters = middle.number_input(
            "Clusters $K$",
            2,
            max(2, data.n_samples),
            min(max(2, data.n_samples), data.spec.n_clusters if data.spec.n_clusters > 1 else USUAL_CLUSTERS),
            help="Number of clusters to look for; as many as there are classes, where these are known.",
        )
        seed = right.number_input("Seed", 0, specs.MAX_SEED, 0, help="Of all random starts.")
        if st.form_submit_button("Explore", type="primary", icon=":material/play_arrow:", help="Start these runs."):
            with frame.messages():
                _start(entry, chosen, int(n_clusters), int(seed))
    records = _records(entry)
    if active := [record.run_id for record in records if record.active]:
        st.fragment(_watch, run_every=TICK_S)(entry, active)
    for record in records:
        if not record.active:
            _row(record)


def _start(entry: Entry, names: list[str], n_clusters: int, seed: int) -> None:
    if not names:
        raise ValueError("no baseline is chosen; choose one or more")
    for name in names:
        login.check_quota()
        clusters = None if n_clusters == entry.n_clusters else n_clusters
        spec = specs.build_spec(entry.name, name, clusters=clusters, seed=seed)
        specs.look(spec, cache.dataset)
        run = cache.store().create(spec)
        launch.submit(cache.store(), run.id, spec.launcher)


def _records(entry: Entry) -> list[RunRecord]:
    """The baselines of this data set, the newest first."""
    records = login.runs(examples=False)
    return [one for one in records if one.spec.dataset == entry.name and one.spec.method in EXPLORED][:LISTED]


def _watch(entry: Entry, were_active: list[str]) -> None:
    """The runs that still go on; the tab is drawn anew when one has ended."""
    with frame.messages():
        active = [record for record in _records(entry) if record.active]
        if [record.run_id for record in active] != were_active:
            st.rerun()
        for record in active:
            _row(record)


def _row(record: RunRecord) -> None:
    """A run: what it is, how it ended, and the pages that show it."""
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        named = f"K = {record.n_clusters or record.spec.n_clusters or '?'}, seed {record.spec.seed}"
        figures = f" · ACC {record.metrics['acc']:.1%}, NMI {record.metrics['nmi']:.1%}" if record.metrics else ""
        st.markdown(
            f"**{run_descriptions.method_title(record)}** {run_descriptions.badge(record)}  \n:gray[{named}{figures}]"
        )
        if record.error:
            st.caption(markdown(record.error))
        if record.status == "finished":
            for page, title in PAGES.items():
                if (page != "confusion.py" or record.metrics) and st.button(
                    title, key=f"baseline:{record.run_id}:{page}", help=f"Open this run on the page {title}."
                ):
                    st.switch_page(page, query_params={"run": record.run_id})
