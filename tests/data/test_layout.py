"""What folders and names of pictures say, and what text files beside them do."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.io import savemat

from tests.data.made import LABELS, WORDS, N, asked, drawn, left_out, opened, parts, png, shapes

TRAIN = 42
"""Samples to train on; the others are there to test."""


def put(path: Path, *names: str) -> None:
    """Each sample's picture under every name given, in which {i}, {word} and {part} stand for its own."""
    for i in range(N):
        for name in names:
            part = name.split("|")[int(i >= TRAIN)] if "|" in name else name
            file = path / part.format(i=i, word=WORDS[i])
            file.parent.mkdir(parents=True, exist_ok=True)
            drawn(i).save(file)


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


def lines(form: str, each: int = 5) -> str:
    return "\n".join(form.format(i=i, word=WORDS[i], number=j) for i in range(N) for j in range(each))


def as_json(content: object) -> bytes:
    return json.dumps(content).encode()


COCO = {
    "images": [{"id": i, "file_name": f"{i:04}.png"} for i in range(N)],
    "annotations": [
        {"id": 5 * i + j, "image_id": i, "caption": f"A {WORDS[i]}, seen {j} times."}
        for i in range(N)
        for j in range(5)
    ],
}
KARPATHY = {
    "images": [
        {"filename": f"{i:04}.png", "sentences": [{"raw": f"A {WORDS[i]} of number {j}."} for j in range(5)]}
        for i in range(N)
    ],
    "dataset": "mine",
}
CAPTIONS = {
    "captions.txt": ("image,caption\n" + lines("{i:04}.png,A {word} , number {number} .")).encode(),
    "long.txt": ("image,caption\n" + lines('{i:04}.png,"A {word}, number {number}, ' + "x" * 300 + '"')).encode(),
    "tabs.txt": lines("{i:04}.png\tA {word} of number {number} .").encode(),
    "results.token": lines("{i:04}.png#{number}\tA {word} seen from {number} sides .").encode(),
    "schön.token": lines("{i:04}.png#{number}\tEine schöne Säule von {number} Seiten .").encode("latin-1"),
    "annotations/captions.json": as_json(COCO),
    "dataset.json": as_json(KARPATHY),
    "metadata.jsonl": lines('{{"file_name": "{i:04}.png", "text": "a drawing of a {word}"}}', 1).encode(),
    "metadata.csv": ("file_name,text\n" + lines("{i:04}.png,a drawing of number {i}", 1)).encode(),
}


@pytest.mark.parametrize("name", CAPTIONS)
@pytest.mark.parametrize("folder", ["", "images/"])
def test_captions_are_found_in_whatever_file(tmp_path: Path, name: str, folder: str) -> None:
    put(tmp_path / "set", f"{folder}{{i:04}}.png")
    (tmp_path / "set" / name).parent.mkdir(exist_ok=True)
    (tmp_path / "set" / name).write_bytes(CAPTIONS[name])
    dataset, reading = opened(tmp_path / "set")
    assert dataset.texts is not None and all(dataset.texts) and not reading.left_out and not reading.open
    assert dataset.texts[1].count("number") == 5 or "{number}" not in name and len(dataset.texts[1]) > 10
    assert dataset.labels is None


ONE_HOT = pd.DataFrame(
    {"image": [f"{i:04}" for i in range(N)]} | {w: 1.0 * (w == WORDS) for w in ("bar", "disc", "line")}
)
CLASSES = {
    "labels.json": as_json({f"{i:04}.png": str(WORDS[i]) for i in range(N)}),
    "list.json": as_json([{"file": f"{i:04}.png", "label": str(WORDS[i])} for i in range(N)]),
    "GroundTruth.csv": ONE_HOT.to_csv(index=False).encode(),
    "trainLabels.csv": ("id,label\n" + lines("{i:04},{word}", 1)).encode(),
    "labels.csv": ("file,label\n" + lines("{i:04}.png,{word}", 1)).encode(),
    "utf16.csv": ("file,label\n" + lines("{i:04}.png,{word}", 1)).encode("utf-16"),
    "train.txt": lines("images/{i:04}.png {word}", 1).encode(),
    "instances.json": as_json(
        COCO
        | {
            "categories": [{"id": k, "name": name} for k, name in enumerate(("disc", "bar", "line"))],
            "annotations": [{"id": i, "image_id": i, "category_id": int(LABELS[i])} for i in range(N)],
        }
    ),
}


