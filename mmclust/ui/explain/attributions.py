"""The Explain page for views of numbers: which columns speak for a cluster, and how much each view decides."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import streamlit as st
from markupsafe import Markup

from mmclust import models
from mmclust.analysis import attribution, disk_cache
from mmclust.analysis.source import Source
from mmclust.clustering import Clustering
from mmclust.data.dataset import MultiViewDataset
from mmclust.escaping import markdown
from mmclust.plots import images as drawing
from mmclust.plots import profiles
from mmclust.ui.components import cluster_members, markup, pictures, trained_network
from mmclust.ui.shell import cache, jobs

PER_CLUSTER = 100
"""Samples of a cluster that are averaged over, the most confident ones."""
MOST = 500
"""Samples of a selection that are averaged over, the most confident ones."""
TOP = 8


@dataclass(frozen=True, kw_only=True)
class Averages:
    """What speaks for each cluster. Shapes: K clusters, V views, D values of a view."""

    views: tuple[np.ndarray, ...]
    """(K, D) of each view, mean over samples, in nats of log-odds; D are pixels where the view is drawn."""
    shares: np.ndarray
    """(K, V) how much of the decision comes from each view."""


def baselines(clustering: Clustering, data: MultiViewDataset) -> list[np.ndarray]:
    """The mean sample of each view, where attributions begin."""
    return clustering.derive(
        "baselines", lambda: [values.mean(axis=0, dtype=np.float64).astype(np.float32) for values in data.views]
    )


def drawn_on(clustering: Clustering, number: int) -> bool:
    """Whether what a view says can be laid over an image: all steps between its pixels and the method are linear."""
    return pictures.is_image(clustering.data, number) and "l2" not in clustering.record.spec.preprocessing


def effect(clustering: Clustering, number: int, ids: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    """What each value of samples adds: each pixel of a view that is drawn, else each column that the method sees.

    Args:
        clustering: the run.
        number: of the data's view.
        ids: (n,) samples.
        slopes: (n, ...) of the prepared view, see `attribution.mean_slopes`.
    """
    data = cache.prepared(clustering.record.spec)
    raw, seen = clustering.data.views[number], data.views[number]
    if not drawn_on(clustering, number) or raw[0].size == seen[0].size:
        return (seen[ids].astype(np.float32) - baselines(clustering, data)[number]) * slopes
    weights = clustering.derive(("weights", number), lambda: attribution.affine_weights(raw, seen))
    return attribution.of_pixels(slopes, weights, raw[ids], raw.mean(axis=0, dtype=np.float64).astype(np.float32))


def averages(clustering: Clustering) -> Averages | None:
    """Attributions of the most confident samples of every cluster; None while they are computed."""
    groups = [
        cluster_members.members(clustering, k, "most confident", PER_CLUSTER) for k in range(len(clustering.sizes))
    ]
    groups = [group[clustering.y_pred[group] == k] for k, group in enumerate(groups)]
    targets = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    return _averaged(clustering, np.concatenate(groups), targets, len(groups))


def of_selection(clustering: Clustering, rows: np.ndarray) -> Averages | None:
    """Attributions of some samples to their own clusters, averaged over all of them (K = 1)."""
    order = rows[np.argsort(-clustering.confidence[rows], kind="stable")][:MOST]
    return _averaged(clustering, order, np.zeros(len(order), np.int64), 1)


def source(clustering: Clustering) -> Source:
    """The code that attributions of a run depend on."""
    return attribution.SOURCE + Source(alone=(__name__,)) + trained_network.source(clustering)


def _averaged(clustering: Clustering, rows: np.ndarray, groups: np.ndarray, n_groups: int) -> Averages | None:
    """Attributions of samples to their clusters, averaged over groups (n,); None while they are computed."""
    data, ids, targets = cache.prepared(clustering.record.spec), clustering.ids[rows], clustering.y_pred[rows]

    def read(report: jobs.OnProgress) -> disk_cache.Arrays:
        method = models.restore(clustering.run, clustering.data.spec)
        report(0.3)
        inputs = [values[ids] for values in data.views]
        starts = baselines(clustering, data)
        slopes = attribution.mean_slopes(method, inputs, targets, starts)
        report(0.9)
        seen = [
            (rows.astype(np.float32) - start) * slope for rows, start, slope in zip(inputs, starts, slopes, strict=True)
        ]
        effects = [effect(clustering, number, ids, slope) for number, slope in enumerate(slopes)]
        found = [attribution.averaged(part.reshape(len(part), -1), groups, n_groups) for part in effects]
        # as the method sees them: views compare
        shares = attribution.view_contributions(seen, groups, n_groups)
        return {f"view_{number}": part for number, part in enumerate(found)} | {"shares": shares}

    time = trained_network.written(clustering)
    key = ("attributions", time, disk_cache.content(ids), disk_cache.content(targets), disk_cache.content(groups))

    def work(report: jobs.OnProgress) -> Averages:
        found = disk_cache.arrays(clustering.folder("heat"), key, lambda: read(report), source=source(clustering))
        return Averages(
            views=tuple(found[f"view_{number}"] for number in range(len(data.views))), shares=found["shares"]
        )

    return jobs.result((*key, clustering.record.run_id), work, label="Computing attributions", height=430)


def shares(clustering: Clustering, found: Averages, cluster: int | None = None) -> str:
    """HTML bar: how much each view decides, for a cluster or on average over all."""
    colors = ("#1391a5", "#de6b35", "#6c7ce0", "#45a05a", "#cf5c9d", "#b18a1f")
    used = found.shares[found.shares.sum(axis=1) > 0]
    sizes = found.shares[cluster] if cluster is not None else used.mean(axis=0) if len(used) else found.shares[0]
    parts = list(zip(clustering.view_names, sizes, strict=True))
    text = "Contribution by view: " + ", ".join(f"{name} {share:.0%}" for name, share in parts)
    return markup.share(
        text,
        [
            markup.Bar(name, round(float(share), 4), colors[i % len(colors)], f" {share:.0%}")
            for i, (name, share) in enumerate(parts)
        ],
    )


def draw_columns(clustering: Clustering, number: int, cluster: int, found: Averages) -> None:
    """The columns of a vector view for one cluster, then all clusters in small."""
    data = cache.prepared(clustering.record.spec)
    names = column_names(clustering, number)
    own = found.views[number]
    left, right = st.columns([7, 5], gap="large")
    with left:
        st.markdown(
            f"**Evidence for cluster {markdown(clustering.cluster_name(cluster))}** :gray[(mean over its "
            f"{min(PER_CLUSTER, int(clustering.sizes[cluster]))} most confident samples)]",
            help="Integrated gradients: how much each value, relative to the mean sample, adds to the log-odds of "
            "this cluster. Blue supports it, orange opposes it.",
        )
        draw = partial(profiles.attribution_figure, own[cluster], names, top=TOP, height=300)
        st.plotly_chart(
            clustering.derive(("attribution figure", number, cluster), draw),
            key="attribution",
            config={"displayModeBar": False},
            alt=(
                f"Contribution of each column of {clustering.view_names[number]} to the log-odds of cluster "
                f"{cluster + 1}"
            ),
        )
    with right:
        word = names[0].rsplit(" ", 1)[0]
        st.markdown(f"**Most important {word}s**")
        st.html(_table(clustering, number, np.flatnonzero(clustering.y_pred == cluster), own[cluster], names, data))
    st.markdown("**All clusters** :gray[(each on its own scale)]")
    st.html(clustering.derive(("attribution rows", number), lambda: _rows(clustering, own, names)))


def column_names(clustering: Clustering, number: int) -> list[str]:
    """Names of the columns that the method sees in a view."""
    n_columns = cache.prepared(clustering.record.spec).views[number].shape[1]
    reduced = any(step.startswith("pca-") for step in clustering.record.spec.preprocessing)
    return profiles.column_names(n_columns, "component" if reduced else "column")


def _table(
    clustering: Clustering, number: int, members: np.ndarray, own: np.ndarray, names: list[str], data: MultiViewDataset
) -> str:
    """Effect of the largest columns, with their mean over some and over all samples, in the data's own units."""
    raw = clustering.data.views[number]
    values = raw if raw.ndim == 2 and raw.shape[1] == len(own) else data.views[number]
    ids, rows = clustering.ids[members], []
    for i in profiles.largest(own, TOP):
        inside, overall = (
            round(float(rows.mean(dtype=np.float64)), 6) + 0.0 for rows in (values[ids, i], values[:, i])
        )
        rows.append((names[i], (f"{own[i]:+.2f}", f"{inside:.3g}", f"{overall:.3g}")))
    return markup.table(("column", "log-odds", "mean in cluster", "overall mean"), rows)


