"""Preset auto for methods of several views: lengths in optimiser steps. None of it is the papers'."""

import math
from collections.abc import Mapping
from typing import Any

from mmclust.methods.automatic import Facts, epochs_of
from mmclust.methods.card import Preset

START_STEPS = 400
"""Within which a start is learnt, at most."""
OBJECTIVE_STEPS = ((1.0, 200), (5.0, 300), (math.inf, 1000))
"""Steps of the method's own objective at least, in budgets of up to so many minutes."""
FEWEST_STEPS = 100
TRAINING_FRACTION = 0.5
"""Of the budget; preparation, start and evidence take the rest."""
NOISE = 0.3
"""Deviation of noise on inputs while the start is learnt, in units of a view's own."""
MOST_EVALUATIONS, FEWEST_EVALUATIONS = 24, 8
EVALUATION_US, EVALUATIONS_S = 10.0, 3.0
"""Microseconds of one core to evaluate a sample of one view, measured, and seconds that all evaluations may take."""
NOTE = (
    "Settings by the size of the data, none by its name. Each view is prepared by what its numbers are, training "
    "starts from a clustering that every view alone can predict, and the objective follows unchanged; none "
    "of this is in the paper. Where the method ends with less evidence than its start, the start is the result."
)


def view_preset(
    facts: Facts, budget_min: float, values: Mapping[str, Any], *, step_ms: float, note: str = ""
) -> Preset:
    """What auto decides for a method of several views in a budget of minutes of one core.

    Args:
        facts: of the data set.
        budget_min: minutes.
        values: hyper-parameters, `batch_size` among them.
        step_ms: milliseconds of one core for a step.
        note: what the method does differently, a sentence; empty for nothing.
    """
    wanted = START_STEPS + next(steps for longest, steps in OBJECTIVE_STEPS if budget_min <= longest)
    n_steps = max(FEWEST_STEPS, min(wanted, math.floor(TRAINING_FRACTION * 60_000 * budget_min / step_ms)))
    batch_size = max(1, min(values["batch_size"], facts.n_samples))
    start_steps = min(START_STEPS, 2 * n_steps // 3)
    return Preset(
        values={**values, "batch_size": batch_size},
        epochs=epochs_of(n_steps, 1, facts.n_samples, batch_size),
        n_evaluations=_n_evaluations(facts),
        note=f"{NOTE} {note}".strip(),
        preprocessing=("auto",),
        plan={"start_epochs": epochs_of(start_steps, 1, facts.n_samples, batch_size), "noise": NOISE},
    )


def _n_evaluations(facts: Facts) -> int:
    """How often a training may be evaluated: it takes seconds, and evaluations are to be a small part of it."""
    affordable = math.floor(EVALUATIONS_S / (EVALUATION_US * 1e-6 * facts.n_samples * len(facts.views)))
    return max(FEWEST_EVALUATIONS, min(MOST_EVALUATIONS, affordable))


def batch_for(n_clusters: int, per_cluster: int, low: int, high: int) -> int:
    """Samples in a batch: so many for each cluster, within bounds."""
    return min(max(per_cluster * n_clusters, low), high)
