from pathlib import Path

import pytest

from mmclust import ram


@pytest.fixture
def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(ram, "GROUP", tmp_path)
    monkeypatch.setattr(ram, "MEMINFO", tmp_path / "meminfo")
    (tmp_path / "meminfo").write_text("MemTotal:  8388608 kB\nMemAvailable:  4194304 kB\n")
    return tmp_path


def test_a_machine_without_containers_has_what_it_says(group: Path):
    assert ram.left_mib() == 4096


@pytest.mark.parametrize(("limit", "left"), [("max", 4096), (str(2**30), 1024 - 600 + 100), (str(500 * 2**20), 0)])
def test_a_container_has_no_more_than_its_limit(group: Path, limit: str, left: float):
    (group / "memory.max").write_text(f"{limit}\n")
    (group / "memory.current").write_text(f"{600 * 2**20}\n")
    (group / "memory.stat").write_text(f"anon 1\ninactive_file {100 * 2**20}\n")
    assert ram.left_mib() == left


def test_where_nothing_is_told_nothing_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ram, "GROUP", tmp_path)
    monkeypatch.setattr(ram, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(ram, "STATUS", tmp_path / "status")
    assert ram.left_mib() is None and ram.used_mib() is None
