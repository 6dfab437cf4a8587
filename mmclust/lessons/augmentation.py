"""Lesson: what the augmentation term does. DCCS with and without it, and where augmented copies fall."""

from dataclasses import dataclass

import numpy as np

from mmclust.lessons.lesson import FEW, HIGHER, LOWER, SAME, Guess, Lesson, Link, difference, n_seeds, percent
from mmclust.lessons.shipped import NO_AUGMENTATION, SAME_START, SETTINGS, STYLE, Augmented, Shipped, run_id
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
            "Left: an image. Right: **random crops, rotations and changes of brightness** of the same image, in which "
            "a person mostly reads the same letter. The term $\\mathcal{L}_{Aug}$ of DCCS requires the same of the "
            "network: image and copy must get the same category. **This needs no labels.**"
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
                HIGHER: "The network keeps copies together only if the loss requires it.",
                SAME: "This is no clear difference: here the network keeps copies together without the term.",
                FEW: "These are few runs, however; another seed may give another result.",
                LOWER: "The term has the opposite of its intended effect: another part of the training interferes.",
            }[more]
        ),
        beyond=(
            f"The classes were not used in training, but they can evaluate it: ACC is **{percent(acc_with)}** with the "
            f"term and **{percent(acc_without)}** without; {SAME_START} "
            + {
                HIGHER: "What survives a crop is what defines a letter, so the term aligns clusters with classes.",
                SAME: "This is no clear difference: the other terms find the classes without it.",
                FEW: "So few runs prove nothing, however large the gap; the last lesson shows why.",
                LOWER: "On these letters the term does more harm than good: a crop may lose what tells two apart.",
            }[gain]
        ),
        takeaway=(
            "An augmentation is an assumption: this change does not matter. Through it, knowledge of the data enters "
            "an unsupervised method, and a wrong assumption (a mirrored b is a d) gives a wrong clustering."
        ),
        links=(
            Link(page="confusion.py", words="Confusions without the term", run=run_id(NO_AUGMENTATION, 0)),
            Link(page="map.py", words="Its map", run=run_id(NO_AUGMENTATION, 0)),
            Link(page="clusters.py", words="Clusters with the term", run=run_id(STYLE, 0)),
        ),
        form=SETTINGS[NO_AUGMENTATION].form,
        found=found,
    )
