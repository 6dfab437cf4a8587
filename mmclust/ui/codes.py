"""Prototypes finer than clusters: which are used, whose they are, and how steady codes are under augmentation."""

from pathlib import Path

import numpy as np
import streamlit as st

from mmclust.analysis import codes, kept
from mmclust.methods import METHODS, card
from mmclust.ui import cache, jobs, state

MOST = 40
"""Prototypes of a cluster that can be chosen, the most used ones."""


def space(view: cache.View) -> str | None:
    """Name of the space whose marks are prototypes finer than clusters; None without such prototypes."""
    about = card(view.record.spec.method).codes if view.record.spec.method in METHODS else None
    if about is None or about[0] not in view.snapshot.spaces or about[0] not in view.snapshot.marks:
        return None
    return about[0]


def use(view: cache.View) -> codes.Use | None:
    """How the samples use the prototypes; None while that is worked out, or without prototypes."""
    name = space(view)
    if name is None:
        return None
    about = card(view.record.spec.method).codes
    assert about is not None
    temperature = float(view.record.spec.config[about[1]])
    key = ("codes", view.record.run_id, view.epoch, view.version, temperature)

    def work(report: jobs.Report) -> codes.Use:
        def read() -> kept.Arrays:
            probs = np.exp(view.log_probs)
            found = codes.use(view.snapshot.spaces[name], view.snapshot.marks[name], probs, temperature)
            return {"nearest": found.nearest, "joint": found.joint}

        return codes.Use(**kept.arrays(folder(view), key, read))

    return jobs.result(key, work, label="Reading the prototypes", height=430)


def folder(view: cache.View) -> Path:
    """Where what is worked out of a run's codes is kept."""
    return view.run.folder / "analysis"


def cosines(view: cache.View, prototype: int) -> np.ndarray:
    """(n,) cosines of all samples and a prototype."""
    name = space(view)
    assert name is not None
    return view.snapshot.spaces[name] @ view.snapshot.marks[name][prototype]


def chosen(view: cache.View, cluster: int) -> int | None:
    """The prototype of a cluster to look at, from 0; None for the whole cluster, or where there are none."""
    found = use(view)
    if found is None:
        return None
    own = [int(j) for j in found.order if found.owner[j] == cluster and found.counts[j]][:MOST]
    names = ["all", *(str(j + 1) for j in own)]
    texts = {str(j + 1): f"prototype {j + 1} ({found.counts[j]:,} {view.word}s)" for j in own}
    st.selectbox(
        "Score of", names, key=state.linked("prototype", names, "all"), width=260,
        format_func=lambda name: "the cluster" if name == "all" else texts[name],
        help="The cluster, or one of the finer prototypes that lie mostly in it.",
    )  # fmt: skip
    wanted = state.link("prototype", "all")
    return None if wanted == "all" else int(wanted) - 1
