"""What preset auto decides before anything is read: settings that follow from samples, clusters and pixels.

What needs the samples themselves is decided when the run begins (`mmclust.auto`). Nothing follows from a name. Needs no
torch.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from mmclust.data.dataset import ViewSpec

BUDGETS_MIN: Mapping[str, float] = {"auto": 3.0, "quick": 2 / 3, "best-known": 10.0}
"""Presets that are lengths of auto: minutes of one core."""
LONGEST_MIN = 24 * 60.0
FEWEST_UPDATES = 1500
"""Updates of the encoder in a run that nobody asked to be shorter."""
WARN_BELOW_UPDATES = 500
LARGEST_PX = 40
"""Images above this are trained smaller."""
TRAINED_PX, TRAINED_PX_LONG, LONG_MIN = 32, 64, 8.0
"""Shorter side that they get; the second one in budgets from so many minutes on."""
START_S, START_PER_THOUSAND_S, MOST_LAID_OUT = 6.0, 3.0, 5000
"""Seconds of the shallow start of images: to begin with, and for each thousand of those that are laid out."""
DESCRIBE_PER_THOUSAND_S = 0.25
"""Seconds for each thousand of all images, to be described and compared."""
EVALUATION_FRACTION = 0.1
"""Of the budget that may go into evaluations."""
EVALUATION_MS = 0.06
"""Milliseconds to evaluate an image, and a tenth of the budget is what all evaluations may take."""
MOST_EVALUATIONS = 24


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of a data set before it is read."""

    n_samples: int
    """To train on."""
    n_clusters: int
    views: tuple[ViewSpec, ...]


TYPICAL = Facts(n_samples=10_000, n_clusters=10, views=(ViewSpec(name="image", kind="image", shape=(1, 28, 28)),))
"""Stands in where nothing is known, as in a list of what presets are."""


def trained_px(facts: Facts, budget_min: float) -> int | None:
    """Shorter side at which large images are trained; None where they keep their size."""
    size = facts.views[0].shape[1:]
    wanted = TRAINED_PX_LONG if budget_min >= LONG_MIN else TRAINED_PX
    return wanted if max(size) > LARGEST_PX and min(size) > wanted else None


def trained_size(facts: Facts, budget_min: float) -> tuple[int, int]:
    """Height and width at which images are trained."""
    height, width = facts.views[0].shape[1:]
    side = trained_px(facts, budget_min)
    factor = 1.0 if side is None else side / min(height, width)
    return round(height * factor), round(width * factor)


def training_s(facts: Facts, budget_min: float) -> float:
    """Seconds of the budget that are left for training beside the shallow start and evaluations."""
    laid_out = min(facts.n_samples, MOST_LAID_OUT)
    start = START_S + START_PER_THOUSAND_S * laid_out / 1000 + DESCRIBE_PER_THOUSAND_S * facts.n_samples / 1000
    return (1 - EVALUATION_FRACTION) * 60 * budget_min - start


def n_evaluations(facts: Facts, budget_min: float, n_candidates: int) -> int:
    """How often a candidate's training may be evaluated, its end included."""
    each_s = n_candidates * EVALUATION_MS * facts.n_samples / 1000
    return max(2, min(MOST_EVALUATIONS, math.floor(EVALUATION_FRACTION * 60 * budget_min / each_s)))


def epochs_of(n_updates: int, steps_per_update: int, n_samples: int, batch_size: int) -> int:
    """Passes over the data that hold at least so many updates of the encoder."""
    return max(1, math.ceil(n_updates * steps_per_update / max(1, n_samples // batch_size)))


def size_note(facts: Facts, budget_min: float) -> str:
    """A sentence on the size of large images; empty for others."""
    side = trained_px(facts, budget_min)
    if side is None:
        return ""
    height, width = facts.views[0].shape[1:]
    return f" Images of {width} x {height} pixels are trained at {side}: larger ones need a GPU and hours."
