"""DMIM under preset auto: settings by size. None of it is the paper's."""

from mmclust.methods.automatic import Facts
from mmclust.methods.card import Preset
from mmclust.methods.views_automatic import batch_for, view_preset

MOST_OVER, FEWEST_OVER = 10, 2
"""Bounds of the over-clustering factor; below the second there is none."""
PER_OVER_CLUSTER = 4
"""Samples in a batch for each over-cluster, at least."""
MANY = 5000
"""Samples from which the larger learning rate is stable."""


def automatic(facts: Facts, budget_min: float) -> Preset:
    """What auto decides for DMIM in a budget of minutes of one core."""
    batch_size = min(batch_for(facts.n_clusters, 8, 256, 512), facts.n_samples)
    over = min(MOST_OVER, batch_size // (PER_OVER_CLUSTER * facts.n_clusters))
    n_views = len(facts.views)
    values = {
        "batch_size": batch_size,
        "over_factor": max(over, 1),
        "over_weight": 1.0 if over >= FEWEST_OVER else 0.0,
        "tau": 10.0,
        "learning_rate": 3e-4 if facts.n_samples >= MANY else 1e-4,
        "align_epochs": 0,
    }
    step_ms = (4 + 2.5 * n_views + 0.7 * n_views * (n_views - 1) / 2) * batch_size / 256
    return view_preset(facts, budget_min, values, step_ms=step_ms)
