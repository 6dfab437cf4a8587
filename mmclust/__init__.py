"""mmclust: train, watch and inspect deep clusterings of images and multi-view data.

The package runs without a browser (`python -m mmclust --help`); the Streamlit app in `app.py` is one of
its users. Importing it is cheap: torch is loaded only by the rooms that compute with it.
"""

import os

# OpenMP threads that spin while they wait take the cores from everybody else: on a busy machine a training step on two
# threads then takes 20 times as long. Read when torch is loaded, so it is set before.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__version__ = "0.1.0"
