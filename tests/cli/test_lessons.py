from dataclasses import replace
from pathlib import Path

import pytest

from mmclust.analysis import projection
from mmclust.cli.main import main
from mmclust.lessons import make
from mmclust.lessons.lessons import LESSONS
from mmclust.lessons.shipped import SETTINGS, Shipped
from mmclust.runs.store import open_lessons


@pytest.fixture
def small_settings(monkeypatch: pytest.MonkeyPatch, runs_in_this_process: None) -> None:
    """Narrow networks, without processes of workers."""
    narrow = {"dccs": {"width": 0.125}, "dmim": {"hidden": 32}}
    for name, setting in SETTINGS.items():
        monkeypatch.setitem(SETTINGS, name, replace(setting, changes={**setting.changes, **narrow[setting.method]}))


@pytest.mark.slow
@pytest.mark.usefixtures("small_settings")
def test_the_lessons_runs_are_made_by_a_command_and_told_from_them(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
):
    lay_out = projection.cached_projection
    monkeypatch.setattr(make, "cached_projection", lambda folder, values, kind: lay_out(folder, values, "pca"))
    folder = tmp_path / "lessons"
    assert main(["lessons", "--out", str(folder), "--epochs", "1", "--seeds", "2"]) == 0
    store = open_lessons(home, folder)
    assert store is not None
    assert len(store.list()) == 2 * len(SETTINGS)
    shipped = Shipped(store)
    for lesson in LESSONS.values():
        told = lesson(shipped)
        assert told.guess.read(str(told.guess.answer)) is not None
    assert not any(str(tmp_path) in path.read_text() for path in folder.rglob("*.json"))


def test_without_trained_runs_nothing_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["lessons", "--out", str(tmp_path / "lessons"), "--trained"]) == 0
    assert "0 runs" in capsys.readouterr().out
    assert open_lessons(tmp_path, tmp_path / "lessons") is None
