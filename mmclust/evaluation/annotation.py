"""Names, merges and splits that a user lays over a clustering; the clustering itself never changes.

Steps are rules on scores, not lists of samples: they hold for every snapshot of a run and for the scores of each of its
views. No step moves a sample out of the clusters that it names.

Shapes: n samples, K clusters, D dimensions of a space.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from scipy.special import log_softmax

from mmclust.evaluation.snapshot import Snapshot

LETTERS = "abcdefghijklmnopqrstuvwxyz"
MOST_PARTS = len(LETTERS)


@dataclass(frozen=True, kw_only=True)
class Rename:
    """Give a cluster a name; an empty one takes it away."""

    cluster: int
    name: str


@dataclass(frozen=True, kw_only=True)
class Merge:
    """Make one of several clusters; it stands where the first of them stood, and later ones move up."""

    clusters: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Split:
    """Cut a cluster into parts, each around a centre; the first stands where the cluster stood, the others last."""

    cluster: int
    space: str
    """Name of the space that the centres are in."""
    centres: tuple[tuple[float, ...], ...]
    variance: float
    """Mean squared distance of the cluster's samples to their centre, for each dimension."""


Step = Rename | Merge | Split
_KINDS: dict[str, type[Step]] = {"rename": Rename, "merge": Merge, "split": Split}


@dataclass(frozen=True, kw_only=True)
class Group:
    """What a cluster under an annotation is called, and what it is made of."""

    label: str
    """The run's own cluster numbers, counted from 1: "4", "2+5" after a merge, "4a" after a split."""
    origin: tuple[int, ...]
    """The run's own clusters in it, counted from 0."""
    name: str = ""
    """Given by the user."""


def outline(n_clusters: int, steps: Sequence[Step], names: Mapping[int, str] | None = None) -> tuple[Group, ...]:
    """The clusters after some steps, in order.

    Args:
        n_clusters: clusters of the run itself.
        steps: in the order in which they were taken.
        names: of the run's own clusters, where given.
    """
    given = names or {}
    groups = [Group(label=str(k + 1), origin=(k,), name=given.get(k, "")) for k in range(n_clusters)]
    for step in steps:
        check(step, groups)
        if isinstance(step, Rename):
            groups[step.cluster] = replace(groups[step.cluster], name=step.name.strip())
        elif isinstance(step, Merge):
            parts = [groups[k] for k in sorted(step.clusters)]
            named = [part.name for part in parts if part.name]
            groups[min(step.clusters)] = Group(
                label="+".join(part.label for part in parts),
                origin=tuple(sorted({k for part in parts for k in part.origin})),
                name=named[0] if len(named) == 1 else "",
            )
            groups = [group for k, group in enumerate(groups) if k == min(step.clusters) or k not in step.clusters]
        else:
            parts = _parts(groups[step.cluster], len(step.centres))
            groups[step.cluster] = parts[0]
            groups += parts[1:]
    return tuple(groups)


def _parts(group: Group, n: int) -> list[Group]:
    label = f"({group.label})" if "+" in group.label else group.label
    signs = [str(i + 1) for i in range(n)] if label[-1].isalpha() else list(LETTERS[:n])
    return [replace(group, label=label + sign, name=f"{group.name} {sign}" if group.name else "") for sign in signs]


def check(step: Step, groups: Sequence[Group]) -> None:
    """See whether a step can be taken.

    Raises:
        ValueError: it names clusters that are not there, merges fewer than two or all, or has too few or many parts.
    """
    named = step.clusters if isinstance(step, Merge) else (step.cluster,)
    for cluster in named:
        if not 0 <= cluster < len(groups):
            raise ValueError(f"cluster {cluster} came; there are clusters 0 to {len(groups) - 1} at this step")
    if isinstance(step, Merge) and not 2 <= len(set(named)) < len(groups):
        raise ValueError(
            f"{len(set(named))} clusters came; choose at least 2 and fewer than all {len(groups)} to merge"
        )
    if isinstance(step, Split) and not 2 <= len(step.centres) <= MOST_PARTS:
        raise ValueError(f"{len(step.centres)} parts came; split a cluster into 2 to {MOST_PARTS}")


def applied(snapshot: Snapshot, steps: Sequence[Step]) -> Snapshot:
    """A snapshot whose scores, also those of its views, are of the clusters after some steps.

    Raises:
        ValueError: a step does not fit it, such as a split in a space that it does not have.
    """
    outline(snapshot.n_clusters, steps)
    fused, *alone = (_regrouped(snapshot, scores, steps) for scores in (snapshot.logits, *snapshot.view_logits))
    return replace(snapshot, logits=fused, view_logits=tuple(alone))


def _regrouped(snapshot: Snapshot, scores: np.ndarray, steps: Sequence[Step]) -> np.ndarray:
    scores = log_softmax(scores.astype(np.float64), axis=1)
    for step in steps:
        if isinstance(step, Merge):
            # The larger score, not the sum: with the sum, samples of other clusters would move into the merged one.
            first, *rest = sorted(step.clusters)
            scores[:, first] = scores[:, list(step.clusters)].max(axis=1)
            scores = np.delete(scores, rest, axis=1)
        elif isinstance(step, Split):
            parts = scores[:, [step.cluster]] - _distance_behind(snapshot, step)
            scores[:, step.cluster] = parts[:, 0]
            scores = np.concatenate([scores, parts[:, 1:]], axis=1)
    return scores.astype(np.float32)