def _rows(clustering: Clustering, own: np.ndarray, names: list[str]) -> str:
    """HTML table: a signed profile and the largest columns of every cluster."""
    drawn = [drawing.data_uri(drawing.png(p)) for p in profiles.signed_profiles(own, width=320, height=64)]
    rows = []
    for k, address in enumerate(drawn):
        name = clustering.cluster_name(k)
        largest = ", ".join(f"{names[i].rsplit(' ', 1)[-1]} ({own[k, i]:+.2f})" for i in profiles.largest(own[k], 4))
        rows.append((markup.named(name, clustering.colors[k]), (_PROFILE.format(address, name), largest)))
    word = names[0].rsplit(" ", 1)[0]
    return markup.table(("cluster", "for (blue), against (orange)", f"largest {word}s"), rows, kind="mm-table")


_PROFILE = Markup('<img class="mm-signed" src="{}" alt="What speaks for cluster {}, column by column">')


def draw_selection(clustering: Clustering, number: int, rows: np.ndarray) -> None:
    """The columns of a vector view that speak for the clusters of some samples."""
    found = of_selection(clustering, rows)
    if found is None:
        return
    names, own = column_names(clustering, number), found.views[number][0]
    left, right = st.columns([7, 5], gap="large")
    with left:
        n_used = min(MOST, len(rows))
        st.markdown(
            f"**Evidence for the clusters of the selected samples** :gray[(mean over {n_used:,} of them)]",
            help="Integrated gradients: how much each value, relative to the mean sample, adds to the log-odds of "
            "the sample's own cluster. Blue supports it, orange opposes it.",
        )
        st.plotly_chart(
            profiles.attribution_figure(own, names, top=TOP, height=300),
            key="attribution-selection",
            config={"displayModeBar": False},
            alt=f"Contribution of each column of {clustering.view_names[number]} to the log-odds",
        )
        st.html(shares(clustering, found, 0))
    with right:
        st.markdown(f"**Most important {names[0].rsplit(' ', 1)[0]}s**")
        st.html(_table(clustering, number, rows, own, names, cache.prepared(clustering.record.spec)))
