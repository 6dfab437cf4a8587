"""mmclust: train, watch and inspect deep clusterings of images and multi-view data.

The package runs without a browser (`python -m mmclust --help`); the Streamlit app in `app.py` is one of
its users. Importing it is cheap: torch is loaded only by the rooms that compute with it.
"""

__version__ = "0.1.0"
