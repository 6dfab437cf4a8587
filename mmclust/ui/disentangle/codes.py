"""How steady codes are under augmentation or between views, and how prototypes are used."""

import numpy as np
import streamlit as st
from scipy.special import softmax

from mmclust import models
from mmclust.analysis import codes, disk_cache
from mmclust.clustering import Clustering
from mmclust.escaping import markdown
from mmclust.methods import METHODS, card
from mmclust.plots import codes as drawing
from mmclust.ui.components import pictures, prototypes, trained_network
from mmclust.ui.shell import cache, jobs

SHOWN = 32
"""Samples whose codes are compared, as in the paper."""
BATCH = 256
"""Samples that pass together: batch statistics are those of training."""


def offered(clustering: Clustering) -> bool:
    """Whether there are codes to compare: finer prototypes, or two augmentations or views of every sample."""
    augments = clustering.record.spec.method in METHODS and card(clustering.record.spec.method).augments
    return prototypes.space(clustering) is not None or augments or len(clustering.snapshot.view_logits) > 1


def draw_codes(clustering: Clustering) -> None:
    """Distances of codes between augmentations or views; use and owners of prototypes."""
    left, right = st.columns(2, gap="large")
    with left:
        _divergences(clustering)
    with right:
        if prototypes.space(clustering) is None:
            st.caption(
                "The clusters are the codes of this method; it has no finer prototypes. For methods with "
                "prototypes, this page also shows how they are used and which clusters own them."
            )
            return
        found = prototypes.use(clustering)
        if found is None:
            return
        _use(clustering, found)
    names = tuple(clustering.cluster_name(k) for k in range(len(clustering.sizes)))
    share = float(found.purity[found.counts > 0].mean())
    st.markdown(
        f"**Prototypes by cluster** :gray[(on average, the owning cluster has {share:.0%} of a prototype's use)]",
        help="P = y^T u over all samples: joint probability of cluster and prototype. Columns are prototypes, "
        "ordered by the cluster that uses them most, normalised per prototype.",
    )
    figure = clustering.derive(("ownership", names), lambda: drawing.ownership_figure(found.joint, found.order, names))
    st.plotly_chart(
        figure,
        key="ownership",
        config={"displayModeBar": False},
        alt=f"Heat map of {len(names)} clusters against {len(found.order)} prototypes",
    )


def _use(clustering: Clustering, found: codes.Use) -> None:
    n_used, n_all = int((found.counts > 0).sum()), len(found.counts)
    st.markdown(
        f"**Prototype usage** :gray[({n_used:,} of {n_all:,} used)]",
        help=f"{clustering.word.capitalize()}s by nearest prototype. Dashed line: equal use.",
    )
    st.plotly_chart(
        clustering.derive("prototype use", lambda: drawing.use_figure(found.counts)),
        key="prototype-use",
        config={"displayModeBar": False},
        alt=f"Bars: {clustering.word}s of each of {n_all} prototypes",
    )
    share = found.entropy / float(np.log(n_all))
    text = (
        f"Entropy of the usage: **{share:.0%}** of the maximum ({found.entropy:.2f} of ln {n_all:,} = "
        f"{np.log(n_all):.2f} nats)."
    )
    if share < 0.5:
        text += " Most prototypes are unused: raise the warm-up, or use fewer prototypes."
    st.markdown(text)


def _divergences(clustering: Clustering) -> None:
    """Heat map of the Jensen-Shannon divergences of some samples (IMC-SwAV, Fig. 2), and its two means."""
    if len(clustering.snapshot.view_logits) > 1:
        pair = (0, 1)
        a, b = (clustering.view_names[number] for number in pair)
        rows = _some(clustering)
        both = softmax(np.stack([clustering.snapshot.view_logits[number][rows] for number in pair]), axis=2)
        what, axes = f"codes of {a} and of {b}", (f"by {a}", f"by {b}")
    else:
        found = _augmented(clustering)
        if found is None:
            return
        rows, both = found
        what, axes = "codes under two augmentations", ("first augmentation", "second augmentation")
    matrix = codes.divergences(*both)
    own, other = float(np.diag(matrix).mean()), float(matrix[~np.eye(len(matrix), dtype=bool)].mean())
    st.markdown(
        f"**Distances of {markdown(what)}** :gray[({len(rows)} {clustering.word}s)]",
        help="Jensen-Shannon divergence (natural logarithm; at most ln 2 = 0.69). The diagonal compares each "
        f"{clustering.word} with itself; {clustering.word}s are ordered by cluster.",
    )
    names = [pictures.describe(clustering, int(row)) for row in rows]
    key = ("divergences", disk_cache.content(matrix))
    figure = clustering.derive(key, lambda: drawing.divergence_figure(matrix, names, axes=axes))
    st.plotly_chart(
        figure,
        key="divergences",
        width="content",
        config={"displayModeBar": False},
        alt=f"Heat map of distances between {len(rows)} {clustering.word}s, "
        f"mean {own:.2f} on the diagonal, else {other:.2f}",
    )
    st.markdown(
        f"Mean divergence: **{own:.3f}** for the same {clustering.word}, **{other:.3f}** for different ones"
        + (" (IMC-SwAV's paper, Fig. 2, reports about 0.06 and 0.63)." if prototypes.space(clustering) else ".")
        + (" Codes hardly distinguish samples yet: train longer." if other < 2 * own else "")
    )


def _some(clustering: Clustering) -> np.ndarray:
    """Places of a few samples, the same at every call, in the order of their clusters."""
    rows = np.random.default_rng(0).permutation(len(clustering.ids))[:SHOWN]
    return rows[np.lexsort((-clustering.confidence[rows], clustering.y_pred[rows]))]


def _augmented(clustering: Clustering) -> tuple[np.ndarray, np.ndarray] | None:
    """Places of samples and their codes (2, n, P) under two augmentations; None while they are computed."""
    checkpoint = trained_network.weights(clustering)
    if not checkpoint.exists():
        st.caption("Codes of augmentations need the trained network, which is stored with the first checkpoint.")
        return None
    rows = _some(clustering)
    others = np.setdiff1d(np.arange(len(clustering.ids)), rows)
    key = ("augmented codes", checkpoint.stat().st_mtime_ns, disk_cache.content(clustering.ids[rows]))

    def work(report: jobs.OnProgress) -> np.ndarray:
        def read() -> disk_cache.Arrays:
            method = models.restore(clustering.run, clustering.data.spec)
            report(0.3)
            batch = np.concatenate([rows, np.random.default_rng(1).permutation(others)[: BATCH - len(rows)]])
            views = [values[clustering.ids[batch]] for values in cache.prepared(clustering.record.spec).views]
            return {"codes": codes.augmented(method, views)[:, : len(rows)]}

        source = codes.SOURCE + trained_network.source(clustering)
        return disk_cache.arrays(clustering.folder("analysis"), key, read, source=source)["codes"]

    found = jobs.result(
        (*key, clustering.record.run_id), work, label=f"Augmenting {len(rows)} {clustering.word}s", height=430
    )
    return None if found is None else (rows, found)
