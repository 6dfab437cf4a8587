"""What stands where in a bundle: names of its entries and the columns of a run that travel."""

import re

from mmclust.runs.columns import LATEST
from mmclust.runs.spec import MOST_CLUSTERS

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
MAX_CLUSTERS = MOST_CLUSTERS
NUMBERS = {
    "created": LATEST,
    "started": LATEST,
    "ended": LATEST,
    "epoch": 1e7,
    "seconds": 1e10,
    "samples_per_s": 1e12,
}
COUNTS = {
    "step": (0, 2**31 - 1),
    "total_steps": (0, 2**31 - 1),
    "n_samples": (1, 10**9),
    "n_clusters": (2, MAX_CLUSTERS),
}
TEXTS = {"title": 200, "note": 20_000, "device": 20}
"""Columns of the runs table that travel; the largest a number, both ends of what a count and the longest a text may be.
"""


def folder(number: int) -> str:
    """Where the files of a run are, counted from 1."""
    return f"runs/{number:04d}"
