from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmclust.cli.main import main
from mmclust.data import catalogue, glyphs
from mmclust.data.dataset import MultiViewDataset

N_EACH = 12


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MultiViewDataset:
    monkeypatch.setenv("MMCLUST_HOME", str(tmp_path))
    monkeypatch.setattr(glyphs, "N_SAMPLES", {10: 10 * N_EACH, 26: 26 * N_EACH})
    return catalogue.load("glyphs-26")


def one(letter: str = "F", face: int = 0, **changes: float) -> np.ndarray:
    style = {"size": 18.0, "rotation": 0.0, "x": 0.0, "y": 0.0, "stroke": 0.0} | changes
    size, rotation, x, y, stroke = (np.array([value]) for value in style.values())
    return glyphs.draw([letter], np.array([face]), size=size, rotation=rotation, x=x, y=y, stroke=stroke)[0, 0]


def extent(picture: np.ndarray, axis: int) -> tuple[float, float]:
    """Middle and length of what is light, along an axis."""
    there = np.flatnonzero((picture > 100).any(axis=1 - axis))
    return float(there.min() + there.max() + 1) / 2, float(there.max() - there.min() + 1)


def test_letters_are_the_same_at_every_call_and_drawn_once(
    small: MultiViewDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(glyphs, "draw", lambda *args, **kwargs: pytest.fail("drawn again"))
    again = catalogue.load("glyphs-26")
    assert small.labels is not None and again.labels is not None
    assert np.array_equal(small.views[0], again.views[0]) and np.array_equal(small.labels, again.labels)
    assert small.views[0].shape == (26 * N_EACH, 1, 32, 32) and small.views[0].dtype == np.uint8
    assert np.bincount(small.labels).tolist() == [N_EACH] * 26
    assert small.spec.classes == tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ") and small.spec.n_clusters == 26


def test_the_ten_letters_that_ship_are_those_that_would_be_drawn() -> None:
    shipped = catalogue.load("glyphs")
    assert shipped.labels is not None and shipped.n_samples == 10_000 and shipped.spec.classes == tuple("AEHLMOSTVX")
    some = np.arange(0, 10_000, 97)
    style: dict[str, Any] = {name: shipped.factors[name][some] for name in ("size", "rotation", "x", "y", "stroke")}
    faces = np.array([_face(shipped, int(i)) for i in some])
    drawn = glyphs.draw(np.array(glyphs.TEN)[shipped.labels[some]], faces, **style).astype(int)
    assert np.abs(drawn - shipped.views[0][some]).mean() < 2, "but for what another FreeType rounds otherwise"


def test_letters_that_are_drawn_again_are_those_that_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glyphs, "SHIPPED", tmp_path / "letters.npz")
    monkeypatch.setattr(glyphs, "N_SAMPLES", {10: 20})
    assert main(["example", "--letters"]) == 0
    read = catalogue.load("glyphs").views[0]
    assert read.shape == (20, 1, 32, 32) and (read.max(axis=(1, 2, 3)) > 150).all()


def _face(data: MultiViewDataset, sample: int) -> int:
    """The face that has the font, weight and slant of a sample; each such face is there once."""
    font, bold, slanted = (data.factors[name][sample] for name in ("font", "weight", "slant"))
    known = [(glyphs.FONTS.index(face.font), face.bold, face.slanted) for face in glyphs.FACES]
    return known.index((int(font), bool(bold), bool(slanted)))


def test_every_picture_has_a_letter_and_every_factor_a_value(small: MultiViewDataset) -> None:
    assert (small.views[0].max(axis=(1, 2, 3)) > 150).all()
    assert set(small.factors) == {"font", "weight", "slant", "size", "rotation", "x", "y", "stroke"}
    for values in small.factors.values():
        assert len(values) == small.n_samples and len(np.unique(values)) > 1
    assert np.issubdtype(small.factors["font"].dtype, np.integer) and small.factors["font"].max() < len(glyphs.FONTS)


@pytest.mark.parametrize("face", range(len(glyphs.FACES)))
def test_a_font_is_there_and_its_letters_are_as_high_as_asked(face: int) -> None:
    assert extent(one("H", face, size=18), 0)[1] == pytest.approx(18, abs=1.5)


def test_x_and_y_move_a_letter_right_and_down() -> None:
    still, moved = one(), one(x=2, y=-3)
    assert np.abs(np.roll(still, (-3, 2), axis=(0, 1)).astype(int) - moved).max() <= 2


def test_a_letter_turns_clockwise_and_the_stroke_thickens_it() -> None:
    right = one("I", rotation=0.2)
    top, bottom = (np.flatnonzero(right[rows].max(axis=0) > 100).mean() for rows in (slice(9, 12), slice(20, 23)))
    assert top > bottom + 1, "the top of an upright bar goes to the right"
    assert one(stroke=0.6).sum() > 1.15 * one().sum()


def test_bold_and_slanted_faces_are_what_they_say() -> None:
    for plain in (face for face in glyphs.FACES if not face.bold and not face.slanted):
        bold = next((face for face in glyphs.FACES if face.font == plain.font and face.bold and not face.slanted), None)
        if bold is not None:
            ink = [one("I", glyphs.FACES.index(face)).sum() for face in (plain, bold)]
            assert ink[1] > 1.1 * ink[0], plain.font
