"""Columns that are quantities of the run: the cluster, how sure it is, how steady, and where the sample lies.

Shapes: n samples of the clustering, K clusters, D dimensions of a space.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from mmclust.analysis import spaces, uncertainty
from mmclust.analysis.projection_quality import ProjectionQuality
from mmclust.clustering import Clustering
from mmclust.columns.column import Column, Groups
from mmclust.evaluation.metrics import NO_CLASS, confusion, match_classes
from mmclust.evaluation.snapshot import Snapshot
from mmclust.plots.palette import RIGHT, WRONG

QUALITY = "projection quality of"
"""Under this and the picture's name a clustering keeps the quality of its projections; see `keep_quality`."""

PHRASE = "similarity to a phrase"
"""Under this a clustering keeps the phrase that was last searched for, and how near samples are; see `keep_phrase`."""


def columns(clustering: Clustering, seeds: Sequence[Callable[[], Snapshot]] = ()) -> Iterator[Column]:
    """The quantities of a run at an epoch, the most asked for first.

    Args:
        clustering: the run at an epoch.
        seeds: read the last snapshot of runs that differ from this one in the seed alone.
    """
    yield Column(
        name="sample", kind="number", source="run", help="Number of the sample in the data", work=lambda: clustering.ids
    )
    yield from _clusters(clustering)
    yield from _certainty(clustering)
    yield Column(
        name="distance",
        kind="number",
        source="run",
        cost="computed",
        help="Distance to the mean of the sample's cluster, in the space that clusters are read from",
        work=lambda: distance_to_centre(spaces.of_clusters(clustering.snapshot), clustering.y_pred),
    )
    yield from _views(clustering)
    if len(clustering.run.snapshots()) > 1:
        yield Column(
            name="last_change",
            kind="number",
            source="run",
            cost="computed",
            help="Epoch of the first saved snapshot since which the sample has kept its cluster",
            work=lambda: last_change(clustering),
        )
    if seeds:
        yield Column(
            name="seed_agreement",
            kind="number",
            source="run",
            cost="computed",
            help=f"Fraction of the {len(seeds)} runs with other seeds that put the sample into the matched cluster",
            work=lambda: agreement_of_seeds(clustering, [read() for read in seeds]),
        )
    yield from _quality(clustering)
    if PHRASE in clustering.derived:
        phrase, near = clustering.derived[PHRASE]
        yield Column(
            name="similarity",
            kind="number",
            source="run",
            help=_likeness(phrase),
            work=lambda: near,
        )


def _clusters(clustering: Clustering) -> Iterator[Column]:
    n_clusters = len(clustering.sizes)
    shown = tuple(clustering.cluster_name(k) for k in range(n_clusters))
    second = uncertainty.runner_up
    for name, about, work in (
        ("cluster", "Number of the assigned cluster, from 1", lambda: clustering.y_pred),
        ("runner_up", "Number of the second most probable cluster, from 1", lambda: second(clustering.snapshot.logits)),
    ):
        yield Column(
            name=name,
            kind="category",
            source="run",
            help=about,
            work=lambda work=work: Groups(codes=work().astype(np.int32), names=range(1, n_clusters + 1)),
            shown=shown,
            colors=clustering.colors,
        )
    if clustering.right is not None and clustering.y_true is not None:
        right, y_true = clustering.right, clustering.y_true
        yield Column(
            name="correct",
            kind="category",
            source="run",
            help="Whether the assigned cluster is the one matched to the sample's class",
            work=lambda: Groups(codes=np.where(y_true == NO_CLASS, -1, right).astype(np.int32), names=(False, True)),
            shown=("wrong", "right"),
            colors=(WRONG, RIGHT),
        )


def _certainty(clustering: Clustering) -> Iterator[Column]:
    log_probs = clustering.log_probs
    for name, about, work in (
        ("confidence", "Probability of the assigned cluster, 0 to 1", lambda: clustering.confidence),
        (
            "margin",
            "Difference between the probabilities of the two most probable clusters, 0 to 1",
            lambda: margin(log_probs),
        ),
        ("entropy", "Entropy of the cluster probabilities in nats, 0 to ln K", lambda: uncertainty.entropy(log_probs)),
    ):
        yield Column(name=name, kind="number", source="run", help=about, work=work)


def margin(log_probs: np.ndarray) -> np.ndarray:
    """(n,) difference between the two largest probabilities of log-probabilities (n, K); 1 with one cluster."""
    if log_probs.shape[1] == 1:
        return np.ones(len(log_probs))
    two = np.exp(np.partition(log_probs, -2, axis=1)[:, -2:])
    return two[:, 1] - two[:, 0]


