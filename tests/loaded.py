"""Loads, once it is imported, what programs of the project load before they do anything; see `programs`.

Nothing of `mmclust.ui` is among it: its components register with a server that runs.
"""

import gc
from importlib import import_module

from mmclust import loading, worker

LIBRARIES = (
    "streamlit.web.cli",
    "streamlit.starlette",
    "uvicorn",
    "pyarrow",
    "plotly.graph_objects",
    "scipy.optimize",
    "torchvision",
    "openTSNE",
    "pytorch_grad_cam",
    "mmclust.cli.main",
)

for name in LIBRARIES:
    import_module(name)
loading.load_scikit_learn()
worker.load_all()
gc.collect()
gc.freeze()  # what is loaded stays shared with the copies: their collectors leave it alone
