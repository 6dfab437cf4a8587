"""What preset auto decides for an image method from the data alone: sizes, lengths, settings and what to try.

Everything follows from the number of images and clusters, the pixels and the budget; nothing from a name.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

BUDGETS_MIN = {"quick": 2 / 3, "auto": 3.0, "best-known": 10.0}
"""Minutes of one core."""
FEWEST_UPDATES = 1500
"""Encoder updates of a default run, at least."""
WARN_BELOW_UPDATES = 500
LARGEST_PX = 40
"""Images above this are trained smaller."""
TRAINED_PX, TRAINED_PX_LONG = 32, 64
"""Shorter side that they get; in a budget from `LONG_MIN` minutes on, the second."""
LONG_MIN = 8.0
START_S = 5.0
"""Seconds to begin with: libraries, features, the first layout; and what each thousand of laid-out images adds."""
START_PER_THOUSAND_S = 3.5
TRIAL_FRACTION = 0.6
"""Of the time for training that goes into the choice among candidates."""

AUGMENTATIONS: Mapping[str, Mapping[str, float]] = {
    "mild": {"rotation": 5.0, "crop_area": 0.8, "jitter": 0.2},
    "medium": {"rotation": 10.0, "crop_area": 0.6, "jitter": 0.4},
    "strong": {"rotation": 15.0, "crop_area": 0.4, "jitter": 0.4},
}
"""Augmentations that DCCS tries, the most careful first."""


@dataclass(frozen=True, kw_only=True)
class Images:
    """What is known of a set of images before it is read."""

    n_images: int
    n_clusters: int
    size: tuple[int, int]
    """Height and width at which they are trained."""
    colour: bool


def trained_px(size: tuple[int, int], budget_min: float) -> int | None:
    """Shorter side at which images are trained; None where they keep their size."""
    if max(size) <= LARGEST_PX:
        return None
    wanted = TRAINED_PX_LONG if budget_min >= LONG_MIN else TRAINED_PX
    return wanted if min(size) > wanted else None


def batch_of_clusters(n_clusters: int) -> int:
    """Images in a batch of DCCS, so that most clusters are in it."""
    return 32 if n_clusters <= 24 else 64 if n_clusters <= 48 else 128


def dccs_values(images: Images) -> dict[str, Any]:
    """Settings of DCCS that need no trial."""
    return {
        "learning_rate": 3e-3,
        "schedule": "cosine",
        "width": 0.25,
        "beta_adv": 3.0,
        "style_dim": 20,
        "n_critic": 2,
        "encoder": "light",
        "statistics": "train",
        "batch_size": min(batch_of_clusters(images.n_clusters), images.n_images),
    }


def imc_swav_values(images: Images) -> dict[str, Any]:
    """Settings of IMC-SwAV that need no trial."""
    seen_px = max(16, min(images.size))
    return {
        "width": 0.25,
        "n_prototypes": max(300 if images.n_images >= 1500 else 100, 3 * images.n_clusters),
        "projection_dim": 64,
        "n_low": 0,
        "high_size": min(20, seen_px) if seen_px <= LARGEST_PX else round(seen_px * 5 / 8),
        "high_area": 0.5,
        "epsilon": 0.03,
        "learning_rate": 2e-3,
        "warm_up": 50,
        "batch_size": min(64 if images.n_clusters <= 48 else 128, images.n_images),
    }


def dccs_update_ms(images: Images) -> float:
    """Milliseconds of one core for an encoder update with its two critic updates, measured with bfloat16."""
    pixels = images.size[0] * images.size[1]
    return (4.0 + 8.0 * pixels / 784) * (0.4 + 0.6 * batch_of_clusters(images.n_clusters) / 32)


def imc_swav_update_ms(images: Images) -> float:
    """Milliseconds of one core for a step of IMC-SwAV."""
    return 150.0 * batch_of_clusters(images.n_clusters) / 32


def start_s(n_images: int) -> float:
    """Seconds that the shallow start takes, about."""
    return START_S + START_PER_THOUSAND_S * min(n_images, 5000) / 1000


def updates_in(budget_min: float, update_ms: float, n_images: int) -> int:
    """Encoder updates that fit into a budget beside the start, but never too few for a result."""
    seconds = 60 * budget_min - start_s(n_images)
    return max(FEWEST_UPDATES, math.floor(1000 * seconds / update_ms))
