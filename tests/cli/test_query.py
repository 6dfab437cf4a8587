"""`query` on the bundled example."""

import csv
import json
from pathlib import Path

import pytest

from mmclust.cli.main import main
from mmclust.runs.store import RunStore


@pytest.fixture
def run_id(home: Path) -> str:
    return next(record.run_id for record in RunStore().list() if record.example)


def test_samples_are_counted_printed_and_written(
    run_id: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new folder" / "found.csv"
    asked = "select sample from run where confidence > 0.5 order by confidence limit 25"
    assert main(["query", run_id, asked, "--json", "--out", str(out)]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert found["count"] == len(found["ids"]) == 25 and found["out"] == str(out)
    with out.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["sample"]) for row in rows] == found["ids"]
    assert all(float(row["confidence"]) > 0.5 for row in rows)
    assert [float(row["confidence"]) for row in rows] == sorted(float(row["confidence"]) for row in rows)
    assert main(["query", run_id, asked]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("25 of ") and lines[1].endswith("…")


def test_without_a_query_the_columns_are_listed(run_id: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["query", run_id, "--json"]) == 0
    found = {one["name"]: one for one in json.loads(capsys.readouterr().out)["columns"]}
    assert found["class"]["source"] == "data" and found["last_change"]["cost"] == "computed"
    assert main(["query", run_id]) == 0
    assert "Probability of the assigned cluster" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("confidnce < 0.6", "did you mean confidence? Text stands in quotes (at character 1: 'confidnce < 0.6')"),
        ("copy run to '/tmp/x'", "copy is refused"),
    ],
)
def test_a_wrong_query_is_bad_usage_in_one_sentence(
    run_id: str, asked: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["query", run_id, asked]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
