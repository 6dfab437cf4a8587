"""What folders and names of pictures say."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.data.made import LABELS, TRAIN, WORDS, N, asked, drawn, left_out, opened, parts, png, put, shapes


@pytest.mark.parametrize(
    "name",
    [
        "train/{word}/{i}.png|test/{word}/{i}.png",
        "seg_train/seg_train/{word}/{i}.png|seg_test/seg_test/{word}/{i}.png",
        "images/training/{word}/{i}.png|images/validation/{word}/{i}.png",
        "{word}/train/{i}.png|{word}/test/{i}.png",
        "training_set/{word}/{i}.png|test_set/{word}/{i}.png",
        "train2017/{word}/{i}.png|val2017/{word}/{i}.png",
        "set/gallery/{word}/{i}.png|set/query/{word}/{i}.png",
    ],
)
def test_folders_of_parts_are_no_classes(tmp_path: Path, name: str) -> None:
    put(tmp_path / "set", name)
    dataset, reading = opened(tmp_path / "set")
    assert dataset.spec.classes == ("bar", "disc", "line") and parts(dataset) == (TRAIN, N - TRAIN)
    assert shapes(dataset) == [(1, 28, 28)] and not reading.open


def test_a_part_without_class_folders_is_unlabelled(tmp_path: Path) -> None:
    put(tmp_path / "set", "train/{word}/{i}.png|test/{i}.png")
    dataset, _ = opened(tmp_path / "set")
    assert dataset.spec.n_clusters == 3 and parts(dataset) == (TRAIN, N - TRAIN)
    assert dataset.labels is not None and (dataset.labels < 0).sum() == N - TRAIN


def test_a_folder_for_samples_without_a_class_is_none(tmp_path: Path) -> None:
    put(tmp_path / "set", "{word}/{i}.png|unlabeled/{i}.png")
    dataset, _ = opened(tmp_path / "set")
    assert dataset.spec.n_clusters == 3 and dataset.labels is not None and (dataset.labels < 0).sum() == N - TRAIN


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("names", [("rgb", "depth"), ("thermal", "visible"), ("left", "right")])
@pytest.mark.parametrize("inside", ["{word}/{i:03}.png", "{i:03}.png"])
def test_folders_of_the_same_names_are_views(tmp_path: Path, names: tuple[str, str], inside: str, packed: bool) -> None:
    put(tmp_path / "set", *(f"{name}/{inside}" for name in names))
    path = tmp_path / "set"
    if packed:
        with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
            for file in path.rglob("*.png"):
                archive.write(file, file.relative_to(tmp_path))
        path = tmp_path / "set.zip"
    dataset, reading = opened(path)
    assert shapes(dataset) == [(1, 28, 28)] * 2 and dataset.n_samples == N
    assert {view.name for view in dataset.spec.views} == set(names)
    assert dataset.spec.n_clusters == (3 if "word" in inside else 0)
    assert np.array_equal(dataset.views[0], dataset.views[1])
    assert asked(reading) == {"folders": "views of the same samples"}
    other, _ = opened(path, folders="classes")
    assert other.n_samples == 2 * N and shapes(other) == [(1, 28, 28)]


def test_classes_whose_pictures_are_counted_alike_are_no_views(tmp_path: Path) -> None:
    for i in range(N):
        file = tmp_path / f"obj{LABELS[i]}" / f"{i // 3}.png"
        file.parent.mkdir(exist_ok=True)
        drawn(i).save(file)
    dataset, reading = opened(tmp_path)
    assert dataset.n_samples == N and dataset.spec.n_clusters == 3 and not reading.open


def test_ends_of_names_are_views(tmp_path: Path) -> None:
    put(tmp_path / "set", "{i:03}_left.png", "{i:03}_right.png")
    dataset, reading = opened(tmp_path / "set")
    assert shapes(dataset) == [(1, 28, 28)] * 2 and asked(reading) == {"names": "views of the same samples"}


@pytest.mark.parametrize(
    "names",
    [
        ("{word}/{i}.png", "{word}/{i}_mask.png"),
        ("{word}/{i}.png", "{word}/{i}_segmentation.png"),
        ("images/{i}.png", "masks/{i}.png"),
        ("images/{i}.png", "masks/{i}_mask.png"),
    ],
)
def test_masks_are_no_samples(tmp_path: Path, names: tuple[str, str]) -> None:
    put(tmp_path / "set", *names)
    dataset, reading = opened(tmp_path / "set")
    assert dataset.n_samples == N and len(dataset.views) == 1 and "masks of the others" in left_out(reading)
    assert dataset.spec.n_clusters == (3 if "word" in names[0] else 0)
    assert asked(reading) == {"masks": "leave them out"}
    as_view, _ = opened(tmp_path / "set", masks="a view of their own")
    assert as_view.n_samples == N and [view.name for view in as_view.spec.views] == ["image", "mask"]
    assert as_view.spec.n_clusters == dataset.spec.n_clusters
    assert opened(tmp_path / "set", masks="samples like the others")[0].n_samples == 2 * N


def test_pictures_are_described_as_they_are_read(tmp_path: Path) -> None:
    from mmclust.data import readers

    put(tmp_path / "set", "rgb/{word}/{i}.png", "depth/{word}/{i}.png")
    described = readers.describe(tmp_path / "set")
    dataset, _ = opened(tmp_path / "set")
    assert described == (dataset.spec, dataset.n_samples)
    answers = {"folders": "classes"}
    assert readers.describe(tmp_path / "set", answers)[1] == 2 * N and png(0)


@pytest.mark.parametrize(
    ("names", "expected", "question"),
    [
        ("amazon/images/{word}/{i}.png|webcam/images/{word}/{i}.png", WORDS, {"class folders": "inner folders"}),
        ("{word}/images/{i}.png", WORDS, {}),
        ("{word}.{i}.png", WORDS, {"names": "classes"}),
        ("set/{word}__{i}.png", WORDS, {"names": "classes"}),
        ("seg_train/seg_train/{word}/{i}.png|seg_pred/seg_pred/{i}.png", WORDS, {}),
        ("trainA/{word}/{i}.png|trainB/{word}/{i}.png", None, None),
    ],
)
def test_which_folders_or_names_are_classes(
    tmp_path: Path, names: str, expected: np.ndarray | None, question: dict[str, str] | None
) -> None:
    put(tmp_path / "set", names)
    dataset, reading = opened(tmp_path / "set")
    if expected is None:
        assert asked(reading)
        return
    assert asked(reading) == question and dataset.spec.classes == tuple(sorted(set(expected)))


def test_kinds_in_classes_are_asked_about(tmp_path: Path) -> None:
    for i in range(N):
        file = tmp_path / ("plant" if i % 3 else "animal") / WORDS[i] / f"{i}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        drawn(i).save(file)
    dataset, reading = opened(tmp_path)
    assert asked(reading) == {"class folders": "outer folders"} and dataset.spec.classes == ("animal", "plant")
    assert opened(tmp_path, class_folders="inner folders")[0].spec.classes == ("bar", "disc", "line")


@pytest.mark.parametrize(
    ("first", "second", "guess"),
    [("day", "night", "views of the same samples"), ("cat", "dog", "classes"), ("sun", "shade", "classes")],
)
def test_folders_of_equal_names_are_asked_about(tmp_path: Path, first: str, second: str, guess: str) -> None:
    for i in range(N):
        file = tmp_path / (second if i % 2 else first) / f"scene_{i // 2}.png"
        file.parent.mkdir(exist_ok=True)
        drawn(i).save(file)
    dataset, reading = opened(tmp_path)
    assert asked(reading) == {"folders": guess} and len(dataset.views) == (2 if "views" in guess else 1)


def test_masks_in_any_folder_are_no_classes(tmp_path: Path) -> None:
    put(tmp_path / "set", "JPEGImages/{i:03d}.png")
    for i in range(0, N, 3):
        file = tmp_path / "set" / "SegmentationClass" / f"{i:03d}.png"
        file.parent.mkdir(exist_ok=True)
        drawn(i).save(file)
    dataset, reading = opened(tmp_path / "set")
    assert dataset.n_samples == N and dataset.labels is None and asked(reading) == {"masks": "leave them out"}


def test_parts_of_which_one_has_no_more_than_its_word_for_a_name(tmp_path: Path) -> None:
    for i in range(N):
        part = "bounding_box_train" if i < 30 else "query" if i < 40 else "bounding_box_test"
        (tmp_path / part).mkdir(exist_ok=True)
        drawn(i).save(tmp_path / part / f"{LABELS[i]:04}_c1s1_{i:06}_00.png")
    dataset, _ = opened(tmp_path)
    assert parts(dataset) == (30, 30) and dataset.n_samples == N


def test_names_of_pictures_are_classes_where_one_part_has_names_that_say_nothing(tmp_path: Path) -> None:
    put(tmp_path, "train/{word}.{i}.png|test1/{i}.png")
    dataset, reading = opened(tmp_path)
    assert asked(reading) == {"names": "classes"} and dataset.spec.classes == ("bar", "disc", "line")
    assert dataset.labels is not None and (dataset.labels < 0).sum() == N - TRAIN == parts(dataset)[1]
