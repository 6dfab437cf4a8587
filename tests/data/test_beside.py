"""What files beside pictures say of them: captions, classes, parts."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.io import savemat

from tests.data.made import LABELS, TRAIN, WORDS, N, asked, drawn, left_out, opened, parts, put


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
