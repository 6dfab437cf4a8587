import zipfile
from pathlib import Path

import numpy as np
import pytest

from mmclust.data import readers
from mmclust.data.readers import npz
from mmclust.data.readers.reading import Reading, understood

IMAGES = np.arange(6 * 4 * 5, dtype=np.uint8).reshape(6, 4, 5)


def write(path: Path, **arrays: np.ndarray) -> Path:
    np.savez(path, allow_pickle=True, **arrays)
    return path


@pytest.mark.parametrize(
    ("images", "shape"),
    [
        (IMAGES, (1, 4, 5)),
        (IMAGES[:, None], (1, 4, 5)),
        (np.stack([IMAGES] * 3, axis=-1), (3, 4, 5)),
        (np.stack([IMAGES] * 3, axis=1), (3, 4, 5)),
    ],
)
def test_images_of_any_layout_come_out_with_channels_first(tmp_path: Path, images: np.ndarray, shape: tuple) -> None:
    dataset = readers.read(write(tmp_path / "a.npz", images=images))
    assert dataset.views[0].shape == (6, *shape) == (6, *dataset.spec.views[0].shape)
    assert np.array_equal(dataset.views[0][:, 0], IMAGES)
    assert dataset.labels is None and dataset.spec.n_clusters == 0


@pytest.mark.parametrize(
    ("images", "dtype", "low", "high"),
    [
        (IMAGES * 2, np.uint8, 0, 255),
        (IMAGES.astype(np.int64) * 2, np.uint8, 0, 255),
        (IMAGES // 7, np.uint8, 0, 17),
        (IMAGES // 7.0, np.float32, 0, 17),
        (IMAGES > 60, np.uint8, 0, 1),
        (IMAGES / 255, np.float32, 0, 1),
        (IMAGES / 127.5 - 1, np.float32, -1, 1),
        (IMAGES * 2.0, np.float32, 0, 255),
        (IMAGES * 10.0 - 5, np.float32, -5, 1185),
    ],
)
def test_pixels_keep_their_source_range(
    tmp_path: Path, images: np.ndarray, dtype: type, low: float, high: float
) -> None:
    dataset = readers.read(write(tmp_path / "a.npz", images=images))
    view = dataset.spec.views[0]
    assert dataset.views[0].dtype == dtype
    assert (view.low, view.high) == (low, high)
    assert np.allclose(dataset.views[0][:, 0], images)


@pytest.mark.parametrize(
    ("labels", "ids", "classes"),
    [
        ([1, 2, 3, 1, 2, 3], [0, 1, 2, 0, 1, 2], ("1", "2", "3")),
        ([[0.0, 5, 5, 5, 0, 0]], [0, 1, 1, 1, 0, 0], ("0", "5")),
        (["b", "a", "b", "a", "a", "a"], [1, 0, 1, 0, 0, 0], ("a", "b")),
    ],
)
def test_labels_of_any_numbering_become_ids_from_zero(
    tmp_path: Path, labels: list, ids: list[int], classes: tuple
) -> None:
    dataset = readers.read(write(tmp_path / "a.npz", images=IMAGES, labels=np.array(labels)))
    assert dataset.labels is not None and dataset.labels.dtype == np.int64
    assert dataset.labels.tolist() == ids
    assert dataset.spec.classes == classes and dataset.spec.n_clusters == len(classes)


def test_named_classes_keep_their_index_and_parts_are_kept(tmp_path: Path) -> None:
    file = write(
        tmp_path / "a.npz",
        images=IMAGES,
        labels=np.array([2, 2, 0, 0, 2, 0]),
        classes=np.array(["cat", "dog", "owl"]),
        split=np.array([0, 0, 0, 0, 1, 1]),
    )
    dataset = readers.read(file)
    assert dataset.labels is not None and dataset.labels.tolist() == [2, 2, 0, 0, 2, 0]
    assert dataset.spec.classes == ("cat", "dog", "owl") and dataset.spec.n_clusters == 3
    assert dataset.part("test").tolist() == [4, 5]


@pytest.mark.parametrize("part", [0, 1])
def test_a_split_that_is_the_same_everywhere_is_no_split(tmp_path: Path, part: int) -> None:
    dataset = readers.read(write(tmp_path / "a.npz", images=IMAGES, split=np.full(6, part)))
    assert all(len(dataset.part(name)) == 6 for name in ("all", "train", "test", "train+unlabelled"))
    assert "all in one part, so methods train and are evaluated on all" in understood(dataset)


def test_the_keras_spelling_is_read(tmp_path: Path) -> None:
    labels = np.array([0, 1, 1, 0, 1, 0])
    parts = {"x_train": IMAGES[:4], "y_train": labels[:4], "x_test": IMAGES[4:], "y_test": labels[4:]}
    dataset = readers.read(write(tmp_path / "mnist.npz", **parts))
    assert dataset.labels is not None and dataset.labels.tolist() == labels.tolist()
    assert dataset.part("test").tolist() == [4, 5]


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"note": np.array("nothing")}, "holds note; a matrix with a row for each sample"),
        ({"images": np.stack([IMAGES] * 9, axis=1)}, "have shape"),
        ({"images": IMAGES[:0]}, "at least one image"),
        ({"images": np.zeros((6, 4, 5))}, "nothing to tell them apart"),
        ({"images": np.where(IMAGES == 7, np.nan, IMAGES)}, "NaN or infinite"),
        ({"images": np.where(IMAGES == 7, np.inf, IMAGES)}, "NaN or infinite"),
        ({"images": IMAGES.astype(complex)}, "of type complex128"),
        ({"images": IMAGES.astype(object)}, "pickled array"),
        ({"images": IMAGES, "labels": np.arange(5)}, "5 labels for images 6 x 4 x 5"),
        ({"images": IMAGES, "labels": np.array([0.5, 0.5, 1.5, 1.5, 0.5, 0.5])}, "fractions or NaN"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_sentence(tmp_path: Path, arrays: dict, words: str) -> None:
    with pytest.raises(ValueError) as error:
        readers.read(write(tmp_path / "a.npz", **arrays))
    assert words in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"images": IMAGES, "labels": np.array([None] * 6)}, "labels (a pickled array"),
        (
            {"images": IMAGES, "labels": np.arange(6), "classes": np.array(["a", "b"])},
            "names of classes (2 names for 6",
        ),
        ({"images": IMAGES, "split": np.arange(6)}, "split (no 0 (train) or 1 (test)"),
        ({"images": IMAGES, "more": np.zeros(3)}, "more (3, no view and no classes)"),
    ],
)
def test_what_cannot_be_used_beside_images_is_left_out_with_the_reason(
    tmp_path: Path, arrays: dict, words: str
) -> None:
    reading = Reading()
    dataset = readers.read(write(tmp_path / "a.npz", **arrays), reading)
    assert dataset.n_samples == 6 and words in str(reading.left_out[0])
    assert f"left out: {words}" in understood(dataset, reading)


