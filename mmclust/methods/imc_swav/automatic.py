"""IMC-SwAV under preset auto: settings by size. None of it is the paper's."""

import math

from mmclust.methods.automatic import (
    Facts,
    epochs_of,
    n_evaluations,
    size_note,
    trained_px,
    trained_size,
    training_s,
)
from mmclust.methods.card import Preset

FEWEST_STEPS = 500
"""A step of a ResNet-18 does the work of several updates of a small encoder."""
START = {"weight": 1.0, "hold": 0.0, "fitted": 2.0, "fade": 0.6, "partner": 0.5}
"""How the shallow start is held (see `mmclust.engine.guide.Schedule`)."""
SMALLEST_PX, CROP_PX = 16, 20
NOTE = (
    "A quarter of the channels, two large crops and no small ones, settings by the size of the data and none by its "
    "name. Training starts from a clustering of pixels and edges (UMAP and a Gaussian mixture), whose weight falls "
    "over 60 % of the run; half of the second crops show a neighbour. Neither is in the paper."
)


def automatic(facts: Facts, budget_min: float) -> Preset:
    """What auto decides for IMC-SwAV in a budget of minutes of one core."""
    size = trained_size(facts, budget_min)
    seen_px = max(SMALLEST_PX, min(size))
    crop_px = CROP_PX if seen_px <= 32 else round(seen_px * CROP_PX / 32)
    wanted = 64 if facts.n_clusters <= 48 else max(128, 16 * math.ceil(1.5 * facts.n_clusters / 16))
    batch_size = max(16, min(wanted, facts.n_samples))
    n_steps = max(FEWEST_STEPS, math.floor(1000 * training_s(facts, budget_min) / _step_ms(crop_px, batch_size)))
    side = trained_px(facts, budget_min)
    return Preset(
        values={
            "width": 0.25,
            "n_prototypes": max(100 if facts.n_samples < 1500 else 300, -(-3 * facts.n_clusters // 20) * 20),
            "projection_dim": 64,
            "n_low": 0,
            "high_size": min(crop_px, seen_px),
            "high_area": 0.5,
            "epsilon": 0.03,
            "learning_rate": 2e-3,
            "warm_up": 50,
            "normalisation": "measured",
            "batch_size": batch_size,
            "flip": False,
        },
        epochs=epochs_of(n_steps, 1, facts.n_samples, batch_size),
        n_evaluations=n_evaluations(facts, budget_min, 4),
        precision="bf16",
        note=NOTE + size_note(facts, budget_min),
        preprocessing=() if side is None else (f"resize-{side}",),
        plan={"start": START, "candidates": {"usual": {}}},
    )


def _step_ms(crop_px: int, batch_size: int) -> float:
    """Milliseconds of one core for a step; measured in bfloat16."""
    return 120.0 * (crop_px / CROP_PX) ** 2 * batch_size / 64
