"""From a user's commands to a run spec: everything that can be wrong is found here, before anything runs."""

from mmclust.specs.build import MAX_SEED, build_spec, expected_memory, facts_of, usual_precision
from mmclust.specs.checks import Read, look, refusals, validate
from mmclust.specs.sizes import n_trained

__all__ = [
    "MAX_SEED",
    "Read",
    "build_spec",
    "expected_memory",
    "facts_of",
    "look",
    "n_trained",
    "refusals",
    "usual_precision",
    "validate",
]
