"""Damaged files of every kind become data sets or refusals in one sentence; `python -m benchmarks.fuzz` tries more."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import fuzz
from benchmarks.specimens import KINDS, sound_files
from mmclust.data import readers

PER_KIND = 65
"""Times nine kinds: over 500 files in a few seconds."""


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_damaged_file_is_read_or_refused_in_a_sentence(kind: str, home: Path) -> None:
    found = fuzz.attack(kind, PER_KIND)
    assert found["crashes"] == 0, found.get("first_crashes")
    assert found["read"] + found["refused"] == PER_KIND and found["refused"] > 0


@pytest.mark.parametrize("kind", list(KINDS))
def test_the_files_that_are_damaged_are_sound_before(kind: str, tmp_path: Path, home: Path) -> None:
    ending, sound = KINDS[kind][0], sound_files(kind)
    read = 0
    for number, content in enumerate(sound):
        path = tmp_path / f"sound{number}{ending}"
        path.write_bytes(content)
        try:
            read += readers.read(path).n_samples > 0
        except ValueError as error:
            assert "are not beside it" in str(error)  # a table of pictures, without them
    assert read >= len(sound) - 1


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("mat-7.3", 526),
        ("parquet", 947),
        ("zip", 734),
        ("zip", 1250),
        ("npz", 8),
        ("csv", 315),
        ("parts", 6419),
        ("pictures-beside", 653),
    ],
)
def test_files_that_once_crashed_a_reader(kind: str, number: int, home: Path) -> None:
    assert fuzz.attack(kind, 1, first=number)["crashes"] == 0


def test_damage_depends_on_the_number_alone() -> None:
    content = sound_files("csv")
    first, again, other = (fuzz.damaged(content[0], content, np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert first == again != other


def test_a_crash_and_a_refusal_that_is_no_sentence_are_reported(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object) -> None:
        raise KeyError("boom")

    monkeypatch.setattr(fuzz.readers, "read", crash)
    assert fuzz.attack("csv", 3)["crashes"] == 3

    def mumble(*_: object) -> None:
        raise ValueError("two\nlines")

    monkeypatch.setattr(fuzz.readers, "read", mumble)
    assert fuzz.attack("csv", 2)["crashes"] == 2


def test_names_from_inside_a_file_cannot_spoil_the_message(tmp_path: Path) -> None:
    names = {"x\n\x1b[31m" + "y" * 900: np.arange(3)}
    np.savez(tmp_path / "a.npz", allow_pickle=False, **names)
    with pytest.raises(ValueError) as error:
        readers.read(tmp_path / "a.npz")
    text = str(error.value)
    assert text.isprintable() and len(text) <= readers.LONGEST + 5 and text.endswith("X2 and labels Y, are needed")


def test_a_picture_that_is_too_large_to_unpack_is_refused_by_its_header(tmp_path: Path, home: Path) -> None:
    (tmp_path / "set").mkdir()
    Image.new("1", (9000, 9000)).save(tmp_path / "set" / "large.png")
    with pytest.raises(ValueError, match="more than 50 megapixels"):
        readers.read(tmp_path / "set")