@pytest.mark.parametrize("name", CLASSES)
def test_classes_are_found_in_whatever_file(tmp_path: Path, name: str) -> None:
    put(tmp_path / "set", "images/{i:04}.png")
    (tmp_path / "set" / name).write_bytes(CLASSES[name])
    dataset, _ = opened(tmp_path / "set")
    assert dataset.spec.classes == ("bar", "disc", "line") and dataset.n_samples == N
    assert dataset.labels is not None
    assert [dataset.spec.classes[label] for label in dataset.labels] == WORDS.tolist()


def test_classes_of_pictures_in_latin_1(tmp_path: Path) -> None:
    put(tmp_path / "set", "{i:04}.png")
    names = np.array(["Kreis", "Säule", "Linie"])[LABELS]
    text = "file,label\n" + "\n".join(f"{i:04}.png,{name}" for i, name in enumerate(names))
    (tmp_path / "set" / "labels.csv").write_bytes(text.encode("latin-1"))
    dataset, reading = opened(tmp_path / "set")
    assert dataset.spec.classes == ("Kreis", "Linie", "Säule") and "labels.csv read as Windows-1252" in reading.told[0]


def heic(path: Path) -> None:
    for i in range(24):
        (path / f"{i}.heic").write_bytes(b"something")


def no_text(path: Path) -> None:
    (path / "labels.csv").write_bytes(bytes(range(9)) * 50)


def other_names(path: Path) -> None:
    (path / "prices.csv").write_text("name,price\nsofa,3.5\nchair,4\ntable,7\n")


@pytest.mark.parametrize(
    ("put_beside", "words"),
    [
        (heic, "24 files (.heic)"),
        (no_text, "labels.csv (is no text"),
        (other_names, "prices.csv (names"),
    ],
)
def test_files_that_say_nothing_are_left_out_with_a_reason(
    tmp_path: Path, put_beside: Callable[[Path], None], words: str
) -> None:
    put(tmp_path / "set", "{i:04}.png")
    put_beside(tmp_path / "set")
    dataset, reading = opened(tmp_path / "set")
    assert dataset.n_samples == N and words in left_out(reading)


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


def test_lists_of_numbered_pictures_are_joined_by_their_numbers(tmp_path: Path) -> None:
    put(tmp_path, "images/{i:04d}_x.png")
    lines = {
        "images.txt": [f"{i + 1} {i:04d}_x.png" for i in range(N)],
        "image_class_labels.txt": [f"{i + 1} {LABELS[i] + 1}" for i in range(N)],
        "train_test_split.txt": [f"{i + 1} {int(i < TRAIN)}" for i in range(N)],
        "classes.txt": [f"{k + 1} {word}" for k, word in enumerate(("disc", "bar", "line"))],
        "boxes.txt": [f"{i + 1} 1.0 2.0 3.0 4.0" for i in range(N)],
    }
    for name, found in lines.items():
        (tmp_path / name).write_text("\n".join(found))
    dataset, reading = opened(tmp_path)
    assert dataset.spec.n_clusters == 3 and parts(dataset) == (TRAIN, N - TRAIN) and dataset.texts is None
    assert "boxes.txt (several numbers for each picture)" in left_out(reading)


def test_lists_of_parts_and_of_classes(tmp_path: Path) -> None:
    put(tmp_path, "images/{i:04d}.png")
    for part, rows in (("train", range(TRAIN)), ("test", range(TRAIN, N))):
        (tmp_path / f"variant_{part}.txt").write_text("\n".join(f"{i:04d} {WORDS[i]} 7" for i in rows))
    (tmp_path / "list_eval_partition.txt").write_text("\n".join(f"{i:04d}.png {i % 3}" for i in range(N)))
    dataset, _ = opened(tmp_path)
    assert dataset.texts is None and dataset.spec.n_clusters == 3 and dataset.split is not None


def test_annotations_of_a_part_give_its_classes(tmp_path: Path) -> None:
    put(tmp_path, "train/{word}/images/{i}.png|val/images/{i}.png")
    rows = [f"{i}.png\t{WORDS[i]}\t0\t32\t44\t62" for i in range(TRAIN, N)]
    (tmp_path / "val" / "val_annotations.txt").write_text("\n".join(rows))
    dataset, _ = opened(tmp_path)
    assert dataset.spec.classes == ("bar", "disc", "line") and dataset.texts is None
    assert dataset.labels is not None and (dataset.labels >= 0).all() and parts(dataset) == (TRAIN, N - TRAIN)


