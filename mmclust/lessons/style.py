"""Lesson: why a style code? DCCS with and without z_s, and what z_c and z_s know of the class."""

from dataclasses import dataclass

import numpy as np

from mmclust.lessons.lesson import FEW, HIGHER, LOWER, SAME, Guess, Lesson, Link, difference, n_seeds, percent
from mmclust.lessons.shipped import NO_STYLE, SAME_START, SETTINGS, STYLE, Shipped, run_id
from mmclust.sweeps.results import summarise

N_NEAR = 10
N_ASKED = 4


@dataclass(frozen=True, kw_only=True)
class StyleFindings:
    """What the runs say. Shapes: n images, Q of them asked about."""

    asked: np.ndarray
    """(Q,) images of different classes."""
    near_category: np.ndarray
    """(Q, 10) the images nearest to each by its category code."""
    near_style: np.ndarray
    """(Q, 10) the same by its style code."""
    clusters: np.ndarray
    """(n,) cluster of each image."""
    same_by_category: float
    """Share of the ten nearest by category that are of the same class, over all images."""
    same_by_style: float
    by_chance: float
    """The same share among ten images drawn at random."""
    acc_with: list[float]
    """Of each seed."""
    acc_without: list[float]


def find(shipped: Shipped) -> StyleFindings:
    """Read the runs."""
    snapshot, labels = shipped.snapshot(STYLE), shipped.labels(STYLE)
    near = {name: nearest(snapshot.spaces[name], N_NEAR) for name in ("z_c", "z_s")}
    same = {name: float((labels[places] == labels[:, None]).mean()) for name, places in near.items()}
    asked = np.unique(labels, return_index=True)[1][-N_ASKED:]
    sizes = np.bincount(labels)
    return StyleFindings(
        asked=asked,
        near_category=near["z_c"][asked],
        near_style=near["z_s"][asked],
        clusters=snapshot.y_pred,
        same_by_category=same["z_c"],
        same_by_style=same["z_s"],
        by_chance=float((sizes * (sizes - 1)).sum() / (len(labels) * (len(labels) - 1))),
        acc_with=shipped.scores(STYLE),
        acc_without=shipped.scores(NO_STYLE),
    )


def nearest(codes: np.ndarray, count: int) -> np.ndarray:
    """(n, count) the nearest other samples of each by Euclidean distance, the nearest first.

    Args:
        codes: (n, D) of a few thousand samples: all distances are in memory at once.
        count: how many.
    """
    values = codes.astype(np.float32)
    squares = (values**2).sum(axis=1)
    distances = squares[:, None] + squares - 2 * values @ values.T
    np.fill_diagonal(distances, np.inf)
    some = np.argpartition(distances, count, axis=1)[:, :count]
    order = np.take_along_axis(distances, some, axis=1).argsort(axis=1, kind="stable")
    return np.take_along_axis(some, order, axis=1)


def lesson(shipped: Shipped) -> Lesson[StyleFindings]:
    """The lesson as these runs tell it."""
    found = find(shipped)
    clean = found.same_by_style < (found.by_chance + found.same_by_category) / 2
    with_style, without = summarise(found.acc_with), summarise(found.acc_without)
    gain = difference(with_style, without)
    return Lesson(
        question="Why does DCCS give every image a style in addition to its category?",
        look=(
            "DCCS writes **two codes** for an image: a category $z_c$ (which cluster?) and a style $z_s$ (how does it "
            "look?). Each row here is one cluster of a finished run. All images in a row have the same category. "
            "**Where are their differences encoded?**"
        ),
        guess=Guess(
            question="Take an image and the ten images with the nearest *style code*. How many of the ten show the "
            "same letter?",
            answer=100 * found.same_by_style,
            step=5,
            unit="%",
        ),
        reveal=(
            f"Of the ten nearest by **style**, {found.same_by_style:.0%} show the same letter; by **category** "
            f"{found.same_by_category:.0%}; ten at random would be {found.by_chance:.0%}. "
            + (
                "The style code says little about the letter: it holds what the category leaves out."
                if clean
                else "**The style code predicts the letter, too.** Only the critic keeps the two codes apart, and here "
                "it failed."
            )
        ),
        beyond=(
            f"And the clusters? ACC is **{percent(with_style)}** with a style code and **{percent(without)}** without "
            f"({n_seeds(with_style, without)}); {SAME_START} "
            + {
                HIGHER: "A style code helps: font, slant and weight need not be encoded in the category.",
                SAME: "This is no clear difference: on these letters the clusters hardly need it.",
                FEW: "So few runs say nothing about such a difference; the last lesson shows why.",
                LOWER: "On these letters the clusters are better without it, contrary to the paper.",
            }[gain]
        ),
        takeaway=(
            "A code must encode every difference between images somewhere; a style code is the place for it. Its name "
            "proves nothing: measure whether style is independent of category, and whether it raises ACC."
        ),
        links=(
            Link(page="disentangle.py", words="Category and style of this run", run=run_id(STYLE, 0)),
            Link(page="map.py", words="Its map", run=run_id(STYLE, 0)),
            Link(page="clusters.py", words="Clusters without style", run=run_id(NO_STYLE, 0)),
        ),
        form=SETTINGS[NO_STYLE].form,
        found=found,
    )
