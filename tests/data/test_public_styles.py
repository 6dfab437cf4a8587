"""Inputs in the style of public sets: parts, labels and files under names that nobody here has chosen."""

import io
import json
import pickle
import tarfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from scipy.io import savemat

from mmclust.data import readers
from tests.data.made import IMAGES, LABELS, WORDS, A, B, N, asked, drawn, frame, left_out, opened, parts, png, shapes

TRAIN, TEST = slice(0, 40), slice(40, N)
OTHER = np.random.default_rng(1).permutation(N)


def folds(path: Path) -> None:
    for number in range(3):
        frame(A[number::3], label=WORDS[number::3]).to_csv(path / f"fold_{number}.csv", index=False)


def partitions(path: Path) -> None:
    for number in range(2):
        (path / f"part={number}").mkdir()
        frame(A[number::2], target=LABELS[number::2]).to_parquet(path / f"part={number}" / "0.parquet")


def labelled_and_not(path: Path) -> None:
    frame(A[TRAIN], label=WORDS[TRAIN]).to_csv(path / "labeled.csv", index=False)
    frame(A[TEST]).to_csv(path / "unlabeled.csv", index=False)


def arrays_of_three_parts(path: Path) -> None:
    for name, rows in (("trn", slice(0, 30)), ("val", slice(30, 45)), ("tst", slice(45, N))):
        np.save(path / f"{name}_x.npy", A[rows])
        np.save(path / f"{name}_y.npy", LABELS[rows])


@pytest.mark.parametrize("make", [folds, partitions, labelled_and_not, arrays_of_three_parts])
def test_parts_under_many_names_are_rows(tmp_path: Path, make: Callable[[Path], None]) -> None:
    (tmp_path / "set").mkdir()
    make(tmp_path / "set")
    dataset, reading = opened(tmp_path / "set")
    assert shapes(dataset) == [(6,)] and dataset.n_samples == N and dataset.spec.n_clusters == 3
    assert not reading.open and "parts joined as rows" in reading.told[0]


def test_gallery_and_query_of_a_retrieval_set(tmp_path: Path) -> None:
    pids = {"gallery_pid": LABELS[TRAIN], "query_pid": LABELS[TEST]}
    np.savez(tmp_path / "a.npz", gallery_feat=A[TRAIN], query_feat=A[TEST], **pids)  # type: ignore[arg-type]
    dataset, _ = opened(tmp_path / "a.npz")
    assert shapes(dataset) == [(6,)] and parts(dataset) == (40, 20) and dataset.spec.n_clusters == 3


def test_parts_that_do_not_fit_are_never_cut_to_one_length(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", labeled=A[:40], unlabeled=B[:19], Z=A[:30])
    with pytest.raises(ValueError) as error:
        readers.read(tmp_path / "a.npz")
    assert "parts of one set by their names" in str(error.value) and "keep the first" not in str(error.value)


def test_svhn_counts_samples_by_the_last_axis_of_each_part(tmp_path: Path) -> None:
    for name, rows in (("train", TRAIN), ("test", TEST)):
        images = np.repeat(IMAGES[rows].transpose(1, 2, 0)[:, :, None, :], 3, axis=2)
        savemat(tmp_path / f"{name}_32x32.mat", {"X": images, "y": LABELS[rows, None] + 1})
    dataset, _ = opened(tmp_path)
    assert shapes(dataset) == [(3, 28, 28)] and parts(dataset) == (40, 20) and dataset.spec.n_clusters == 3


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("Class", LABELS),
        ("cover_type", LABELS + 1),
        ("survived", LABELS % 2),
        ("is_fraud", (LABELS == 0).astype(int)),
        ("fetal_health", LABELS + 1.0),
        ("NObeyesdad", WORDS),
        ("Cluster ID", LABELS),
    ],
)
def test_classes_of_public_tables_are_no_features(tmp_path: Path, name: str, values: np.ndarray) -> None:
    frame(A, prefix="V", **{name: values}).to_csv(tmp_path / "a.csv", index=False)
    dataset, _ = opened(tmp_path / "a.csv")
    assert shapes(dataset) == [(6,)] and dataset.spec.n_clusters == len(set(values))


def test_genes_in_rows_are_joined_by_the_samples_in_the_header(tmp_path: Path) -> None:
    ids = np.array([f"TCGA-{i:04d}" for i in range(N)])
    for name, values in (("mrna", A), ("methylation", B)):
        order = np.random.default_rng(len(name)).permutation(N)
        genes = [f"GENE{i}" for i in range(values.shape[1])]
        pd.DataFrame(values[order].T, index=genes, columns=ids[order]).to_csv(tmp_path / f"{name}.csv")
    pd.DataFrame({"sample": ids, "subtype": WORDS}).to_csv(tmp_path / "clinical.csv", index=False)
    dataset, reading = opened(tmp_path)
    assert sorted(shapes(dataset)) == [(4,), (6,)] and "samples in columns" in reading.told
    by_id = {name: view for name, view in zip((v.name for v in dataset.spec.views), dataset.views, strict=True)}
    assert dataset.labels is not None
    for number, group in enumerate(dataset.spec.classes):
        rows = by_id["mrna"][dataset.labels == number]
        assert np.allclose(np.sort(rows[:, 0]), np.sort(A[group == WORDS, 0]), atol=1e-4)


