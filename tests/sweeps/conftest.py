"""Small runs: DCCS at an eighth of its width on 192 digits."""

import pytest

from mmclust.runs.store import RunStore
from mmclust.sweeps.sweep import Cell


@pytest.fixture
def store() -> RunStore:
    return RunStore()


@pytest.fixture
def base() -> Cell:
    return Cell(dataset="digits", method="dccs", preset="paper", changes={"width": 0.125}, epochs=2, limit=192)