def merged(snapshot: Snapshot, groups: np.ndarray) -> Snapshot:
    """A snapshot whose scores, also those of its views, are of merged clusters.

    Args:
        snapshot: of K clusters.
        groups: (K,) merged cluster of each, from 0 without gaps.

    Raises:
        ValueError: there is not one group for each cluster.
    """
    if len(groups) != snapshot.n_clusters:
        raise ValueError(f"{len(groups)} groups came for {snapshot.n_clusters} clusters; give one for each")
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
    fused, *alone = (_largest(scores, order, starts) for scores in (snapshot.logits, *snapshot.view_logits))
    return replace(snapshot, logits=fused, view_logits=tuple(alone))


def _largest(scores: np.ndarray, order: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """(n, k) the largest score of each group of columns, as `Merge` takes it."""
    scores = log_softmax(scores.astype(np.float64), axis=1)
    return np.maximum.reduceat(scores[:, order], starts, axis=1).astype(np.float32)


def merges(groups: np.ndarray) -> tuple[tuple[Merge, ...], np.ndarray]:
    """The steps that merge clusters into groups, and the place (k,) of each group's cluster after them.

    Args:
        groups: (K,) merged cluster of each, from 0 without gaps.
    """
    steps: list[Merge] = []
    left = list(groups)
    for group in np.unique(groups):
        parts = [place for place, of in enumerate(left) if of == group]
        if len(parts) > 1:
            steps.append(Merge(clusters=tuple(parts)))
            left = [of for place, of in enumerate(left) if of != group or place == parts[0]]
    return tuple(steps), np.argsort(left)


def moved(step: Step, places: np.ndarray) -> Step:
    """The same step where clusters stand at other places: (k,) place of each."""
    if isinstance(step, Merge):
        return Merge(clusters=tuple(sorted(int(places[cluster]) for cluster in step.clusters)))
    return replace(step, cluster=int(places[step.cluster]))


def _distance_behind(snapshot: Snapshot, step: Split) -> np.ndarray:
    """(n, parts) how much farther each centre is than the nearest, as log-odds of equal spherical Gaussians."""
    codes = snapshot.spaces.get(step.space)
    if codes is None:
        raise ValueError(
            f"the annotation splits a cluster in space {step.space}, which epoch {snapshot.epoch} does not have; "
            "choose another epoch or switch the annotation off"
        )
    codes, centres = codes.reshape(len(codes), -1), np.array(step.centres, np.float32)
    if codes.shape[1] != centres.shape[1]:
        raise ValueError(
            f"the annotation splits a cluster by {centres.shape[1]} numbers of space {step.space}, which now has "
            f"{codes.shape[1]}; switch the annotation off"
        )
    # |x|^2 is the same for all centres and falls out of the difference
    squared = (centres.astype(np.float64) ** 2).sum(axis=1) - 2 * (codes @ centres.T)
    behind = squared - squared.min(axis=1, keepdims=True)
    return behind / (2 * max(step.variance, 1e-12))


def words(step: Step, groups: Sequence[Group]) -> str:
    """A step in words.

    Args:
        step: what was done.
        groups: the clusters before it.
    """
    if isinstance(step, Rename):
        group = groups[step.cluster]
        return f"{group.label} called {step.name}" if step.name.strip() else f"name of {group.label} taken away"
    if isinstance(step, Merge):
        shown = [groups[k].name or groups[k].label for k in sorted(step.clusters)]
        return f"{', '.join(shown[:-1])} and {shown[-1]} merged"
    group = groups[step.cluster]
    return f"{group.name or group.label} split into {len(step.centres)} in {step.space}"


def to_json(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """Steps as plain values for a file or a database."""
    kinds = {kind: name for name, kind in _KINDS.items()}
    return [{"step": kinds[type(step)]} | asdict(step) for step in steps]


def from_json(values: Sequence[Mapping[str, Any]]) -> tuple[Step, ...]:
    """The inverse of `to_json`.

    Raises:
        ValueError: a step is of no known kind or lacks something.
    """
    return tuple(_step(dict(value)) for value in values)


def _step(value: dict[str, Any]) -> Step:
    kind = value.pop("step", None)
    try:
        if kind == "rename":
            return Rename(cluster=int(value["cluster"]), name=str(value["name"]))
        if kind == "merge":
            return Merge(clusters=tuple(int(k) for k in value["clusters"]))
        if kind == "split":
            centres = tuple(tuple(float(x) for x in centre) for centre in value["centres"])
            return Split(
                cluster=int(value["cluster"]),
                space=str(value["space"]),
                centres=centres,
                variance=float(value["variance"]),
            )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"a step of kind {kind} came that cannot be read: {error}") from error
    raise ValueError(f"a step of kind {kind!r} came; known are {', '.join(_KINDS)}")
