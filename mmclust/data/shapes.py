"""Shapes that we draw: the class is the shape; position, size, colour and rotation are style, and are known.

A set to learn on: what a clustering puts into its clusters, and what it leaves in the style code, can be checked
against the numbers the pictures were drawn from.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from mmclust.data.dataset import DataSpec, MultiViewDataset

PX = 32
N_PER_CLASS = 1000
BACKGROUND = 24

CLASSES = ("circle", "square", "triangle", "star", "cross", "ring", "crescent", "bar")

TURNS = {"circle": 0, "square": 4, "triangle": 3, "star": 5, "cross": 4, "ring": 0, "crescent": 1, "bar": 2}
"""How often a shape looks the same in one turn; 0: at any angle."""


def shapes(
    spec: DataSpec, path: Path | None = None, progress: Callable[[float, str], None] | None = None
) -> MultiViewDataset:
    """The whole set: 1,000 RGB pictures of 32x32 pixels per shape, in mixed order, the same at every call."""
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.repeat(np.arange(len(CLASSES)), N_PER_CLASS))
    n = len(labels)
    factors = {
        "x": rng.uniform(-4, 4, n),
        "y": rng.uniform(-4, 4, n),
        "size": rng.uniform(7, 11.5, n),
        "hue": rng.uniform(0, 1, n),
        "rotation": rng.uniform(0, 2 * np.pi, n),
    }
    images = np.empty((n, 3, PX, PX), np.uint8)
    for label in range(len(CLASSES)):
        chosen = np.flatnonzero(labels == label)
        images[chosen] = draw(CLASSES[label], **{name: values[chosen] for name, values in factors.items()})
        if progress:
            progress((label + 1) / len(CLASSES), f"drawing {CLASSES[label]}s")
    factors = {name: values.astype(np.float32) for name, values in factors.items()}
    turns = np.array([TURNS[name] for name in CLASSES])[labels]
    periods = {"hue": np.ones(n), "rotation": np.where(turns > 0, 2 * np.pi / np.maximum(turns, 1), 0)}
    return MultiViewDataset(
        spec=spec, views=(images,), labels=labels.astype(np.int64), factors=factors, periods=periods
    )


def draw(
    shape: str, *, x: np.ndarray, y: np.ndarray, size: np.ndarray, hue: np.ndarray, rotation: np.ndarray
) -> np.ndarray:
    """Pictures (n, 3, 32, 32) uint8 of one shape, smooth at the edge.

    Args:
        shape: one of `CLASSES`.
        x: centre right of the middle, in pixels (n,).
        y: centre below the middle, in pixels (n,).
        size: distance from the centre to the tips, in pixels (n,).
        hue: colour 0..1 around the colour circle (n,).
        rotation: clockwise on the picture, in radians (n,).
    """
    pixel = (np.arange(PX, dtype=np.float32) - (PX - 1) / 2)[None]
    x, y, size, rotation = (np.asarray(values, np.float32)[:, None, None] for values in (x, y, size, rotation))
    right, down = pixel[:, None, :] - x, pixel[:, :, None] - y  # (n, 1, W), (n, H, 1)
    cos, sin = np.cos(rotation), np.sin(rotation)
    u, v = (cos * right + sin * down) / size, (cos * down - sin * right) / size  # (n, H, W), tips at 1
    cover = np.clip(0.5 - _distance(shape, u, v) * size, 0, 1)[:, None]
    colour = _rgb(np.asarray(hue, np.float32))[:, :, None, None]
    return np.round(BACKGROUND + cover * (colour - BACKGROUND)).astype(np.uint8)


def _distance(shape: str, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """About how far a point (u, v) is outside the unit shape; negative inside."""
    radius = np.hypot(u, v)
    if shape == "circle":
        return radius - 0.85
    if shape == "ring":
        return np.abs(radius - 0.75) - 0.22
    if shape == "crescent":
        return np.maximum(radius - 1, 0.8 - np.hypot(u - 0.5, v))
    across, along = np.abs(u), np.abs(v)
    if shape == "square":
        return np.maximum(across, along) - 0.75
    if shape == "bar":
        return np.maximum(across - 1, along - 0.28)
    if shape == "cross":
        return np.minimum(np.maximum(across - 1, along - 0.27), np.maximum(across - 0.27, along - 1))
    assert shape in ("triangle", "star"), shape
    points, inner = (3, 0.5) if shape == "triangle" else (5, 0.4)
    # fold the plane into half a point, whose edge runs from the tip (1, 0) to the notch at radius `inner`
    wedge = 2 * np.pi / points
    angle = np.abs((np.arctan2(v, u) + wedge / 2) % wedge - wedge / 2)
    notch = inner * np.array([np.cos(wedge / 2), np.sin(wedge / 2)])
    normal = np.array([notch[1], 1 - notch[0]]) / np.hypot(notch[1], 1 - notch[0])
    return radius * (np.cos(angle) * normal[0] + np.sin(angle) * normal[1]) - normal[0]


def _rgb(hue: np.ndarray) -> np.ndarray:
    """Bright colours (n, 3) in 0..255 of hues (n,) in 0..1; saturation 0.7, value 0.95."""
    ramp = np.abs((hue[:, None] * 6 + np.array([0, 4, 2], np.float32)) % 6 - 3) - 1
    return 255 * 0.95 * (1 - 0.7 * (1 - np.clip(ramp, 0, 1)))
