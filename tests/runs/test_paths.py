"""Homes may lie in folders of any name."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mmclust.runs.errors import StoreUnavailable
from mmclust.runs.store import RunStore
from mmclust.specs import build_spec

ODD = "what? 100%20 #1 & 'a' \"b\" [c] {d} ;e"
NAMES = [ODD, "Größe", "数据集", "%", "?", "#", "~", "-rf", " ", "x" * 200]


@pytest.fixture(params=NAMES)
def odd_home(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / request.param


@pytest.fixture(autouse=True)
def store_url() -> str:
    """These tests are about files; the store is SQLite."""
    return ""


def test_everything_of_a_home_lies_in_it(odd_home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MMCLUST_HOME", str(odd_home))
    run = RunStore().create(build_spec("digits", "dccs", title="mine"))
    assert (odd_home / "store.sqlite").stat().st_size > 0
    assert list(odd_home.parent.iterdir()) == [odd_home]
    for again in (RunStore(), RunStore(odd_home), RunStore(odd_home, RunStore().url)):
        assert [record.title for record in again.list(examples=False)] == ["mine"]
    assert any(record.example for record in RunStore().list())
    assert list(odd_home.parent.iterdir()) == [odd_home]
    RunStore().delete(run.id)
    assert not (odd_home / "runs" / run.id).exists()


@pytest.mark.slow
def test_a_process_of_its_own_trains_in_a_home_of_any_name(tmp_path: Path):
    store = RunStore(tmp_path / ODD)
    run = store.create(build_spec("digits", "dccs", preset="quick", changes={"width": 0.125}, epochs=1, limit=192))
    own = {"MMCLUST_HOME": str(store.home), "MMCLUST_STORE": store.url}
    command = [sys.executable, "-m", "mmclust.worker", run.id]
    subprocess.run(command, env=os.environ | own, cwd=Path(__file__).parents[2], check=True, timeout=300)
    assert run.record().status == "finished" and run.snapshot().epoch == 1
    assert list(tmp_path.iterdir()) == [store.home]


def test_a_name_that_is_too_long_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(StoreUnavailable, match="cannot be used: File name too long"):
        RunStore(tmp_path / ("数" * 100))
