"""Stability of clusters over a training, worked out from its snapshots: no labels, and nothing to train for it."""

from pathlib import Path

import numpy as np
import streamlit as st

from mmclust.evaluation.metrics import acc
from mmclust.evaluation.snapshot import Snapshot
from mmclust.runs.run import Run
from mmclust.ui.shell.curves import NO_CURVE, Curve

NAME = "signal/stability"


def curve(run: Run) -> Curve:
    """Fraction of samples that kept their cluster since the snapshot before, at each snapshot but the first.

    Clusters of both snapshots are matched, since some methods number them anew.
    """
    kept = run.snapshots()
    pairs = list(zip(kept, kept[1:], strict=False))
    if not pairs:
        return NO_CURVE
    values = [_kept(str(one), str(other), other.stat().st_mtime_ns) for (_, one), (_, other) in pairs]
    epochs = np.array([epoch for _, (epoch, _) in pairs])
    return Curve(epochs, epochs.astype(float), np.array(values))


@st.cache_data(show_spinner=False, max_entries=512)
def _kept(before: str, after: str, written: int) -> float:
    first, second = Snapshot.load(Path(before)), Snapshot.load(Path(after))
    _, of_first, of_second = np.intersect1d(first.index, second.index, return_indices=True)
    if not len(of_first):
        return float("nan")
    return float(acc(first.y_pred[of_first], second.y_pred[of_second]))
