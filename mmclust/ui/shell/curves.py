"""Curves of runs, kept in memory and read on from the last known point."""

import threading
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from mmclust.plots.curves import decimate
from mmclust.runs.run import Run
from mmclust.ui.shell import hidden


@dataclass(frozen=True)
class Curve:
    """One curve of a run: arrays over its n points."""

    step: np.ndarray
    epoch: np.ndarray
    value: np.ndarray

    def __len__(self) -> int:
        return len(self.step)


NO_CURVE = Curve(np.empty(0, np.int64), np.empty(0), np.empty(0))
Curves = dict[str, Curve]
"""Name -> curve, in the order in which the names first came."""


POINTS = 240
"""Points of a curve on a page; more would only cost time in the browser."""


class _CurveReader:
    """The curves of one run, read on from the last known point."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.known: Curves = {}
        self.last_id: int | None = None

    def read(self, run: Run) -> Curves:
        with self.lock:
            fresh = run.metrics(since_id=self.last_id)
            if len(fresh):
                self.last_id = int(fresh["id"].iloc[-1])
                self.known = self._with(fresh)
            return self.known

    def _with(self, fresh: pd.DataFrame) -> Curves:
        # A run that went on from a checkpoint writes the steps after it anew: what was known from there on is void.
        known, first = dict(self.known), fresh["step"].iloc[0]
        for name, old in known.items():
            if len(old.step) and old.step[-1] > first:
                valid = np.searchsorted(old.step, first, side="right")
                known[name] = Curve(old.step[:valid], old.epoch[:valid], old.value[:valid])
        columns = [fresh[column].to_numpy() for column in ("name", "step", "epoch", "value")]
        for name in dict.fromkeys(columns[0]):
            member = columns[0] == name
            step, epoch, value = (column[member] for column in columns[1:])
            old = known.get(name, NO_CURVE)
            valid = np.searchsorted(old.step, step[0])
            known[name] = Curve(
                np.append(old.step[:valid], step),
                np.append(old.epoch[:valid], epoch),
                np.append(old.value[:valid], value),
            )
        return known


@st.cache_resource(show_spinner=False, max_entries=64)
def _reader(run_id: str, home: str) -> _CurveReader:
    return _CurveReader()


def read(run: Run) -> Curves:
    """All curves that this session may see; only points that came since the last call are read from the store."""
    return hidden.of_curves(_reader(run.id, str(run.store.home)).read(run))


def thin(points: Curves, names: list[str]) -> pd.DataFrame:
    """The named curves with at most `POINTS` points each (columns epoch, name, value)."""
    parts = {name: decimate(points[name].epoch, points[name].value, POINTS) for name in names if name in points}
    if not parts:
        return pd.DataFrame({"epoch": [], "name": [], "value": []})
    return pd.DataFrame(
        {
            "epoch": np.concatenate([epoch for epoch, _ in parts.values()]),
            "name": np.repeat(np.array(list(parts), dtype=object), [len(epoch) for epoch, _ in parts.values()]),
            "value": np.concatenate([value for _, value in parts.values()]),
        }
    )
