from pathlib import Path

import pytest

from mmclust.plan import plan
from mmclust.runs.run import Run
from mmclust.runs.store import RunStore
from mmclust.sweeps.sweep import Cell, grid
from mmclust.ui import picker


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path)


def line(run: Run) -> str:
    return picker.line(run.record()).rpartition(" · ")[0]  # without its id


def test_a_run_is_told_by_method_data_and_seed(store: RunStore):
    assert line(store.create(plan("digits", "dccs", seed=1))) == "DCCS on Digits 8x8, seed 1 · queued"


def test_a_run_of_a_sweep_says_its_seed_once(store: RunStore):
    sweep = grid(Cell(dataset="digits", method="dccs"), {"sigma": [0.5]}, seeds=(1, 11))
    lines = [line(store.create(sweep.cells[0].plan(seed))) for seed in sweep.seeds]
    assert lines == [f"sigma=0.5, seed {seed} · DCCS on Digits 8x8 · queued" for seed in (1, 11)]


def test_a_run_with_a_name_keeps_its_seed(store: RunStore):
    run = store.create(plan("digits", "dccs", seed=3, title="Mine, seed 33"))
    assert line(run) == "Mine, seed 33, seed 3 · DCCS on Digits 8x8 · queued"
