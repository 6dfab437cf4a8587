"""The Disentangle page: k-means on every space of a run, and linear probes of classes and style factors."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass

import numpy as np
import streamlit as st

from mmclust.analysis import disk_cache, kmeans_evaluation
from mmclust.analysis.probes import FOLDS, factor_title, is_category, probe_kept, sample
from mmclust.analysis.spaces import KNOWN, Space, choices
from mmclust.clustering import Clustering
from mmclust.escaping import markdown
from mmclust.evaluation import metrics
from mmclust.plots.tables import fraction_table
from mmclust.reproduction.kmeans_evaluations import reported
from mmclust.reproduction.table import Reported
from mmclust.ui.components import markup
from mmclust.ui.shell import jobs

N_INIT = 5
SAME_NMI = 0.005
"""Difference in NMI below which spaces agree with the classes equally well."""
"""Starts of k-means, of which the tightest counts."""
FACTORS = {"x": "position, x", "y": "position, y", "hue": "colour"}
"""What known factors are called, where their name does not say it."""

_Work = tuple[Hashable, Callable[[jobs.OnProgress], dict[str, np.ndarray]]]
"""Key and work of a job."""


def spaces(clustering: Clustering) -> list[Space]:
    """Spaces of the run that hold a code of each sample."""
    found = choices(clustering.snapshot.spaces, clustering.view_names)
    return [space for space in found if len(space.members) == 1 and clustering.snapshot.spaces[space.name].size]


def about(clustering: Clustering) -> None:
    """Which spaces there are; where a method has no style code, what is there instead."""
    shown = spaces(clustering)
    text = "; ".join(
        f"**{markdown(space.title)}**: {markdown(space.meaning)}" for space in shown if space.name in KNOWN
    )
    if "z_s" not in clustering.snapshot.spaces:
        others = (
            "the codes of single views and of all together" if len(clustering.data.views) > 1 else "the spaces below"
        )
        st.caption(f"This run has no separate style code Z_s; compare {others}.")
    if text:
        st.caption(text)


def draw_spaces(clustering: Clustering) -> None:
    """Clusters, classes and known factors read off every space."""
    about(clustering)
    jobs.start(*_k_means(clustering))  # both begin before one is waited for
    jobs.start(*_probing(clustering, _targets(clustering), spaces(clustering)))
    readout(clustering)
    probes(clustering)


# ----------------------------------------------------------------------------------------------------------- k-means


def readout(clustering: Clustering) -> None:
    """Clusters of the network beside k-means on each space (DCCS, Table 4)."""
    n_spaces = len(spaces(clustering))
    found = jobs.result(*_k_means(clustering), label=f"k-means on {n_spaces} spaces", height=360)
    if found is None:
        return
    paper = (
        reported(clustering.record.spec.method, clustering.record.spec.dataset) if clustering.y_true is not None else {}
    )
    left, right = st.columns([8, 4], gap="large")
    with left:
        st.markdown(
            "**k-means on each space** :gray[(compared with the clusters of the network)]",
            help="k-means clusters of each space, compared with the classes and with the clusters of the run. A "
            "style space should match neither.",
        )
        st.html(_readout_table(clustering, found, paper))
        notes = [f"k-means: {len(clustering.sizes)} groups, best of {N_INIT} starts, seed 0."]
        if paper:
            cell = next(cell for row in paper.values() for cell in row.values())
            notes.append(f"Reported: {cell.source}; NMI has the geometric normaliser there and here.")
        if clustering.y_true is None:
            notes.append("Without classes, only the agreement with the clusters of the run can be measured.")
        st.caption(" ".join(notes))
    with right:
        st.markdown(verdict(clustering, found))


def _k_means(clustering: Clustering) -> _Work:
    """(n,) groups by "assignment" and by k-means on each space."""
    shown = [space.name for space in spaces(clustering)]
    key = ("k-means", clustering.record.run_id, clustering.epoch, clustering.version, tuple(shown))

    def work(report: jobs.OnProgress) -> dict[str, np.ndarray]:
        found = {"assignment": clustering.y_pred}
        for number, name in enumerate(shown):
            values, n_clusters = clustering.snapshot.spaces[name], len(clustering.sizes)

            def group(values: np.ndarray = values, n_clusters: int = n_clusters) -> disk_cache.Arrays:
                flat = values.reshape(len(values), -1)
                return {"groups": kmeans_evaluation.kmeans(flat, n_clusters, n_init=N_INIT).astype(np.uint16)}

            named = ("k-means", disk_cache.content(values), n_clusters, N_INIT)
            source = kmeans_evaluation.SOURCE
            known = disk_cache.arrays(clustering.folder("analysis"), named, group, source=source)
            found[name] = known["groups"].astype(np.int64)
            report((number + 1) / len(shown))
        return found

    return key, work


def _readout_table(clustering: Clustering, found: dict[str, np.ndarray], paper: dict[str, dict[str, Reported]]) -> str:
    return clustering.derive(("read-out table", tuple(found)), lambda: _draw_readout(clustering, found, paper))


def _draw_readout(clustering: Clustering, found: dict[str, np.ndarray], paper: dict[str, dict[str, Reported]]) -> str:
    """HTML table: a row for the assignment and for each space, with reported figures beside ours."""
    titles = {space.name: space.title for space in spaces(clustering)}
    figures = ("acc", "nmi_geometric" if paper else "nmi", "ari")
    names = ("ACC", "NMI", "ARI")
    rows = []
    for name, groups in found.items():
        title = "assignment of the network" if name == "assignment" else f"k-means on {titles[name]}"
        cells = []
        if clustering.y_true is not None:
            scores = metrics.score(clustering.y_true, groups)
            cells += [f"{scores[figure]:.1%}" for figure in figures]
        same = "" if name == "assignment" else f"{metrics.score(clustering.y_pred, groups)['nmi']:.1%}"
        cells.append(same)
        if paper:
            cell = paper.get(name, {})
            cells += [markup.Cell(f"{cell[f].value:.1%}", "mm-paper") if f in cell else "" for f in figures]
        rows.append((title, cells))
    heads = ["clusters of", *(names if clustering.y_true is not None else ()), "as the run (NMI)"]
    heads += [f"{name}, reported" for name in names] if paper else []
    return markup.table(heads, rows)


def verdict(clustering: Clustering, found: dict[str, np.ndarray]) -> str:
    """What the read-outs say of category and style, in words."""
    wanted = [name for name in ("z_c", "z_s") if name in found]
    truth, of = (clustering.y_pred, "clusters") if clustering.y_true is None else (clustering.y_true, "classes")
    shares = {name: metrics.score(truth, groups)["nmi"] for name, groups in found.items()}
    if len(wanted) == 2:
        style, category = shares["z_s"], shares["z_c"]
        parts = f"**Z_c shares {category:.0%} of its information with the {of}, Z_s {style:.0%}** (NMI)."
        if category < 0.2:
            return f"{parts} The category does not match the {of} yet; train longer before interpreting this."
        if style < 0.5 * category:
            return f"{parts} The groups in the style code are hardly those of the {of}: it holds other differences."
        return f"{parts} The style code also carries much of this information: the two are not disentangled."
    names = {space.name: space.title for space in spaces(clustering)}
    agreements = {name: shares[name] for name in found if name != "assignment"}
    best = max(agreements, key=agreements.__getitem__, default=None)
    if best is None:
        return ""
    if len(agreements) > 1 and agreements[best] - min(agreements.values()) < SAME_NMI:
        return f"**k-means agrees with the {of} equally well on every space** (NMI {shares[best]:.0%})."
    return f"**k-means agrees most with the {of} on {markdown(names[best])}** (NMI {shares[best]:.0%})."


# ------------------------------------------------------------------------------------------------------------ probes


def probes(clustering: Clustering) -> None:
    """What a linear map reads off each space: the class, known style factors, and which view a code is of."""
    targets, shown = _targets(clustering), spaces(clustering)
    found = jobs.result(*_probing(clustering, targets, shown), label=f"Probing {len(shown)} spaces", height=360)
    if found is None:
        return
    mean, deviation = found["mean"], found["deviation"]
    left, right = st.columns([8, 4], gap="large")
    with left:
        st.markdown(
            "**Linear probes on each space** :gray[(1: all, 0: none)]",
            help="Classes and other categories: accuracy of a logistic regression. Quantities: R² of ridge regression. "
            f"Mean and standard deviation over {FOLDS} cross-validation folds.",
        )
        columns = list(targets)
        figure = clustering.derive(
            ("probe figure", tuple(columns)),
            lambda: fraction_table(mean, deviation, [s.title for s in shown], columns, axes=("space", "target")),
        )
        st.plotly_chart(
            figure,
            key="probes",
            config={"displayModeBar": False},
            alt=f"Table of {len(shown)} spaces against {len(columns)} targets of linear probes",
        )
        n_used = len(sample(len(clustering.ids)))
        if n_used < len(clustering.ids):
            st.caption(f"{n_used:,} random samples of {len(clustering.ids):,}.")
    with right:
        st.markdown("\n\n".join(_said(clustering, found, targets, shown)))


@dataclass(frozen=True)
class _Target:
    """What may be read off a code. Shapes: n samples of the snapshot."""

    values: np.ndarray
    """(n,)"""
    period: np.ndarray | None = None
    """(n,) of a factor that goes round."""

    def folds(self, clustering: Clustering, codes: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Figures (F,) of held-out folds."""
        period = None if self.period is None else self.period[rows]
        return probe_kept(clustering.folder("analysis"), codes, self.values[rows], period=period)


