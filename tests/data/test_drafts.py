import errno
import io
import os
import time
from pathlib import Path

import pytest

from mmclust.data import drafts


def files(*names: str) -> list[tuple[str, io.BytesIO]]:
    return [(name, io.BytesIO(b"12345")) for name in names]


def test_files_arrive_in_a_draft(home: Path) -> None:
    one, several = drafts.receive(files("a.csv")), drafts.receive(files("a.csv", "b.csv"))
    assert one.read_bytes() == b"12345" and sorted(file.name for file in several.iterdir()) == ["a.csv", "b.csv"]
    drafts.discard(one)
    drafts.discard(several)
    assert not list((home / "uploads" / "local" / ".drafts").iterdir())
    drafts.discard(home / "elsewhere" / "a.csv")  # nothing of ours: nothing happens


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd.csv", "passwd.csv"),
        ("C:\\data\\a.csv", "a.csv"),
        (".hidden.csv", "hidden.csv"),
        ("a\nb\x00.csv", "a_b_.csv"),
        ("été.csv", "été.csv"),
    ],
)
def test_names_of_files_stay_inside_the_draft(home: Path, name: str, kept: str) -> None:
    path = drafts.receive(files(name))
    assert path.name == kept and path.parent.parent.parent == home / "uploads" / "local" / ".drafts"


@pytest.mark.parametrize(
    ("names", "words"),
    [((), "no file has arrived"), (("...",), "which is no name"), (("a.csv", "x/a.csv"), "two of the files")],
)
def test_what_cannot_be_received_leaves_nothing_behind(home: Path, names: tuple[str, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        drafts.receive(files(*names))
    assert not list((home / "uploads" / "local" / ".drafts").iterdir())


def test_too_much_is_refused_while_it_arrives(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMCLUST_MAX_UPLOAD_MIB", "1")
    with pytest.raises(ValueError, match="more than 1 MiB"):
        drafts.receive([("a.csv", io.BytesIO(bytes(2**20 + 1)))])
    assert not list((home / "uploads" / "local" / ".drafts").iterdir())
    monkeypatch.setenv("MMCLUST_MAX_UPLOAD_MIB", "much")
    with pytest.raises(ValueError, match="is not a whole number above 0"):
        drafts.receive(files("a.csv"))


def test_an_upload_on_a_full_disk_says_so_and_leaves_nothing(home: Path, monkeypatch: pytest.MonkeyPatch):
    class OnFullDisk(io.BytesIO):
        def write(self, chunk) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    def opened(path: Path, mode: str) -> io.BytesIO:
        path.write_bytes(b"some of it")
        return OnFullDisk()

    monkeypatch.setattr(drafts, "open", opened, raising=False)
    with pytest.raises(ValueError, match="is full, .* MiB are left and an upload does not fit; free some space"):
        drafts.receive(files("a.csv"))
    assert not [path for path in (home / "uploads").rglob("*") if path.is_file()]


def test_old_drafts_are_swept_away_and_new_ones_stay(home: Path) -> None:
    old, new = drafts.receive(files("a.csv")), drafts.receive(files("a.csv"))
    before = time.time() - 3600 * drafts.DRAFT_HOURS - 60
    os.utime(old.parent.parent, (before, before))
    drafts.sweep()
    assert not old.exists() and new.exists()
