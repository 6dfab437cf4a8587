"""Workbooks: a sheet is read as the text of a table is, several sheets as several tables."""

import datetime
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from tests.data.made import IMAGES, LABELS, PX, WORDS, A, B, N, asked, frame, left_out, opened, parts, png, shapes


def written(path: Path, **sheets: pd.DataFrame) -> Path:
    """A workbook with these sheets."""
    with pd.ExcelWriter(path) as writer:
        for name, table in sheets.items():
            table.to_excel(writer, sheet_name=name, index=False)
    return path


def rows_of(path: Path, rows: list[list[object]]) -> Path:
    """A workbook with a sheet of these rows."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Tabelle1")
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path


def test_a_sheet_is_a_table(tmp_path: Path) -> None:
    dataset, reading = opened(written(tmp_path / "a.xlsx", only=frame(A, label=WORDS)))
    assert np.allclose(dataset.views[0], A) and dataset.spec.classes == ("bar", "disc", "line")
    assert not reading.open and not reading.left_out and dataset.spec.name == "a"


def test_sheets_called_after_parts_are_rows(tmp_path: Path) -> None:
    table = frame(A, label=WORDS)
    dataset, _ = opened(written(tmp_path / "a.xlsx", Train=table.head(40), Test=table.tail(20)))
    assert shapes(dataset) == [(6,)] and parts(dataset) == (40, 20) and dataset.spec.n_clusters == 3


def test_other_sheets_are_views_joined_by_their_ids(tmp_path: Path) -> None:
    ids = [f"P{i:03}" for i in range(N)]
    one, other = frame(A, patient=ids, label=WORDS), frame(B, "g", patient=ids).sample(frac=1, random_state=0)
    about = pd.DataFrame({"About": ["made by hand", "twice", "in spring"]})
    dataset, reading = opened(written(tmp_path / "a.xlsx", clinic=one, genes=other, README=about))
    assert np.allclose(dataset.views[0], A) and np.allclose(dataset.views[1], B) and dataset.spec.n_clusters == 3
    assert "tables joined by patient" in reading.told


def test_what_people_write_around_a_table(tmp_path: Path) -> None:
    day = datetime.datetime(2024, 5, 1)
    body = [
        [None, i + 1, str(x).replace(".", ","), y, day + datetime.timedelta(i), bool(i % 2), word]
        for i, (x, y, word) in enumerate(zip(A[:, 0], A[:, 1], WORDS, strict=True))
    ]
    title: list[list[object]] = [[], [None, "Measured in spring"], []]
    header: list[object] = [None, "id", "width", "height", "day", "wet", "class"]
    end: list[list[object]] = [[None, "Total", None, float(A[:, 1].sum())], [], [None, "Source: a garden nearby"]]
    dataset, reading = opened(rows_of(tmp_path / "a.xlsx", [*title, header, *body, *end]))
    assert np.allclose(dataset.views[0], np.column_stack([A[:, :2], np.arange(N) % 2]))
    assert dataset.spec.classes == ("bar", "disc", "line") and asked(reading) == {"commas": "decimal commas"}
    assert "day (dates or times)" in left_out(reading) and "2 rows below the table" in left_out(reading)
    assert "a line before the table in a.xlsx, sheet Tabelle1 (Measured in spring)" in left_out(reading)


@pytest.mark.parametrize("ending", ["xlsx", "csv"])
def test_merged_cells_above_the_names_are_groups(tmp_path: Path, ending: str) -> None:
    body = [[i, *row, word] for i, (row, word) in enumerate(zip(B.tolist(), WORDS, strict=True))]
    rows = [["id", "Sepal", "", "Petal", "", "class"], ["", "length", "width", "length", "width", ""], *body]
    path = tmp_path / f"a.{ending}"
    if ending == "xlsx":
        rows_of(path, [[cell if cell != "" else None for cell in row] for row in rows])
    else:
        path.write_text("\n".join(",".join(map(str, row)) for row in rows))
    dataset, reading = opened(path)
    assert np.allclose(dataset.views[0], B) and dataset.spec.n_clusters == 3
    assert "names of columns from two rows" in reading.told and not reading.left_out


def test_hidden_and_empty_sheets_are_left_out_and_formulas_without_results_named(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(written(tmp_path / "a.xlsx", only=frame(A, label=WORDS)))
    book["only"]["H1"] = "twice"
    for row in range(2, N + 2):
        book["only"][f"H{row}"] = f"=A{row}*2"
    book.create_sheet("spare")
    book.create_sheet("old").sheet_state = "hidden"
    book.save(tmp_path / "a.xlsx")
    dataset, reading = opened(tmp_path / "a.xlsx")
    assert (
        shapes(dataset) == [(6,)] and left_out(reading) == "sheet spare (is empty), sheet old (hidden), twice (empty)"
    )
    assert reading.advice[0].startswith("Formulas in a.xlsx, sheet only have no results in the file; open it in a")


def test_a_workbook_beside_pictures_and_one_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "shown").mkdir()
    for i in range(12):
        (tmp_path / "shown" / f"{i}.png").write_bytes(png(i))
    written(tmp_path / "shown" / "labels.xlsx", only=pd.DataFrame({"file": range(12), "label": WORDS[:12]}))
    dataset, _ = opened(tmp_path / "shown")
    assert shapes(dataset) == [(1, PX, PX)] and dataset.spec.classes == ("bar", "disc", "line")
    (tmp_path / "arrays").mkdir()
    np.save(tmp_path / "arrays" / "images.npy", IMAGES)
    written(tmp_path / "arrays" / "labels.xlsx", only=pd.DataFrame({"label": LABELS}))
    dataset, _ = opened(tmp_path / "arrays")
    assert shapes(dataset) == [(1, PX, PX)] and dataset.spec.n_clusters == 3


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PK\3\4 no", "cannot be read as a workbook .File is not a zip file.; save it as CSV"),
        (None, "a.xlsx has no sheet that holds a table of numbers; give one sample a row"),
    ],
)
def test_what_is_no_workbook_is_refused_in_words(tmp_path: Path, content: bytes | None, said: str) -> None:
    if content is None:
        written(tmp_path / "a.xlsx", one=pd.DataFrame(), two=pd.DataFrame())
    else:
        (tmp_path / "a.xlsx").write_bytes(content)
    with pytest.raises(ValueError, match=said):
        opened(tmp_path / "a.xlsx")


def test_a_workbook_of_too_many_cells_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmclust.data.readers.workbooks.MAX_CELLS", 20)
    with pytest.raises(
        ValueError, match="a.xlsx has more than 20 cells or .* rows in a sheet; save it as CSV or Parquet"
    ):
        opened(written(tmp_path / "a.xlsx", only=frame(A)))


def test_a_sheet_of_a_line_beside_a_table_is_left_out(tmp_path: Path) -> None:
    dataset, reading = opened(
        written(tmp_path / "a.xlsx", only=frame(A, label=WORDS), chart=pd.DataFrame({"mean": [1]}))
    )
    assert shapes(dataset) == [(6,)] and left_out(reading) == "sheet chart (a line or two, and no samples)"


def changed(path: Path, part: str, before: bytes, after: bytes) -> Path:
    """A workbook with other words in one of its parts, as no spreadsheet program writes them."""
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    assert before in parts[part]
    parts[part] = parts[part].replace(before, after, 1)
    with zipfile.ZipFile(path, "w") as book:
        for name, content in parts.items():
            book.writestr(name, content)
    return path


def test_a_row_beyond_every_sheet_is_refused_before_it_is_counted_up_to(tmp_path: Path) -> None:
    path = rows_of(tmp_path / "far.xlsx", [[1, 2], [3, 4], [5, 6], [7, 8]])
    changed(path, "xl/worksheets/sheet1.xml", b'<row r="4"', b'<row r="2000000000"')
    with pytest.raises(ValueError, match="or 1,048,576 rows in a sheet; save it as CSV"):
        opened(path)


def test_too_many_texts_are_refused_before_they_are_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmclust.data.readers.workbooks.MAX_TEXTS_BYTES", 100)
    path = rows_of(tmp_path / "texts.xlsx", [[1, 2], [3, 4], [5, 6]])
    with zipfile.ZipFile(path, "a") as book:
        book.writestr("xl/sharedStrings.xml", b"<sst>" + b"a" * 100)
    with pytest.raises(ValueError, match="MiB of texts; save it as CSV"):
        opened(path)


@pytest.mark.parametrize("entity", [b'SYSTEM "file:///etc/hostname"', b'"' + b"ha" * 60000 + b'"'])
def test_entities_reach_no_file_and_do_not_grow(tmp_path: Path, entity: bytes) -> None:
    path = rows_of(tmp_path / "entity.xlsx", [["name", "x"], *([f"n{number}", number] for number in range(9))])
    doctype = b"<!DOCTYPE worksheet [<!ENTITY a " + entity + b'><!ENTITY b "' + b"&a;" * 1000 + b'">]><worksheet'
    changed(path, "xl/worksheets/sheet1.xml", b"<worksheet", doctype)
    changed(path, "xl/worksheets/sheet1.xml", b"n3", b"&b;" * 100)
    with pytest.raises(ValueError, match="cannot be read as a workbook"):
        opened(path)
