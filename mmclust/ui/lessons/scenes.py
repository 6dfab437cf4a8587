"""What each step of each lesson shows beside its text: HTML, computed once from what the lesson found."""

from collections.abc import Callable

import numpy as np

from mmclust.data.dataset import MultiViewDataset
from mmclust.lessons import augmentation, merged, overclustering, seeds, style
from mmclust.lessons.shipped import Augmented
from mmclust.plots.dots import seed_dots
from mmclust.plots.palette import cluster_color
from mmclust.ui.lessons import drawing

ACC = "ACC of the last epoch"


def style_look(found: style.StyleFindings, data: MultiViewDataset) -> str:
    """Members of some clusters, drawn at random."""
    draw = np.random.default_rng(1)
    rows = [
        drawing.named_row(f"cluster {k + 1}", drawing.samples(data, draw.permutation(members)[:8], px=78))
        for k in range(6)
        if len(members := np.flatnonzero(found.clusters == k))
    ]
    return drawing.figure("".join(rows), "Images of six clusters of one run, drawn at random.")


def style_reveal(found: style.StyleFindings, data: MultiViewDataset) -> str:
    """Neighbours by either code."""
    rows = [
        drawing.named_row(
            words, drawing.samples(data, [asked, *near[number]], px=50, edges=_marks(data, asked, near[number]))
        )
        for number, asked in enumerate(found.asked[:3])
        for words, near in (("style", found.near_style), ("category", found.near_category))
    ]
    fractions = {
        "nearest by style": found.same_by_style,
        "nearest by category": found.same_by_category,
        "at random": found.by_chance,
    }
    return drawing.figure(
        "".join(rows) + drawing.bars(fractions),
        "First the image, then its ten nearest; orange: another letter. Bars: fraction of the ten with the same "
        "letter, all images.",
    )


def _marks(data: MultiViewDataset, asked: int, near: np.ndarray) -> list[str | None]:
    assert data.labels is not None, "the lessons' data have classes"
    other = [data.labels[i] != data.labels[asked] for i in near]
    return [None, *(cluster_color(1) if wrong else None for wrong in other)]


def style_beyond(found: style.StyleFindings, _: MultiViewDataset) -> str:
    """ACC over seeds."""
    return _dots({"with a style code": found.acc_with, "without": found.acc_without})


def augmentation_look(found: augmentation.AugmentationFindings, data: MultiViewDataset) -> str:
    """Images and their copies."""
    rows = [
        f'<div class="mm-row">{drawing.samples(data, [image], px=74)}<span>→</span>'
        f"{drawing.copies(copies, px=74, edges=[None] * len(copies))}</div>"
        for image, copies in zip(found.with_term.shown, found.with_term.copies, strict=True)
    ]
    return drawing.figure("".join(rows), "Letters and six random augmentations of each, as DCCS trains on them.")


def augmentation_reveal(found: augmentation.AugmentationFindings, data: MultiViewDataset) -> str:
    """The copies again, marked where they leave their cluster, under both trainings."""
    both = (
        ("without the term", found.without_term, found.clusters_without),
        ("with the term", found.with_term, found.clusters_with),
    )
    columns = ""
    for words, copies, clusters in both:
        rows = "".join(_copies(data, copies, clusters, row) for row in range(len(copies.shown)))
        columns += f"<div><h4>{words}</h4>{rows}</div>"
    return drawing.figure(
        f'<div class="mm-beside">{columns}</div>', "Orange: the copy falls into another cluster than its image."
    )


def _copies(data: MultiViewDataset, copies: Augmented, clusters: np.ndarray, row: int) -> str:
    image = int(copies.shown[row])
    left = copies.clusters[image] != clusters[image]
    edges = [cluster_color(1) if gone else None for gone in left]
    return (
        f'<div class="mm-row">{drawing.samples(data, [image], px=48)}<span>→</span>'
        f"{drawing.copies(copies.copies[row], px=48, edges=edges)}</div>"
    )


def augmentation_beyond(found: augmentation.AugmentationFindings, _: MultiViewDataset) -> str:
    """ACC over seeds."""
    return _dots({"with the term": found.acc_with, "without": found.acc_without})


def over_look(found: overclustering.OverclusteringFindings, data: MultiViewDataset) -> str:
    """Members of the largest fine clusters of two clusters."""
    nesting, draw = found.nesting, np.random.default_rng(0)
    rows = []
    for cluster in range(3):
        own = [fine for fine in nesting.order if nesting.owner[fine] == cluster and nesting.counts[:, fine].sum()][:2]
        for fine in own:
            members = draw.permutation(np.flatnonzero(found.fine == fine))[:8]
            rows.append(drawing.named_row(f"fine {fine + 1} in {cluster + 1}", drawing.samples(data, members, px=74)))
    return drawing.figure("".join(rows), "Samples of the two largest fine clusters in each of three clusters.")


