"""Measurements of speed and quality, run from the repository's root through `python -m mmclust bench`."""
