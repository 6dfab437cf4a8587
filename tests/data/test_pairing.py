"""Views of different length, samples that a view lacks: what is asked, what is kept, what is left out."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy.io import savemat

from mmclust.data import readers
from mmclust.data.dataset import MultiViewDataset
from mmclust.data.readers import pairing
from mmclust.data.readers.reading import Reading, understood

RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(40, 5)).astype(np.float32), RNG.normal(size=(36, 7)).astype(np.float32)
LABELS = np.arange(40) % 4
ROWS = "keep the first 36 rows of each view"
COLUMNS = "keep the first 36 columns of each view"


def opened(path: Path, answer: str = "") -> tuple[MultiViewDataset, Reading]:
    reading = Reading({pairing.PAIRING: answer} if answer else {})
    return readers.read(path, reading), reading


def refused(path: Path) -> tuple[str, Reading]:
    reading = Reading()
    with pytest.raises(ValueError) as error:
        readers.read(path, reading)
    return str(error.value), reading


@pytest.mark.parametrize("labels", [None, LABELS, LABELS[:36]])
@pytest.mark.parametrize("names", [("X1", "X2"), ("images", "text")])
def test_the_common_part_is_offered_and_never_taken_unasked(
    tmp_path: Path, names: tuple[str, str], labels: np.ndarray | None
):
    arrays: dict[str, Any] = dict(zip(names, (A, B), strict=True)) | ({} if labels is None else {"Y": labels})
    np.savez(tmp_path / "a.npz", allow_pickle=False, **arrays)
    words, reading = refused(tmp_path / "a.npz")
    assert "differ in length" in words and f"--answer 'pairing={ROWS}'" in words
    (question,) = reading.questions
    assert question.must and question.answer == "" and question.options == (ROWS,)
    assert question.text.startswith(f"{names[0]} has 40 samples, {names[1]} has 36 samples. Methods need complete")
    dataset, reading = opened(tmp_path / "a.npz", ROWS)
    assert [view.shape for view in dataset.views] == [(36, 5), (36, 7)] and reading.questions[0].answer == ROWS
    assert np.array_equal(dataset.views[0], A[:36]) and np.array_equal(dataset.views[1], B)
    assert (None if dataset.labels is None else dataset.labels.tolist()) == (
        None if labels is None else LABELS[:36].tolist()
    )
    assert "the first 36 samples of each view, paired by their order" in understood(dataset, reading.told)


def test_matrices_with_names_of_their_own_are_offered_too(tmp_path: Path):
    np.savez(tmp_path / "a.npz", vision=A, words=B)
    assert refused(tmp_path / "a.npz")[1].questions[0].options == (ROWS,)
    assert [view.name for view in opened(tmp_path / "a.npz", ROWS)[0].spec.views] == ["vision", "words"]


def test_an_answer_that_is_no_option_is_none(tmp_path: Path):
    np.savez(tmp_path / "a.npz", X1=A, X2=B)
    with pytest.raises(ValueError, match="differ in length"):
        opened(tmp_path / "a.npz", "keep everything")


def test_labels_of_another_length_than_every_view_are_refused(tmp_path: Path):
    np.savez(tmp_path / "a.npz", X1=A, X2=B, Y=LABELS[:38])
    assert "has 38 labels for X1 40 x 5, X2 36 x 7" in refused(tmp_path / "a.npz")[0]
    assert not refused(tmp_path / "a.npz")[1].questions


@pytest.mark.parametrize("labels", [None, LABELS])
def test_samples_may_be_columns(tmp_path: Path, labels: np.ndarray | None):
    arrays = {"X1": A.T, "X2": B.T} | ({} if labels is None else {"Y": labels})
    np.savez(tmp_path / "a.npz", allow_pickle=False, **arrays)
    _, reading = refused(tmp_path / "a.npz")
    others = ("keep the first 5 rows of each view",) if labels is None else ()
    assert reading.questions[0].options == (*others, COLUMNS)
    dataset, reading = opened(tmp_path / "a.npz", COLUMNS)
    assert np.array_equal(dataset.views[0], A[:36]) and np.array_equal(dataset.views[1], B)
    assert reading.told[0] == "samples in columns"


def test_views_with_as_many_columns_are_not_taken_for_views_of_columns(tmp_path: Path):
    np.savez(tmp_path / "a.npz", X1=A, X2=B[:, :5])
    _, reading = refused(tmp_path / "a.npz")
    assert reading.questions[0].options == (ROWS, "take the 5 columns of each view as its samples")
    assert "does not say whether samples are rows or columns: X1 40 x 5, X2 36 x 5" in reading.questions[0].text
    assert opened(tmp_path / "a.npz", ROWS)[0].n_samples == 36
    dataset, reading = opened(tmp_path / "a.npz", "take the 5 columns of each view as its samples")
    assert [view.shape for view in dataset.views] == [(5, 40), (5, 36)] and reading.told == ["samples in columns"]


def table(values: np.ndarray, **more: Any) -> pd.DataFrame:
    return pd.DataFrame({f"width {i}": column for i, column in enumerate(values.T)} | more)


def write(folder: Path, **tables: pd.DataFrame) -> Path:
    folder.mkdir(exist_ok=True)
    for name, frame in tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    return folder


def test_tables_without_ids_are_offered_by_their_order_with_classes_and_captions(tmp_path: Path):
    captions = [f"a caption, of number {i}" for i in range(40)]
    folder = write(tmp_path / "set", a=table(A, label=LABELS, caption=captions), b=table(B))
    _, reading = refused(folder)
    assert reading.questions[0].options == (ROWS,) and "a has 40 samples, b has 36" in reading.questions[0].text
    dataset, _ = opened(folder, ROWS)
    assert dataset.labels is not None and dataset.labels.tolist() == LABELS[:36].tolist()
    assert dataset.texts is not None and dataset.texts.tolist() == captions[:36]


def test_ids_that_repeat_or_that_one_table_lacks_join_nothing_and_are_no_numbers(tmp_path: Path):
    repeated = write(tmp_path / "one", a=table(A, id=np.arange(40) // 2), b=table(A[:, :2], id=np.arange(40)))
    dataset, reading = opened(repeated)
    assert [view.shape for view in dataset.views] == [(40, 5), (40, 2)]
    assert reading.told == ["rows paired by their order, for a has no ids"]
    assert str(reading.left_out[0]) == "id in a.csv (an id, which is the same for several rows)"
    alone = write(tmp_path / "two", a=table(A, id=np.arange(40)), b=table(A[:, :2]))
    assert opened(alone)[1].told == ["rows paired by their order, for b has no ids"]


def test_a_table_of_classes_may_be_called_labels_and_hold_words(tmp_path: Path):
    words = np.array(["owl", "cat"])[LABELS % 2]
    folder = write(tmp_path / "set", a=table(A), b=table(A[:, :3]), labels=pd.DataFrame({"class": words}))
    dataset, _ = opened(folder)
    assert dataset.spec.classes == ("cat", "owl") and [view.name for view in dataset.spec.views] == ["a", "b"]


def test_captions_in_a_table_of_their_own_are_one_for_each_sample_or_left_out(tmp_path: Path):
    captions = [f"number {i} of many, seen from afar" for i in range(40)]
    folder = write(tmp_path / "set", a=table(A), b=table(A[:, :3]))
    (folder / "c.csv").write_text("caption\n" + "\n".join(f'"{text}"' for text in captions))
    dataset, _ = opened(folder)
    assert dataset.texts is not None and dataset.texts.tolist() == captions and len(dataset.views) == 2
    (folder / "c.csv").write_text("caption\n" + "\n".join(f'"{text}"' for text in captions[:5]))
    dataset, reading = opened(folder)
    assert dataset.texts is None and str(reading.left_out[0]) == "5 captions (not one for each sample)"


def left_out(reading: Reading) -> list[str]:
    return [one.what for one in reading.left_out]


@pytest.mark.parametrize("name", ["W", "V", "v", "x", "data"])
def test_matrices_that_are_no_views_are_named(tmp_path: Path, name: str):
    np.savez(tmp_path / "two.npz", allow_pickle=False, **{name: np.eye(9), "X1": A, "X2": A[:, :3], "Y": LABELS})
    assert left_out(opened(tmp_path / "two.npz")[1]) == [name]
    arrays = {name: np.eye(5), "X": A, "Y": LABELS}
    np.savez(tmp_path / "one.npz", allow_pickle=False, **arrays)
    savemat(tmp_path / "one.mat", arrays)
    for ending in ("npz", "mat"):
        dataset, reading = opened(tmp_path / f"one.{ending}")
        assert [(view.name, view.shape) for view in dataset.spec.views] == [("X", (5,))]
        assert left_out(reading) == [name] and dataset.n_samples == 40 and dataset.spec.n_clusters == 4


def test_matrices_of_usual_names_that_do_not_fit_the_labels_are_left_out_beside_two_that_do(tmp_path: Path):
    np.savez(tmp_path / "a.npz", v=B[:12], data=A, gt=LABELS)
    assert left_out(opened(tmp_path / "a.npz")[1]) == ["v"]
    np.savez(tmp_path / "a.npz", X=A, vision=A[:, :3], features=B, gt=LABELS)
    dataset, reading = opened(tmp_path / "a.npz")
    assert [view.name for view in dataset.spec.views] == ["X", "vision"] and left_out(reading) == ["features"]
    np.savez(tmp_path / "a.npz", X=A, W1=B[:5], W2=B[:7], gt=LABELS)
    dataset, reading = opened(tmp_path / "a.npz")
    assert [view.name for view in dataset.spec.views] == ["X"] and left_out(reading) == ["W1", "W2"]


def test_rows_without_a_picture_and_pictures_without_a_caption_are_counted(tmp_path: Path):
    for number in range(10):
        Image.new("RGB", (8, 8), (20 * number, 0, 0)).save(tmp_path / f"{number}.png")
    named = [*range(8), 8, 8, 20, 21]  # 8 twice, 20 and 21 are not there, 9 is not named
    lines = [f"{number}.png,{'' if number == 3 else f'words for {number}'}" for number in named]
    (tmp_path / "captions.csv").write_text("\n".join(["file,caption", *lines]))
    told = ["rows left out, whose picture is not there: 2"]
    dataset, reading = opened(tmp_path)
    assert dataset.n_samples == 10 and reading.told == [*told, "pictures without a caption: 2"]
    assert opened(tmp_path)[1].told == reading.told, "from the cache"
    (tmp_path / "captions.csv").write_text("file,label\n" + "\n".join(f"{i}.png,{'ab'[i % 2]}" for i in range(8)))
    dataset, reading = opened(tmp_path)
    assert dataset.labels is not None and dataset.labels.tolist() == [0, 1] * 4 + [-1, -1]
    assert reading.told == ["pictures without a class in the table: 2"]
    (tmp_path / "captions.csv").write_text("\n".join(["file,caption", *lines]))
    dataset, reading = opened(tmp_path / "captions.csv")
    assert dataset.n_samples == 9 and reading.told == [*told, "pictures without a caption: 1"]
