"""Cells as people and instruments write them: amounts, limits, words, and columns whose names say what they are."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.data.made import IMAGES, LABELS, WORDS, A, N, asked, frame, left_out, opened, parts, shapes

POSITIVE = np.abs(A).round(3)


@pytest.mark.parametrize(
    "written",
    [
        lambda x: f"{x * 1000:,.2f}".translate(str.maketrans(",.", ".,")),
        lambda x: f"{x * 1000:,.2f}".translate(str.maketrans(",.", " ,")),
        lambda x: f"{x * 1000:,.2f}".translate(str.maketrans(",.", "'.")).replace(".", ","),
        lambda x: f"{x * 1000:,.2f} €".translate(str.maketrans(",.", ".,")),
        lambda x: f"{x * 1000:,.2f}",
    ],
)
def test_thousands_and_decimal_commas(tmp_path: Path, written: Callable[[float], str]) -> None:
    frame(A, label=WORDS).map(lambda x: x if isinstance(x, str) else written(x)).to_csv(
        tmp_path / "a.csv", sep=";", index=False
    )
    dataset, _ = opened(tmp_path / "a.csv")
    assert dataset.spec.n_clusters == 3 and np.allclose(dataset.views[0], A * 1000, atol=0.006, rtol=1e-6)


@pytest.mark.parametrize(("answer", "share"), [("half the limit", 0.5), ("the limit", 1.0), ("missing", np.nan)])
def test_limits_of_what_can_be_measured(tmp_path: Path, answer: str, share: float) -> None:
    table = frame(POSITIVE, site=WORDS).astype(object)
    table.iloc[::5, 1], table.iloc[::7, 3], table.iloc[3, 4] = "<0.05", "< 0.1", ">1000"
    table.to_csv(tmp_path / "a.csv", index=False)
    _, reading = opened(tmp_path / "a.csv")
    assert asked(reading)["limits"] == "half the limit" and "22 cells of f1, f3, f4" in reading.open[0].text
    values = opened(tmp_path / "a.csv", limits=answer)[0].views[0]
    expected = POSITIVE.copy()
    expected[::5, 1], expected[::7, 3], expected[3, 4] = (
        0.05 * share,
        0.1 * share,
        1000 * (share if share != 0.5 else 1),
    )
    assert np.allclose(values, expected, equal_nan=True)


def test_words_for_what_could_not_be_measured_are_missing_numbers(tmp_path: Path) -> None:
    table = frame(POSITIVE, site=WORDS).astype(object)
    table.iloc[::5, 1], table.iloc[::7, 3] = "<LOD", "n.d."
    table.to_csv(tmp_path / "a.csv", index=False)
    dataset, reading = opened(tmp_path / "a.csv")
    assert np.isnan(dataset.views[0]).sum() == 12 + 9
    assert "words such as ND stand for a missing value in f1, f3" in reading.told


def test_a_table_of_words_alone_has_a_column_for_each_word(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {"class": np.array(["e", "p"])[LABELS % 2], "cap": WORDS, "odor": np.array(list("ab"))[LABELS // 2]}
    )
    table.loc[4, "cap"] = "?"
    table.to_csv(tmp_path / "a.csv", index=False)
    dataset, reading = opened(tmp_path / "a.csv")
    assert dataset.spec.classes == ("e", "p") and "a column of 0 and 1 for each word of cap, odor" in reading.told
    assert shapes(dataset) == [(5,)] and dataset.views[0].sum() == 2 * N - 1
    assert np.array_equal(dataset.views[0][:, 0], (WORDS == "bar") & (np.arange(N) != 4))


def test_of_words_alone_those_of_their_own_are_the_classes(tmp_path: Path) -> None:
    votes = np.where(np.random.default_rng(0).random((N, 8)) < 0.5, "y", "n")
    rows = [",".join([word, *row]) for word, row in zip(np.where(LABELS, "left", "right"), votes, strict=True)]
    (tmp_path / "votes.data").write_text("\n".join(rows))
    dataset, reading = opened(tmp_path / "votes.data")
    assert asked(reading) == {"classes": "column 1"} and shapes(dataset) == [(16,)]
    assert dataset.spec.classes == ("left", "right")


def test_the_last_of_several_columns_of_words_is_guessed_before_few_numbers(tmp_path: Path) -> None:
    rows = [
        f"{20 + i % 50}, {'xyz'[i % 3]}, {A[i, 0]}, {A[i, 1]}, {A[i, 2]}, {i % 16}, {'<=50K' if i % 4 else '>50K'}"
        for i in range(N)
    ]
    (tmp_path / "adult.data").write_text("\n".join(rows))
    assert asked(opened(tmp_path / "adult.data")[1])["classes"] == "column 7"


def test_rows_may_end_in_a_comma_that_the_header_has_not(tmp_path: Path) -> None:
    head, *rows = frame(A, label=WORDS).to_csv(index=False).splitlines()
    (tmp_path / "a.csv").write_text("\n".join([head, *(f"{row}," for row in rows)]))
    dataset, reading = opened(tmp_path / "a.csv")
    assert np.allclose(dataset.views[0], A, atol=1e-5) and dataset.spec.n_clusters == 3 and not reading.left_out


def test_counts_of_rows_that_were_written_twice_are_no_features(tmp_path: Path) -> None:
    frame(A, label=WORDS).reset_index(names="Unnamed: 0").to_csv(tmp_path / "a.csv")
    assert shapes(opened(tmp_path / "a.csv")[0]) == [(6,)]


def test_a_row_of_data_that_became_the_header_is_none(tmp_path: Path) -> None:
    flat = IMAGES.reshape(N, -1)
    head = ",".join(["0", *(f"0.{i}" for i in range(1, flat.shape[1] + 1))])
    rows = [",".join(map(str, [label, *row])) for label, row in zip(LABELS, flat, strict=True)]
    (tmp_path / "a.csv").write_text("\n".join([head, *rows]))
    dataset, reading = opened(tmp_path / "a.csv")
    assert dataset.n_samples == N and shapes(dataset) == [(784,)] and asked(reading)["classes"] == "0"


def test_a_number_of_its_own_in_every_row_may_be_an_id(tmp_path: Path) -> None:
    rows = [f"{84230 + 37 * i},{WORDS[i]},{','.join(map(str, A[i]))}" for i in range(N)]
    (tmp_path / "a.data").write_text("\n".join(rows))
    dataset, reading = opened(tmp_path / "a.data")
    assert shapes(dataset) == [(6,)] and asked(reading)["use of column 1"] == "leave it out"
    assert left_out(reading) == "column 1 (holds another whole number in nearly every row, which may be an id)"
    assert shapes(opened(tmp_path / "a.data", use_of_column_1="feature")[0]) == [(7,)]


@pytest.mark.parametrize("title", ["pixel{n}", "{row}x{column}", "r{row}x{column}"])
def test_columns_called_pixels_are_images(tmp_path: Path, title: str) -> None:
    names = [title.format(n=28 * y + x, row=y + 1, column=x + 1) for y in range(28) for x in range(28)]
    table = pd.DataFrame(IMAGES.reshape(N, -1), columns=names)
    table.insert(0, "label", LABELS)
    for name, rows in (("train", slice(0, 40)), ("test", slice(40, N))):
        table[rows].to_csv(tmp_path / f"{name}.csv", index=False)
    dataset, reading = opened(tmp_path)
    assert asked(reading) == {"pixels of pixels": "images, row by row"} and parts(dataset) == (40, 20)
    assert np.array_equal(dataset.views[0][:, 0], IMAGES)


def test_names_above_names_are_views(tmp_path: Path) -> None:
    text = frame(A, label=WORDS).to_csv(index=False)
    (tmp_path / "a.csv").write_text("img,img,img,txt,txt,txt,meta\n" + text)
    dataset, reading = opened(tmp_path / "a.csv")
    assert shapes(dataset) == [(3,), (3,)] and asked(reading)["views"] == "2 views" and dataset.spec.n_clusters == 3


def test_places_that_are_one_hot_are_no_classes_beside_such(tmp_path: Path) -> None:
    place = np.eye(4, dtype=int)[np.arange(N) * 7 % 4]
    table = frame(A).assign(
        north_area=place[:, 0], east_area=place[:, 1], south_area=place[:, 2], west_area=place[:, 3]
    )
    table["cover_type"] = LABELS
    table.to_csv(tmp_path / "a.csv", index=False)
    dataset, reading = opened(tmp_path / "a.csv")
    assert dataset.spec.n_clusters == 3 and shapes(dataset) == [(10,)] and asked(reading)["classes"] == "cover_type"
