"""What stands where in a bundle: names of its members and the columns of a run that travel."""

import re

FORMAT, VERSION = "mmclust bundle", 1
IMPORTED = "imported"
"""Tag of runs that came in a bundle."""
MANIFEST = "manifest.json"
RECORD, CURVES, WEIGHTS, SNAPSHOTS = "record.json", "curves.npz", "weights.npz", "snapshots"
"""Members of a run's folder."""
MEMBER = re.compile(
    r"manifest\.json|runs/[0-9]{4,5}/(record\.json|curves\.npz|weights\.npz|snapshots/epoch_[0-9]{4,7}\.npz)"
)
"""Every name that a bundle may hold; none of them leads out of the folder it is unpacked to."""
NUMBERS = ("created", "started", "ended", "epoch", "seconds", "samples_per_s")
COUNTS = ("step", "total_steps", "n_samples", "n_clusters")
TEXTS = {"title": 200, "note": 20_000, "device": 20}
"""Columns of the runs table that travel, and how long a text may be."""


def folder(number: int) -> str:
    """Where the files of a run are, counted from 1."""
    return f"runs/{number:04d}"