def over_reveal(found: overclustering.OverclusteringFindings, _: MultiViewDataset) -> str:
    """ACC over seeds."""
    return _dots({"with the fine head": found.acc_with, "without": found.acc_without})


def over_beyond(found: overclustering.OverclusteringFindings, _: MultiViewDataset) -> str:
    """Purity of both partitions, and how many fine clusters each cluster is made of."""
    nesting = found.nesting
    used = nesting.counts.sum(axis=0) > 0
    parts = np.bincount(nesting.owner[used], minlength=len(nesting.counts))
    cells = "".join(f"<span><b>{n}</b> <small>cluster {k + 1}</small></span>" for k, n in enumerate(parts))
    fractions = {"coarse clusters": found.purity_coarse, "fine clusters": found.purity_fine}
    return drawing.figure(
        drawing.bars(fractions) + f'<h4>Fine clusters in each cluster</h4><div class="mm-chips">{cells}</div>',
        "Bars: purity, the fraction of samples in the most frequent class of their cluster.",
    )


def merged_look(found: merged.MergedFindings, data: MultiViewDataset) -> str:
    """The run's own matrix and the faulty one, without its metrics."""
    return drawing.matrix(found.plain, data.spec.classes, "The original run: classes and clusters.", cell=44)


def merged_reveal(found: merged.MergedFindings, data: MultiViewDataset) -> str:
    """The faulty matrix."""
    marked = [data.spec.classes.index(name) for name in (*found.merged, found.cut)]
    return drawing.matrix(found.faulty, data.spec.classes, "Two clusters merged, one split.", cell=44, marked=marked)


def merged_beyond(found: merged.MergedFindings, data: MultiViewDataset) -> str:
    """One mistake beside noise."""
    marked = [data.spec.classes.index(name) for name in (*found.merged, found.cut)]
    left = drawing.matrix(found.faulty, data.spec.classes, "One mistake", cell=28, marked=marked)
    right = drawing.matrix(found.scattered, data.spec.classes, "Mistakes everywhere", cell=28)
    return f'<div class="mm-beside">{left}{right}</div>'


def seeds_look(found: seeds.SeedFindings, data: MultiViewDataset) -> str:
    """The first seed's matrix."""
    return drawing.matrix(
        found.first, data.spec.classes, f"Classes and clusters of the run with seed {found.seeds[0]}.", cell=44
    )


def seeds_reveal(found: seeds.SeedFindings, data: MultiViewDataset) -> str:
    """All seeds, and the samples that they agree on least."""
    marks = {found.acc.index(min(found.acc)): "worst", found.acc.index(max(found.acc)): "best"}
    unstable = drawing.samples(data, found.together.unstable[:9], px=70)
    return _dots({"DMIM": found.acc}, marks=marks) + drawing.figure(
        f"<h4>The digits that the runs agree on least</h4>{unstable}",
        "Fewest runs put them into the same cluster; clusters are matched over the runs.",
    )


def seeds_beyond(found: seeds.SeedFindings, _: MultiViewDataset) -> str:
    """Both settings, and what the best of so many claims."""
    cells = "".join(
        f"<span><b>{value:.1%}</b> <small>best of {n}</small></span>" for n, value in enumerate(found.best_of, start=1)
    )
    marks = {found.acc.index(max(found.acc)): "best by labels", found.seeds.index(found.lowest[0]): "lowest loss"}
    return (
        _dots({"DMIM": found.acc, "DMIM without over-clustering": found.other}, marks=marks)
        + f'<h4>ACC that "the best of n runs" claims on average</h4><div class="mm-chips">{cells}</div>'
    )


def _dots(groups: dict[str, list[float]], *, marks: dict[int, str] | None = None) -> str:
    words = "; ".join(f"{name}: {', '.join(f'{value:.1%}' for value in values)}" for name, values in groups.items())
    return drawing.figure(
        seed_dots(groups, axis=ACC, alt=f"{ACC} of each seed: {words}", marks=marks),
        "One dot per seed; diamond and bar: mean ± standard deviation.",
    )


Scene = Callable[..., str]
SCENES: dict[str, tuple[Scene, Scene, Scene]] = {
    "style": (style_look, style_reveal, style_beyond),
    "augmentation": (augmentation_look, augmentation_reveal, augmentation_beyond),
    "over-clustering": (over_look, over_reveal, over_beyond),
    "merged": (merged_look, merged_reveal, merged_beyond),
    "seeds": (seeds_look, seeds_reveal, seeds_beyond),
}
"""Lesson -> what stands beside the look, the revealed result and the step beyond it."""
