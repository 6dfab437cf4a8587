"""Whether a mirrored image is still of its cluster: then mirroring is an augmentation, else it makes another sign.

Shapes: N images, C channels, H x W pixels.
"""

from dataclasses import dataclass

import numpy as np

KEPT_FROM = 0.7
"""Images are mirrored from this value of `Mirror.kept` on. Measured on 13 sets: natural images, scenes of colours,
drawn shapes and clothes 0.8 to 1.0; digits, letters, slanted textures, faces and palms 0 to 0.5. That mirrored images
are near others is not enough: those of slanted textures are, at the slant of another class."""
RATIO_BELOW = 1.2
"""And below this value of `Mirror.ratio`: 1.00 to 1.08 for the former, 1.2 to 5 for most of the latter."""
MOST_IMAGES = 2000


@dataclass(frozen=True, kw_only=True)
class Mirror:
    """What mirroring does to images."""

    ratio: float
    """Distance of a mirrored image to the nearest other image over that of the plain image, median; near 1 where the
    mirror image of a sample could be a sample."""
    kept: float
    """How often a mirrored image's nearest other image lies in the cluster of the plain image, over how often the plain
    image's does, both less what chance gives; near 1 where mirroring makes no difference."""

    @property
    def allowed(self) -> bool:
        """Whether mirroring is an augmentation of these images."""
        return self.kept >= KEPT_FROM and self.ratio < RATIO_BELOW


def mirror(images: np.ndarray, clusters: np.ndarray, seed: int = 0) -> Mirror:
    """Compare images with their mirror images.

    Args:
        images: (N, C, H, W), in any range, two at least.
        clusters: (N,) of a clustering without labels.
        seed: of the sample of images that is compared.
    """
    chosen = np.sort(np.random.default_rng(seed).permutation(len(images))[:MOST_IMAGES])
    pixels, clusters = images[chosen].astype(np.float32), clusters[chosen]
    plain = pixels.reshape(len(pixels), -1)
    near, before = _nearest_other(plain, plain)
    near_mirrored, after = _nearest_other(np.ascontiguousarray(pixels[..., ::-1]).reshape(plain.shape), plain)
    chance = float(np.square(np.bincount(clusters) / len(clusters)).sum())
    usual, kept = (float((clusters[found] == clusters).mean()) - chance for found in (near, near_mirrored))
    told = before > 0  # a copy of an image is at distance 0 and gives no ratio
    return Mirror(
        ratio=float(np.median(after[told] / before[told])) if told.any() else 1.0,
        kept=kept / usual if usual > 0 else float(len(np.unique(clusters)) < 2),
    )


def _nearest_other(images: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest row of the others but the one of the same number, for each row (n,), and its distance (n,)."""
    squared = np.square(images).sum(axis=1)[:, None] + np.square(others).sum(axis=1) - 2 * images @ others.T
    np.fill_diagonal(squared, np.inf)
    found = squared.argmin(axis=1)
    return found, np.sqrt(np.maximum(squared[np.arange(len(found)), found], 0))