def test_ids_with_and_without_an_ending_join_tables(tmp_path: Path) -> None:
    frame(A, prefix="a", image_id=[f"{i}.jpg" for i in range(N)]).to_csv(tmp_path / "img.csv", index=False)
    frame(B[OTHER], prefix="b", image_id=OTHER).to_csv(tmp_path / "txt.csv", index=False)
    dataset, _ = opened(tmp_path)
    image, text = dataset.views
    at = {round(float(row[0]), 3): i for i, row in enumerate(A)}
    assert np.allclose(text, B[[at[round(float(row[0]), 3)] for row in image]], atol=1e-4)


@pytest.mark.parametrize("name", ["x", "data", "fea"])
def test_a_cell_whose_views_are_taken_is_not_left_out(tmp_path: Path, name: str) -> None:
    views = np.empty((1, 2), object)
    views[0, 0], views[0, 1] = A, B
    savemat(tmp_path / "a.mat", {name: views, "Y": LABELS[:, None]})
    dataset, reading = opened(tmp_path / "a.mat")
    assert shapes(dataset) == [(6,), (4,)] and not reading.left_out


@pytest.mark.parametrize("word", ["unknown", "Unassigned", "not_annotated"])
def test_words_that_may_stand_for_no_class_are_asked_about(tmp_path: Path, word: str) -> None:
    frame(A, label=np.where(np.arange(N) % 4 == 0, word, WORDS)).to_csv(tmp_path / "a.csv", index=False)
    dataset, reading = opened(tmp_path / "a.csv")
    assert dataset.spec.n_clusters == 3 and dataset.labels is not None and (dataset.labels < 0).sum() == 15
    assert asked(reading) == {f"label {word}": "samples without a class"}
    as_class, _ = opened(tmp_path / "a.csv", **{f"label {word}": "a class of its own"})
    assert as_class.spec.n_clusters == 4


@pytest.mark.parametrize(("mark", "is_asked"), [(255, True), (-9, True), (999, True), (3, False), (17, False)])
def test_numbers_that_may_stand_for_no_class_are_asked_about(tmp_path: Path, mark: int, is_asked: bool) -> None:
    np.savez(tmp_path / "a.npz", images=IMAGES, labels=np.where(np.arange(N) % 4 == 0, mark, LABELS))
    dataset, reading = opened(tmp_path / "a.npz")
    assert asked(reading) == ({f"label {mark}": "samples without a class"} if is_asked else {})
    assert dataset.spec.n_clusters == (3 if is_asked else 4)


def test_two_classes_of_which_one_is_called_unknown_stay(tmp_path: Path) -> None:
    frame(A, label=np.where(LABELS == 0, "unknown", "known")).to_csv(tmp_path / "a.csv", index=False)
    dataset, reading = opened(tmp_path / "a.csv")
    assert dataset.spec.n_clusters == 2 and not reading.open


@pytest.mark.parametrize("ending", ["data", "dat", "txt", "tab"])
def test_a_text_file_alone_is_a_table(tmp_path: Path, ending: str) -> None:
    np.savetxt(tmp_path / f"a.{ending}", np.c_[A, LABELS], delimiter=" " if ending == "dat" else ",", fmt="%g")
    dataset, reading = opened(tmp_path / f"a.{ending}")
    assert shapes(dataset) == [(6,)] and dataset.spec.n_clusters == 3 and asked(reading) == {"classes": "column 7"}


def test_a_table_as_r_writes_it_has_names_of_rows(tmp_path: Path) -> None:
    rows = [f'"{i + 1}" ' + " ".join(f"{v:.3f}" for v in A[i]) + f' "{WORDS[i]}"' for i in range(N)]
    header = " ".join(f'"f{i}"' for i in range(6)) + ' "species"'
    (tmp_path / "a.txt").write_text("\n".join([header, *rows]))
    dataset, _ = opened(tmp_path / "a.txt")
    assert shapes(dataset) == [(6,)] and dataset.spec.classes == ("bar", "disc", "line") and dataset.n_samples == N


def test_numbers_of_folds_are_no_feature(tmp_path: Path) -> None:
    frame(A, fold=np.arange(N) % 5, label=WORDS).to_csv(tmp_path / "a.csv", index=False)
    dataset, reading = opened(tmp_path / "a.csv")
    assert shapes(dataset) == [(6,)] and asked(reading) == {"use of fold": "leave it out"}
    assert shapes(opened(tmp_path / "a.csv", **{"use of fold": "feature"})[0]) == [(7,)]


