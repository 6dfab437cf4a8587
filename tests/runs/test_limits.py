from pathlib import Path

import pytest

from mmclust import ram, worker
from mmclust.runs import limits
from mmclust.runs.store import RunStore
from mmclust.specs import build_spec


@pytest.fixture(autouse=True)
def store_url() -> None:
    """Memory has nothing to do with the kind of store."""


def test_a_run_pauses_before_memory_ends_and_goes_on_when_there_is_some(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mmclust.runs.store_writer.WRITE_EVERY_S", 0.05)
    store = RunStore()
    changes = {"width": 0.125}
    run = store.create(build_spec("digits", "dccs", preset="paper", changes=changes, epochs=60, limit=192))
    monkeypatch.setattr(ram, "left_mib", lambda: 150.0 if run.record().step > 3 else 4000.0)
    active = store.claim(run.id)
    assert active is not None and worker.execute(active) == "paused"
    assert "200 MiB of memory are left" in run.record().error and run.record().step < 60 * 12
    monkeypatch.setattr(ram, "left_mib", lambda: 4000.0)
    store.requeue(run.id, "thread")
    again = store.claim(run.id)
    assert again is not None and worker.execute(again) == "finished"


def test_a_run_may_have_a_limit_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ram, "used_mib", lambda: 3000.0)
    monkeypatch.setattr(ram, "left_mib", lambda: 4000.0)
    assert limits.reached(tmp_path, 1000.0) == ""
    monkeypatch.setenv("MMCLUST_MAX_RUN_MIB", "1500")
    assert "has taken 2,000 MiB of memory and may take 1,500" in limits.reached(tmp_path, 1000.0)
    assert limits.reached(tmp_path, 2000.0) == ""


def test_a_setting_that_is_no_number_pauses_with_its_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MMCLUST_MEMORY_RESERVE_MIB", "much")
    assert "MMCLUST_MEMORY_RESERVE_MIB='much' is not a whole number" in limits.reached(tmp_path, 0.0)
