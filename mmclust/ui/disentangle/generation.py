"""The Disentangle page: what generators draw for every cluster code, noise by noise or on a walk through noise."""

import numpy as np
import streamlit as st
from markupsafe import Markup

from mmclust import models
from mmclust.analysis.generated import Generated, generate, variety
from mmclust.clustering import Clustering
from mmclust.data.dataset import MultiViewDataset
from mmclust.escaping import markdown
from mmclust.methods import METHODS, card
from mmclust.plots.confusion import confusion_figure
from mmclust.ui.components import cluster_members, markup, pictures, trained_network
from mmclust.ui.shell import cache, jobs

N_NOISE = 8
SEED = "generated-seed"
COLUMNS = ("swap", "walk")


def offered(clustering: Clustering) -> bool:
    """Whether the method of a run has generators."""
    return clustering.record.spec.method in METHODS and card(clustering.record.spec.method).generates


def draw_generated(clustering: Clustering) -> None:
    """Samples of every code and noise vector in every view, and where they are assigned to."""
    clustering = trained_network.at_last_snapshot(clustering)
    checkpoint = trained_network.weights(clustering)
    if not checkpoint.exists():
        trained_network.no_weights(clustering, "A generated sample")
        return
    seed = st.session_state.setdefault(SEED, 0)
    walk = (
        st.segmented_control(
            "Columns",
            COLUMNS,
            default=COLUMNS[0],
            key="columns",
            bind="query-params",
            required=True,
            help="Swap: each column uses one noise vector, so a column shows one style for every code. Walk: the "
            "noise is interpolated from the first column to the last, so a row moves through styles.",
        )
        == COLUMNS[1]
    )
    data = cache.prepared(clustering.record.spec)

    def work(report: jobs.OnProgress) -> Generated:
        method = models.restore(clustering.run, clustering.data.spec)
        report(0.6)
        return generate(method, n_noise=N_NOISE, seed=seed, walk=walk)

    key = ("generated", clustering.record.run_id, checkpoint.stat().st_mtime_ns, seed, walk)
    found = jobs.result(key, work, label="Generating samples of every cluster", height=480)
    if found is None:
        return
    columns = "columns interpolate between two noise vectors" if walk else "one column per noise vector"
    left, right = st.columns([7, 5], gap="large")
    with left:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"**Generated samples** :gray[(one row per code, {columns})]",
                help="All pictures in a row have the same cluster code. Pictures in a column have the same noise "
                "and should share their style. The first column is the most confident real sample of the "
                "cluster.",
            )
            if st.button(
                "New noise", icon=":material/refresh:", key="other-noise", type="tertiary", help="Sample new noise."
            ):
                st.session_state[SEED] = seed + 1
                st.rerun()
        st.html(table(clustering, data, found, (seed, walk)))
    with right:
        _codes(clustering, found)
        if not walk:
            st.markdown(_variety(clustering, data, found, seed))


def _codes(clustering: Clustering, found: Generated) -> None:
    st.markdown("**Code against cluster** :gray[(assignment of generated samples)]")
    n_each = int(found.counts.sum(axis=1)[0])
    lost = [clustering.cluster_name(k) for k in range(len(found.counts)) if found.counts[k, k] < n_each / 2]
    text = f"**{found.found:.1%}** of {int(found.counts.sum()):,} generated samples are assigned to their own code."
    if lost:
        text += f" Most samples of code {', '.join(map(markdown, lost[:8]))} are assigned to other clusters."
    st.markdown(text)
    names = [clustering.cluster_name(k) for k in range(len(found.counts))]
    figure = confusion_figure(
        found.counts,
        names,
        names,
        order=np.arange(len(names)),
        axes=("code", "cluster"),
        height=min(680, max(340, 38 * len(names) + 60)),
    )
    st.plotly_chart(
        figure, key="codes", config={"displayModeBar": False}, alt="Table of cluster codes against assigned clusters"
    )


def _variety(clustering: Clustering, data: MultiViewDataset, found: Generated, seed: int) -> str:
    """Whether the noise matters, in words."""
    ratios = clustering.derive(
        ("variety", seed),
        lambda: [
            variety(generated, real[clustering.ids].astype(np.float32), clustering.y_pred)
            for generated, real in zip(found.views, data.views, strict=True)
        ],
    )
    shares = ", ".join(
        f"{markdown(name)} {ratio:.0%}" for name, ratio in zip(clustering.view_names, ratios, strict=True)
    )
    text = f"**Variety** within a code, relative to real samples of a cluster: {shares}."
    if min(ratios) < 0.3:
        text += " Generators that produce nearly the same sample for every noise vector have collapsed."
    return text


def table(clustering: Clustering, data: MultiViewDataset, found: Generated, drawn: tuple[int, bool]) -> str:
    """HTML table: codes in rows, in each a line for every view; `drawn` is the seed, and whether it is a walk."""
    return clustering.derive(("generated", drawn), lambda: _table(clustering, data, found))


def _table(clustering: Clustering, data: MultiViewDataset, found: Generated) -> str:
    drawn = [_pictures(data, number, values) for number, values in enumerate(found.views)]
    views = [(name, pictures.is_image(data, number)) for number, name in enumerate(clustering.view_names)]
    rows = []
    for k in range(len(found.counts)):
        name, members = clustering.cluster_name(k), cluster_members.members(clustering, k, "most confident", 1)
        of_code = [addresses[k * N_NOISE : (k + 1) * N_NOISE] for addresses in drawn]
        labels = [f"Generated sample of cluster {clustering.cluster_name(k)}, noise {m + 1}" for m in range(N_NOISE)]
        grid = pictures.grid(list(zip(*of_code, strict=True)), labels, px=48, kind="row", views=views)
        real = pictures.samples(clustering, members, px=48, mark=False, kind="row")
        rows.append((markup.named(name, clustering.colors[k]), (markup.Cell(Markup(real), "mm-real"), Markup(grid))))
    return markup.table(("code", "real", "generated"), rows, kind="mm-table mm-generated")


def _pictures(data: MultiViewDataset, number: int, values: np.ndarray) -> list[str]:
    """Addresses of generated values (K, M, ...) of a view, row by row."""
    rows = values.reshape(-1, *values.shape[2:])
    if pictures.is_image(data, number):
        return pictures.encoded(pictures.pixels(data, number, rows))
    return pictures.drawn_profiles(data, number, rows)
