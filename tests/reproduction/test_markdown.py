import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mmclust.reproduction import markdown, starts
from mmclust.reproduction.experiments import EXPERIMENTS
from mmclust.reproduction.reproduce import Extent, _here


def mean(value: float) -> dict[str, Any]:
    return {"mean": value, "deviation": None, "n": 1}


def line(label: str, **more: Any) -> dict[str, Any]:
    usual = {"dataset": "digits", "label": label, "reported_row": "", "reported": None, "ours": {"acc": mean(0.5)}}
    return usual | {"n_runs": 1, "seconds": 20.0, "failures": [], "run_ids": ["r"]} | more


def document(*lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    usual = {"title": "Table", "paper": "A paper", "averaged": [], "n_seeds": 1, "stopped": False, "metrics": ["acc"]}
    usual |= {"quick": None, "coarse": False, "scored": True, "by_loss": False, "probe": "", "relative_times": {}}
    usual |= {"axes": {}, "reported": [], "notes": [], "panels": [], "n_runs": 1, "n_done": 1, "versions": {}}
    usual |= {"devices": ["cpu"]}
    place = {"dataset": "digits", "title": "Digits", "stands_for": "", "available": True, "used": True}
    return usual | {"lines": list(lines), "places": [place], "training_seconds": 20.0} | more


def rows(page: str) -> dict[str, list[str]]:
    lines = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("|")]
    return {cells[0]: cells[1:] for cells in lines}


def test_a_table_says_what_the_objective_adds_to_its_start():
    page = markdown.written(document(line("start"), line("DMIM", gain=mean(0.0213))), "command")
    assert rows(page)["method"][1] == "gain in ACC over its start"
    assert (rows(page)["start"][1], rows(page)["DMIM"][1]) == ("-", "+0.021")


def test_supervised_accuracy_and_relative_times_stand_beside_the_papers():
    reported = {"linear_probe": {"value": 0.861, "digits": 3, "deviation": None, "impossible": False}}
    first = line("2 x 32", reported=reported, probe=mean(0.8))
    second = line("2 x 28", seconds=34.0)
    times = {"2 x 32": "1×", "2 x 28": "1.7×"}
    table = rows(markdown.written(document(first, second, probe="z", relative_times=times), "command"))
    assert table["2 x 32"][1:5] == ["0.861", "0.800", "1×", "1.0×"]
    assert table["2 x 28"][1:5] == ["-", "-", "1.7×", "1.7×"]


def test_a_shortened_look_is_called_a_check_in_its_own_numbers_and_shows_no_scores():
    quick = {"limit": 600, "epochs": 20}
    page = markdown.written(document(line("method"), quick=quick, scored=False), "command")
    assert (
        "**A check that the command runs, not a result**: preset quick, 600 samples for every row, 20 epochs." in page
    )
    assert "0.500" not in page
    assert "no scores are shown" in page
    page = markdown.written(document(line("method"), quick={"limit": None, "epochs": None}), "command")
    assert "not a result**: preset quick, all samples, the epochs that preset quick chooses." in page
    assert "0.500" in page


def test_runs_that_are_still_to_come_are_not_counted_as_done():
    versions = {"torch": ["2.15"], "threads": ["1"]}
    page = markdown.written(document(line("method"), n_runs=10, n_done=5, stopped=True, versions=versions), "command")
    assert "Stopped before its end: the same command goes on. 5 of 10 runs on cpu, one thread a run" in page


def test_data_sets_that_were_not_asked_for_are_named():
    other = {"dataset": "mfeat", "title": "Multiple Features", "stands_for": "", "available": True, "used": False}
    given = document(line("method"))
    page = markdown.written(given | {"places": [*given["places"], other]}, "command")
    assert "Not in this call: Multiple Features." in page


def test_a_curve_of_one_run_is_of_one_seed():
    curves = {"epochs": [0, 1], "eval/acc": [None, mean(0.5)]}
    page = markdown.written(document(line("DMIM", curves=curves)), "command")
    assert "DMIM, one seed:" in page and "| 1 | 0.500 |" in page


def test_a_data_set_of_another_experiment_is_refused_and_known_ones_are_named():
    places = EXPERIMENTS["dmid-table3"].places
    with pytest.raises(ValueError, match="'mnist' is none of this experiment's data sets; they are caltech101-7, calt"):
        _here(places, Extent(datasets=("mnist",)))


def test_the_start_of_a_run_is_read_where_it_was_stored(tmp_path: Path):
    run: Any = SimpleNamespace(run_id="r")
    store: Any = SimpleNamespace(get=lambda run_id: SimpleNamespace(folder=tmp_path))
    assert starts.metrics(store, run) is None
    (tmp_path / "auto.json").write_text(json.dumps({"partitions": {"start": {"acc": 0.6}, "method": {"acc": 0.7}}}))
    assert starts.metrics(store, run) == {"acc": 0.6}


def test_multi_view_tables_have_the_alignment_and_the_start_of_auto_alone():
    for name in ("dmim-table2", "msdib-table1", "dmid-table1", "dmid-table2", "dmid-table3", "dmid-table4"):
        found = EXPERIMENTS[name].rows
        assert any(row.start for row in found) and any(row.baseline == "aligned-kmeans" for row in found)
