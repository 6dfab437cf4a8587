"""DMID-UIC under preset auto: settings by size. None of it is the paper's."""

from mmclust.methods.automatic import Facts
from mmclust.methods.card import Preset
from mmclust.methods.views_automatic import batch_for, view_preset

NOTE = "Its generators are off: they draw values from 0 to 1, and prepared views have others."


def automatic(facts: Facts, budget_min: float) -> Preset:
    """What auto decides for DMID-UIC in a budget of minutes of one core."""
    batch_size = max(16, min(batch_for(facts.n_clusters, 2, 256, 512), facts.n_samples))
    values = {"batch_size": batch_size, "generative": False, "align_epochs": 0, "autoencoder_epochs": 0}
    return view_preset(facts, budget_min, values, step_ms=(2 + 2 * len(facts.views)) * batch_size / 256, note=NOTE)
