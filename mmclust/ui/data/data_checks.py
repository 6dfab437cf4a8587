"""Two quick looks at a data set before training: its samples in two dimensions, and samples that occur twice."""

import hashlib
from dataclasses import dataclass

import numpy as np
import streamlit as st

from mmclust.analysis.projection import pca
from mmclust.data.dataset import MultiViewDataset
from mmclust.data.entry import Entry
from mmclust.escaping import markdown
from mmclust.evaluation.metrics import shown_groups
from mmclust.plots.palette import cluster_colors
from mmclust.plots.scatter import group_map
from mmclust.ui.components import descriptions, sample_cards
from mmclust.ui.shell import jobs, state

LOOKED_AT = 3000
"""Samples of the quick map."""
SHOWN_GROUPS = 12
_DIGEST = np.dtype([("low", "<u8"), ("high", "<u8")])


def layout(entry: Entry, data: MultiViewDataset) -> None:
    """A map of the raw values of a view by PCA, coloured by class."""
    names = [view.name for view in data.spec.views]
    view = 0
    if len(names) > 1:
        key = state.linked("view", names, names[0])
        st.segmented_control(
            "View", names, key=key, required=True, format_func=markdown, help="View whose raw values are projected."
        )
        view = names.index(state.link("view", names[0]))
    found = jobs.result(
        ("quick", entry.name, str(entry.found_at()), view),
        lambda _: quick_map(data.views[view]),
        label=f"Projecting {names[view]}",
        height=520,
    )
    if found is None:
        return
    rows, xy, share = found
    groups = np.zeros(len(rows), np.int64) if data.labels is None else data.labels[rows]
    titles = ["all samples"] if data.labels is None else descriptions.class_names(data)
    groups, titles = shown_groups(groups, titles)
    details = (
        {"caption": np.array([descriptions.caption(data, int(i), 60) for i in rows])}
        if data.texts is not None
        else None
    )
    figure = group_map(
        xy, rows, groups, titles, colors=cluster_colors(len(titles)), method="PCA", details=details, height=520
    )
    st.plotly_chart(figure, key=f"quick-{entry.name}-{view}", config={"displayModeBar": False})
    st.caption(
        f"{len(rows):,} of {data.n_samples:,} samples: raw values of {markdown(names[view])}, projected on their first "
        f"two principal components ({share:.0%} of the variance). Classes that overlap here may still be "
        "separable by a network."
    )


def quick_map(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Rows (n,), their places (n, 2) by PCA of standardised columns, and the share of the variance that these hold."""
    rows = np.sort(np.random.default_rng(0).permutation(len(values))[:LOOKED_AT])
    flat = values[rows].reshape(len(rows), -1).astype(np.float32)
    if values.ndim == 2:  # features have scales of their own, pixels share one
        deviation = flat.std(axis=0)
        flat = (flat - flat.mean(axis=0)) / np.where(deviation > 0, deviation, 1)
    else:
        flat = flat - flat.mean(axis=0)
    xy = pca(flat)
    total = float((flat.astype(np.float64) ** 2).sum())
    return rows, xy, float((xy.astype(np.float64) ** 2).sum()) / total if total else 0.0


@dataclass(frozen=True)
class Duplicates:
    """Samples that are equal in every view."""

    groups: list[np.ndarray]
    """Ids of equal samples, the largest group first."""
    contradictory: int
    """Groups whose samples have different classes."""

    @property
    def n_extra(self) -> int:
        """How many samples could go."""
        return sum(len(group) - 1 for group in self.groups)


def find_duplicates(data: MultiViewDataset, report: jobs.OnProgress = lambda _: None) -> Duplicates:
    """Samples that occur more than once, byte by byte."""
    digests = np.empty(data.n_samples, _DIGEST)
    for row in range(data.n_samples):
        digest = hashlib.blake2b(digest_size=_DIGEST.itemsize)
        for view in data.views:
            digest.update(np.ascontiguousarray(view[row]).data)
        digests[row] = np.frombuffer(digest.digest(), _DIGEST)[0]
        if row % 2000 == 0:
            report(row / data.n_samples)
    order = np.lexsort((digests["high"], digests["low"]))  # equal ones stand together, each group in its order
    ends = np.flatnonzero(digests[order[1:]] != digests[order[:-1]]) + 1
    starts, ends = np.append(0, ends), np.append(ends, len(order))
    several = [order[start:end] for start, end in zip(starts[ends - starts > 1], ends[ends - starts > 1], strict=True)]
    groups = sorted(several, key=lambda rows: (-len(rows), rows[0]))
    labels = data.labels
    contradictory = 0 if labels is None else sum(len(set(labels[group].tolist())) > 1 for group in groups)
    return Duplicates(groups=groups, contradictory=contradictory)


def duplicates(entry: Entry, data: MultiViewDataset) -> None:
    """Groups of equal samples."""
    found = jobs.result(
        ("duplicates", entry.name, str(entry.found_at())),
        lambda report: find_duplicates(data, report),
        label=f"Comparing {data.n_samples:,} samples",
        height=200,
    )
    if found is None:
        return
    if not found.groups:
        st.success(f"No duplicates among {data.n_samples:,} samples.", icon=":material/check_circle:")
        return
    clash = f" {found.contradictory:,} of them appear in more than one class." if found.contradictory else ""
    st.markdown(
        f"**{found.n_extra:,}** of {data.n_samples:,} samples are duplicates. Groups of identical samples: "
        f"{len(found.groups):,}.{clash} Duplicates are counted in every metric."
    )
    for group in found.groups[:SHOWN_GROUPS]:
        shown = group[:8]
        names = [descriptions.class_name(data, int(i)) for i in shown]
        words = [f"{i} {name}".strip() for i, name in zip(shown, names, strict=True)]
        st.html(sample_cards.cards(data, shown, height=48, labels=words))
        if len(group) > len(shown):
            st.caption(f"and {len(group) - len(shown):,} more")
    if len(found.groups) > SHOWN_GROUPS:
        st.caption(f"The {SHOWN_GROUPS} largest of {len(found.groups):,} groups.")
