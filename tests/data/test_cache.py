import errno
from pathlib import Path

import pytest

from mmclust.data import checksums
from mmclust.data.readers import cache


def test_an_entry_is_made_once(home: Path) -> None:
    made = []

    def fill(folder: Path) -> None:
        made.append((folder / "x").write_text("1"))

    assert cache.entry("a", fill) == cache.entry("a", fill) == home / "cache" / "a"
    assert len(made) == 1 and (home / "cache" / "a" / "x").read_text() == "1"


def test_a_damaged_entry_is_made_again(home: Path) -> None:
    made = []

    def fill(folder: Path) -> None:
        (folder / "deep").mkdir()
        (folder / "deep" / "x").write_text("whole")
        made.append(folder)

    file = cache.entry("a", fill) / "deep" / "x"
    file.write_text("whale")
    assert (cache.entry("a", fill) / "deep" / "x").read_text() == "whole" and len(made) == 2
    file.unlink()
    assert cache.find("a") is None and not (home / "cache" / "a").exists()


def test_large_entries_are_not_compared(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checksums, "LARGEST", 3)

    def fill(folder: Path) -> None:
        (folder / "x").write_bytes(b"1234")

    file = cache.entry("a", fill) / "x"
    file.write_bytes(b"5678")
    assert cache.find("a") is not None


def test_a_failure_leaves_no_entry(home: Path) -> None:
    def fill(folder: Path) -> None:
        (folder / "x").write_text("half")
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        cache.entry("a", fill)
    assert cache.find("a") is None and list((home / "cache").iterdir()) == []


def test_the_faster_of_two_makers_wins(home: Path) -> None:
    def fill(folder: Path) -> None:
        (folder / "x").write_text("slow")
        (home / "cache" / "a").mkdir()
        (home / "cache" / "a" / "x").write_text("fast")

    assert (cache.entry("a", fill) / "x").read_text() == "fast"
    assert [item.name for item in (home / "cache").iterdir()] == ["a"]


@pytest.mark.parametrize(
    ("code", "words"),
    [(errno.ENOSPC, "is full; free some space"), (errno.EACCES, "cannot be written; set MMCLUST_HOME")],
)
def test_a_full_or_forbidden_disk_is_said_in_one_sentence(code: int, words: str) -> None:
    def fill(folder: Path) -> None:
        raise OSError(code, "no")

    with pytest.raises(ValueError, match=words):
        cache.entry("a", fill)


def test_a_home_that_is_a_file_is_said_in_one_sentence(home: Path) -> None:
    home.write_text("not a folder")
    with pytest.raises(ValueError, match="cannot be written; set MMCLUST_HOME"):
        cache.entry("a", lambda folder: None)
