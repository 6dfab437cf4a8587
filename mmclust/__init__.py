"""mmclust: train, watch and inspect deep clusterings of images and multi-view data.

The package runs without a browser (`python -m mmclust --help`); the Streamlit app in `app.py` is one of
its users. Importing it is cheap: torch is loaded only by the rooms that compute with it.
"""

import importlib
import os
from typing import Any

# OpenMP threads that spin while they wait take the cores from everybody else: on a busy machine a training step on two
# threads then takes 20 times as long. Read when torch is loaded, so it is set before.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__version__ = "0.1.0"

__all__ = ["DCCS", "DMIDUIC", "DMIM", "IMCSwAV", "MSDIB", "Map", "__version__", "open_run"]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    """The estimators and the map, loaded when they are first asked for."""
    if name == "Map":
        return importlib.import_module("mmclust.notebook").Map
    if name in __all__:
        from mmclust.loading import without_collector

        with without_collector():
            return getattr(importlib.import_module("mmclust.estimators"), name)
    raise AttributeError(f"module 'mmclust' has no attribute {name!r}")


def __dir__() -> list[str]:
    """What `mmclust` offers."""
    return __all__
