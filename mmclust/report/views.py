"""The section of a report that only runs of several views have."""

from typing import Any

import numpy as np

from mmclust.analysis import agreement, overclusters
from mmclust.analysis.spaces import view_title
from mmclust.evaluation import metrics
from mmclust.evaluation.metric_names import MAIN
from mmclust.plots.confusion import confusion_figure
from mmclust.plots.curves import curve_figure
from mmclust.report import samples
from mmclust.report.findings import Findings
from mmclust.report.html import Plot, Section, plot, section

N_DISAGREEING = 14
MAX_PAIRS = 3
"""Tables of two views that are drawn; of more views the fused assignment is compared with the first ones."""


def views(found: Findings) -> Section | None:
    """How the views agree; None for runs of one view."""
    if not found.clustering.snapshot.view_logits:
        return None
    return section(
        "run",
        "views",
        "Views",
        head=["assignment", *(("ACC", "NMI", "ARI") if found.clustering.y_true is not None else ()), "as fused"],
        rows=_scores(found),
        pairs=_pairs(found),
        disagreeing=_disagreeing(found),
        curves=_curves(found),
        over=_over(found),
    )


def _names(found: Findings) -> list[str]:
    """Names of the views that are assigned by themselves."""
    data = found.clustering.dataset
    known = [] if data is None else [view.name for view in data.spec.views]
    n_views = len(found.clustering.snapshot.view_logits)
    return [view_title(i, known[i] if i < len(known) else "") for i in range(n_views)]


def _assignments(found: Findings) -> dict[str, np.ndarray]:
    """(n,) clusters by all views together and by each view."""
    of_views = [logits.argmax(axis=1) for logits in found.clustering.snapshot.view_logits]
    return {"fused": found.clustering.y_pred} | dict(zip(_names(found), of_views, strict=True))


def _scores(found: Findings) -> list[list[str]]:
    """Each assignment against the classes and against the fused one."""
    fused, y_true = found.clustering.y_pred, found.clustering.y_true
    rows = []
    for title, y_pred in _assignments(found).items():
        scores = {} if y_true is None else metrics.score(y_true, y_pred)
        cells = [f"{scores[name]:.1%}" for name in MAIN if name in scores]
        rows.append([title, *cells, "" if y_pred is fused else f"{(y_pred == fused).mean():.1%}"])
    return rows


def _pairs(found: Findings) -> list[dict[str, Any]]:
    """Tables of pairs of assignments, each with what it says in words."""
    titles = list(_assignments(found))
    chosen = [(i, j) for i in range(1, len(titles)) for j in range(i + 1, len(titles))]
    if len(chosen) > MAX_PAIRS:
        chosen = [(0, j) for j in range(1, min(len(titles), MAX_PAIRS + 1))]
    return [_pair(found, titles[i], titles[j]) for i, j in chosen]


def _pair(found: Findings, left: str, right: str) -> dict[str, Any]:
    assigned, n_clusters = _assignments(found), found.clustering.snapshot.n_clusters
    counts = agreement.joint_table(assigned[left], assigned[right], n_clusters)
    signs = agreement.diagnose(counts)
    figure = confusion_figure(
        counts,
        found.cluster_names,
        found.cluster_names,
        order=np.arange(n_clusters),
        axes=(f"cluster in {left}", f"cluster in {right}"),
    )
    said = [agreement.words(sign, left, right, found.cluster_names) for sign in signs]
    return {
        "figure": plot(figure, f"Heat map: clusters of {left} against those of {right}"),
        "verdict": agreement.verdict(counts, signs, left, right),
        "signs": [dict(zip(("before", "bold", "after"), text.split("**", 2), strict=True)) for text in said],
    }


def _curves(found: Findings) -> list[Plot]:
    """Curves with a line for each view, such as the weights of a fusion."""
    known = [str(name) for name in found.curves["name"].unique()]
    of_views = [name for name in known if name.rsplit("_", 1)[-1].isdigit() and "/" in name]
    wanted = ["view/acc", "view/nmi", *(name.rsplit("_", 1)[0] for name in of_views if name.startswith("signal/"))]
    plots = []
    for prefix in dict.fromkeys(wanted):
        shown = {f"{prefix}_{i}": title for i, title in enumerate(_names(found), start=1)}
        shown = {name: title for name, title in shown.items() if name in known}
        if not shown:
            continue
        percent, title = prefix.startswith("view/"), prefix.split("/")[1].replace("_", " ")
        what = f"{title.upper()} of each view" if percent else f"{title} of each view"
        figure = curve_figure(found.curves, list(shown), shown, y_name=what, percent=percent, height=260)
        plots.append(plot(figure, f"Curves of the {what} over the epochs"))
    return plots


def _disagreeing(found: Findings) -> dict[str, Any]:
    """Samples whose views confidently name different clusters."""
    shown = found.clustering
    logits = [scores.astype(np.float64) for scores in shown.snapshot.view_logits]
    log_probs = [scores - np.logaddexp.reduce(scores, axis=1, keepdims=True) for scores in logits]
    rows = agreement.certain_disagreements(log_probs)
    text = f"{len(rows):,} of {len(shown.ids):,} samples have views that name different clusters"
    ids = shown.ids[rows[:N_DISAGREEING]]
    alt = f"{len(ids)} samples whose views most confidently name different clusters"
    strips = [] if shown.dataset is None else samples.strips(shown.dataset, ids, alt, columns=N_DISAGREEING)
    return {"text": text, "pictures": strips}


def _over(found: Findings) -> dict[str, Any] | None:
    """Over-clusters against clusters; None for methods without them."""
    snapshot = found.clustering.snapshot
    if "over" not in snapshot.spaces:
        return None
    table = overclusters.read(snapshot.y_pred, snapshot.spaces["over"], snapshot.n_clusters)
    n_over = table.counts.shape[1]
    figure = confusion_figure(
        table.counts,
        found.cluster_names,
        [str(i + 1) for i in range(n_over)],
        order=table.order,
        axes=("cluster", "over-cluster"),
        normalize="columns",
    )
    figure.update_xaxes(showticklabels=n_over <= 40)
    text = f"{n_over - table.empty} of {n_over} over-clusters are in use, {table.mixed} lie across clusters."
    return {"figure": plot(figure, "Heat map: clusters against over-clusters"), "text": text}
