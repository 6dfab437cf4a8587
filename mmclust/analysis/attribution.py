"""Which values of a sample speak for its cluster: integrated gradients (Sundararajan et al., ICML 2017).

Shapes: n samples, K clusters, D values of a view.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter

from mmclust.analysis.source import Source

if TYPE_CHECKING:
    from mmclust.methods.base import Method

SOURCE = Source(modules=(__name__,))
"""The code that computes all of this, for what is kept on disk."""


def integrated_gradients(
    method: "Method",
    views: Sequence[np.ndarray],
    targets: np.ndarray,
    baselines: Sequence[np.ndarray],
    *,
    n_steps: int = 16,
    batch_size: int = 256,
) -> tuple[np.ndarray, ...]:
    """What each value adds to the log-odds of a cluster against all others, beside a baseline sample.

    All values of a sample add up to the log-odds of the sample minus those of the baseline, up to the rounding of the
    path into steps. Log-odds, unlike probabilities, go on growing where an assignment is sure.

    Args:
        method: a trained method; its weights and mode stay as they are.
        views: each (n, ...), prepared as for training.
        targets: (n,) cluster asked about for each sample.
        baselines: of each view (...), where the path to a sample begins, e.g. the mean sample.
        n_steps: points on the path, in the middle of equal parts.
        batch_size: samples at once.

    Returns:
        Each (n, ...) float32.

    Raises:
        ValueError: a target is no cluster.
    """
    slopes = mean_slopes(method, views, targets, baselines, n_steps=n_steps, batch_size=batch_size)
    return tuple(
        (view.astype(np.float32) - start) * slope for view, start, slope in zip(views, baselines, slopes, strict=True)
    )


def mean_slopes(
    method: "Method",
    views: Sequence[np.ndarray],
    targets: np.ndarray,
    baselines: Sequence[np.ndarray],
    *,
    n_steps: int = 16,
    batch_size: int = 256,
) -> tuple[np.ndarray, ...]:
    """Gradient (n, ...) of the log-odds in each view, mean over the way from a baseline; see `integrated_gradients`."""
    import torch

    n_clusters = method.spec.n_clusters
    if len(targets) and not 0 <= int(np.min(targets)) <= int(np.max(targets)) < n_clusters:
        raise ValueError(f"cluster {int(np.max(targets))} was asked about; clusters go from 0 to {n_clusters - 1}")
    starts = [torch.from_numpy(np.asarray(start, dtype=np.float32)) for start in baselines]
    results = [np.zeros(view.shape, np.float32) for view in views]
    was_training = {module: module.training for module in method.modules()}
    method.eval()
    try:
        with torch.enable_grad():
            for first in range(0, len(targets), batch_size):
                part = slice(first, first + batch_size)
                ends = [torch.from_numpy(np.asarray(view[part], dtype=np.float32)) for view in views]
                asked = torch.from_numpy(np.asarray(targets[part], dtype=np.int64))
                for step in range(n_steps):
                    share = (step + 0.5) / n_steps
                    points = tuple(
                        (start + share * (end - start)).requires_grad_()
                        for start, end in zip(starts, ends, strict=True)
                    )
                    logits = method.logits(points).double()
                    own = logits.gather(1, asked[:, None])[:, 0]
                    others = logits.scatter(1, asked[:, None], -torch.inf).logsumexp(dim=1)
                    slopes = torch.autograd.grad((own - others).sum(), points, allow_unused=True)
                    for result, slope in zip(results, slopes, strict=True):
                        if slope is not None:
                            result[part] += slope.numpy() / n_steps
    finally:
        method.zero_grad(set_to_none=True)
        for module, training in was_training.items():
            module.training = training
    return tuple(results)


def affine_weights(raw: np.ndarray, prepared: np.ndarray, *, at_most: int = 2000) -> np.ndarray:
    """The linear part (D, d) of a preparation such as principal components, read from samples before and after it.

    Args:
        raw: (n, ...) samples before.
        prepared: (n, d) the same samples after.
        at_most: samples that are looked at, evenly spread.
    """
    rows = slice(None, None, max(1, len(raw) // at_most))
    before = raw[rows].reshape(len(raw[rows]), -1).astype(np.float64)
    after = prepared[rows].astype(np.float64)
    return np.linalg.lstsq(before - before.mean(axis=0), after - after.mean(axis=0), rcond=1e-8)[0].astype(np.float32)


def of_pixels(slopes: np.ndarray, weights: np.ndarray, raw: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Attribution (n, ...) of values before an affine preparation: the chain rule on `mean_slopes` after it.

    Args:
        slopes: (n, d) of the prepared view.
        weights: (D, d), see `affine_weights`.
        raw: (n, ...) samples before the preparation.
        start: (...) baseline before the preparation.
    """
    return (raw.astype(np.float32) - start) * (slopes @ weights.T).reshape(raw.shape)


def averaged(attribution: np.ndarray, targets: np.ndarray, n_clusters: int) -> np.ndarray:
    """Mean attribution (K, ...) of the samples asked about for each cluster; zeros where there are none."""
    sums = np.zeros((n_clusters, *attribution.shape[1:]), np.float64)
    np.add.at(sums, targets, attribution)
    counts = np.maximum(np.bincount(targets, minlength=n_clusters), 1)
    return (sums / counts.reshape(-1, *(1,) * (attribution.ndim - 1))).astype(np.float32)


def view_contributions(attributions: Sequence[np.ndarray], targets: np.ndarray, n_clusters: int) -> np.ndarray:
    """How much each view decides (K, V): its share of the size of all attributions; rows sum to 1, or are 0.

    Args:
        attributions: of each view, (n, ...).
        targets: (n,) cluster asked about for each sample.
        n_clusters: K.
    """
    sizes = np.stack([np.abs(part.reshape(len(part), -1).sum(axis=1)) for part in attributions], axis=1)
    per_cluster = averaged(sizes, targets, n_clusters)
    total = per_cluster.sum(axis=1, keepdims=True)
    return per_cluster / np.where(total > 0, total, 1)


def saliency_map(attribution: np.ndarray) -> np.ndarray:
    """Attribution of pixels (n, C, H, W) as heat (n, H, W) in [0, 1]: what speaks for the cluster, each by itself."""
    positive = np.clip(attribution.sum(axis=1), 0, None)
    # A single pixel seldom says much: neighbours are read together, as eyes do.
    smooth = gaussian_filter(positive, sigma=(0, 0.7, 0.7))
    peak = smooth.max(axis=(1, 2), keepdims=True)
    return (smooth / np.where(peak > 0, peak, 1)).astype(np.float32)
