"""Folders of tables as Spark, single-cell and sensor tools leave them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.data.made import LABELS, WORDS, A, B, N, asked, frame, left_out, opened, shapes


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
