"""How two assignments of the same samples go together, read from the table of their clusters.

Shapes: n samples, K clusters. Rows of a table are clusters of the left assignment, columns those of the right one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Int

from mmclust.evaluation.metrics import confusion, match_classes

Counts = Int[np.ndarray, "k k"]

DEAD = 0.1
"""A cluster with less than this share of an even one is as good as empty."""
MAIN = 0.5
"""Share from which a cluster goes mainly to, or comes mainly from, another one."""
PART = 0.2
"""Share from which a part of a cluster counts."""


@dataclass(frozen=True, kw_only=True)
class Sign:
    """One way in which two assignments differ as a whole."""

    kind: Literal["dead", "split", "merged", "swapped"]
    left: tuple[int, ...]
    """Clusters of the left assignment it is about."""
    right: tuple[int, ...]
    """Clusters of the right one; for `swapped` the partner of each on the left."""


def joint_table(left: np.ndarray, right: np.ndarray, n_clusters: int) -> Counts:
    """(K, K) samples by cluster of the left and of the right assignment, each (n,)."""
    return confusion(left, right, n_clusters, n_clusters)


def agreement(counts: Counts) -> float:
    """Share of samples with the same cluster number in both."""
    return float(np.trace(counts) / max(int(counts.sum()), 1))


def matched_agreement(counts: Counts) -> float:
    """The same after the numbers of the right clusters were changed for the best agreement (Hungarian)."""
    partner = match_classes(counts)
    return float(counts[partner, np.arange(len(counts))].sum() / max(int(counts.sum()), 1))


def diagnose(counts: Counts) -> list[Sign]:
    """Dead, split, merged and swapped clusters, in that order.

    A cluster is split when two or more clusters of the other side hold a good part of it each and consist mainly of
    it; merged is the same read from the other side. Clusters are swapped when the two that hold the same samples have
    different numbers; a closed round of such clusters is one sign.
    """
    rows, columns = counts.sum(axis=1), counts.sum(axis=0)
    fair = counts.sum() / len(counts)
    alive_left, alive_right = rows >= DEAD * fair, columns >= DEAD * fair
    signs = [
        Sign(kind="dead", left=() if alive_left[k] else (k,), right=() if alive_right[k] else (k,))
        for k in range(len(counts))
        if not (alive_left[k] and alive_right[k])
    ]
    of_left = counts / np.maximum(rows, 1)[:, None] * np.outer(alive_left, alive_right)
    of_right = counts / np.maximum(columns, 1) * np.outer(alive_left, alive_right)
    parts, merges = (of_left >= PART) & (of_right >= MAIN), (of_right >= PART) & (of_left >= MAIN)
    signs += [
        Sign(kind="split", left=(k,), right=tuple(np.flatnonzero(parts[k]).tolist()))
        for k in np.flatnonzero(parts.sum(axis=1) > 1).tolist()
    ]
    signs += [
        Sign(kind="merged", left=tuple(np.flatnonzero(merges[:, k]).tolist()), right=(k,))
        for k in np.flatnonzero(merges.sum(axis=0) > 1).tolist()
    ]
    same = (of_left >= MAIN) & (of_right >= MAIN)
    partner = {int(a): int(b) for a, b in np.argwhere(same) if a != b and parts[a].sum() < 2 and merges[:, b].sum() < 2}
    return signs + _rounds(partner)


def _rounds(partner: dict[int, int]) -> list[Sign]:
    """Swapped clusters, those that change places among themselves together."""
    signs, left = [], dict(partner)
    for first in sorted(partner, key=lambda k: k in partner.values()):  # open chains begin where nobody leads to
        chain = []
        step = first
        while step in left:
            chain.append(step)
            step = left.pop(step)
        if chain:
            signs.append(Sign(kind="swapped", left=tuple(chain), right=tuple(partner[k] for k in chain)))
    return signs


def words(sign: Sign, left: str, right: str, names: Sequence[str]) -> str:
    """A sign as a sentence.

    Args:
        sign: see `diagnose`.
        left: name of the left assignment, e.g. "view 1 (mnist)".
        right: name of the right one.
        names: (K,) of the clusters.
    """
    a, b = _listed(sign.left, names), _listed(sign.right, names)
    if sign.kind == "dead":
        where = f"in both {left} and {right}" if sign.left and sign.right else f"in {left if sign.left else right}"
        return f"**Dead**: cluster {a or b} is almost empty {where}."
    if sign.kind == "split":
        return f"**Split**: cluster {a} of {left} is divided into {b} in {right}."
    if sign.kind == "merged":
        return f"**Merged**: clusters {a} of {left} are one in {right}, cluster {b}."
    if set(sign.left) == set(sign.right) and len(sign.left) == 2:
        return f"**Swapped**: clusters {a} have changed places between {left} and {right}."
    pairs = ", ".join(f"{names[k]} is {names[m]}" for k, m in zip(sign.left[:6], sign.right, strict=False))
    more = " …" if len(sign.left) > 6 else ""
    return f"**Swapped**: the same samples have other numbers: in {left} and {right}, {pairs}{more}."


def _listed(clusters: Sequence[int], names: Sequence[str]) -> str:
    shown = [names[k] for k in clusters]
    return shown[0] if len(shown) == 1 else " and ".join(filter(None, (", ".join(shown[:-1]), "".join(shown[-1:]))))


def verdict(counts: Counts, signs: Sequence[Sign], left: str, right: str) -> str:
    """The whole in one sentence."""
    same, matched = agreement(counts), matched_agreement(counts)
    text = f"{left[0].upper()}{left[1:]} and {right} name the same cluster for {same:.1%} of the samples"
    if matched > same + 0.02:
        text += f", for {matched:.1%} if clusters could change their numbers"
    if not signs and same >= 0.9:
        return text + ": no cluster is dead, split, merged or swapped."
    if not signs:
        return text + ". No cluster as a whole is dead, split, merged or swapped: they differ sample by sample."
    return text + "."


def certain_disagreements(log_probs: Sequence[np.ndarray]) -> np.ndarray:
    """Samples whose views name different clusters, the ones where all views are most confident first.

    The most confident sample of each kind of disagreement precedes the second of any: a page of them shows all kinds.

    Args:
        log_probs: of each view, (n, K).
    """
    clusters = np.stack([scores.argmax(axis=1) for scores in log_probs])
    differ = np.flatnonzero((clusters != clusters[0]).any(axis=0))
    least = np.min([scores[differ].max(axis=1) for scores in log_probs], axis=0)
    most_confident = differ[np.argsort(-least, kind="stable")]
    if not len(most_confident):
        return most_confident
    kind = np.unique(clusters[:, most_confident], axis=1, return_inverse=True)[1].ravel()
    by_kind = np.argsort(kind, kind="stable")
    begins = np.searchsorted(kind[by_kind], kind[by_kind])
    rank = np.empty(len(most_confident), np.int64)
    rank[by_kind] = np.arange(len(most_confident)) - begins
    return most_confident[np.argsort(rank, kind="stable")]
