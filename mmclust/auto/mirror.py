"""Whether a mirrored image is still an image of the set: then mirroring is an augmentation, else it makes another sign.

Shapes: N images, C channels, H x W pixels.
"""

from dataclasses import dataclass

import numpy as np

MIRROR_BELOW = 1.1
"""Median ratio up to which images are mirrored. Measured: natural images, textures and drawn shapes 1.00, clothes 1.08;
letters 1.16, digits 1.3 to 1.8, faces and palms 3.2 to 3.6."""
MANY_IMAGES = 1000
"""Fewer images lie far apart, which hides what a mirror does (letters: 1.16 of 1200 images, 1.03 of 60)."""
NEARER_OF_FEW = 0.4
"""Of fewer images, at least this fraction must have a nearer neighbour when mirrored; half do where it makes no
difference."""
MOST_IMAGES = 2000


@dataclass(frozen=True, kw_only=True)
class Mirror:
    """How far mirrored images are from the others."""

    n_images: int
    ratio: float
    """Distance of a mirrored image to the nearest other image over that of the plain image, median; near 1 where the
    mirror image of a sample could be a sample."""
    nearer: float
    """Fraction of images that are nearer to another image when mirrored."""

    @property
    def allowed(self) -> bool:
        """Whether mirroring is an augmentation of these images."""
        few = self.n_images < MANY_IMAGES
        return self.ratio < MIRROR_BELOW and not (few and self.nearer < NEARER_OF_FEW)


def mirror(images: np.ndarray, seed: int = 0) -> Mirror:
    """Compare images with their mirror images.

    Args:
        images: (N, C, H, W), in any range, two at least.
        seed: of the sample of images that is compared.
    """
    chosen = np.sort(np.random.default_rng(seed).permutation(len(images))[:MOST_IMAGES])
    pixels = images[chosen].astype(np.float32)
    plain = pixels.reshape(len(pixels), -1)
    before = _nearest_other(plain, plain)
    after = _nearest_other(np.ascontiguousarray(pixels[..., ::-1]).reshape(plain.shape), plain)
    # Copies of an image have a neighbour at distance 0, mirrored or not: they tell nothing.
    told = (before > 0) | (after > 0)
    if not told.any():
        return Mirror(n_images=len(images), ratio=1.0, nearer=1.0)
    ratio = after[told] / np.maximum(before[told], 1e-6 * after.max())
    return Mirror(n_images=len(images), ratio=float(np.median(ratio)), nearer=float((after <= before)[told].mean()))


def _nearest_other(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Distance (n,) of each row to the nearest row of the others but the one of the same number."""
    squared = np.square(images).sum(axis=1)[:, None] + np.square(others).sum(axis=1) - 2 * images @ others.T
    np.fill_diagonal(squared, np.inf)
    return np.sqrt(np.maximum(squared.min(axis=1), 0))
