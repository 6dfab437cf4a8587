"""MSDIB under preset auto: settings by size. None of it is the paper's."""

from mmclust.methods.automatic import Facts
from mmclust.methods.card import Preset
from mmclust.methods.views_automatic import batch_for, view_preset


def automatic(facts: Facts, budget_min: float) -> Preset:
    """What auto decides for MSDIB in a budget of minutes of one core."""
    batch_size = min(batch_for(facts.n_clusters, 5, 128, 256), facts.n_samples)
    values = {"batch_size": batch_size, "learning_rate": 1e-4, "align_epochs": 0, "starts": 1, "warm_start": 0}
    step_ms = (6 + 5 * len(facts.views)) * batch_size / 128
    return view_preset(facts, budget_min, values, step_ms=step_ms)
