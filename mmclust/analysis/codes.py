"""Codes over prototypes finer than clusters: which are used, which cluster owns them, what augmentation does to them.

Shapes: n samples, D dimensions, K clusters, P prototypes.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import softmax, xlogy

from mmclust.analysis.source import Source

if TYPE_CHECKING:
    from mmclust.methods.base import Method

SOURCE = Source(modules=(__name__,))
"""The code that computes all of this, for what is kept on disk."""
CHUNK = 4096
"""Samples at once: the codes of all at a thousand prototypes would not fit beside the data."""


@dataclass(frozen=True, kw_only=True)
class Use:
    """How samples use prototypes."""

    nearest: np.ndarray
    """(n,) prototype with the largest probability."""
    joint: np.ndarray
    """(K, P) joint distribution of clusters and prototypes, mean of y u^T over the samples; sums to 1."""

    @property
    def counts(self) -> np.ndarray:
        """(P,) samples whose nearest prototype it is."""
        return np.bincount(self.nearest, minlength=self.joint.shape[1])

    @property
    def entropy(self) -> float:
        """Entropy in nats of the nearest prototypes; ln P when all are used alike."""
        share = self.counts / max(1, len(self.nearest))
        return float(-xlogy(share, share).sum())

    @property
    def owner(self) -> np.ndarray:
        """(P,) cluster that uses a prototype most."""
        return self.joint.argmax(axis=0)

    @property
    def purity(self) -> np.ndarray:
        """(P,) share of a prototype's use that its owner has; 0 for prototypes nobody uses."""
        total = self.joint.sum(axis=0)
        return np.divide(self.joint.max(axis=0), total, out=np.zeros_like(total), where=total > 0)

    @property
    def order(self) -> np.ndarray:
        """(P,) prototypes by their owner, the most used ones of each first."""
        return np.lexsort((-self.joint.max(axis=0), self.owner))


def use(points: np.ndarray, prototypes: np.ndarray, probs: np.ndarray, temperature: float) -> Use:
    """How samples use prototypes (IMC-SwAV, Eq. 5: P = y^T u).

    Args:
        points: (n, D) samples on the unit sphere.
        prototypes: (P, D) on the same sphere.
        probs: (n, K) clusters.
        temperature: divides the cosines in the softmax that gives the codes u.
    """
    nearest = np.empty(len(points), np.int64)
    joint = np.zeros((probs.shape[1], len(prototypes)))
    for start in range(0, len(points), CHUNK):
        part = slice(start, start + CHUNK)
        scores = points[part].astype(np.float32) @ prototypes.T.astype(np.float32)
        nearest[part] = scores.argmax(axis=1)
        joint += probs[part].T @ softmax(scores / temperature, axis=1)
    return Use(nearest=nearest, joint=joint / max(1, len(points)))


def divergences(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Jensen-Shannon divergences (n, n) in nats between the codes of two augmentations, IMC-SwAV Fig. 2.

    The diagonal compares a sample with itself and should be small, the rest compares different samples; ln 2 at most.

    Args:
        first: (n, P) probabilities; rows of the result.
        second: (n, P) probabilities of the same samples, augmented otherwise; columns.
    """
    found = np.empty((len(first), len(second)))
    for row, of_row in enumerate(first.astype(np.float64)):
        middle = (of_row + second) / 2
        mixed = -xlogy(middle, middle).sum(axis=1)
        found[row] = mixed + (xlogy(of_row, of_row).sum() + xlogy(second, second).sum(axis=1)) / 2
    return found.clip(0, np.log(2))


def augmented(method: "Method", views: Sequence[np.ndarray], *, seed: int = 0) -> np.ndarray:
    """Codes (2, n, P) of two random augmentations of samples, with the batch statistics of training.

    Args:
        method: a trained method whose card says `augments`; it stays as it is.
        views: each (n, ...); as many samples as a training batch has, so that their statistics are like its.
        seed: of the augmentations.
    """
    import torch

    twin = deepcopy(method).train()  # running statistics move in training mode
    with torch.no_grad():
        inputs = tuple(torch.from_numpy(np.array(values)) for values in views)
        return twin.augmented_codes(inputs, torch.Generator().manual_seed(seed)).float().numpy()
