"""Homes may lie in folders of any name."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from programs import Program

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
def test_a_process_of_its_own_trains_in_a_home_of_any_name(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
):
    store = RunStore(tmp_path / ODD)
    run = store.create(build_spec("digits", "dccs", preset="paper", changes={"width": 0.125}, epochs=1, limit=192))
    monkeypatch.setenv("MMCLUST_HOME", str(store.home))
    monkeypatch.setenv("MMCLUST_STORE", store.url)
    said = tmp_path_factory.mktemp("worker") / "worker.log"
    worker = Program("from mmclust.worker import main; main()", run.id, output=said, complaints=said)
    assert worker.wait(300) == 0, said.read_text()
    assert run.record().status == "finished" and run.snapshot().epoch == 1
    assert list(tmp_path.iterdir()) == [store.home]


def test_a_name_that_is_too_long_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(StoreUnavailable, match="cannot be used: File name too long"):
        RunStore(tmp_path / ("数" * 100))


@contextmanager
def without_rights() -> Iterator[None]:
    """Root may write everywhere: be nobody for a while."""
    nobody = os.geteuid() == 0
    if nobody:
        os.seteuid(65534)
    try:
        yield
    finally:
        if nobody:
            os.seteuid(0)


@pytest.fixture
def read_only_home() -> Iterator[Path]:
    """A home with a run that nobody may write into; those of pytest can be entered by their owner alone."""
    with tempfile.TemporaryDirectory(prefix="mmclust-") as folder:
        home = Path(folder) / "home"
        store = RunStore(home)
        store.create(build_spec("digits", "dccs", title="mine"))
        store.close()
        places = [Path(folder), home, *home.rglob("*")]
        for path in places:
            path.chmod(0o555 if path.is_dir() else 0o444)
        yield home
        for path in places:
            path.chmod(0o755)


def test_a_home_that_may_not_be_written_is_read(read_only_home: Path):
    with without_rights():
        store = RunStore(read_only_home)
        assert [record.title for record in store.list(examples=False)] == ["mine"]
        with pytest.raises(StoreUnavailable, match="cannot be written: Permission denied"):
            store.create(build_spec("digits", "dccs"))
        with pytest.raises(StoreUnavailable, match="cannot be written, .* make it writable, or set MMCLUST_HOME"):
            store.delete(store.list(examples=False)[0].run_id)
        assert len(store.list(examples=False)) == 1


def test_a_folder_that_may_not_be_written_is_no_home(read_only_home: Path):
    with without_rights(), pytest.raises(StoreUnavailable, match="cannot be used: Permission denied"):
        RunStore(read_only_home / "new")
