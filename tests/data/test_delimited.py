"""Tables as text: encodings, headers, what stands above them, rows of another length, decimal commas."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.data.made import LABELS, WORDS, A, N, asked, frame, left_out, opened, shapes

NAMES_OF_CLASSES = np.array(["Müller", "Straße", "Öl"])[LABELS]


@pytest.mark.parametrize(
    ("encoding", "names", "title"),
    [
        ("latin-1", NAMES_OF_CLASSES, "Windows-1252"),
        ("cp1252", NAMES_OF_CLASSES, "Windows-1252"),
        ("utf-16", NAMES_OF_CLASSES, "UTF-16"),
        ("utf-16-le", NAMES_OF_CLASSES, "UTF-16"),
        ("cp1251", np.array(["кошка", "собака", "птица"])[LABELS], "Windows-1251"),
        ("shift_jis", np.array(["ねこ", "いぬ", "とり"])[LABELS], ""),
    ],
)
def test_other_encodings_than_utf_8_are_read_and_named(
    tmp_path: Path, encoding: str, names: np.ndarray, title: str
) -> None:
    (tmp_path / "a.csv").write_bytes(frame(label=names).to_csv(index=False).encode(encoding))
    dataset, reading = opened(tmp_path / "a.csv")
    assert set(dataset.spec.classes) == set(names.tolist()) and any(f"read as {title}" in one for one in reading.told)


@pytest.mark.parametrize("missing", ["?", "--", "n/a", "."])
def test_what_stands_for_a_missing_number_is_one(tmp_path: Path, missing: str) -> None:
    table = frame(**{"class": WORDS}).astype(object)  # pyright: ignore[reportArgumentType]
    table.iloc[3, 2] = table.iloc[50, 4] = missing
    table.to_csv(tmp_path / "a.csv", index=False)
    dataset, reading = opened(tmp_path / "a.csv")
    assert (
        shapes(dataset) == [(6,)] and int(np.isnan(dataset.views[0]).sum()) == 2 and "holes in data" in asked(reading)
    )


def test_rows_of_another_length_are_named_and_left_out(tmp_path: Path) -> None:
    lines = frame(label=WORDS).to_csv(index=False).splitlines()
    lines[7] += ",9,9"
    lines[30] = lines[30].rsplit(",", 2)[0]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    dataset, reading = opened(tmp_path / "a.csv")
    assert dataset.n_samples == N - 2 and "2 lines of a.csv (rows differ in length, lines 8, 31)" in left_out(reading)
    with pytest.raises(ValueError, match="mend the file"):
        opened(tmp_path / "a.csv", **{"lines_of_a.csv": "read nothing"})


def rows(*columns: list) -> str:
    return "\n".join(",".join(map(str, row)) for row in zip(*columns, strict=True)) + "\n"


NUMBERS = [A[:, i].tolist() for i in range(5)]
MARKS = np.array(["f", "m"])[np.arange(N) % 2].tolist()


@pytest.mark.parametrize(
    ("text", "n_samples", "n_columns"),
    [
        (rows(MARKS, *NUMBERS, WORDS.tolist()), N, 5),
        (rows(MARKS, WORDS.tolist(), *NUMBERS), N, 5),
        (rows([f"s{i}" for i in range(N)], *NUMBERS), N, 5),
        (rows(*NUMBERS), N, 5),
        ("a,b,c,d,e\n" + rows(*NUMBERS), N, 5),
        ("name,2001,2002,2003,2004,2005\n" + rows(MARKS, *NUMBERS), N, 5),
        ("400,410,420,430,440\n" + rows(*NUMBERS), N, 5),
        ("# made by hand\na,b,c,d,e\n" + rows(*NUMBERS), N, 5),
    ],
)
def test_types_tell_a_header_from_a_first_row(tmp_path: Path, text: str, n_samples: int, n_columns: int) -> None:
    (tmp_path / "a.csv").write_text(text)
    dataset, _ = opened(tmp_path / "a.csv")
    assert dataset.n_samples == n_samples and shapes(dataset) == [(n_columns,)]


@pytest.mark.parametrize(
    ("above", "told"),
    [
        ("Measurements of 2021\n\n", "a line before the table in a.csv (Measurements of 2021)"),
        ("sep=,\n", "a line before the table in a.csv (sep=,)"),
        ("# one\n# two\nSource: a bureau\n", "2 lines of comment in a.csv (#), a line before the table in a.csv"),
        ("X1,X2,X3,X4,X5,X6,X7\n", "another row of names in a.csv (X1,X2,X3,X4,X5,X6,X7)"),
    ],
)
def test_what_stands_above_a_table_is_no_row_of_it(tmp_path: Path, above: str, told: str) -> None:
    (tmp_path / "a.csv").write_text(above + frame(A, prefix="width", label=WORDS).to_csv(index=False))
    dataset, reading = opened(tmp_path / "a.csv")
    assert shapes(dataset) == [(6,)] and dataset.n_samples == N and dataset.spec.n_clusters == 3
    assert told in left_out(reading) and not reading.open


def test_a_row_of_units_or_types_below_the_names_is_no_sample(tmp_path: Path) -> None:
    for name, below in (("units", "mm,mm,cm,cm,kg,kg,"), ("orange", "c,c,c,c,c,c,d\n,,,,,,class")):
        head, *rows = frame(A, label=WORDS).to_csv(index=False).splitlines()
        (tmp_path / f"{name}.csv").write_text("\n".join([head, below, *rows]))
        dataset, reading = opened(tmp_path / f"{name}.csv")
        assert shapes(dataset) == [(6,)] and dataset.n_samples == N and dataset.spec.n_clusters == 3
        assert "another row of names" in left_out(reading)


@pytest.mark.parametrize(
    "row",
    [
        lambda i: "\t".join(map(str, A[i, :3])) + ("\t\t" if i % 9 == 0 else "\t") + "\t".join(map(str, A[i, 3:])),
        lambda i: f"{str(WORDS[i]).upper()}_{i:03d}  " + "   ".join(f"{value:7.3f}" for value in A[i]),
        lambda i: "   ".join(f"{value:7.3f}" for value in A[i]) + f'\t"model {i} of {WORDS[i]}"',
    ],
)
def test_runs_of_spaces_and_tabs_part_columns(tmp_path: Path, row: Callable[[int], str]) -> None:
    (tmp_path / "a.data").write_text("\n".join(map(row, range(N))))
    dataset, _ = opened(tmp_path / "a.data")
    assert shapes(dataset) == [(6,)] and dataset.n_samples == N


def test_numbers_may_have_decimal_commas_where_semicolons_part_them(tmp_path: Path):
    for header in (True, False):
        pd.DataFrame(A).to_csv(tmp_path / "a.csv", sep=";", decimal=",", index=False, header=header)
        dataset, reading = opened(tmp_path / "a.csv")
        assert np.allclose(dataset.views[0], A) and reading.told == ["decimal commas"]


@pytest.mark.parametrize(
    ("lines", "first", "said"),
    [
        (["a;b;c", "1;2;3", "0,5;0,25;0"], [1, 2, 3], ["decimal commas"]),
        (["0,5;0,25;", "0,75;1,5;"], [0.5, 0.25], ["decimal commas", "column 3 (empty)"]),
        (["0,5;;cat", "0,75;1,5;dog", "3;2,5;cat", "1;1;dog"], [0.5, np.nan], ["decimal commas"]),
        (["1,5e3;2,5E-1", "-1,5e+3;,5"], [1500, 0.25], ["decimal commas"]),
        (["1,5\t2,5\t3", "1\t2\t3"], [1.5, 2.5, 3], ["decimal commas"]),
        (["width, cm;height, cm", "1,5;2", "2;2,5"], [1.5, 2], ["decimal commas"]),
        (["1,5 2,25 3,0", "4,5 5,25 6,0"], [1.5, 2.25, 3], ["decimal commas"]),
        (["  1,5   2  -3,0 ", "4 5 6"], [1.5, 2, -3], ["decimal commas"]),
        (["a b", "1,125 0,5", "2 3,25"], [1.125, 0.5], ["decimal commas"]),
        (["3, 1, 7", "4, 5, 6"], [3, 1, 7], []),
        (["a\tb\tcodes", "0.5\t2\t3,4", "1.5\t2.5\t5,6", "1\t2\t7,8"], [0.5, 2, 3.4], ["3,4 in codes is 3.4"]),
        (["1,2;7", "3,4;7;8", "5,6;9"], [1], ["column 2 (another word in every row)"]),
    ],
)
def test_all_rows_tell_whether_commas_are_decimal(
    tmp_path: Path, lines: list[str], first: list[float], said: list[str]
):
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n")
    dataset, reading = opened(tmp_path / "a.csv")
    assert dataset.n_samples == len(lines) - lines[0][:1].isalpha()
    assert [*reading.told, *map(str, reading.left_out)] == said
    assert np.allclose(dataset.views[0][0], first, equal_nan=True)


@pytest.mark.parametrize(
    ("lines", "example"),
    [
        (["1 000,5 2 500,5", "3 100,5 4 200,5"], "1 000,5"),  # spaces between thousands or columns?
        (["1,5", "2", "3,25"], "1,5"),  # two columns with a hole, or one?
    ],
)
def test_numbers_that_can_be_read_in_two_ways_are_not_guessed_at(tmp_path: Path, lines: list[str], example: str):
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n")
    with pytest.raises(ValueError, match=f"a.csv has numbers such as {example}, which can be read in two ways; write"):
        opened(tmp_path / "a.csv")


@pytest.mark.parametrize("mark", [";", "\t", " "])
def test_commas_that_may_part_thousands_are_asked_about(tmp_path: Path, mark: str):
    (tmp_path / "a.csv").write_text(f"1,500{mark}2,250\n3,000{mark}4,125\n")
    dataset, reading = opened(tmp_path / "a.csv")
    assert asked(reading) == {"thousands": "decimal commas"} and dataset.views[0].tolist() == [[1.5, 2.25], [3, 4.125]]
    dataset, reading = opened(tmp_path / "a.csv", thousands="commas between thousands")
    assert dataset.views[0].tolist() == [[1500, 2250], [3000, 4125]] and "1,500 in column 1 is 1500" in reading.told


MIXED = ["name;people;rate;share"] + [
    f"{word};{i + 1}.{300 + i};{i},{40 + i};0.{i + 1}" for i, word in enumerate("pqrst")
]


def test_a_column_with_decimal_commas_beside_points_is_asked_about(tmp_path: Path):
    (tmp_path / "a.csv").write_text("\n".join(MIXED) + "\n")
    dataset, reading = opened(tmp_path / "a.csv")
    assert asked(reading) == {"commas": "decimal commas", "points": "points between thousands"}
    assert np.allclose(dataset.views[0][1], [2301, 1.41, 0.2])
    dataset, reading = opened(tmp_path / "a.csv", commas="words", points="decimal points")
    assert np.allclose(dataset.views[0][1], [2.301, 0.2]) and left_out(reading) == "rate (another word in every row)"


def test_captions_with_numbers_and_spaces_stay_parted_by_commas(tmp_path: Path):
    (tmp_path / "a.csv").write_text("a cat 3,5\na dog 4,7\nbirds 2,9\n")
    dataset, reading = opened(tmp_path / "a.csv")
    assert dataset.views[0][:, 0].tolist() == [5, 7, 9] and "decimal commas" not in reading.told


def test_a_row_that_is_too_long_does_not_make_commas_part_the_others(tmp_path: Path):
    (tmp_path / "a.csv").write_text("0,5;1,5\n" * 20 + "0,5;1,5;2,5\n")
    dataset, reading = opened(tmp_path / "a.csv")
    assert dataset.views[0].shape == (20, 2) and str(reading.left_out[0]) == (
        "1 line of a.csv (rows differ in length, line 21)"
    )
    with pytest.raises(ValueError, match="a.csv is not a table of numbers"):
        opened(tmp_path / "a.csv", **{"lines of a.csv": "read nothing"})
