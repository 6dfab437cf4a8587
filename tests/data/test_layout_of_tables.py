"""Folders of tables as Spark, single-cell and sensor tools leave them."""

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.data.made import LABELS, WORDS, A, B, N, asked, frame, left_out, opened, parts, shapes


def test_folders_that_name_a_column_and_its_value(tmp_path: Path) -> None:
    for word in set(WORDS):
        (tmp_path / f"label={word}").mkdir()
        frame(A[word == WORDS]).to_parquet(tmp_path / f"label={word}" / "part-0.parquet")
    dataset, reading = opened(tmp_path)
    assert shapes(dataset) == [(6,)] and dataset.spec.classes == ("bar", "disc", "line") and not reading.open
    assert dataset.labels is not None
    order = np.argsort(WORDS, kind="stable")
    assert [dataset.spec.classes[label] for label in dataset.labels] == WORDS[order].tolist()
    assert np.allclose(dataset.views[0], A[order], atol=1e-5)


def test_folders_that_name_a_part_and_a_class(tmp_path: Path) -> None:
    part = np.where(np.arange(N) < 40, "train", "test")
    for split in ("train", "test"):
        for word in set(WORDS):
            folder, rows = tmp_path / f"split={split}" / f"label={word}", (part == split) & (word == WORDS)
            folder.mkdir(parents=True)
            frame(A[rows]).to_parquet(folder / "part-0.parquet")
    dataset, _ = opened(tmp_path)
    assert shapes(dataset) == [(6,)] and parts(dataset) == (40, 20) and dataset.spec.n_clusters == 3


@pytest.mark.parametrize("answer", ["leave them out", "a view of their own"])
def test_few_numbers_beside_the_classes_describe_the_samples(tmp_path: Path, answer: str) -> None:
    ids = [f"AAAC{i:03}-1" for i in range(N)]
    frame(A).set_axis(ids).to_csv(tmp_path / "rna.csv")
    frame(B).set_axis(ids).sample(frac=1, random_state=0).to_csv(tmp_path / "protein.csv")
    about = pd.DataFrame({"cell_type": WORDS, "n_counts": np.arange(N) * 7.5}, index=ids)
    about.to_csv(tmp_path / "metadata.csv")
    _, reading = opened(tmp_path)
    assert asked(reading)["numbers of metadata"] == "leave them out"
    dataset, reading = opened(tmp_path, numbers_of_metadata=answer)
    is_left = answer == "leave them out"
    assert sorted(shapes(dataset)) == ([] if is_left else [(1,)]) + [(4,), (6,)] and dataset.spec.n_clusters == 3
    assert ("n_counts in metadata (numbers that describe the samples)" in left_out(reading)) == is_left


def test_lines_of_json_under_the_ending_of_one_document(tmp_path: Path) -> None:
    frame(A, label=LABELS).to_json(tmp_path / "a.json", orient="records", lines=True)
    dataset, _ = opened(tmp_path / "a.json")
    assert shapes(dataset) == [(6,)] and dataset.n_samples == N and dataset.spec.n_clusters == 3


def test_a_recording_in_each_file_and_a_class_in_each_folder(tmp_path: Path) -> None:
    for i in range(N):
        (tmp_path / WORDS[i]).mkdir(exist_ok=True)
        np.savetxt(tmp_path / WORDS[i] / f"{i}.csv", np.stack([A[i], A[i] ** 2], axis=1), delimiter=",")
    dataset, reading = opened(tmp_path)
    assert shapes(dataset) == [(12,)] and "a sample in each of 60 files" in reading.told
    assert dataset.labels is not None and dataset.spec.classes == ("bar", "disc", "line")
    order = sorted(range(N), key=lambda i: (WORDS[i], i))
    assert np.allclose(dataset.views[0][:, ::2], A[order], atol=1e-5)
    assert [dataset.spec.classes[label] for label in dataset.labels] == WORDS[order].tolist()


def test_what_the_cache_notes_of_an_archive_is_none_of_its_files(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for name, rows in (("train", slice(0, 40)), ("test", slice(40, N))):
            archive.writestr(f"{name}.csv", frame(A[rows], label=LABELS[rows]).to_csv(index=False))
    for _ in range(2):
        dataset, reading = opened(tmp_path / "set.zip")
        assert shapes(dataset) == [(6,)] and dataset.n_samples == N and not left_out(reading)
