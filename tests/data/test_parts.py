"""Parts of one set are joined as rows, with their split, in whatever files they come."""

import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from mmclust.data.readers import parts as naming
from tests.data.made import IMAGES, LABELS, WORDS, A, B, N, asked, frame, left_out, opened, parts, png, shapes

TRAIN, TEST = slice(0, 40), slice(40, N)


@pytest.mark.parametrize(
    ("name", "base", "word", "shard"),
    [
        ("X_train", "X", "train", 0),
        ("xtest", "x", "test", 0),
        ("XTest", "X", "test", 0),
        ("I_te", "I", "te", 0),
        ("Xtr", "X", "tr", 0),
        ("train_images", "images", "train", 0),
        ("data_batch_3", "data", "", 3),
        ("part-00002", "", "", 2),
        ("train-00001-of-00004", "", "train", 1),
        ("seg_train", "seg", "train", 0),
        ("rgb_train_2", "rgb", "train", 2),
        ("t10k-images", "images", "test", 0),
    ],
)
def test_a_name_says_what_is_held_and_which_part_of_it(name: str, base: str, word: str, shard: int) -> None:
    found, part = naming.taken_apart(name)
    assert part is not None and (found, part.word, part.shard) == (base, word, shard)


@pytest.mark.parametrize(
    "name", ["view1", "latent", "trait", "text", "mfeat-fac", "part_of_speech", "fine_label", "str"]
)
def test_other_names_are_no_parts(name: str) -> None:
    assert naming.taken_apart(name) == (name, None)


@pytest.mark.parametrize("names", [("train", "test"), ("training", "val"), ("train", "dev"), ("gallery", "query")])
@pytest.mark.parametrize("ending", ["csv", "parquet", "csv.gz"])
def test_tables_of_parts_are_one_view(tmp_path: Path, names: tuple[str, str], ending: str) -> None:
    for name, rows in zip(names, (TRAIN, TEST), strict=True):
        table = frame(label=WORDS)[rows]
        file = tmp_path / f"{name}.{ending}"
        table.to_parquet(file) if ending == "parquet" else table.to_csv(file, index=False)
    dataset, reading = opened(tmp_path)
    assert shapes(dataset) == [(6,)] and parts(dataset) == (40, 20) and not reading.open
    assert np.allclose(dataset.views[0], A) and dataset.spec.n_clusters == 3


@pytest.mark.parametrize("pack", ["zip", "tar.gz"])
def test_a_part_without_classes_is_unlabelled(tmp_path: Path, pack: str) -> None:
    texts = {"train.csv": frame(label=LABELS)[TRAIN], "test.csv": frame()[TEST]}
    path = tmp_path / f"set.{pack}"
    if pack == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, table in texts.items():
                archive.writestr(name, table.to_csv(index=False))
    else:
        with tarfile.open(path, "w:gz") as archive:
            for name, table in texts.items():
                content = table.to_csv(index=False).encode()
                info = tarfile.TarInfo(f"set/{name}")
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    dataset, _ = opened(path)
    assert shapes(dataset) == [(6,)] and parts(dataset) == (40, 20) and dataset.labels is not None
    assert dataset.labels[TRAIN].tolist() == LABELS[TRAIN].tolist() and (dataset.labels[TEST] == -1).all()


@pytest.mark.parametrize("spelling", ["part-{:05}.snappy", "shard_{}", "fold{}", "batch-{}", "data-{:05}-of-00003"])
def test_shards_are_joined_in_their_order_and_are_no_split(tmp_path: Path, spelling: str) -> None:
    for number in range(3):
        frame(label=LABELS)[20 * number : 20 * number + 20].to_parquet(tmp_path / f"{spelling.format(number)}.parquet")
    dataset, _ = opened(tmp_path)
    assert np.allclose(dataset.views[0], A) and dataset.split is None and dataset.spec.n_clusters == 3


