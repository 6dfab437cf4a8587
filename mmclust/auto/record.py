"""What earned a result of preset auto, as it is stored beside the run: `auto.json`, and partitions in `auto.npz`.

Shapes: N samples, K clusters.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mmclust.evaluation.metrics import acc
from mmclust.evaluation.snapshot import Snapshot

FILE, ARRAYS = "auto.json", "auto.npz"
"""In the run's folder: what earned the result, and the partitions that it names."""
START_LOGIT = 5.0
"""Score of a sample's cluster where the start is the result; the others' is 0."""


def save(folder: Path, about: Mapping[str, Any], partitions: Mapping[str, np.ndarray]) -> None:
    """Write both files into a run's folder; each appears whole or not at all.

    Args:
        folder: of the run.
        about: what `auto.json` holds.
        partitions: each (N,), by the names that `about` has for them.
    """
    arrays = {_key(name): values.astype(np.int32) for name, values in partitions.items()}
    draft = folder / (ARRAYS + ".tmp")
    with draft.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
    draft.replace(folder / ARRAYS)
    _write(folder, about)


def load(folder: Path) -> dict[str, Any] | None:
    """What `auto.json` holds; None for a run without."""
    file = folder / FILE
    return json.loads(file.read_text()) if file.is_file() else None


def load_partitions(folder: Path) -> dict[str, np.ndarray]:
    """The arrays of `auto.npz`, by their names with `_` for spaces."""
    with np.load(folder / ARRAYS) as arrays:
        return dict(arrays)


def add(folder: Path, about: Mapping[str, Any], partitions: Mapping[str, np.ndarray]) -> None:
    """Write `about` anew and add partitions to those that are there."""
    save(folder, about, load_partitions(folder) | dict(partitions))


def as_start(deep: Snapshot, clusters: np.ndarray, n_clusters: int) -> Snapshot:
    """The last snapshot with the start (N,) as its assignment."""
    own = np.arange(n_clusters) == clusters[deep.index][:, None]
    return replace(deep, logits=np.where(own, START_LOGIT, 0.0).astype(np.float32))


def n_moved(before: np.ndarray, after: np.ndarray) -> int:
    """Samples (n,) that left their cluster, after clusters of both partitions are matched."""
    return round((1 - acc(before, after)) * len(before))


def _key(name: str) -> str:
    return name.replace(" ", "_")


def _write(folder: Path, about: Mapping[str, Any]) -> None:
    draft = folder / (FILE + ".tmp")
    draft.write_text(json.dumps(about, indent=2))
    draft.replace(folder / FILE)
