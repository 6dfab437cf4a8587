"""A map that needs no computing: clusters are corners of a circle, a sample lies between the clusters it may belong to.

Positions depend on the probabilities alone, so the picture moves smoothly through a training and means the same in
every epoch: undecided samples are in the middle, decided ones in a corner.
"""

import numpy as np


def corners(k: int) -> np.ndarray:
    """Positions (k, 2) of the corners, clockwise from the top."""
    angles = np.pi / 2 - 2 * np.pi * np.arange(k) / k
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def corner_map(log_probs: np.ndarray, *, temperature: float = 2.0, spread: float = 0.12) -> np.ndarray:
    """Positions (n, 2) float32 in a circle of radius about 1.

    Args:
        log_probs: (n, K) log-probabilities or logits of the assignment.
        temperature: above 1 softens the probabilities, so that differences between confident samples show.
        spread: radius of the disc that samples of one corner fill; undecided ones fill one three times as large.
    """
    n, k = log_probs.shape
    scaled = (log_probs - log_probs.max(axis=1, keepdims=True)) / temperature
    probs = np.exp(scaled)
    probs /= probs.sum(axis=1, keepdims=True)
    decided = (probs.max(axis=1) - 1 / k) / (1 - 1 / k)
    # A sunflower disc: every sample keeps its own place in the disc through all epochs.
    turn = np.arange(n) * np.pi * (3 - np.sqrt(5))
    radius = spread * (3 - 2 * decided) * np.sqrt((np.random.default_rng(0).permutation(n) + 0.5) / n)
    disc = np.stack([np.cos(turn), np.sin(turn)], axis=1) * radius[:, None]
    return (probs @ corners(k) + disc).astype(np.float32)