NPZ: dict[str, dict[str, np.ndarray]] = {
    "keras": {"x_train": IMAGES[TRAIN], "y_train": LABELS[TRAIN], "x_test": IMAGES[TEST], "y_test": LABELS[TEST]},
    "capital": {"X_train": IMAGES[TRAIN], "y_train": LABELS[TRAIN], "X_test": IMAGES[TEST], "y_test": LABELS[TEST]},
    "one-hot": {
        **{"x_train": IMAGES[TRAIN], "y_train": np.eye(3)[LABELS[TRAIN]]},
        **{"x_test": IMAGES[TEST], "y_test": np.eye(3)[LABELS[TEST]]},
    },
    "three": {
        **{"train_images": IMAGES[TRAIN], "train_labels": LABELS[TRAIN, None]},
        **{"val_images": IMAGES[40:50], "val_labels": LABELS[40:50, None]},
        **{"test_images": IMAGES[50:], "test_labels": LABELS[50:, None]},
    },
}


@pytest.mark.parametrize("arrays", NPZ.values(), ids=NPZ.keys())
def test_arrays_of_parts_are_one_set_of_images(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    np.savez(tmp_path / "a.npz", allow_pickle=False, **arrays)
    dataset, reading = opened(tmp_path / "a.npz")
    assert shapes(dataset) == [(1, 28, 28)] and parts(dataset) == (40, 20) and not reading.open
    assert np.array_equal(dataset.views[0][:, 0], IMAGES)
    assert dataset.labels is not None and dataset.labels.tolist() == LABELS.tolist()


def test_parts_of_equal_length_are_no_views(tmp_path: Path) -> None:
    for name, rows in (("train", slice(0, 30)), ("test", slice(30, N))):
        np.save(tmp_path / f"X_{name}.npy", A[rows])
        np.save(tmp_path / f"y_{name}.npy", LABELS[rows])
    dataset, _ = opened(tmp_path)
    assert shapes(dataset) == [(6,)] and parts(dataset) == (30, 30) and dataset.spec.n_clusters == 3


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("names", [("I_{}", "T_{}", "L_{}"), ("X1{}", "X2{}", "Y{}")])
@pytest.mark.parametrize("words", [("tr", "te"), ("train", "test")])
def test_two_views_of_a_mat_in_two_parts(
    tmp_path: Path, turned: bool, names: tuple[str, str, str], words: tuple[str, str]
) -> None:
    if words[0] == "tr" and "_" not in names[0]:
        words = ("_tr", "_te")
    arrays = {}
    for word, rows in zip(words, (TRAIN, TEST), strict=True):
        first, second, labels = (name.format(word) for name in names)
        arrays |= {first: A[rows].T if turned else A[rows], second: B[rows].T if turned else B[rows]}
        arrays |= {labels: LABELS[rows, None] + 1}
    savemat(tmp_path / "a.mat", arrays)
    dataset, _ = opened(tmp_path / "a.mat")
    assert shapes(dataset) == [(6,), (4,)] and parts(dataset) == (40, 20) and dataset.spec.n_clusters == 3
    assert np.allclose(dataset.views[0], A) and np.allclose(dataset.views[1], B)


def test_batches_of_pixels_with_names_of_classes_in_a_file_of_their_own(tmp_path: Path) -> None:
    planes = np.repeat(IMAGES[:, None, :24, :24], 3, axis=1).reshape(N, -1)
    for number in range(3):
        rows = slice(20 * number, 20 * number + 20)
        batch = {"data": planes[rows], "labels": LABELS[rows, None].astype(np.uint8), "batch_label": f"batch {number}"}
        savemat(tmp_path / f"data_batch_{number + 1}.mat", batch)
    names = np.array(["disc", "bar", "line"], object)[:, None]
    savemat(tmp_path / "batches.meta.mat", {"label_names": names})
    dataset, reading = opened(tmp_path)
    assert shapes(dataset) == [(3, 24, 24)] and dataset.spec.classes == ("disc", "bar", "line")
    assert np.array_equal(dataset.views[0][:, 0], IMAGES[:, :24, :24]) and asked(reading) == {
        "pixels of data": "images, row by row"
    }


def folders(path: Path) -> None:
    for part, rows in (("train", TRAIN), ("test", TEST)):
        (path / part).mkdir()
        np.save(path / part / "X.npy", A[rows])
        np.save(path / part / "y.npy", LABELS[rows])


def hugging_face(path: Path) -> None:
    (path / "data").mkdir()
    for name, rows in (("train-00000-of-00002", slice(0, 20)), ("train-00001-of-00002", slice(20, 40))):
        frame(label=LABELS)[rows].to_parquet(path / "data" / f"{name}.parquet")
    frame(label=LABELS)[TEST].to_parquet(path / "data" / "test-00000-of-00001.parquet")
    (path / "README.md").write_text("about")


def npz_files(path: Path) -> None:
    for name, rows in (("train", TRAIN), ("test", TEST)):
        np.savez(path / f"{name}.npz", x=A[rows], y=LABELS[rows])


@pytest.mark.parametrize("make", [folders, hugging_face, npz_files])
def test_folders_of_parts(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path)
    dataset, reading = opened(tmp_path)
    assert shapes(dataset) == [(6,)] and parts(dataset) == (40, 20) and np.allclose(dataset.views[0], A)
    assert dataset.spec.n_clusters == 3 and ("README.md" in left_out(reading)) == (make is hugging_face)


def test_shards_of_pictures_in_parquet(tmp_path: Path) -> None:
    for number, rows in enumerate((TRAIN, TEST)):
        cells = [{"bytes": png(i), "path": None} for i in range(N)[rows]]
        table = frame(label=LABELS).iloc[rows][["label"]].assign(image=cells)
        table.to_parquet(tmp_path / f"train-{number:05}-of-00002.parquet")
    dataset, _ = opened(tmp_path)
    assert shapes(dataset) == [(1, 28, 28)] and np.array_equal(dataset.views[0][:, 0], IMAGES)
    assert dataset.spec.n_clusters == 3


def test_tables_of_the_same_columns_under_other_names_are_asked_about(tmp_path: Path) -> None:
    table = frame().rename(columns={f"f{i}": name for i, name in enumerate(("age", "height", "mass", "a", "b", "c"))})
    table[TRAIN].to_csv(tmp_path / "2019.csv", index=False)
    table[TEST].to_csv(tmp_path / "2020.csv", index=False)
    dataset, reading = opened(tmp_path)
    assert shapes(dataset) == [(6,)] and dataset.n_samples == N and asked(reading) == {"files": "rows of one table"}
    table[:20].to_csv(tmp_path / "2019.csv", index=False)
    assert shapes(opened(tmp_path, files="a view each")[0]) == [(6,), (6,)]


def test_parts_whose_columns_differ_are_refused_in_words(tmp_path: Path) -> None:
    frame()[TRAIN].to_csv(tmp_path / "train.csv", index=False)
    frame(B, "g")[TEST].to_csv(tmp_path / "test.csv", index=False)
    with pytest.raises(ValueError, match="train, test are parts of one set by their names, but their columns differ"):
        opened(tmp_path)


def test_the_form_of_a_contest_holds_no_classes(tmp_path: Path) -> None:
    table = frame(Id=np.arange(N) + 1, Survived=LABELS % 2)
    table[TRAIN].to_csv(tmp_path / "train.csv", index=False)
    table[TEST].drop(columns="Survived").to_csv(tmp_path / "test.csv", index=False)
    table.iloc[TEST][["Id"]].assign(Survived=0).to_csv(tmp_path / "sample_submission.csv", index=False)
    dataset, reading = opened(tmp_path)
    assert dataset.n_samples == N and parts(dataset) == (40, 20) and shapes(dataset) == [(6,)]
    assert "sample_submission (a form for predictions)" in left_out(reading)
