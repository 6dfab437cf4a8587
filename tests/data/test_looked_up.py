"""Columns that are no features stay with the data set, to look samples up by."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from mmclust.data import readers
from mmclust.data.readers import looked_up

N = 30


def table(path: Path) -> Path:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "patient id": [f"P{i:03}" for i in range(N)],
            "taken": [f"2024-01-{i % 28 + 1:02}" for i in range(N)],
            "height": rng.normal(size=N),
            "weight": rng.normal(size=N),
            "species": ["cat", "dog"] * (N // 2),
            "stadt": [f"Ort {i % 4} Ü" for i in range(N)],
        }
    )
    frame.to_csv(path, index=False)
    return path


def test_ids_dates_and_words_of_a_table_are_kept_beside_its_numbers(tmp_path: Path) -> None:
    found = readers.read(table(tmp_path / "animals.csv"))
    assert found.columns["patient id"][:2].tolist() == ["P000", "P001"]
    assert found.columns["taken"].dtype == "datetime64[ms]" and found.columns["taken"][3] == np.datetime64("2024-01-04")
    assert found.columns["stadt"][5] == "Ort 1 Ü" and "species" not in found.columns
    np.testing.assert_allclose(found.columns["height"], found.views[0][:, 0], rtol=1e-6)


def test_they_follow_the_samples_that_are_taken(tmp_path: Path) -> None:
    found = readers.read(table(tmp_path / "animals.csv")).take(np.array([4, 2]))
    assert found.columns["patient id"].tolist() == ["P004", "P002"]


def test_pictures_keep_their_file_names_and_what_their_metadata_say(tmp_path: Path) -> None:
    folder = tmp_path / "shots"
    folder.mkdir()
    lines = []
    for i in range(12):
        Image.new("L", (8, 8), 20 * i).save(folder / f"{i:02}.png")
        lines.append({"file_name": f"{i:02}.png", "camera": f"camera {i % 2}", "iso": 100 * i, "tags": ["a", f"b{i}"]})
    (folder / "metadata.jsonl").write_text("\n".join(map(json.dumps, lines)))
    found = readers.read(folder)
    again = readers.read(folder)  # from the cache
    for one in (found, again):
        assert one.columns["file"][3] == "03.png"
        assert one.columns["iso"].tolist() == [100.0 * i for i in range(12)]
    assert again.columns.keys() == found.columns.keys()


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([1, 2.5, None], [1, 2.5, np.nan]),
        (["a", None, " b "], ["a", "", "b"]),
        ([["x", "y"], [1, 2], []], ["x, y", "1, 2", ""]),
        ([{"k": 1}, {"k": [2]}, {}], ['{"k": 1}', '{"k": [2]}', "{}"]),
    ],
)
def test_cells_of_any_kind_become_numbers_or_words(cells: list, expected: list) -> None:
    found = looked_up.column(pd.Series(cells).to_numpy())
    assert found is not None
    np.testing.assert_array_equal(found, np.array(expected, found.dtype))


def test_a_column_of_bytes_is_none() -> None:
    assert looked_up.column(np.array([b"\x89PNG", b""], object)) is None


def test_what_is_kept_in_a_folder_comes_back_as_it_was(tmp_path: Path) -> None:
    columns = {
        "day": np.array(["2024-05-06", "NaT"], "datetime64[ms]"),
        "名": np.array(["猫", ""], object),
        "x": np.array([np.nan, 1.5]),
    }
    looked_up.save(tmp_path, columns)
    for name, values in looked_up.load(tmp_path).items():
        assert values.dtype.kind == columns[name].dtype.kind
        np.testing.assert_array_equal(values, columns[name])