def distance_to_centre(codes: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """(n,) Euclidean distance of codes (n, D) from the mean of those of the same cluster."""
    found = np.empty(len(codes), np.float32)
    for cluster in np.unique(y_pred):
        members = np.flatnonzero(y_pred == cluster)
        own = codes[members].astype(np.float32)
        found[members] = np.linalg.norm(own - own.mean(axis=0), axis=1)
    return found


def _views(clustering: Clustering) -> Iterator[Column]:
    """What each view of the data says alone; nothing for methods with one assignment."""
    by_view, names = clustering.snapshot.view_logits, _view_names(clustering)
    if len(by_view) < 2:
        return
    yield Column(
        name="view_agreement",
        kind="number",
        source="run",
        help=f"Fraction of the {len(by_view)} views whose own cluster is the assigned one",
        work=lambda: np.mean([logits.argmax(axis=1) == clustering.y_pred for logits in by_view], axis=0),
    )
    shown = tuple(clustering.cluster_name(k) for k in range(len(clustering.sizes)))
    for number, logits in enumerate(by_view, start=1):
        yield Column(
            name=f"cluster_view_{number}",
            kind="category",
            source="run",
            help=f"Number of the cluster by the view {names[number - 1]} alone, from 1",
            work=lambda logits=logits: Groups(
                codes=logits.argmax(axis=1).astype(np.int32), names=range(1, logits.shape[1] + 1)
            ),
            shown=shown,
            colors=clustering.colors,
        )


def _view_names(clustering: Clustering) -> tuple[str, ...]:
    n_views = len(clustering.snapshot.view_logits)
    names = clustering.view_names if clustering.dataset is not None else ()
    return names if len(names) == n_views else tuple(str(number + 1) for number in range(n_views))


def last_change(clustering: Clustering) -> np.ndarray:
    """(n,) epoch of the first snapshot since which a sample has had its cluster without a break.

    That is the first one that is saved where it never changed. A snapshot that lacks a sample says nothing of it.
    """
    found = np.full(len(clustering.ids), clustering.epoch, np.float64)
    steady = np.ones(len(clustering.ids), bool)
    earlier = [epoch for epoch, _ in clustering.run.snapshots() if epoch < clustering.epoch]
    for epoch in reversed(earlier):
        before = clusters_of(clustering.snapshot_at(epoch), clustering.ids)
        steady &= (before == clustering.y_pred) | (before < 0)
        found[steady & (before >= 0)] = epoch
    return found


def clusters_of(snapshot: Snapshot, ids: np.ndarray) -> np.ndarray:
    """(n,) cluster of samples by their ids in another snapshot, -1 for those that it does not hold."""
    order = np.argsort(snapshot.index, kind="stable")
    place = np.minimum(np.searchsorted(snapshot.index, ids, sorter=order), len(order) - 1)
    rows = order[place]
    return np.where(snapshot.index[rows] == ids, snapshot.y_pred[rows], -1)


def agreement_of_seeds(clustering: Clustering, others: Sequence[Snapshot]) -> np.ndarray:
    """(n,) fraction of other runs that put a sample into the cluster matched to its own (Hungarian); NaN without any.

    Args:
        clustering: the run at an epoch.
        others: the same method on the same data with other seeds.
    """
    same, known = np.zeros(len(clustering.ids)), np.zeros(len(clustering.ids))
    for other in others:
        theirs = clusters_of(other, clustering.ids)
        inside = theirs >= 0
        if not inside.any():
            continue
        counts = confusion(clustering.y_pred[inside], theirs[inside], len(clustering.sizes), other.n_clusters)
        same[inside] += match_classes(counts)[theirs[inside]] == clustering.y_pred[inside]
        known += inside
    return np.divide(same, known, out=np.full(len(same), np.nan), where=known > 0)


def keep_phrase(clustering: Clustering, phrase: str, near: np.ndarray) -> None:
    """Let the similarity to a phrase be a column, in the place of that to the phrase before.

    Args:
        clustering: the run at an epoch.
        phrase: in words.
        near: (n,) similarity of each sample.
    """
    before, _ = clustering.derived.get(PHRASE, ("", None))
    if before == phrase:
        return
    clustering.derived.pop(("column", "similarity", _likeness(before)), None)
    clustering.derived[PHRASE] = phrase, near


def _likeness(phrase: str) -> str:
    return f"Cosine similarity to “{phrase}” in the space of the network that described the pictures, -1 to 1"


def keep_quality(clustering: Clustering, picture: str, found: ProjectionQuality, rows: np.ndarray) -> None:
    """Let the quality of a projection be a column too.

    Args:
        clustering: the run at an epoch.
        picture: what was projected and how, e.g. "t-SNE of Z".
        found: its quality, with m samples.
        rows: (m,) places of these samples in the clustering's arrays.
    """
    clustering.derived[(QUALITY, picture)] = (found, rows)


def _quality(clustering: Clustering) -> Iterator[Column]:
    kept: Mapping[str, tuple[ProjectionQuality, np.ndarray]] = {
        key[1]: found for key, found in clustering.derived.items() if isinstance(key, tuple) and key[0] == QUALITY
    }
    for number, (picture, (quality, rows)) in enumerate(kept.items(), start=1):
        ending = "" if number == 1 else f"_{number}"
        for name, shares, about in (
            ("false_neighbours", quality.false, "on the map that are distant in the latent space"),
            ("missing_neighbours", quality.missing, "in the latent space that are distant on the map"),
        ):
            yield Column(
                name=f"{name}{ending}",
                kind="number",
                source="run",
                help=f"Fraction of the {quality.neighbours} nearest neighbours {about} ({picture})",
                work=lambda shares=shares, rows=rows: _spread(shares, rows, len(clustering.ids)),
            )


def _spread(values: np.ndarray, rows: np.ndarray, n: int) -> np.ndarray:
    found = np.full(n, np.nan, np.float32)
    found[rows] = values
    return found
