"""Pictures keep what is in them: depth, transparency, orientation, frames; those that are broken are named once."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from mmclust.data.dataset import MultiViewDataset
from tests.data.made import IMAGES, LABELS, WORDS, N, asked, drawn, left_out, opened, png, shapes


def tree(path: Path, save: Callable[[Path, int], None], ending: str) -> Path:
    """A folder for each class."""
    for i in range(N):
        (path / "set" / str(WORDS[i])).mkdir(parents=True, exist_ok=True)
        save(path / "set" / str(WORDS[i]) / f"{i:03}.{ending}", i)
    return path / "set"


def png_of_16_bits(pixels: np.ndarray) -> bytes:
    """A colour PNG (H, W, 3) of 16 bits, which Pillow cannot write."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width, _ = pixels.shape
    lines = b"".join(b"\0" + line.astype(">u2").tobytes() for line in pixels)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def colours(i: int) -> np.ndarray:
    return np.stack([IMAGES[i], IMAGES[i] // 2, IMAGES[i] // 4], axis=-1)


DEEP: dict[str, tuple[Callable[[Path, int], object], str]] = {
    "12 of 16 bits": (lambda p, i: Image.fromarray(IMAGES[i].astype(np.uint16) * 16).save(p), "png"),
    "16 bits in colour": (lambda p, i: p.write_bytes(png_of_16_bits(colours(i).astype(np.uint16) * 16)), "png"),
    "0 to 1": (lambda p, i: Image.fromarray((IMAGES[i] / 255).astype(np.float32)).save(p), "tif"),
    "-1 to 1": (lambda p, i: Image.fromarray((IMAGES[i] / 127.5 - 1).astype(np.float32)).save(p), "tif"),
    "32 bits": (lambda p, i: Image.fromarray(IMAGES[i].astype(np.int32) * 1000).save(p), "tif"),
    "colours 0 to 1": (
        lambda p, i: tifffile.imwrite(p, (colours(i) / 255).astype(np.float32), photometric="rgb"),
        "tif",
    ),
    "colours of 12 bits": (
        lambda p, i: tifffile.imwrite(p, colours(i).astype(np.uint16) * 16, photometric="rgb"),
        "tiff",
    ),
    "PGM": (
        lambda p, i: p.write_bytes(b"P5 28 28 4095\n" + (IMAGES[i].astype(np.uint16) * 16).astype(">u2").tobytes()),
        "pgm",
    ),
}


@pytest.mark.parametrize(("save", "ending"), DEEP.values(), ids=DEEP.keys())
def test_deep_pictures_share_one_scale_that_uses_the_whole_range(
    tmp_path: Path, save: Callable[[Path, int], None], ending: str
) -> None:
    dataset, reading = opened(tree(tmp_path, save, ending))
    found, truth = dataset.views[0][:, 0].astype(float), IMAGES[np.argsort(LABELS_OF_FOLDERS, kind="stable")]
    assert (
        dataset.views[0].min() == 0
        and dataset.views[0].max() == 255
        and any("scaled to 0 to 255" in t for t in reading.told)
    )
    assert np.corrcoef(found.ravel(), truth.ravel())[0, 1] > 0.999


LABELS_OF_FOLDERS = np.unique(WORDS, return_inverse=True)[1]
"""(N,) numbers of the classes as folders sort them."""


def stencil(i: int) -> Image.Image:
    return Image.fromarray(((IMAGES[i] > 100) * 255).astype(np.uint8))


def hidden_noise(path: Path, i: int) -> None:
    """A red shape whose transparent surroundings hold noise."""
    values = np.random.default_rng(i).integers(0, 255, (28, 28, 4), np.uint8)
    values[IMAGES[i] > 100, :3] = (200, 30, 30)
    values[..., 3] = np.asarray(stencil(i))
    Image.fromarray(values).save(path)


def with_alpha(mode: str, tone: int) -> Callable[[Path, int], None]:
    def save(path: Path, i: int) -> None:
        image = Image.new(mode, (28, 28), (*[tone] * (len(mode) - 1), 0))
        image.putalpha(stencil(i))
        image.save(path, lossless=True)

    return save


def palette(path: Path, i: int) -> None:
    image = Image.fromarray((IMAGES[i] > 100).astype(np.uint8))
    image.putpalette([0, 0, 0, 0, 0, 0])
    image.save(path, transparency=0)


@pytest.mark.parametrize(
    ("save", "ending", "ground"),
    [
        (with_alpha("RGBA", 0), "png", "white"),
        (with_alpha("RGBA", 255), "png", "black"),
        (with_alpha("LA", 0), "png", "white"),
        (with_alpha("RGBA", 0), "webp", "white"),
        (hidden_noise, "png", "white"),
        (palette, "png", "white"),
    ],
)
def test_transparent_parts_lie_on_a_ground_that_shows_the_rest(
    tmp_path: Path, save: Callable[[Path, int], None], ending: str, ground: str
) -> None:
    dataset, reading = opened(tree(tmp_path, save, ending))
    assert f"transparent parts on {ground}" in reading.told
    inside = np.stack([np.asarray(stencil(i)) > 0 for i in np.argsort(LABELS_OF_FOLDERS, kind="stable")])
    green = dataset.views[0][:, dataset.views[0].shape[1] // 2].astype(int)
    outside = {"white": 255, "black": 0}[ground]
    assert (green[~inside] == outside).all() and (np.abs(green[inside] - outside) > 200).all()


def turned(degrees: int, orientation: int, size: tuple[int, int]) -> Callable[[Path, int], None]:
    def save(path: Path, i: int) -> None:
        exif = Image.Exif()
        exif[274] = orientation
        drawn(i).resize((size[1], size[0]) if degrees % 180 else (size[0], size[1])).rotate(degrees, expand=True).save(
            path, exif=exif, quality=95
        )

    return save


@pytest.mark.parametrize(("degrees", "orientation"), [(90, 6), (270, 8), (180, 3)])
@pytest.mark.parametrize("size", [(64, 64), (200, 120)])
def test_pictures_stand_as_the_camera_was_held(
    tmp_path: Path, degrees: int, orientation: int, size: tuple[int, int]
) -> None:
    dataset, _ = opened(tree(tmp_path, turned(degrees, orientation, size), "jpg"))
    bars = dataset.views[0][dataset.labels == dataset.spec.classes.index("bar")][:, 0] > 100
    for bar in bars:
        down, across = np.nonzero(bar)
        assert np.ptp(across) > np.ptp(down)


def several_frames(path: Path, i: int) -> None:
    blank = Image.new("L", (28, 28), 0)
    blank.save(path, save_all=True, append_images=[Image.new("L", (28, 28), 9), drawn(i)])


@pytest.mark.parametrize("ending", ["gif", "tif", "webp"])
def test_the_first_frame_that_is_not_blank_is_the_picture(tmp_path: Path, ending: str) -> None:
    dataset, reading = opened(tree(tmp_path, several_frames, ending))
    assert (dataset.views[0].reshape(N, -1).std(axis=1) > 10).all()
    assert "further frames of 60 files (the first that is not blank is the picture)" in left_out(reading)


@pytest.mark.parametrize("endings", [("JPG", "jfif"), ("png", "avif"), ("webp", "JPEG"), ("jpe", "jp2")])
def test_pictures_of_every_usual_ending_are_read(tmp_path: Path, endings: tuple[str, str]) -> None:
    for i in range(N):
        kind = {"jfif": "JPEG", "jpe": "JPEG"}.get(endings[i % 2])
        (tmp_path / "set").mkdir(exist_ok=True)
        drawn(i).convert("RGB").save(tmp_path / "set" / f"{i}.{endings[i % 2]}", kind)
    assert opened(tmp_path / "set")[0].n_samples == N


def test_pictures_that_are_all_alike_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="all 60 images in set are the same; there is nothing to tell them apart"):
        opened(tree(tmp_path, lambda path, _: drawn(0).save(path), "png"))
    with pytest.raises(ValueError, match="all pixels of the images in set are 7; there is nothing to tell them apart"):
        opened(tree(tmp_path, lambda path, _: Image.new("L", (28, 28), 7).save(path), "png"))


def test_transparent_images_in_an_array_lie_on_a_ground(tmp_path: Path) -> None:
    images = np.zeros((N, 28, 28, 4), np.uint8)
    images[..., 3] = (IMAGES > 100) * 255
    np.savez(tmp_path / "a.npz", images=images, labels=LABELS)
    dataset, reading = opened(tmp_path / "a.npz")
    assert "transparent parts on white" in reading.told and np.array_equal(dataset.views[0][:, 0] == 0, IMAGES > 100)


def check_broken(dataset: MultiViewDataset, text: str, names: list[str]) -> None:
    assert dataset.n_samples == N and dataset.labels is not None and len(dataset.labels) == N
    assert all(name in text for name in names) and "object at" not in text


@pytest.mark.parametrize("packed", [False, True])
def test_broken_pictures_are_named_once_and_left_out(tmp_path: Path, packed: bool) -> None:
    bad = {"bar/empty.png": b"", "disc/page.jpg": b"<html>", "line/cut.png": png(1)[:70], "line/half.png": png(1)[:-40]}
    path = tree(tmp_path, lambda file, i: drawn(i).save(file), "png")
    for name, content in bad.items():
        (path / name).write_bytes(content)
    if packed:
        with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
            for file in path.rglob("*.*"):
                archive.write(file, file.relative_to(path))
        path = tmp_path / "set.zip"
    dataset, reading = opened(path)
    check_broken(dataset, left_out(reading), list(bad))
    assert asked(reading) == {"broken pictures": "leave them out"}
    assert left_out(opened(path)[1]) == left_out(reading), "from the cache"
    with pytest.raises(ValueError, match="pictures in set.* cannot be read: .*empty.png"):
        opened(path, broken_pictures="read nothing")


def test_where_most_pictures_are_broken_nothing_is_read(tmp_path: Path) -> None:
    for i in range(6):
        (tmp_path / f"{i}.png").write_bytes(png(i) if i < 2 else b"")
    with pytest.raises(ValueError, match="4 of 6 pictures in .* cannot be read: 2.png is truncated or no picture"):
        opened(tmp_path)


def test_gray_is_told_by_all_pictures_even_where_some_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mmclust.data.readers import tree_plan as reader

    monkeypatch.setattr(reader, "MANY", 20)
    monkeypatch.setattr(reader, "LOOKED_AT", 10)
    path = tree(tmp_path, lambda file, i: drawn(i).save(file), "png")
    assert shapes(opened(path)[0]) == [(1, 28, 28)]
    out = io.BytesIO()
    Image.fromarray(colours(5)).save(out, "PNG")
    (path / "bar" / "colour.png").write_bytes(out.getvalue())
    dataset, _ = opened(path)
    assert shapes(dataset) == [(3, 28, 28)] and dataset.n_samples == N + 1
