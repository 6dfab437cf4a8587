"""Images made smaller. Shapes: N images, C channels, H x W pixels."""

import numpy as np

_BLOCK = 1024


def size_after(size: tuple[int, int], side: int) -> tuple[int, int]:
    """Height and width whose shorter one is `side`, in the proportions of the image; smaller images keep their size."""
    factor = min(1.0, side / min(size))
    return round(size[0] * factor), round(size[1] * factor)


def resized(images: np.ndarray, side: int) -> np.ndarray:
    """Images (N, C, h, w) in their type, each pixel the mean of those that it stands for.

    Args:
        images: (N, C, H, W).
        side: pixels of the shorter side.
    """
    height, width = size_after((images.shape[2], images.shape[3]), side)
    if (height, width) == images.shape[2:]:
        return images
    rows, columns = _means(images.shape[2], height), _means(images.shape[3], width)
    found = np.empty((*images.shape[:2], height, width), images.dtype)
    whole = np.issubdtype(images.dtype, np.integer)
    for start in range(0, len(images), _BLOCK):
        smaller = rows @ images[start : start + _BLOCK].astype(np.float32) @ columns.T
        found[start : start + _BLOCK] = np.rint(smaller) if whole else smaller
    return found


def _means(size: int, smaller: int) -> np.ndarray:
    """Weights (smaller, size) float32 that average neighbouring pixels; rows sum to 1."""
    edges = np.linspace(0, size, smaller + 1)
    pixel = np.arange(size)
    covered = np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel)
    return (np.maximum(covered, 0) * smaller / size).astype(np.float32)
