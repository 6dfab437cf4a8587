"""What a generative method draws for each cluster code, and whether it finds the code in it again.

Shapes: K clusters, M noise vectors, R samples per code.
"""

import math
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


def generate(
    method: "Method", *, n_noise: int = 8, walk: bool = False, n_per_code: int = 100, seed: int = 0
) -> Generated:
    """Draw from every code.

    Args:
        method: a trained method that can generate.
        n_noise: columns of the grid.
        walk: the columns go from one noise vector to another in equal steps, instead of each having its own.
        n_per_code: samples of each code for the table.
        seed: of the noise.

    Raises:
        ValueError: the run was trained without its generators.
    """
    import torch

    n_clusters = method.spec.n_clusters
    codes = torch.arange(n_clusters)
    draws = torch.Generator().manual_seed(seed)
    noise = torch.randn(n_noise, method.noise_dim, generator=draws)
    if walk:
        # On a quarter of a circle every step is as likely as its ends; a straight line would cross rarer noise.
        angle = torch.linspace(0, math.pi / 2, n_noise)[:, None]
        noise = angle.cos() * noise[:1] + angle.sin() * noise[-1:]
    with torch.inference_mode():
        rows = [method.generate(code.repeat(n_noise), noise) for code in codes]  # columns share their noise
        counts = torch.zeros(n_clusters, n_clusters, dtype=torch.long)
        for code in codes:
            others = torch.randn(n_per_code, method.noise_dim, generator=draws)
            found = method.assign(method.generate(code.repeat(n_per_code), others)).argmax(dim=1)
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
