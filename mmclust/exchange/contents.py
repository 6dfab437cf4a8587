"""What the formats write: a run's last clustering, its curves, its spec in plain words."""

import json
from typing import Any

import pandas as pd

from mmclust.clustering import Clustering, cluster_snapshot
from mmclust.data import catalogue
from mmclust.data.dataset import MultiViewDataset
from mmclust.runs.run import Run


def dataset(run: Run) -> MultiViewDataset | None:
    """The samples that a run was trained on; None where they are not at hand."""
    try:
        return catalogue.load(run.spec.dataset, limit=run.spec.limit)
    except (ValueError, OSError):
        return None


def clustering(run: Run) -> Clustering:
    """The clustering of a run's last snapshot.

    Raises:
        ValueError: the run has no snapshot yet.
    """
    return cluster_snapshot(run.record(), run, 0, run.snapshot(), dataset(run))


def parameters(run: Run) -> dict[str, Any]:
    """Spec of a run by name, hyperparameters as config.NAME; values are numbers, texts and truth values."""
    spec = json.loads(run.spec.shared().to_json())
    flat = {f"config.{name}": value for name, value in spec.pop("config").items()}
    found = {name: value for name, value in spec.items() if value not in (None, "", [], {})} | flat
    return {
        name: value if isinstance(value, (int, float, str, bool)) else json.dumps(value)
        for name, value in found.items()
    }


def points(run: Run) -> pd.DataFrame:
    """Finite points of the curves: columns step, epoch, name, value."""
    found = run.metrics()
    return found.loc[found["value"].notna(), ["step", "epoch", "name", "value"]]
