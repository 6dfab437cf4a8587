"""The parts of a report page that only runs of several views have."""

from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from mmclust.analysis import agreement, overclusters
from mmclust.evaluation import metrics
from mmclust.evaluation.figures import MAIN
from mmclust.plots.confusion import confusion_figure
from mmclust.plots.curves import curve_figure
from mmclust.report import samples
from mmclust.report.findings import Findings

if TYPE_CHECKING:
    import plotly.graph_objects as go

Plot = Callable[["go.Figure", str], str]
Table = Callable[[Sequence[str], Sequence[Sequence[str]]], str]

N_DISAGREEING = 14
MAX_PAIRS = 3
"""Tables of two views that are drawn; of more views the fused assignment is compared with the first ones."""


def names(found: Findings) -> list[str]:
    """Names of the views that are assigned by themselves."""
    known = [] if found.dataset is None else [view.name for view in found.dataset.spec.views]
    n_views = len(found.snapshot.view_logits)
    return [f"view {i + 1} ({known[i]})" if i < len(known) else f"view {i + 1}" for i in range(n_views)]


def figures(found: Findings, table: Table) -> str:
    """Each assignment against the classes and against the fused one."""
    fused = found.snapshot.y_pred
    head = ["assignment", *(("ACC", "NMI", "ARI") if found.y_true is not None else ()), "as fused"]
    rows = []
    for title, y_pred in zip(["fused", *names(found)], [fused, *_clusters(found)], strict=True):
        scores = {} if found.y_true is None else metrics.score(found.y_true, y_pred)
        cells = [f"{scores[name]:.1%}" for name in MAIN if name in scores]
        rows.append([escape(title), *cells, "" if y_pred is fused else f"{(y_pred == fused).mean():.1%}"])
    return table(head, rows)


def joint(found: Findings, plot: Plot) -> list[str]:
    """Tables of pairs of assignments, each with what it says in words."""
    titles, assigned = ["fused", *names(found)], [found.snapshot.y_pred, *_clusters(found)]
    n_clusters = found.snapshot.n_clusters
    pairs = [(i, j) for i in range(1, len(titles)) for j in range(i + 1, len(titles))]
    if len(pairs) > MAX_PAIRS:
        pairs = [(0, j) for j in range(1, min(len(titles), MAX_PAIRS + 1))]
    parts = []
    for i, j in pairs:
        counts = agreement.joint_table(assigned[i], assigned[j], n_clusters)
        signs = agreement.diagnose(counts)
        figure = confusion_figure(
            counts,
            found.clusters,
            found.clusters,
            order=np.arange(n_clusters),
            axes=(f"cluster in {titles[i]}", f"cluster in {titles[j]}"),
        )
        said = [agreement.words(sign, titles[i], titles[j], found.clusters) for sign in signs]
        lines = "".join(f"<li>{_bold(escape(text))}</li>" for text in said)
        verdict = escape(agreement.verdict(counts, signs, titles[i], titles[j]))
        alt = f"Heat map: clusters of {titles[i]} against those of {titles[j]}"
        parts.append(f"<div>{plot(figure, alt)}<p>{verdict}</p><ul>{lines}</ul></div>")
    return parts


def curves(found: Findings, plot: Plot) -> str:
    """Curves with a line for each view, such as the weights of a fusion."""
    known = [str(name) for name in found.curves["name"].unique()]
    of_views = [name for name in known if name.rsplit("_", 1)[-1].isdigit() and "/" in name]
    wanted = ["view/acc", "view/nmi", *(name.rsplit("_", 1)[0] for name in of_views if name.startswith("signal/"))]
    parts = []
    for prefix in dict.fromkeys(wanted):
        shown = {f"{prefix}_{i}": title for i, title in enumerate(names(found), start=1)}
        shown = {name: title for name, title in shown.items() if name in known}
        if not shown:
            continue
        percent, title = prefix.startswith("view/"), prefix.split("/")[1].replace("_", " ")
        what = f"{title.upper()} of each view" if percent else f"{title} of each view"
        figure = curve_figure(found.curves, list(shown), shown, y_name=what, percent=percent, height=260)
        parts.append(plot(figure, f"Curves of the {what} over the epochs"))
    return f'<div class="two">{"".join(parts)}</div>' if parts else ""


def disagreements(found: Findings) -> str:
    """Samples whose views are sure of different clusters."""
    logits = [scores.astype(np.float64) for scores in found.snapshot.view_logits]
    log_probs = [scores - np.logaddexp.reduce(scores, axis=1, keepdims=True) for scores in logits]
    rows = agreement.certain_disagreements(log_probs)
    share = f"{len(rows):,} of {len(found.snapshot.index):,} samples have views that name different clusters"
    if not len(rows) or found.dataset is None:
        return f"<p>{share}.</p>"
    ids = found.snapshot.index[rows[:N_DISAGREEING]]
    alt = f"{len(ids)} samples whose views are surest of different clusters"
    strip = samples.strips(found.dataset, ids, alt, columns=N_DISAGREEING)
    return f"<p>{share}; those of which every view is surest:</p>{strip}"


def over(found: Findings, plot: Plot) -> str:
    """Over-clusters against clusters; empty for methods without them."""
    if "over" not in found.snapshot.spaces:
        return ""
    table = overclusters.read(found.snapshot.y_pred, found.snapshot.spaces["over"], found.snapshot.n_clusters)
    n_over = table.counts.shape[1]
    figure = confusion_figure(
        table.counts,
        found.clusters,
        [str(i + 1) for i in range(n_over)],
        order=table.order,
        axes=("cluster", "over-cluster"),
        shares="columns",
    )
    figure.update_xaxes(showticklabels=n_over <= 40)
    text = f"{n_over - table.empty} of {n_over} over-clusters are in use, {table.mixed} lie across clusters."
    return f"<div>{plot(figure, 'Heat map: clusters against over-clusters')}<p>{text}</p></div>"


def _clusters(found: Findings) -> list[np.ndarray]:
    return [logits.argmax(axis=1) for logits in found.snapshot.view_logits]


def _bold(text: str) -> str:
    """The one Markdown that sentences of the diagnosis have."""
    head, bold, rest = text.split("**", 2)
    return f"{head}<b>{bold}</b>{rest}"
