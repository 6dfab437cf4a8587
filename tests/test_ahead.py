"""What is compiled ahead of its first use."""

import threading
from pathlib import Path

import pytest

from mmclust import ahead


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a package that writes down each time it is imported; nothing else is compiled, and it is quiet."""
    (tmp_path / "slowly.py").write_text(
        "from pathlib import Path\nPath(__file__).with_name('done').open('a').write('x')\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(ahead, "PACKAGES", ("slowly",))
    monkeypatch.setattr(ahead.metadata, "version", lambda name: "1")
    monkeypatch.setattr(ahead, "_is_idle", lambda: True)
    return tmp_path


def test_it_is_done_once_for_a_version(package: Path, monkeypatch: pytest.MonkeyPatch):
    home, stop = package / "home", threading.Event()
    ahead.compile_all(home, stop)
    ahead.compile_all(home, stop)
    assert (package / "done").read_text() == "x"
    monkeypatch.setattr(ahead.metadata, "version", lambda name: "2")
    ahead.compile_all(home, stop)
    assert (package / "done").read_text() == "xx"


def test_a_busy_machine_or_a_server_that_ends_is_left_alone(package: Path, monkeypatch: pytest.MonkeyPatch):
    stop = threading.Event()
    stop.set()
    monkeypatch.setattr(ahead, "_is_idle", lambda: False)
    ahead.compile_all(package / "home", stop)
    assert not (package / "done").exists()
    monkeypatch.setattr(ahead, "_is_idle", lambda: True)
    (package / "slowly.py").write_text("import time\ntime.sleep(600)\n")
    ahead.compile_all(package / "home", stop)
    assert not (package / "home").exists(), "it was ended in the middle and is tried again next time"


def test_what_is_not_installed_or_fails_is_passed_over(package: Path):
    (package / "slowly.py").write_text("raise ImportError\n")
    ahead.compile_all(package / "home", threading.Event())
    assert not (package / "home").exists()
