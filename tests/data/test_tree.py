import io
import os
import tarfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmclust.data import readers
from mmclust.data.readers import archives, pictures, tree_plan
from mmclust.data.readers.reading import Reading


def picture(level: int, *, size: tuple[int, int] = (20, 20), mode: str = "RGB", kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    pixels = np.full((size[1], size[0]), level, np.uint8)
    image = Image.fromarray(pixels).convert(mode)
    image.save(out, kind)
    return out.getvalue()


LAYOUT = {
    "train/cat/1.png": 10,
    "train/cat/0.png": 20,
    "train/dog/0.png": 30,
    "test/cat/0.png": 40,
    "test/dog/0.png": 50,
}
FILES = {name: picture(level) for name, level in LAYOUT.items()}


def open_tar(path: Path, ending: str) -> tarfile.TarFile:
    if ending == ".tar":
        return tarfile.open(path, "w:")
    if ending == ".tar.xz":
        return tarfile.open(path, "w:xz")
    return tarfile.open(path, "w:bz2") if ending == ".tar.bz2" else tarfile.open(path, "w:gz")


def pack(folder: Path, ending: str, files: dict[str, bytes], *, name: str = "set") -> Path:
    path = folder / f"{name}{ending}"
    if ending == "":
        for name, data in files.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(data)
    elif ending == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in files.items():
                archive.writestr(name, data)
    else:
        with open_tar(path, ending) as archive:
            for name, data in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    return path


@pytest.mark.parametrize("ending", ["", *archives.ARCHIVES])
@pytest.mark.parametrize("around", ["", "a/b/"])
def test_a_tree_is_read_from_a_folder_and_from_every_archive(tmp_path: Path, ending: str, around: str) -> None:
    junk = {"README.md": b"#", ".DS_Store": b"", "__MACOSX/train/cat/0.png": b"", "train/cat/.hidden.png": b""}
    path = pack(tmp_path, ending, {around + name: data for name, data in (FILES | junk).items()})
    dataset = readers.read(path)
    assert dataset.views[0].shape == (5, 3, 20, 20) and dataset.views[0].dtype == np.uint8
    assert dataset.views[0][:, 0, 0, 0].tolist() == [20, 10, 30, 40, 50]  # train before test, by class, by name
    assert dataset.labels is not None and dataset.labels.tolist() == [0, 0, 1, 0, 1]
    assert dataset.split is not None and dataset.split.tolist() == [0, 0, 0, 1, 1]
    assert dataset.spec.classes == ("cat", "dog") and dataset.spec.n_clusters == 2 and dataset.spec.name == "set"
    assert readers.describe(path) == (dataset.spec, dataset.n_samples)


def test_describing_decodes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = pack(tmp_path, ".zip", FILES)
    monkeypatch.setattr(pictures, "pixels", None)
    spec, n_samples = readers.describe(path)
    assert spec.views[0].shape == (3, 20, 20) and spec.classes == ("cat", "dog") and spec.name == "set"
    assert n_samples == len(FILES)


def test_flat_pictures_have_no_labels(tmp_path: Path) -> None:
    dataset = readers.read(pack(tmp_path, "", {"a.png": picture(1), "b.png": picture(9)}))
    assert dataset.labels is None and dataset.split is None and dataset.spec.n_clusters == 0


def test_class_folders_without_parts_have_no_split(tmp_path: Path) -> None:
    dataset = readers.read(pack(tmp_path, "", {"x/a.png": picture(1), "y/deep/er/b.png": picture(9)}))
    assert dataset.split is None and dataset.spec.classes == ("x", "y")


def test_grey_pictures_have_one_channel_and_mixed_ones_three(tmp_path: Path) -> None:
    grey = {"a.png": picture(7, mode="L"), "b.png": picture(200, mode="1")}
    assert readers.read(pack(tmp_path, "", grey, name="grey")).spec.views[0].shape == (1, 20, 20)
    mixed = {"a.png": picture(7, mode="L"), "b.png": picture(9, mode="P"), "c.png": picture(11, mode="RGBA")}
    dataset = readers.read(pack(tmp_path, "", mixed, name="mixed"))
    assert dataset.views[0][:, :, 0, 0].tolist() == [[7] * 3, [9] * 3, [11] * 3]


def test_sixteen_bits_are_read_as_eight(tmp_path: Path) -> None:
    files = {}
    for name, levels in (("a.png", (160, 4064)), ("b.png", (160, 2112))):
        out = io.BytesIO()
        Image.fromarray(np.repeat(np.array(levels, np.uint16), 200).reshape(20, 20)).save(out, "PNG")
        files[name] = out.getvalue()
    reading = Reading()
    dataset = readers.read(pack(tmp_path, "", files), reading)
    assert dataset.views[0].shape == (2, 1, 20, 20) and reading.told == [
        "values 160 to 4064 of all pictures scaled to 0 to 255"
    ]
    assert [np.unique(image).tolist() for image in dataset.views[0]] == [[0, 255], [0, 128]]


@pytest.mark.parametrize(("side", "px"), [(24, 32), (70, 64), (150, 96), (400, 96)])
def test_pictures_of_many_sizes_become_squares_of_a_usual_size(tmp_path: Path, side: int, px: int) -> None:
    files = {f"{i}.jpg": picture(50 * i, size=(side + 10 * i, side + 5 * (2 - i)), kind="JPEG") for i in range(3)}
    dataset = readers.read(pack(tmp_path, ".zip", files))
    assert dataset.views[0].shape == (3, 3, px, px)
    assert np.abs(dataset.views[0].mean(axis=(1, 2, 3)) - [0, 50, 100]).max() < 2


def test_pictures_that_are_made_square_are_told_of(tmp_path: Path) -> None:
    told = []
    squares = [(200, 200)] * 2, [(40, 40), (50, 50)]
    for sizes in ([(40, 30)] * 2, [(40, 30), (50, 20)], [(20, 20)] * 2, *squares):
        reading = Reading()
        files = {f"{i}.png": picture(i, size=size) for i, size in enumerate(sizes)}
        readers.read(pack(tmp_path, ".zip", files, name=f"set{len(told)}"), reading)
        told.append(reading.told)
    assert told == [
        ["cut to squares and resized, from 40 x 30"],
        ["cut to squares and resized, from 40 x 20 to 50 x 30"],
        [],
        ["resized, from 200 x 200"],
        ["resized, from 40 x 40 to 50 x 50"],
    ]


def test_a_wide_picture_is_cut_in_the_middle(tmp_path: Path) -> None:
    pixels = np.zeros((40, 120), np.uint8)
    pixels[:, 40:80] = 255
    files = {}
    for name, level in (("a.png", 255), ("b.png", 200)):
        out = io.BytesIO()
        Image.fromarray(pixels // 255 * level).save(out, "PNG")
        files[name] = out.getvalue()
    dataset = readers.read(pack(tmp_path, "", files))
    assert dataset.views[0].shape == (2, 1, 32, 32)
    assert np.unique(dataset.views[0][:, :, :, 2:-2]).tolist() == [200, 255]


def test_the_second_reading_comes_from_the_cache_and_a_changed_file_is_read_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = pack(tmp_path, "", FILES)
    readers.read(path)
    with monkeypatch.context() as patch:
        patch.setattr(tree_plan, "look", None)
        assert readers.read(path).n_samples == 5
    (path / "train/cat/1.png").write_bytes(picture(99))
    os.utime(path / "train/cat/1.png", ns=(1, 1))
    assert readers.read(path).views[0][1, 0, 0, 0] == 99


def test_progress_rises_to_the_end_and_an_interruption_leaves_nothing_behind(tmp_path: Path, home: Path) -> None:
    files = {f"{i:04}.png": picture(i % 250, size=(8, 8)) for i in range(1100)}
    path = pack(tmp_path, ".tar", files)

    def interrupt(fraction: float, message: str) -> None:
        if fraction > 0.5:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        readers.read(path, progress=interrupt)
    assert list((home / "cache").iterdir()) == []
    told: list[float] = []
    readers.read(path, progress=lambda fraction, message: told.append(fraction))
    assert told == sorted(told) and told[0] >= 0 and told[-1] <= 1 and len(told) >= 4


def test_a_later_member_of_the_same_name_counts(tmp_path: Path) -> None:
    path = tmp_path / "set.tar"
    with tarfile.open(path, "w") as archive:
        for name, level in (("a.png", 1), ("b.png", 2), ("a.png", 3)):
            data = picture(level)
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    assert readers.read(path).views[0][:, 0, 0, 0].tolist() == [3, 2]


def test_names_in_an_archive_never_become_paths(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    names = ("../../evil/a.png", "/evil/b.png", "c/d\n.png")  # the first one is not even read
    for ending in (".zip", ".tar"):
        path = pack(tmp_path / "in", ending, {name: picture(5 + i) for i, name in enumerate(names)})
        assert readers.read(path).n_samples == 2
    assert {item.name for item in tmp_path.iterdir()} == {"in", "home"}


def test_links_in_a_tar_are_not_followed(tmp_path: Path) -> None:
    path = pack(tmp_path, ".tar", {"a.png": picture(1), "b.png": picture(2)})
    with tarfile.open(path, "a") as archive:
        info = tarfile.TarInfo("secret.png")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/hostname"
        archive.addfile(info)
    assert readers.read(path).n_samples == 2


def truncated() -> bytes:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(noise).save(out, "JPEG")
    return out.getvalue()[:1500]


@pytest.mark.parametrize("ending", ["", ".zip", ".tar.gz"])
@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"notes.txt": b"hello"}, "holds no pictures"),
        ({"cat/a.png": FILES["train/cat/0.png"], "b.png": picture(1)}, "in no class folder, such as b.png"),
        ({"a.png": b"not a picture", "b.png": picture(1)}, "a.png is truncated or no picture"),
        ({"a.jpg": truncated()}, "a.jpg is truncated or no picture"),
        ({"a.png": picture(1)[:60]}, "a.png is truncated or no picture"),
        ({"a.png": picture(1, size=(9000, 9000), mode="1")}, "more than 50 megapixels"),
        ({"a.png": picture(1, size=(11000, 11000), mode="1")}, "more than 50 megapixels"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_sentence(
    tmp_path: Path, ending: str, files: dict[str, bytes], words: str
) -> None:
    with pytest.raises(ValueError) as error:
        readers.read(pack(tmp_path, ending, files))
    assert words in str(error.value) and "\n" not in str(error.value)
    assert not [item for item in (tmp_path / "home").rglob("*") if item.is_file()]


@pytest.mark.parametrize("ending", [".zip", ".tar", ".tar.gz", ".tar.xz", ".tar.bz2"])
def test_an_archive_that_is_cut_off_is_refused(tmp_path: Path, ending: str) -> None:
    path = pack(tmp_path, ending, FILES)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    with pytest.raises(ValueError, match="damaged or not a complete archive"):
        readers.read(path)


@pytest.mark.parametrize("ending", ["", ".zip", ".tar"])
def test_limits_on_count_and_size_hold(tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = pack(tmp_path, ending, FILES)
    with monkeypatch.context() as patch:
        patch.setattr(archives, "MAX_ENTRIES", 3)
        with pytest.raises(ValueError, match="more than 3 files"):
            readers.read(path)
    with monkeypatch.context() as patch:
        patch.setattr(archives, "MAX_MEMBER_BYTES", 20)
        with pytest.raises(ValueError, match="a picture may have"):
            readers.read(path)
    with monkeypatch.context() as patch:
        patch.setattr(pictures, "MAX_DECODED_BYTES", 2000)
        with pytest.raises(ValueError, match="decodes to more than"):
            readers.read(path)


@pytest.mark.parametrize("ending", ["", ".zip", ".tar"])
def test_folders_that_lie_too_deep_in_each_other_are_refused(tmp_path: Path, ending: str) -> None:
    deep = "d/" * archives.MAX_DEPTH
    allowed = pack(tmp_path, ending, {f"{deep}a.png": picture(1), f"{deep}b.png": picture(2)}, name="allowed")
    assert readers.read(allowed).n_samples == 2
    path = pack(tmp_path, ending, {"a.png": picture(1), f"{deep}d/b.png": picture(2)})
    with pytest.raises(ValueError, match="has 33 folders in each other; .* at most 32 are read"):
        readers.read(path)


def test_views_in_a_zip_lie_in_few_folders_too(tmp_path: Path) -> None:
    path = pack(tmp_path, ".zip", {f"{'d/' * 40}a.csv": b"1,2\n3,4\n", "b.csv": b"1,2\n3,4\n"})
    with pytest.raises(ValueError, match="set.zip has 40 folders in each other"):
        readers.read(path)


@pytest.mark.parametrize("ending", [".zip", ".tar"])
def test_an_archive_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MAX_UNPACKED_BYTES", 100)
    with pytest.raises(ValueError, match="that is too much"):
        readers.read(pack(tmp_path, ending, FILES))


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    path = pack(tmp_path, ".zip", {"a.png": picture(1)})
    content = bytearray(path.read_bytes())
    content[6] |= 1  # the flag in the local header ...
    content[content.index(b"PK\x01\x02") + 8] |= 1  # ... and in the directory
    path.write_bytes(content)
    with pytest.raises(ValueError, match="cannot be unpacked"):
        readers.read(path)


def test_a_loop_of_links_in_a_folder_ends(tmp_path: Path) -> None:
    path = pack(tmp_path, "", FILES)
    (path / "train" / "cat" / "again").symlink_to(path / "train" / "cat")
    assert readers.read(path).n_samples == 5


@pytest.mark.slow
def test_the_cifar10_pictures_are_complete_and_reopen_at_once(require_data: Callable[[str], Path]) -> None:
    path = require_data("cifar10_jpeg.tar.gz")
    dataset = readers.read(path)
    assert dataset.views[0].shape == (60000, 3, 32, 32) and dataset.labels is not None and dataset.split is not None
    counts = [np.bincount(dataset.labels[dataset.part(part)]).tolist() for part in ("train", "test")]
    assert counts == [[5000] * 10, [1000] * 10]
    start = time.perf_counter()
    assert readers.read(path).spec == dataset.spec
    assert time.perf_counter() - start < 1
