"""Prototypes finer than clusters: which are used, and whose they are."""

import numpy as np
import streamlit as st

from mmclust.analysis import codes, disk_cache
from mmclust.clustering import Clustering
from mmclust.methods import METHODS, card
from mmclust.ui.shell import jobs, state

MOST = 40
"""Prototypes of a cluster that can be chosen, the most used ones."""


def space(clustering: Clustering) -> str | None:
    """Name of the space whose marks are prototypes finer than clusters; None without such prototypes."""
    about = card(clustering.record.spec.method).codes if clustering.record.spec.method in METHODS else None
    if about is None or about[0] not in clustering.snapshot.spaces or about[0] not in clustering.snapshot.landmarks:
        return None
    return about[0]


def use(clustering: Clustering) -> codes.Use | None:
    """How the samples use the prototypes; None while that is computed, or without prototypes."""
    name = space(clustering)
    if name is None:
        return None
    about = card(clustering.record.spec.method).codes
    assert about is not None
    temperature = float(clustering.record.spec.config[about[1]])
    key = ("codes", clustering.record.run_id, clustering.epoch, clustering.version, temperature)

    def work(report: jobs.OnProgress) -> codes.Use:
        def read() -> disk_cache.Arrays:
            probs = np.exp(clustering.log_probs)
            found = codes.use(clustering.snapshot.spaces[name], clustering.snapshot.landmarks[name], probs, temperature)
            return {"nearest": found.nearest, "joint": found.joint}

        return codes.Use(**disk_cache.arrays(clustering.folder("analysis"), key, read, source=codes.SOURCE))

    return jobs.result(key, work, label="Reading the prototypes", height=430)


def cosines(clustering: Clustering, prototype: int) -> np.ndarray:
    """(n,) cosines of all samples and a prototype."""
    name = space(clustering)
    assert name is not None
    return clustering.snapshot.spaces[name] @ clustering.snapshot.landmarks[name][prototype]


def chosen(clustering: Clustering, cluster: int) -> int | None:
    """The prototype of a cluster to look at, from 0; None for the whole cluster, or where there are none."""
    found = use(clustering)
    if found is None:
        return None
    own = [int(j) for j in found.order if found.owner[j] == cluster and found.counts[j]][:MOST]
    names = ["all", *(str(j + 1) for j in own)]
    texts = {str(j + 1): f"prototype {j + 1} ({found.counts[j]:,} {clustering.word}s)" for j in own}
    st.selectbox(
        "Explain",
        names,
        key=state.linked("prototype", names, "all"),
        width=260,
        format_func=lambda name: "the cluster" if name == "all" else texts[name],
        help="The cluster, or one of the finer prototypes assigned to it.",
    )
    wanted = state.link("prototype", "all")
    return None if wanted == "all" else int(wanted) - 1
