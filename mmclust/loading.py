"""How packages are loaded: some not by two threads at once, many without looking for garbage meanwhile."""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def without_collector() -> Iterator[None]:
    """Load modules without looking for garbage among them: they stay, and looking takes a fifth of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
