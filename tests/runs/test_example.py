from pathlib import Path

import numpy as np
import pytest

from mmclust.auto import account
from mmclust.evaluation.metric_names import MAIN
from mmclust.evaluation.snapshot import Snapshot
from mmclust.runs import store as stores
from mmclust.runs.example import FOLDER, save_example
from mmclust.runs.run import Run
from mmclust.runs.spec import RunSpec
from mmclust.runs.store import RunStore, open_example


@pytest.fixture
def finished(tmp_path: Path) -> Run:
    store = RunStore(tmp_path / "maker")
    created = store.create(RunSpec(dataset="digits", method="dccs", config={}, epochs=2, title="Example"))
    active = store.claim(created.id)
    assert active is not None
    active.log({"loss/a": float("nan")} | {f"eval/{name}": 0.9 for name in MAIN}, step=2, epoch=2)
    logits = np.eye(3, dtype=np.float32)
    active.snapshot(Snapshot(epoch=2, step=2, index=np.arange(3), logits=logits, spaces={"z": logits}))
    active.finish("finished")
    return created


@pytest.fixture
def folder(finished: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    target = tmp_path / "bundled"
    save_example(finished, target)
    monkeypatch.setattr(stores.open_example, "__defaults__", (target,))
    return target


def test_the_example_is_listed_after_the_user_s_runs_and_marked(folder: Path, finished: Run):
    store = RunStore()
    mine = store.create(RunSpec(dataset="digits", method="dccs", config={}, epochs=2))
    assert [(r.run_id, r.example) for r in store.list()] == [(mine.id, False), (finished.id, True)]
    assert [r.run_id for r in store.list(examples=False)] == [mine.id]


def test_the_example_reads_like_any_run(folder: Path, finished: Run):
    run = RunStore().get(finished.id)
    record = run.record()
    assert (record.status, record.example, record.resumable) == ("finished", True, False)
    assert record.metrics == dict.fromkeys(MAIN, 0.9)
    assert run.metrics()["name"].tolist() == ["loss/a", "eval/acc", "eval/nmi", "eval/ari"]
    assert run.metrics()["step"].tolist() == [2] * 4
    assert np.isnan(run.metrics(["loss/a"])["value"].iloc[0])
    assert run.snapshot().epoch == 2
    assert run.folder == folder


def test_the_example_cannot_be_changed(folder: Path, finished: Run):
    store = RunStore()
    run = store.get(finished.id)
    for change in (lambda: run.rename("mine"), lambda: run.request("stop"), lambda: store.delete(run.id)):
        with pytest.raises(ValueError):
            change()
    assert folder.exists()


def test_the_example_names_no_machine_and_no_process(folder: Path, finished: Run):
    from mmclust.runs import owner

    assert owner.machine() not in (folder / "record.json").read_text()


def test_without_example_files_there_is_no_example(tmp_path: Path):
    assert open_example(tmp_path, tmp_path / "nothing") is None


def test_only_a_finished_run_can_become_the_example(tmp_path: Path):
    run = RunStore().create(RunSpec(dataset="digits", method="dccs", config={}, epochs=2))
    with pytest.raises(ValueError, match="only a finished run"):
        save_example(run, tmp_path / "target")
    assert not (tmp_path / "target").exists()


def test_the_shipped_example_comes_with_its_verdict():
    found = account.read(FOLDER)
    assert found is not None and found.complete and found.verdict is not None
    assert found.moments and found.verdict.reasons
