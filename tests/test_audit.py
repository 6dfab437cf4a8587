"""A line for each start, deletion, import and upload says who did it."""

import json
import logging
from pathlib import Path

import numpy as np
import pytest

from mmclust import audit, bundle
from mmclust.data import uploads
from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.launch.process import environment
from mmclust.runs import trash
from mmclust.runs.spec import RunSpec
from mmclust.runs.store import RunStore

SPEC = RunSpec(dataset="digits", method="dccs", config={}, epochs=2)


def lines(home: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in (home / audit.FILE).read_text().splitlines()]


def test_what_happens_to_a_run_is_noted_with_who_did_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "who", lambda: ("a1b2", "ada\n{}@example.org"))
    store = RunStore()
    run = store.create(SPEC)
    assert run.record().creator == "a1b2" and store.n_active("a1b2") == 1 and store.n_active("other") == 0
    store.request(run.id, "stop")
    store.requeue(run.id, "thread")
    store.request(run.id, "pause")
    store.delete(run.id)
    trash.restore(store, run.id)
    store.delete(run.id)
    trash.drop(store, run.id)
    noted = lines(home)
    assert [line["action"] for line in noted] == [
        "start",
        "stop",
        "resume",
        "pause",
        "delete",
        "restore",
        "delete",
        "remove",
    ]
    assert {(line["user"], line["what"]) for line in noted} == {("a1b2", run.id)}
    assert noted[0]["name"] == "ada\n{}@example.org" and noted[0]["time"].endswith("+00:00")
    assert (home / audit.FILE).stat().st_mode & 0o777 == 0o600


def test_data_sets_that_come_and_go_are_noted(home: Path) -> None:
    view = ViewSpec(name="x", kind="vector", shape=(3,))
    data = MultiViewDataset(spec=DataSpec(name="x", views=(view,), n_clusters=2), views=(np.zeros((4, 3), np.float32),))
    name = uploads.keep(data, uploads.About(title="Mine"))
    uploads.delete(name)
    assert [(line["action"], line["what"], line["user"]) for line in lines(home)] == [
        ("add", name, audit.LOCAL),
        ("delete", name, audit.LOCAL),
    ]


def test_imports_are_noted(home: Path, tmp_path: Path) -> None:
    store = RunStore()
    opened = bundle.read(store, Path(__file__).parent / "legacy" / "run.mmclust")
    (line,) = lines(home)
    assert (line["action"], line["what"], line["file"]) == ("import", opened.run_ids[0], "run.mmclust")
    assert store.record(opened.run_ids[0]).creator == audit.LOCAL


def test_a_child_works_for_the_user_who_started_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as page:
        page.setattr(audit, "who", lambda: ("a1b2", "ada"))
        told = environment(RunStore())
    monkeypatch.setattr(audit, "who", audit._of_process)  # pages that were opened before have put their own there
    monkeypatch.setenv(audit.VARIABLE, told[audit.VARIABLE])
    assert audit.user() == "a1b2"


def test_a_log_that_cannot_be_written_stops_nobody(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store = RunStore()
    (home / audit.FILE).mkdir()
    with caplog.at_level(logging.WARNING):
        store.delete(store.create(SPEC).id)
    assert "is not noted" in caplog.text
