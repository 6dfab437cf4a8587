"""Lesson: what over-clustering buys. DMIM on two views of the digits, with and without its finer head."""

from dataclasses import dataclass

import numpy as np

from mmclust.analysis import overclusters
from mmclust.analysis.overclusters import OverClusters
from mmclust.evaluation.metrics import purity
from mmclust.lessons.lesson import FEW, HIGHER, LOWER, SAME, Guess, Lesson, Link, difference, percent
from mmclust.lessons.shipped import NO_OVER, OVER, SETTINGS, Shipped, run_id
from mmclust.sweeps.results import SeedSummary, summarise


@dataclass(frozen=True, kw_only=True)
class OverclusteringFindings:
    """What the runs say. Shapes: n samples, K clusters, R fine clusters of the finer head."""

    acc_with: list[float]
    """Of each seed."""
    acc_without: list[float]
    clusters: np.ndarray
    """(n,) of the first seed."""
    fine: np.ndarray
    """(n,) fine cluster of each sample, of the same run."""
    nesting: OverClusters
    purity_coarse: float
    """Share of samples that are of the most frequent class of their cluster."""
    purity_fine: float

    @property
    def with_head(self) -> SeedSummary:
        """ACC over seeds."""
        return summarise(self.acc_with)

    @property
    def without_head(self) -> SeedSummary:
        """ACC over seeds."""
        return summarise(self.acc_without)

    @property
    def gains(self) -> list[float]:
        """ACC with the head less ACC without, of each seed."""
        return [a - b for a, b in zip(self.acc_with, self.acc_without, strict=False)]


def find(shipped: Shipped) -> OverclusteringFindings:
    """Read the runs."""
    snapshot, labels = shipped.snapshot(OVER), shipped.labels(OVER)
    over = snapshot.spaces["over"]
    fine = over.argmax(axis=1)
    return OverclusteringFindings(
        acc_with=shipped.scores(OVER),
        acc_without=shipped.scores(NO_OVER),
        clusters=snapshot.y_pred,
        fine=fine,
        nesting=overclusters.read(snapshot.y_pred, over, snapshot.n_clusters),
        purity_coarse=purity(labels, snapshot.y_pred),
        purity_fine=purity(labels, fine),
    )


def lesson(shipped: Shipped) -> Lesson[OverclusteringFindings]:
    """The lesson as these runs tell it."""
    found = find(shipped)
    n, n_fine = found.with_head.n, found.nesting.counts.shape[1]
    gain = difference(found.with_head, found.without_head)
    options = {HIGHER: "higher", SAME: "no clear difference", LOWER: "lower"}
    if gain == FEW:
        options |= {FEW: "cannot be told from so few runs"}
    lowest, highest = (100 * end(found.gains) for end in (min, max))
    return Lesson(
        question="What is the benefit of a second head with ten times as many clusters?",
        look=(
            f"DMIM sees each digit twice, as pixels and as strokes, and trains **two heads** on one encoder: one with "
            f"{len(found.nesting.counts)} clusters, one with {n_fine} fine ones. Each row is a **fine cluster** of a "
            "finished run: one way to write a digit. Does learning these differences help the coarse clusters?"
        ),
        guess=Guess(
            question=f"Compare {n} trainings with the fine head and {n} without. With it, ACC of the coarse "
            "clusters is ...",
            answer=gain,
            options=options,
        ),
        reveal=(
            f"ACC is **{percent(found.with_head)}** with the fine head and **{percent(found.without_head)}** without. "
            + {
                HIGHER: "The fine head helps the coarse one, as the paper says.",
                SAME: "The means differ by less than twice their standard error: on these digits the gain that "
                "papers report is **not seen**.",
                FEW: "So few runs prove nothing; the last lesson shows why.",
                LOWER: "On these digits it does harm, contrary to what papers report on larger data.",
            }[gain]
            + f" Per seed, the gain was between {lowest:+.1f} and {highest:+.1f} points."
        ),
        beyond=(
            f"It does give a finer clustering: {n_fine - found.nesting.empty} fine clusters are in use, and "
            f"{found.purity_fine:.0%} of the samples belong to the most frequent digit of their fine cluster, compared "
            f"with {found.purity_coarse:.0%} for the coarse ones. **Note:** purity always rises with the number of "
            "clusters; with one cluster per sample it would be 100 %."
        ),
        takeaway=(
            "An extra head is easily added and sounds convincing, but its gain depends on data and settings. Measure "
            "it on your data with several seeds, and compare results with the same number of clusters."
        ),
        links=(
            Link(page="clusters.py", words="Its clusters and fine clusters", run=run_id(OVER, 0)),
            Link(page="map.py", words="Its map", run=run_id(OVER, 0)),
            Link(page="confusion.py", words="The run without it", run=run_id(NO_OVER, 0)),
        ),
        form=SETTINGS[NO_OVER].form,
        found=found,
    )