def test_parts_by_the_numbers_of_their_rows(tmp_path: Path) -> None:
    train, test = OTHER[:40], OTHER[40:]
    rows = {"trainIdx": train[None] + 1, "testIdx": test[None] + 1}
    savemat(tmp_path / "a.mat", {"X1": A, "X2": B, "Y": LABELS[:, None], **rows})
    dataset, reading = opened(tmp_path / "a.mat")
    assert dataset.n_samples == N and dataset.split is not None and not reading.left_out
    assert np.array_equal(np.flatnonzero(dataset.split), np.sort(test))
    savemat(tmp_path / "b.mat", {"X1": A, "X2": B, "Y": LABELS[:, None], **rows, "testIdx": test[None, :9] + 1})
    dataset, reading = opened(tmp_path / "b.mat")
    assert dataset.split is None and "not the number of every row once" in left_out(reading)


def test_many_files_that_say_nothing_are_counted(tmp_path: Path) -> None:
    for i in range(N):
        drawn(i).save(tmp_path / f"{i}.png")
        (tmp_path / "labels").mkdir(exist_ok=True)
        (tmp_path / "labels" / f"{i}.txt").write_text(f"{LABELS[i]} 0.5 0.5 0.2 0.3\n")
    dataset, reading = opened(tmp_path)
    assert dataset.texts is None and "60 files such as labels/" in left_out(reading)


def test_a_letter_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Dear reader,\nthis is a letter, not a table.\nYours")
    with pytest.raises(ValueError):
        readers.read(tmp_path / "a.txt")


@pytest.mark.parametrize("packed", [False, True])
def test_the_pickles_of_cifar_are_refused_as_what_they_are(tmp_path: Path, packed: bool) -> None:
    (tmp_path / "cifar").mkdir()
    for name in ("data_batch_1", "test_batch", "batches.meta"):
        content = {b"data": np.zeros((4, 3072), np.uint8), b"labels": [0, 1, 2, 0]}
        (tmp_path / "cifar" / name).write_bytes(pickle.dumps(content, protocol=2))
    (tmp_path / "cifar" / "readme.html").write_text("a page")
    path = tmp_path / "cifar"
    if packed:
        path = tmp_path / "cifar.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            archive.add(tmp_path / "cifar", "cifar")
    with pytest.raises(ValueError, match="holds pickles such as .*_batch.*, which may run any program"):
        readers.read(path)


def test_captions_of_coco_in_folders_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "val2017").mkdir()
    (tmp_path / "annotations").mkdir()
    for i in range(N):
        drawn(i).save(tmp_path / "val2017" / f"{i:012d}.png")
    said = [{"image_id": i, "id": 5 * i + k, "caption": f"a {WORDS[i]} no {k}"} for i in range(N) for k in range(5)]
    images = [{"id": i, "file_name": f"{i:012d}.png"} for i in range(N)]
    document = json.dumps({"images": images, "annotations": said})
    (tmp_path / "annotations" / "captions_val2017.json").write_text(document)
    dataset, reading = opened(tmp_path)
    assert dataset.texts is not None and dataset.texts[7].count("no") == 5 and not reading.left_out
    assert dataset.labels is None


def test_a_repository_of_shards_with_its_page(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "README.md").write_text("---\nlicense: mit\n---\n# A set")
    for name, rows in (("train", range(40)), ("test", range(40, N))):
        images = [{"bytes": png(i), "path": f"{i}.png"} for i in rows]
        table = pd.DataFrame({"image": images, "label": LABELS[list(rows)]})
        table.to_parquet(tmp_path / "data" / f"{name}-00000-of-00001.parquet")
    dataset, _ = opened(tmp_path)
    assert shapes(dataset) == [(1, 28, 28)] and parts(dataset) == (40, 20) and dataset.spec.n_clusters == 3


def test_groups_of_an_hdf5_file_are_parts(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "usps.h5", "w") as file:
        for name, rows in (("train", TRAIN), ("test", TEST)):
            group = file.create_group(name)
            group["data"], group["target"] = A[rows], LABELS[rows]
    dataset, _ = opened(tmp_path / "usps.h5")
    assert shapes(dataset) == [(6,)] and parts(dataset) == (40, 20) and dataset.spec.n_clusters == 3


def test_a_tar_of_class_folders(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "set.tar.gz", "w:gz") as archive:
        for i in range(N):
            info = tarfile.TarInfo(f"set/{WORDS[i]}/{i}.png")
            info.size = len(png(i))
            archive.addfile(info, io.BytesIO(png(i)))
    dataset, reading = opened(tmp_path / "set.tar.gz")
    assert dataset.spec.classes == ("bar", "disc", "line") and not reading.open