@pytest.mark.parametrize("content", [b"", b"no zip at all", b"PK\x03\x04 cut off"])
def test_a_file_that_is_no_npz_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(ValueError, match="cannot be read as .npz"):
        readers.read(tmp_path / "a.npz")


def test_a_flipped_byte_is_noticed(tmp_path: Path) -> None:
    file = write(tmp_path / "a.npz", images=IMAGES)
    content = bytearray(file.read_bytes())
    content[200] ^= 255
    file.write_bytes(content)
    with pytest.raises(ValueError, match="damaged"):
        readers.read(file)


def test_a_header_that_promises_more_than_the_file_holds_takes_no_memory(tmp_path: Path) -> None:
    header = np.lib.format.magic(1, 0)
    text = b"{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000, 1000, 1000)}".ljust(117) + b"\n"
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("images.npy", header + len(text).to_bytes(2, "little") + text + b"12")
    with pytest.raises(ValueError, match="shorter than its header says"):
        readers.read(tmp_path / "a.npz")


def test_large_arrays_are_memory_mapped_and_cannot_be_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(npz, "MAP_ABOVE", 10)
    file = write(tmp_path / "a.npz", images=np.stack([IMAGES] * 3, axis=-1))
    first = readers.read(file).views[0]
    assert np.array_equal(first[:, 1], IMAGES)
    with pytest.raises(ValueError, match="read-only"):
        first[:] = 0
    assert np.array_equal(readers.read(file).views[0][:, 1], IMAGES)
    assert len(list((tmp_path / "home" / "cache").iterdir())) == 1


@pytest.mark.parametrize(
    "names", [("x1", "x2", "labels"), ("view_1", "view_2", "y"), ("image", "text", "gt"), ("X0", "X1", "Y")]
)
def test_arrays_of_several_views_make_a_multi_view_set(tmp_path: Path, names: tuple[str, str, str]):
    features, labels = np.random.default_rng(0).random((6, 4)), np.array([1, 2, 1, 2, 1, 1])
    file = write(tmp_path / "a.npz", **dict(zip(names, (IMAGES, features, labels), strict=True)))
    dataset = readers.read(file)
    assert [(view.name, view.kind) for view in dataset.spec.views] == [(names[0], "image"), (names[1], "vector")]
    assert np.array_equal(dataset.views[0][:, 0], IMAGES) and np.allclose(dataset.views[1], features)
    assert dataset.labels is not None and dataset.labels.tolist() == [0, 1, 0, 1, 0, 0]
    assert readers.describe(file) == (dataset.spec, dataset.n_samples)


def test_images_beside_features_are_two_views(tmp_path: Path):
    file = write(tmp_path / "a.npz", images=IMAGES, text=np.random.default_rng(0).random((6, 4)), labels=np.arange(6))
    assert [view.name for view in readers.read(file).spec.views] == ["images", "text"]


def test_views_of_different_length_are_one_sentence(tmp_path: Path):
    rng = np.random.default_rng(0)
    file = write(tmp_path / "a.npz", x1=rng.random((6, 4)), x2=rng.random((6, 3)), x3=rng.random((5, 3)))
    with pytest.raises(ValueError, match=r"differ in length \(x1 6 x 4, x2 6 x 3, x3 5 x 3\)"):
        readers.read(file)


def test_pickled_views_are_refused(tmp_path: Path):
    rng = np.random.default_rng(0)
    views = {"x1": np.array([rng.random(), None]), "labels": np.array([None] * 6)}
    with pytest.raises(ValueError, match="x1 in a.npz is a pickled array"):
        readers.read(write(tmp_path / "a.npz", **views))
