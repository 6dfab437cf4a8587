"""What a generative method draws for each cluster code, and whether it finds the code in it again.

Shapes: K clusters, M noise vectors, R samples per code.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mmclust.methods.base import Method


@dataclass(frozen=True, kw_only=True)
class Generated:
    """Samples drawn from every code with the same noise, and where the method puts others of them."""

    views: tuple[np.ndarray, ...]
    """Each (K, M, ...): row k has code k, column m noise vector m."""
    counts: np.ndarray
    """(K, K) generated samples by code and by the cluster that the method assigns them to."""

    @property
    def found(self) -> float:
        """Share of the generated samples whose code is found again."""
        return float(np.trace(self.counts) / max(int(self.counts.sum()), 1))


def generate(method: "Method", *, n_noise: int = 8, n_per_code: int = 100, seed: int = 0) -> Generated:
    """Draw from every code.

    Args:
        method: a trained method that can generate.
        n_noise: columns of the grid.
        n_per_code: samples of each code for the table.
        seed: of the noise.

    Raises:
        ValueError: the run was trained without its generators.
    """
    import torch

    n_clusters = method.spec.n_clusters
    codes = torch.arange(n_clusters)
    with torch.inference_mode():
        # The same generator for every code: the columns of the grid share their noise.
        rows = [method.generate(code.repeat(n_noise), torch.Generator().manual_seed(seed)) for code in codes]
        draws = torch.Generator().manual_seed(seed + 1)
        counts = torch.zeros(n_clusters, n_clusters, dtype=torch.long)
        for code in codes:
            found = method.assign(method.generate(code.repeat(n_per_code), draws)).argmax(dim=1)
            counts[code] = torch.bincount(found, minlength=n_clusters)
    views = tuple(torch.stack(view).float().numpy() for view in zip(*rows, strict=True))
    return Generated(views=views, counts=counts.numpy())


def variety(generated: np.ndarray, real: np.ndarray, y_pred: np.ndarray) -> float:
    """How much the noise changes a sample: spread of generated samples of a code over that of a cluster's real ones.

    About 1 when generated samples of a code differ as real ones do, 0 when the noise is ignored.

    Args:
        generated: (K, M, ...) of one view.
        real: (n, ...) of the same view, prepared as for training.
        y_pred: (n,) clusters of the real samples.
    """
    drawn = generated.reshape(*generated.shape[:2], -1).var(axis=1).sum(axis=1)
    spread = [
        real[y_pred == k].reshape(int((y_pred == k).sum()), -1).var(axis=0, dtype=np.float64).sum()
        for k in range(len(drawn))
        if (y_pred == k).any()
    ]
    return float(np.sqrt(drawn.mean() / max(np.mean(spread), 1e-12)))
