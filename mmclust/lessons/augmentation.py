"""Lesson: what the augmentation term does. DCCS with and without it, and where augmented copies fall."""

from dataclasses import dataclass

import numpy as np

from mmclust.lessons.lesson import FEW, HIGHER, LOWER, SAME, Guess, Lesson, Link, difference, n_seeds, percent
from mmclust.lessons.shipped import NO_AUGMENTATION, SETTINGS, STYLE, Augmented, Shipped, run_id
from mmclust.sweeps.results import SeedSummary, summarise


@dataclass(frozen=True, kw_only=True)
class AugmentationFindings:
    """What the runs say."""

    with_term: Augmented
    """Of the first seed; the copies are the same in both."""
    without_term: Augmented
    clusters_with: np.ndarray
    """(n,) clusters of the images themselves."""
    clusters_without: np.ndarray
    left_with: SeedSummary
    """Share of the copies that fall into another cluster than their image, over seeds."""
    left_without: SeedSummary
    acc_with: list[float]
    """Of each seed."""
    acc_without: list[float]


def find(shipped: Shipped) -> AugmentationFindings:
    """Read the runs."""
    return AugmentationFindings(
        with_term=shipped.augmented(STYLE),
        without_term=shipped.augmented(NO_AUGMENTATION),
        clusters_with=shipped.snapshot(STYLE).y_pred,
        clusters_without=shipped.snapshot(NO_AUGMENTATION).y_pred,
        left_with=summarise([_left(shipped, STYLE, seed) for seed in shipped.seeds(STYLE)]),
        left_without=summarise([_left(shipped, NO_AUGMENTATION, seed) for seed in shipped.seeds(NO_AUGMENTATION)]),
        acc_with=shipped.scores(STYLE),
        acc_without=shipped.scores(NO_AUGMENTATION),
    )


def _left(shipped: Shipped, setting: str, seed: int) -> float:
    clusters = shipped.snapshot(setting, seed).y_pred
    return float((shipped.augmented(setting, seed).clusters != clusters[:, None]).mean())


def lesson(shipped: Shipped) -> Lesson[AugmentationFindings]:
    """The lesson as these runs tell it."""
    found = find(shipped)
    acc_with, acc_without = summarise(found.acc_with), summarise(found.acc_without)
    more = difference(found.left_without, found.left_with)
    gain = difference(acc_with, acc_without)
    return Lesson(
        question="What does the augmentation term teach the network?",
        look=(
            "Left an image, right of it **random crops and changes of brightness** of the same image: a person still "
            "reads the same digit. The term $\\mathcal{L}_{Aug}$ of DCCS asks that of the network: image and copy "
            "shall get the same category. **No label is needed for that.**"
        ),
        guess=Guess(
            question="Train DCCS *without* the term ($\\beta_{Aug} = 0$), then show it such copies. How many of 100 "
            "fall into another cluster than their image?",
            answer=100 * found.left_without.mean,
            step=5,
            unit="of 100",
        ),
        reveal=(
            f"Without the term **{percent(found.left_without)}** of the copies leave their image's cluster, with it "
            f"**{percent(found.left_with)}** ({n_seeds(acc_without, acc_with)}). "
            + {
                HIGHER: "What the network is not asked to hold together, it does not hold together.",
                SAME: "That is no clear difference: here the network keeps copies together by itself.",
                FEW: "So few runs, though: the next seed may say something else.",
                LOWER: "The term does the opposite of what it asks for: something else in the training is at work.",
            }[more]
        ),
        beyond=(
            f"The classes were not used, but they can judge: ACC is **{percent(acc_with)}** with the term and "
            f"**{percent(acc_without)}** without. "
            + {
                HIGHER: "What survives a crop is what makes a digit a digit: the term points the clusters at classes.",
                SAME: "That is no clear difference: the other terms find the classes alone.",
                FEW: "So few runs are no proof yet, however large the gap: the last lesson shows why.",
                LOWER: "On these digits the term costs more than it gives: crops of 8 × 8 pixels may lose the digit.",
            }[gain]
        ),
        takeaway=(
            "An augmentation is a statement: this change does not matter. It is where knowledge of the data enters a "
            "method without labels, and a wrong statement (a mirrored 2 is no 2) teaches a wrong clustering."
        ),
        links=(
            Link(page="confusion.py", words="What it confuses without the term", run=run_id(NO_AUGMENTATION, 0)),
            Link(page="map.py", words="Its map", run=run_id(NO_AUGMENTATION, 0)),
            Link(page="clusters.py", words="Clusters with the term", run=run_id(STYLE, 0)),
        ),
        form=SETTINGS[NO_AUGMENTATION].form,
        found=found,
    )
