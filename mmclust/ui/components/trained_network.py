"""What needs the trained network of a run: its weights, the last snapshot, an empty state without them."""

from pathlib import Path

import streamlit as st

from mmclust.analysis.source import Source
from mmclust.baselines.exploring import EXPLORED
from mmclust.clustering import Clustering
from mmclust.methods import METHODS
from mmclust.ui.shell import cache, frame


def at_last_snapshot(clustering: Clustering) -> Clustering:
    """The run at its last snapshot: the weights of earlier epochs are not kept."""
    snapshots = clustering.run.snapshots()
    if not snapshots or clustering.epoch == snapshots[-1][0]:
        return clustering
    st.caption(f"Only the weights of the last epoch are stored, so this page shows epoch {snapshots[-1][0]}.")
    return cache.clustering(clustering.record, *snapshots[-1])


def no_weights(clustering: Clustering, what: str) -> None:
    """The empty state of what needs the trained network; a baseline has none."""
    if (name := clustering.record.spec.method) in EXPLORED:
        frame.empty(
            "No network in this run",
            f"{what} needs a trained network, and {EXPLORED[name].title} is a baseline without one.",
            page="train.py",
            button="Train a method",
        )
        return
    frame.empty(
        "No trained weights yet",
        f"{what} needs the trained network, which is stored with the first checkpoint, a few seconds after "
        "training starts.",
        page="train.py",
        button="Watch training",
    )


def weights(clustering: Clustering) -> Path:
    """The file of the run's trained weights."""
    return clustering.run.folder / "checkpoint.pt"


def source(clustering: Clustering) -> Source:
    """The code that whatever the trained network says depends on: the method's, and that of its data's preparation."""
    method = f"{METHODS[clustering.record.spec.method]}.method"
    return Source(modules=(method, "mmclust.data.preprocessing"), packages=("torch",))


def written(clustering: Clustering) -> int:
    """When the trained weights were written, in nanoseconds; part of the name of all that depends on them.

    Raises:
        ValueError: they are gone.
    """
    try:
        return weights(clustering).stat().st_mtime_ns
    except OSError:
        raise ValueError("the trained weights of this run are gone; choose another run") from None
