"""Seconds to a map: t-SNE, UMAP and PaCMAP of codes as DCCS gives them, beside scikit-learn's t-SNE.

Wall seconds and processor seconds are both given; a machine shared with other work shows in their difference. Each
kind is run once on a few samples first, so that what is compiled on first use does not count. Trustworthiness and
continuity say what the pictures are worth (see `mmclust.analysis.projection_quality`).
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks import machine
from mmclust import settings
from mmclust.analysis.projection import KINDS, project
from mmclust.analysis.projection_quality import quality

SIZES = (2_000, 10_000, 70_000)
KIND_NAMES = ("tsne", "umap", "pacmap")
N_CLUSTERS, STYLE_DIM, SIGMA, SOFTNESS = 10, 50, 0.1, 0.15
LARGEST_FOR_SKLEARN = 10_000
N_REFERENCES = 1_000


def codes(n_samples: int) -> np.ndarray:
    """Codes (n, 60): a style of deviation 0.1 beside a category that is nearly, but not quite, one-hot."""
    random = np.random.default_rng(0)
    category = np.eye(N_CLUSTERS)[random.integers(N_CLUSTERS, size=n_samples)]
    share = random.beta(0.3, 3.0, size=(n_samples, 1)) * SOFTNESS
    others = random.dirichlet(np.ones(N_CLUSTERS), size=n_samples)
    style = SIGMA * random.standard_normal((n_samples, STYLE_DIM))
    return np.concatenate((style, (1 - share) * category + share * others), axis=1).astype(np.float32)


def measure(
    *, sizes: Sequence[int] = SIZES, sklearn: bool = True, say: Callable[[str], None] = lambda line: None
) -> dict[str, Any]:
    """Seconds of each kind of map for each number of samples.

    Args:
        sizes: numbers of samples.
        sklearn: whether to run scikit-learn's t-SNE as well, up to 10,000 samples.
        say: given a line for each map.
    """
    for kind in KIND_NAMES:
        project(codes(500), kind)
    found: dict[str, dict[str, Any]] = {}
    for size in sizes:
        values = codes(size)
        here = found.setdefault(str(size), {})
        for kind in KIND_NAMES:
            here[kind] = _timed(project, values, kind)
            say(f"{size} samples, {KINDS[kind]}: {here[kind]['seconds']} s")
        if sklearn and size <= LARGEST_FOR_SKLEARN:
            here["tsne_sklearn"] = _timed(_sklearn_tsne, values)
            say(f"{size} samples, t-SNE of scikit-learn: {here['tsne_sklearn']['seconds']} s")
            here["ratio_to_sklearn"] = {
                unit: round(here["tsne_sklearn"][unit] / here["tsne"][unit], 2) for unit in ("seconds", "cpu_seconds")
            }
    return {
        "bench": "embed",
        "what": f"codes of {STYLE_DIM + N_CLUSTERS} dimensions",
        "threads": settings.n_threads(),
        "maps": found,
        "machine": machine.describe(),
    }


def _sklearn_tsne(values: np.ndarray) -> np.ndarray:
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    with threadpool_limits(settings.n_threads()):
        return TSNE(init="pca", random_state=0, n_jobs=settings.n_threads()).fit_transform(values)


def _timed(make: Callable[..., np.ndarray], values: np.ndarray, *more: Any) -> dict[str, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    xy = make(values, *more)
    seconds, cpu_seconds = time.perf_counter() - wall, time.process_time() - cpu
    kept = quality(values, xy, references=N_REFERENCES)
    return {
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu_seconds, 1),
        "trustworthiness": round(kept.trustworthiness, 3),
        "continuity": round(kept.continuity, 3),
    }
