"""Drawn data with known classes, whose right treatment is known too."""

import numpy as np


def blobs(
    n_samples: int = 400, n_classes: int = 5, dims: tuple[int, ...] = (20, 30), seed: int = 0
) -> tuple[list[np.ndarray], np.ndarray]:
    """Gaussian classes in every view, each view rotated and its columns stretched at random."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, n_classes, n_samples)
    views = []
    for d in dims:
        centres = random.normal(size=(n_classes, d)) * 6 / np.sqrt(d)
        rotation = np.linalg.qr(random.normal(size=(d, d)))[0]
        points = (centres[labels] + random.normal(size=(n_samples, d))) @ rotation
        views.append((points * np.exp(random.normal(size=d))).astype(np.float32))
    return views, labels


def topics(
    n_samples: int = 400, n_classes: int = 4, n_words: tuple[int, ...] = (900, 700), seed: int = 0
) -> tuple[list[np.ndarray], np.ndarray]:
    """Word counts of texts: a quarter of the words follow the class, lengths vary."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, n_classes, n_samples)
    views = []
    for d in n_words:
        common = random.dirichlet(np.full(d, 0.1))
        of_class = [0.75 * common + 0.25 * random.dirichlet(np.full(d, 0.02)) for _ in range(n_classes)]
        lengths = random.integers(20, 200, n_samples)
        counts = [random.multinomial(n, of_class[label]) for n, label in zip(lengths, labels, strict=True)]
        views.append(np.stack(counts).astype(np.float32))
    return views, labels


def graph(labels: np.ndarray, seed: int = 0) -> np.ndarray:
    """A 0/1 adjacency (N, N) whose edges are ten times as frequent within a class."""
    random = np.random.default_rng(seed)
    same = labels[:, None] == labels[None]
    upper = np.triu(random.random(same.shape) < np.where(same, 0.15, 0.015), 1)
    return (upper | upper.T).astype(np.float32)


def noise(n_samples: int, n_columns: int = 25, seed: int = 7) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n_samples, n_columns)).astype(np.float32)
