from pathlib import Path

import pytest

from mmclust.runs.run import Run
from mmclust.runs.store import RunStore
from mmclust.specs import build_spec
from mmclust.sweeps.sweep import Cell, grid
from mmclust.ui.components import run_descriptions


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path)


def line(run: Run) -> str:
    return run_descriptions.line(run.record()).replace(f" · {run.id.rpartition('-')[2]}", "")  # without its id


def test_a_run_is_told_by_method_data_and_seed(store: RunStore):
    assert line(store.create(build_spec("digits", "dccs", seed=1))) == "DCCS on Digits 8x8, seed 1 · queued"


def test_a_run_of_a_sweep_says_its_seed_once(store: RunStore):
    sweep = grid(Cell(dataset="digits", method="dccs"), {"sigma": [0.5]}, seeds=(1, 11))
    lines = [line(store.create(sweep.cells[0].build_spec(seed))) for seed in sweep.seeds]
    assert lines == [f"sigma=0.5, seed {seed} · queued · DCCS on Digits 8x8" for seed in (1, 11)]


def test_a_run_with_a_name_keeps_its_seed(store: RunStore):
    run = store.create(build_spec("digits", "dccs", seed=3, title="Mine, seed 33"))
    assert line(run) == "Mine, seed 33, seed 3 · queued · DCCS on Digits 8x8"


def test_the_name_and_what_tells_runs_apart_come_before_what_the_box_may_cut_off(store: RunStore):
    example = next(run for run in store.list() if run.example)
    assert run_descriptions.line(example).startswith("DCCS on letters, seed 0 · ACC 99.2% · example")
    assert "DCCS on Glyphs, ten letters" in run_descriptions.whole(
        example
    ) and example.run_id in run_descriptions.whole(example)
    name, about = "learning_rate=0.0005, beta_aug=2.5, sigma=0.1", "DCCS on Digits 8x8"
    run = store.create(build_spec("digits", "dccs", seed=12, title=name))
    assert line(run) == "learning_rate=…ma=0.1, seed 12 · queued · DCCS on Digits 8x8"
    assert run_descriptions.whole(run.record()).startswith(f"{name}, seed 12 · {about} · queued")
