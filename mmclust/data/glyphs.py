"""Letters that we draw from the fonts that matplotlib brings: the class is the letter, the rest is style, and known.

A set to show: letters stay sharp on a projector, and what a method puts into its clusters and what into its style code
can be checked against the fonts and the numbers that the pictures were drawn from.

Shapes: n pictures of 32 x 32 pixels.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache as once
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mmclust.data.dataset import DataSpec, MultiViewDataset
from mmclust.data.readers import cache

if TYPE_CHECKING:
    from PIL import ImageFont

PX = 32
DRAWN_PX = 2 * PX
"""Letters are drawn this large, turned and moved, then averaged down."""
TEN = tuple("AEHLMOSTVX")
ALL = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
N_SAMPLES = {len(TEN): 10_000, len(ALL): 10_400}
VERSION = 2
"""Of the pictures: raise it when they change."""
SHIPPED = Path(__file__).with_name("glyphs.npz")
"""Pictures of the ten letters, so that nobody waits for them and another FreeType draws no others; see `ship`."""


@dataclass(frozen=True)
class Face:
    """A font file and what its letters look like."""

    font: str
    """Family; one of `FONTS`."""
    file: str
    bold: bool = False
    slanted: bool = False


FONTS = ("DejaVu Sans", "DejaVu Serif", "DejaVu Sans Mono", "STIX", "CM Roman", "CM Sans", "CM Typewriter")
FACES = (
    Face("DejaVu Sans", "DejaVuSans"),
    Face("DejaVu Sans", "DejaVuSans-Bold", bold=True),
    Face("DejaVu Sans", "DejaVuSans-Oblique", slanted=True),
    Face("DejaVu Sans", "DejaVuSans-BoldOblique", bold=True, slanted=True),
    Face("DejaVu Serif", "DejaVuSerif"),
    Face("DejaVu Serif", "DejaVuSerif-Bold", bold=True),
    Face("DejaVu Serif", "DejaVuSerif-Italic", slanted=True),
    Face("DejaVu Serif", "DejaVuSerif-BoldItalic", bold=True, slanted=True),
    Face("DejaVu Sans Mono", "DejaVuSansMono"),
    Face("DejaVu Sans Mono", "DejaVuSansMono-Bold", bold=True),
    Face("DejaVu Sans Mono", "DejaVuSansMono-Oblique", slanted=True),
    Face("DejaVu Sans Mono", "DejaVuSansMono-BoldOblique", bold=True, slanted=True),
    Face("STIX", "STIXGeneral"),
    Face("STIX", "STIXGeneralBol", bold=True),
    Face("STIX", "STIXGeneralItalic", slanted=True),
    Face("STIX", "STIXGeneralBolIta", bold=True, slanted=True),
    Face("CM Roman", "cmr10"),
    Face("CM Roman", "cmb10", bold=True),
    Face("CM Roman", "cmti10", slanted=True),
    Face("CM Sans", "cmss10"),
    Face("CM Typewriter", "cmtt10"),
)


def glyphs(
    spec: DataSpec, path: Path | None = None, progress: Callable[[float, str], None] | None = None
) -> MultiViewDataset:
    """Grey pictures of the letters that are the classes of `spec`, in mixed order, the same at every call.

    The ten letters ship with the program; others are drawn at first use and kept in the cache folder of the home.
    Factors: `font` (index in `FONTS`), `weight` and `slant` (0 or 1), `size` (height of an H, pixels), `rotation`
    (clockwise, radians), `x` and `y` (centre right of and below the middle, pixels), `stroke` (pixels that the outline
    is thickened by).

    Raises:
        ValueError: the home cannot be written.
    """
    letters = spec.classes
    labels, faces, style = _drawn_from(len(letters))

    def fill(folder: Path) -> None:
        np.save(folder / "images.npy", draw(np.array(letters)[labels], faces, **style, progress=progress))

    if letters == TEN:
        with np.load(SHIPPED, allow_pickle=False) as file:
            images = file["images"]
    else:
        images = np.load(cache.entry(cache.key("glyphs", VERSION, "".join(letters)), fill) / "images.npy")
    chosen = [FACES[face] for face in faces]
    known = {
        "font": np.array([FONTS.index(face.font) for face in chosen]),
        "weight": np.array([face.bold for face in chosen], np.float32),
        "slant": np.array([face.slanted for face in chosen], np.float32),
        **{name: values.astype(np.float32) for name, values in style.items()},
    }
    return MultiViewDataset(
        spec=spec, views=(images,), labels=labels.astype(np.int64), factors=known, factor_names={"font": FONTS}
    )


def ship() -> None:
    """Draw the ten letters again and put them beside this file (for makers of the repository)."""
    labels, faces, style = _drawn_from(len(TEN))
    np.savez_compressed(SHIPPED, images=draw(np.array(TEN)[labels], faces, **style))


def _drawn_from(n_letters: int) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """Letter (n,), face (n,) and style of each picture, drawn at random."""
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.repeat(np.arange(n_letters), N_SAMPLES[n_letters] // n_letters))
    n = len(labels)
    faces = rng.integers(len(FACES), size=n)
    return (
        labels,
        faces,
        {
            "size": rng.uniform(14, 20, n),
            "rotation": rng.uniform(-0.2, 0.2, n),
            "x": rng.uniform(-2.5, 2.5, n),
            "y": rng.uniform(-2.5, 2.5, n),
            "stroke": rng.uniform(0, 0.6, n),
        },
    )


def draw(
    letters: Sequence[str] | np.ndarray,
    faces: np.ndarray,
    *,
    size: np.ndarray,
    rotation: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    stroke: np.ndarray,
    progress: Callable[[float, str], None] | None = None,
) -> np.ndarray:
    """Pictures (n, 1, 32, 32) uint8 of light letters on black.

    Args:
        letters: (n,) capital letters.
        faces: (n,) index in `FACES`.
        size: height of an H, in pixels (n,).
        rotation: clockwise on the picture, in radians (n,).
        x: centre right of the middle, in pixels (n,).
        y: centre below the middle, in pixels (n,).
        stroke: that the outline is thickened by, in pixels (n,).
        progress: called with a fraction 0..1 and what is being done.
    """
    images = np.empty((len(letters), 1, PX, PX), np.uint8)
    for i, letter in enumerate(letters):
        images[i, 0] = _one(str(letter), FACES[faces[i]].file, size[i], rotation[i], (x[i], y[i]), stroke[i])
        if progress and i % 500 == 0:
            progress(i / len(letters), "drawing letters")
    return images


def _one(
    letter: str, file: str, size: float, rotation: float, centre: tuple[float, float], stroke: float
) -> np.ndarray:
    from PIL import Image, ImageDraw

    scale, middle = DRAWN_PX / PX, DRAWN_PX / 2
    font, width = _font(file).font_variant(size=size * scale / _cap_height(file)), stroke * scale
    left, top, right, bottom = font.getbbox(letter, stroke_width=width)
    canvas = Image.new("L", (DRAWN_PX, DRAWN_PX))
    corner = (middle - (left + right) / 2, middle - (top + bottom) / 2)
    ImageDraw.Draw(canvas).text(corner, letter, fill=255, font=font, stroke_width=width)
    # where each pixel of the result comes from: moved back, turned back about the middle
    cos, sin = np.cos(rotation), np.sin(rotation)
    to_x, to_y = middle + centre[0] * scale, middle + centre[1] * scale
    back = (cos, sin, middle - cos * to_x - sin * to_y, -sin, cos, middle + sin * to_x - cos * to_y)
    turned = canvas.transform(canvas.size, Image.Transform.AFFINE, back, Image.Resampling.BILINEAR)
    return np.asarray(turned.reduce(DRAWN_PX // PX))


@once
def _font(file: str) -> "ImageFont.FreeTypeFont":
    from matplotlib import get_data_path
    from PIL import ImageFont

    path = Path(get_data_path()) / "fonts" / "ttf" / f"{file}.ttf"
    # the basic layout is the same with and without libraqm
    return ImageFont.truetype(path, 100, layout_engine=ImageFont.Layout.BASIC)


@once
def _cap_height(file: str) -> float:
    """Height of an H by the font's size."""
    _, top, _, bottom = _font(file).getbbox("H")
    return (bottom - top) / 100
