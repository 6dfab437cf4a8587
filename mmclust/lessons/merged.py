"""Lesson: how one merged pair of clusters fools ACC. A good run, with one mistake made on purpose."""

from dataclasses import dataclass

import numpy as np

from mmclust.analysis.agreement import diagnose
from mmclust.evaluation.annotation import Merge, Split, applied
from mmclust.evaluation.metric_names import MAIN
from mmclust.evaluation.metrics import confusion, is_right, match, score
from mmclust.lessons.lesson import Guess, Lesson, Link
from mmclust.lessons.shipped import SETTINGS, STYLE, Shipped, run_id


@dataclass(frozen=True, kw_only=True)
class Result:
    """One assignment against the classes. Shapes: C classes, K clusters."""

    counts: np.ndarray
    """(C, K) samples; clusters in the order of the classes that they are matched to."""
    scores: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class MergedFindings:
    """What the runs say."""

    plain: Result
    """The run as it is."""
    faulty: Result
    """The same with two clusters merged and another cut in two."""
    scattered: Result
    """The run with single images moved to other clusters at random, until ACC is that of `faulty`."""
    merged: tuple[str, ...]
    """The classes of the merged clusters."""
    cut: str
    """The class of the cluster that is cut."""
    n_moved: int
    """Images moved in `scattered`."""
    n_merged: int
    """Shipped runs in which two classes share a cluster without anybody's doing."""
    n_runs: int
    """Shipped runs."""


def find(shipped: Shipped) -> MergedFindings:
    """Read the run, and make both mistakes."""
    snapshot, labels = shipped.snapshot(STYLE), shipped.labels(STYLE)
    names = shipped.data(STYLE).spec.classes
    merge, cut = shipped.faults()
    assert isinstance(merge, Merge) and isinstance(cut, Split)
    y_pred, between = snapshot.y_pred, applied(snapshot, [merge]).y_pred
    faulty = applied(snapshot, [merge, cut]).y_pred
    moved = scattered(labels, y_pred, is_right(labels, faulty).sum())
    counts = [
        result(shipped.labels(s), shipped.snapshot(s, n).y_pred).counts for s in SETTINGS for n in shipped.seeds(s)
    ]
    return MergedFindings(
        plain=result(labels, y_pred),
        faulty=result(labels, faulty),
        scattered=result(labels, moved),
        merged=tuple(names[np.bincount(labels[y_pred == k]).argmax()] for k in merge.clusters),
        cut=names[np.bincount(labels[between == cut.cluster]).argmax()],
        n_moved=int((moved != y_pred).sum()),
        n_merged=sum(any(sign.kind == "merged" for sign in diagnose(table)) for table in counts),
        n_runs=len(counts),
    )


def result(y_true: np.ndarray, y_pred: np.ndarray) -> Result:
    """An assignment's table, its clusters beside their classes, and its metrics."""
    k = int(max(y_true.max(), y_pred.max())) + 1
    counts = confusion(y_true, y_pred, k, k)
    return Result(counts=counts[:, match(counts)], scores=score(y_true, y_pred))


def scattered(y_true: np.ndarray, y_pred: np.ndarray, n_right: int) -> np.ndarray:
    """The assignment with right samples moved to other clusters, drawn evenly, until `n_right` are left.

    Args:
        y_true: (n,) classes.
        y_pred: (n,) clusters.
        n_right: samples that shall lie in the cluster of their class.
    """
    draw, k = np.random.default_rng(0), int(y_pred.max()) + 1
    right = np.flatnonzero(is_right(y_true, y_pred))
    some = draw.permutation(right)[: len(right) - n_right]
    moved = y_pred.copy()
    moved[some] = (y_pred[some] + draw.integers(1, k, len(some))) % k
    return moved


def lesson(shipped: Shipped) -> Lesson[MergedFindings]:
    """The lesson as these runs tell it."""
    found = find(shipped)
    plain, faulty, noisy = (each.scores for each in (found.plain, found.faulty, found.scattered))
    fall = {name: 100 * (plain[name] - faulty[name]) for name in MAIN}
    apart = [name.upper() for name in ("nmi", "ari") if faulty[name] > noisy[name]]
    pair = " and ".join(found.merged)
    return Lesson(
        question="How bad is a clustering that makes exactly one mistake?",
        look=(
            f"The joint matrix of a good run: classes in rows, clusters in columns, ACC {plain['acc']:.1%}. We make "
            f"**one mistake** on the Clusters page: the clusters of **{pair}** are merged, and to have ten clusters "
            f"again, that of **{found.cut}** is split. No other image moves. Networks make this mistake too: in "
            f"{found.n_merged} of the {found.n_runs} runs of these lessons, two classes share a cluster."
        ),
        guess=Guess(
            question="By how many points does ACC fall?",
            answer=fall["acc"],
            low=0,
            high=50,
            step=1,
            unit="points",
        ),
        reveal=(
            f"ACC falls by **{fall['acc']:.1f}** points, from {plain['acc']:.1%} to {faulty['acc']:.1%}; NMI by "
            f"{fall['nmi']:.1f}, ARI by {fall['ari']:.1f}. ACC matches every class to **one** cluster: the merged "
            f"cluster counts for one of {pair} only, and of {found.cut} only one part counts."
        ),
        beyond=(
            f"On the right, {found.n_moved} images of the same run were moved **at random** until ACC was the same: "
            f"{noisy['acc']:.1%}. One clustering has a single mistake that a click repairs, the other has noise "
            "everywhere: "
            + (
                f"ACC cannot distinguish them, {' and '.join(apart)} can."
                if apart
                else "neither NMI nor ARI favours the single mistake; only the matrix shows the difference."
            )
        ),
        takeaway=(
            "Report NMI and ARI along with ACC, and look at the joint matrix before you trust a metric: a merged and a "
            "split cluster look like a bad method but are a single wrong boundary."
        ),
        links=(
            Link(page="confusion.py", words="The joint matrix of this run", run=run_id(STYLE, 0)),
            Link(page="clusters.py", words="Merge and split clusters yourself", run=run_id(STYLE, 0)),
        ),
        form=SETTINGS[STYLE].form,
        found=found,
    )
