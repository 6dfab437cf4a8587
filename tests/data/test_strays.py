"""Rows that are no samples, and words among numbers."""

from pathlib import Path

import numpy as np
import pytest

from tests.data.made import LABELS, WORDS, A, N, asked, frame, left_out, opened, shapes

LINES = frame(A, label=WORDS).to_csv(index=False).splitlines()


def table(tmp_path: Path, lines: list[str]) -> Path:
    path = tmp_path / "a.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("Total,1,2,3,4,5,", "a row below the table in a.csv (Total)"),
        ("1,1,2,3,4,5,Mean:", "a row below the table in a.csv (Mean:)"),
        ("Source: a garden,,,,,,", "a row below the table in a.csv (Source: a garden)"),
        ("Sum,1,2,3,4,5,\nMean,1,2,3,4,5,", "2 rows below the table in a.csv (Sum)"),
        (LINES[0], "a row of a.csv (the names of the columns again)"),
    ],
)
def test_rows_that_are_no_samples_are_left_out(tmp_path: Path, end: str, said: str) -> None:
    dataset, reading = opened(table(tmp_path, [*LINES, end]))
    assert np.allclose(dataset.views[0], A) and dataset.spec.n_clusters == 3 and left_out(reading) == said


def test_classes_called_like_sums_stay(tmp_path: Path) -> None:
    words = np.sort(np.array(["a", "mean", "total"])[LABELS])
    dataset, reading = opened(table(tmp_path, frame(A, label=words).to_csv(index=False).splitlines()))
    assert dataset.n_samples == N and dataset.spec.n_clusters == 3 and not reading.left_out


def test_words_among_numbers_are_asked_about(tmp_path: Path) -> None:
    lines = [*LINES[:-2], "broken,1,2,3,4,5,bar", "1,2,3,???,5,6,bar"]
    dataset, reading = opened(table(tmp_path, lines))
    assert shapes(dataset) == [(6,)] and np.isnan(dataset.views[0]).sum() == 2
    assert asked(reading)["words among numbers"] == "missing numbers" and "such as broken in row 59 of f0" in (
        reading.open[0].text
    )
    with pytest.raises(ValueError, match=r"not a table of numbers \(row 59 of f0 holds broken\); mend the file"):
        opened(table(tmp_path, lines), words_among_numbers="read nothing")
