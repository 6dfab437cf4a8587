"""Lesson: why seeds matter. One setting trained several times, and what choosing among the runs would claim."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmclust.analysis.consensus import Consensus, consensus
from mmclust.evaluation.metrics import score
from mmclust.lessons.lesson import Guess, Lesson, Link, percent
from mmclust.lessons.merged import Result, result
from mmclust.lessons.shipped import NO_OVER, OVER, SETTINGS, Shipped, run_id
from mmclust.sweeps.results import SeedSummary, lowest_loss, summarise


@dataclass(frozen=True, kw_only=True)
class SeedFindings:
    """What the runs say."""

    seeds: tuple[int, ...]
    acc: list[float]
    """Of each seed."""
    other: list[float]
    """ACC of a second setting, of the same seeds."""
    first: Result
    """The first seed's clusters against the classes."""
    best_of: list[float]
    """Mean ACC of the best of 1, 2 ... runs, chosen with labels among all sets of so many seeds."""
    lowest: tuple[int, float]
    """Seed and ACC of the run with the lowest loss, which needs no labels to choose."""
    moved: float
    """Share of the samples that at least one run puts elsewhere than the consensus, after matching the clusters."""
    together: Consensus
    """What the runs say together."""
    acc_together: float
    """ACC of the consensus."""

    @property
    def summary(self) -> SeedSummary:
        """ACC over seeds."""
        return summarise(self.acc)

    @property
    def spread(self) -> float:
        """Best less worst, in points."""
        return 100 * (max(self.acc) - min(self.acc))

    @property
    def n_won(self) -> int:
        """Of all pairs of one run of each setting, those in which the first has the larger ACC."""
        return sum(a > b for a in self.acc for b in self.other)


def find(shipped: Shipped) -> SeedFindings:
    """Read the runs."""
    records, seeds, labels = shipped.records(OVER), shipped.seeds(OVER), shipped.labels(OVER)
    acc = shipped.scores(OVER)
    chosen = lowest_loss(shipped.store, records)
    assert chosen is not None, "DMIM has an objective"
    clusters = [shipped.snapshot(OVER, seed).y_pred for seed in seeds]
    together = consensus(clusters, int(labels.max()) + 1)
    return SeedFindings(
        seeds=seeds,
        acc=acc,
        other=shipped.scores(NO_OVER),
        first=result(labels, shipped.snapshot(OVER).y_pred),
        best_of=best_of(acc),
        lowest=(chosen.spec.seed, acc[seeds.index(chosen.spec.seed)]),
        moved=float(np.mean(together.agreement < 1)),
        together=together,
        acc_together=score(labels, together.clusters)["acc"],
    )


def best_of(values: Sequence[float]) -> list[float]:
    """Mean of the largest of 1, 2 ... n of the values, over all sets of so many."""
    rising, n = sorted(values), len(values)
    return [
        sum(math.comb(rank, k - 1) * value for rank, value in enumerate(rising)) / math.comb(n, k)
        for k in range(1, n + 1)
    ]


def lesson(shipped: Shipped) -> Lesson[SeedFindings]:
    """The lesson as these runs tell it."""
    found = find(shipped)
    n, n_pairs = len(found.seeds), len(found.acc) * len(found.other)
    best, seed = max(found.acc), found.lowest[0]
    return Lesson(
        question="How much of a result is luck?",
        look=(
            f"A run of DMIM on the digits, seed {found.seeds[0]}: **ACC {found.acc[0]:.1%}**. The seed determines "
            "only the initial weights and the order of the batches. A paper could report this number. **What would it "
            "report with another seed?**"
        ),
        guess=Guess(
            question=f"{n} trainings of the same setting differ only in the seed. How many points of ACC lie between "
            "the best and the worst?",
            answer=found.spread,
            low=0,
            high=30,
            step=1,
            unit="points",
        ),
        reveal=(
            f"From {min(found.acc):.1%} to {best:.1%}: **{found.spread:.1f} points**, with nothing changed but the "
            f"seed. The honest result is **{percent(found.summary)}** over {n} seeds. "
            f"For {found.moved:.0%} of the samples, at least one run disagrees with the consensus."
        ),
        beyond=(
            f"Choosing the best of {n} by its labels gives **{best:.1%}**, {100 * (best - found.summary.mean):.1f} "
            f"points above the mean, but clustering has no labels. The run with the lowest loss (seed {seed}), chosen "
            f"without labels, has {found.lowest[1]:.1%}, the consensus of all runs {found.acc_together:.1%}. "
            f"Compared with DMIM without over-clustering, one run each, the setting wins {found.n_won} of {n_pairs} "
            "pairs: single runs can support any claim."
        ),
        takeaway=(
            "Fix the seeds in advance, and report their number, mean and deviation, never the best. A difference "
            "smaller than the spread of the seeds is not a result."
        ),
        links=(
            Link(page="confusion.py", words=f"Seed {found.seeds[0]}", run=run_id(OVER, found.seeds[0])),
            Link(
                page="confusion.py",
                words="The best seed, chosen by labels",
                run=run_id(OVER, found.seeds[found.acc.index(best)]),
            ),
            Link(page="confusion.py", words="The seed with the lowest loss", run=run_id(OVER, seed)),
        ),
        form=SETTINGS[OVER].form | {"seed": str(n)},
        found=found,
    )
