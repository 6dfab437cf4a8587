"""Packages that may not be loaded by two threads at once."""

import threading
from importlib import import_module

_LOCK = threading.Lock()
_PARTS = (
    "base cluster datasets decomposition feature_extraction.text linear_model metrics mixture model_selection "
    "neighbors pipeline preprocessing utils utils.validation"
)


def load_scikit_learn() -> None:
    """Load all that is used of scikit-learn, one thread at a time; later calls cost nothing.

    Its modules import each other in circles, so that two threads which load it at once can both fail.
    """
    with _LOCK:
        for part in _PARTS.split():
            import_module(f"sklearn.{part}")
