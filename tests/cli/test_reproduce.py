import json

import pytest

from mmclust.cli.main import main


def test_without_a_name_the_names_are_listed(capsys: pytest.CaptureFixture[str]):
    assert main(["reproduce"]) == 0
    assert "msdib-table2" in capsys.readouterr().out
    assert main(["reproduce", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out.splitlines()[-1])["experiments"]
    assert {"dmim-table2", "dmid-fig2"} <= {entry["name"] for entry in listed}


@pytest.mark.parametrize("wrong", [["nothing"], ["dmid-table4", "--seeds", "0"], ["dmid-table4", "--workers", "x"]])
def test_bad_usage_is_one_sentence(wrong: list[str], capsys: pytest.CaptureFixture[str]):
    assert main(["reproduce", *wrong]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_table_without_its_data_shows_the_papers_numbers_and_how_to_get_the_data(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path
):
    monkeypatch.delenv("MMCLUST_DATA", raising=False)
    out = tmp_path / "results.md"
    assert main(["reproduce", "dmid-table4", "--seeds", "3", "--out", str(out), "--json"]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert found["lines"] == []
    assert found["places"][0]["how_to_get"]
    page = out.read_text()
    assert "`python -m mmclust reproduce dmid-table4 --seeds 3`" in page
    assert "| DMID-UIC | 0.8922 / 0.8885 / 0.9267 |" in page
    assert found["places"][0]["how_to_get"] in page