def test_numbers_of_classes_get_their_names(tmp_path: Path) -> None:
    put(tmp_path, "train_images/{i}.png|test_images/{i}.png")
    pd.DataFrame({"image_id": [f"{i}.png" for i in range(TRAIN)], "label": LABELS[:TRAIN]}).to_csv(
        tmp_path / "train.csv", index=False
    )
    pd.DataFrame({"image_id": [f"{i}.png" for i in range(TRAIN, N)], "label": 4}).to_csv(
        tmp_path / "sample_submission.csv", index=False
    )
    (tmp_path / "label_map.json").write_text(json.dumps({"0": "Disc", "1": "Bar", "2": "Line"}))
    dataset, reading = opened(tmp_path)
    assert dataset.spec.classes == ("Disc", "Bar", "Line") and "a form for predictions" in left_out(reading)


@pytest.mark.parametrize("kind", ["npy", "mat", "txt"])
def test_labels_that_name_no_picture_may_follow_their_order(tmp_path: Path, kind: str) -> None:
    put(tmp_path, "images/{i}.png")
    if kind == "npy":
        np.save(tmp_path / "labels.npy", LABELS)
    elif kind == "mat":
        savemat(tmp_path / "labels.mat", {"labels": LABELS[None] + 1})
    else:
        (tmp_path / "labels.txt").write_text("\n".join(WORDS))
    dataset, reading = opened(tmp_path)
    assert list(asked(reading)) == [f"order of labels.{kind}"] and dataset.spec.n_clusters == 3
    order = sorted(range(N), key=str)  # the order of the rows is that of the paths
    assert dataset.labels is not None
    assert np.array_equal(dataset.labels, np.unique(WORDS if kind == "txt" else LABELS, return_inverse=True)[1][order])


def test_each_picture_has_its_class_and_caption_in_files_of_its_name(tmp_path: Path) -> None:
    put(tmp_path, "{i:06}.png")
    for i in range(N):
        (tmp_path / f"{i:06}.cls").write_text(str(LABELS[i]))
        (tmp_path / f"{i:06}.txt").write_text(f"a {WORDS[i]}, number {i}")
    dataset, reading = opened(tmp_path)
    assert dataset.labels is not None and dataset.labels.tolist() == LABELS.tolist() and not reading.left_out
    assert dataset.texts is not None and dataset.texts[7] == f"a {WORDS[7]}, number 7"


def test_each_picture_has_json_of_its_name(tmp_path: Path) -> None:
    put(tmp_path, "{i:06}.png")
    for i in range(N):
        said = {"caption": f"a {WORDS[i]}, number {i}", "label": WORDS[i], "width": 28} if i else {"width": 28}
        (tmp_path / f"{i:06}.json").write_text(json.dumps(said))
    dataset, reading = opened(tmp_path)
    assert dataset.labels is not None and (dataset.labels < 0).tolist() == [True] + [False] * (N - 1)
    assert dataset.spec.n_clusters == 3 and dataset.texts is not None and sum(map(bool, dataset.texts)) == N - 1
    assert left_out(reading) == "000000.json (names no class and no caption)"


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


def test_a_table_says_the_classes_of_a_part_without_folders_by_their_numbers(tmp_path: Path) -> None:
    for i in range(N):
        folder = tmp_path / (f"Train/{LABELS[i]}" if i < TRAIN else "Test")
        folder.mkdir(parents=True, exist_ok=True)
        drawn(i).save(folder / f"{i:05}.png")
    rows = range(TRAIN, N)
    table = {"Width": 28, "ClassId": LABELS[TRAIN:], "Path": [f"Test/{i:05}.png" for i in rows]}
    pd.DataFrame(table).to_csv(tmp_path / "Test.csv", index=False)
    dataset, _ = opened(tmp_path)
    assert dataset.labels is not None and (dataset.labels >= 0).all() and parts(dataset) == (TRAIN, N - TRAIN)
    assert dataset.labels[TRAIN:].tolist() == LABELS[TRAIN:].tolist()