def _targets(clustering: Clustering) -> dict[str, _Target]:
    """What may be read off a code, by its name."""
    if clustering.y_true is not None:
        found = {"class (accuracy)": _Target(clustering.y_true)}
    else:
        found = {"cluster (accuracy)": _Target(clustering.y_pred)}
    ids, data = clustering.ids, clustering.data
    for name, values in data.factors.items():
        period = data.periods.get(name)
        target = _Target(values[ids], None if period is None else period[ids])
        found[factor_title(FACTORS.get(name, name), values)] = target
    return found


def _probing(clustering: Clustering, targets: dict[str, _Target], shown: list[Space]) -> _Work:
    """`mean` and `deviation` (spaces, targets), `chance`, and `which` view a code is of."""
    families = _families(clustering)
    key = (
        "probes",
        clustering.record.run_id,
        clustering.epoch,
        clustering.version,
        tuple(targets),
        tuple(s.name for s in shown),
    )

    def work(report: jobs.OnProgress) -> dict[str, np.ndarray]:
        rows = sample(len(clustering.ids))
        if clustering.y_true is not None:
            rows = rows[clustering.y_true[rows] >= 0]
        mean = np.full((len(shown), len(targets)), np.nan)
        deviation = mean.copy()
        n_steps, done = len(shown) * len(targets) + len(families), 0
        truth = clustering.y_pred if clustering.y_true is None else clustering.y_true
        for i, space in enumerate(shown):
            values = clustering.snapshot.spaces[space.name][rows]
            for j, target in enumerate(targets.values()):
                folds = target.folds(clustering, values, rows)
                if len(folds):
                    mean[i, j], deviation[i, j] = folds.mean(), folds.std()
                done += 1
                report(done / n_steps)
        which = []
        for family in families:
            values = np.concatenate([clustering.snapshot.spaces[name][rows] for name in family.members])
            labels = np.repeat(np.arange(len(family.members)), len(rows))
            part = sample(len(values))
            folds = probe_kept(clustering.folder("analysis"), values[part], labels[part])
            which.append(folds.mean() if len(folds) else np.nan)
            done += 1
            report(done / n_steps)
        counts = np.bincount(truth[rows])
        chance = np.array(counts.max() / max(1, counts.sum()))
        return {"mean": mean, "deviation": deviation, "chance": chance, "which": np.array(which)}

    return key, work


