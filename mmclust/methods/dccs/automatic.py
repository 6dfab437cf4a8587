"""DCCS under preset auto: settings by size, and the augmentations that are tried. None of it is the paper's."""

import math

from mmclust.methods.automatic import (
    FEWEST_UPDATES,
    Facts,
    epochs_of,
    n_evaluations,
    size_note,
    trained_px,
    trained_size,
    training_s,
)
from mmclust.methods.card import Preset

AUGMENTATIONS = {
    "mild": {"rotation": 5.0, "crop_area": 0.8, "jitter": 0.2},
    "strong": {"rotation": 15.0, "crop_area": 0.4, "jitter": 0.4},
}
"""From the most careful to the strongest. Which one helps depends on the images, and too strong a one is seen without
labels: clusters collapse."""
FEW_PER_CLUSTER = 50
"""Images of a cluster, on average, below which the careful augmentation goes first where only one is tried."""
N_CRITIC = 2
START = {"weight": 3.0, "hold": 0.2, "fitted": 0.85, "fade": 0.1, "partner": 0.5}
"""How the shallow start is held (see `mmclust.engine.guide.Schedule`)."""
NOTE = (
    "Settings by the size of the data, none by its name. Training starts from a clustering of pixels and edges (UMAP "
    "and a Gaussian mixture) and lets go of it once it is fitted; half of the augmented partners are neighbours. "
    "Neither is in the paper. Augmentations are tried and chosen without labels."
)


def automatic(facts: Facts, budget_min: float) -> Preset:
    """What auto decides for DCCS in a budget of minutes of one core."""
    batch_size = max(16, min(_batch_size(facts.n_clusters), facts.n_samples))
    wanted = math.floor(1000 * training_s(facts, budget_min) / _update_ms(trained_size(facts, budget_min), batch_size))
    first = "mild" if facts.n_samples < FEW_PER_CLUSTER * facts.n_clusters else "strong"
    tried = tuple(AUGMENTATIONS) if wanted >= len(AUGMENTATIONS) * FEWEST_UPDATES else (first,)
    n_updates = max(FEWEST_UPDATES, wanted // len(tried))
    side = trained_px(facts, budget_min)
    return Preset(
        values={
            "learning_rate": 3e-3,
            "schedule": "cosine",
            "width": 0.25,
            "beta_adv": 3.0,
            "style_dim": 20,
            "n_critic": N_CRITIC,
            "encoder": "light",
            "statistics": "train",
            "batch_size": batch_size,
            "beta_aug": 2.0,
            "flip": False,
            **AUGMENTATIONS[tried[0]],
        },
        epochs=epochs_of(n_updates, N_CRITIC + 1, facts.n_samples, batch_size),
        n_evaluations=n_evaluations(facts, budget_min, len(tried)),
        precision="bf16",
        note=NOTE + size_note(facts, budget_min),
        preprocessing=() if side is None else (f"resize-{side}",),
        plan={"start": START, "candidates": {name: AUGMENTATIONS[name] for name in tried}},
    )


def _batch_size(n_clusters: int) -> int:
    """Images in a batch, so that most clusters are in it."""
    return 32 if n_clusters <= 24 else 64 if n_clusters <= 48 else 128


def _update_ms(size: tuple[int, int], batch_size: int) -> float:
    """Milliseconds of one core for an update of the encoder with its two of the critic; measured in bfloat16."""
    return (5.0 + 8.5 * size[0] * size[1] / 784) * (0.6 + 0.4 * batch_size / 32)