def _families(clustering: Clustering) -> list[Space]:
    """Spaces of single views that have the same dimensions, each family together."""
    return [space for space in choices(clustering.snapshot.spaces, clustering.view_names) if len(space.members) > 1]


def _largest(values: np.ndarray) -> float:
    """Share of the largest category, which is what guessing achieves."""
    return float(np.bincount(values).max() / len(values))


def _said(
    clustering: Clustering, found: dict[str, np.ndarray], targets: dict[str, _Target], shown: list[Space]
) -> list[str]:
    """What the probes say, in sentences."""
    mean = found["mean"]
    lines = []
    if np.isnan(mean).all():
        return ["Too few samples, or only one class: probes cannot be cross-validated."]
    what = "class" if clustering.y_true is not None else "cluster"
    best = int(np.nanargmax(mean[:, 0]))
    lines.append(
        f"**The {what} is best predicted from {markdown(shown[best].title)}: {mean[best, 0]:.1%}** (always predicting "
        f"the largest {what}: {float(found['chance']):.1%})."
    )
    if (style := next((row for row, space in enumerate(shown) if space.name == "z_s"), None)) is not None:
        lines.append(f"- {what} from {markdown(shown[style].title)}: {mean[style, 0]:.1%}")
    known = clustering.data.factors.values()
    for j, (name, values) in enumerate(zip(list(targets)[1:], known, strict=True), start=1):
        if not np.isnan(mean[:, j]).all():
            best = int(np.nanargmax(mean[:, j]))
            top = max(0.0, float(mean[best, j]))
            guessed = _largest(values) if is_category(values) else 0.0
            where = (
                f"best predicted from {markdown(shown[best].title)} ({top:.0%})"
                if top > guessed + 0.1 * (1 - guessed)
                else "not predictable from any space"
            )
            lines.append(f"- {markdown(name.rsplit(' (', 1)[0])}: {where}")
    for family, share in zip(_families(clustering), found["which"], strict=True):
        n_views = len(family.members)
        if not np.isnan(share):
            private = share > 1 / n_views + 0.5 * (1 - 1 / n_views)
            says = "the views have separate codes" if private else "the views share one code"
            title = family.title.split(" of every")[0]
            lines.append(f"- which view {markdown(title)} is of: {share:.1%} (chance {1 / n_views:.0%}), so {says}")
    return ["\n".join(lines)] if len(lines) == 1 else [lines[0], "\n".join(lines[1:])]
