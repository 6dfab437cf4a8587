import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from benchmarks import generality
from mmclust.data import catalogue

LINES = [
    {"dataset": "a.mat", "method": "best view", "preset": "", "seed": -1, "acc": 0.5, "cpu_s": 1.0},
    {"dataset": "a.mat", "method": "all views", "preset": "", "seed": -1, "acc": 0.6, "cpu_s": 1.0},
    {
        **{"dataset": "a.mat", "method": "dmim", "preset": "auto", "seed": 0, "acc": 0.7, "cpu_s": 30.0},
        **{"kept": "start", "partitions": {"start": 0.7}},
    },
    {
        **{"dataset": "a.mat", "method": "dmim", "preset": "auto", "seed": 1, "acc": 0.8, "cpu_s": 40.0},
        **{"kept": "method", "partitions": {"start": 0.74, "k-means": 0.6, "CCA": 0.72}},
        "measured": {"simple": {"k-means": 0.5, "CCA": 0.4}},
    },
    {"dataset": "a.mat", "method": "dmim", "preset": "paper", "seed": 0, "acc": 0.74, "cpu_s": 90.0},
    {"dataset": "a.mat", "method": "msdib", "preset": "auto", "seed": 0, "acc": None, "cpu_s": 3.0, "error": "no"},
]


def test_a_summary_has_means_over_seeds_wins_ties_and_losses():
    found = generality.summary(LINES)
    assert found["cells"] == 1
    assert found["rows"][0]["methods"]["dmim"]["acc"] == pytest.approx(0.75)
    assert found["rows"][0]["start"] == pytest.approx(0.72)
    against = found["against"]
    assert (against["yardstick"]["wins"], against["yardstick"]["mean_gain"]) == (1, pytest.approx(0.15))
    assert against["paper"]["ties"] == 1
    assert found["rows"][0]["simple"] == 0.6 and against["simple"]["wins"] == 1


def test_the_table_has_a_row_for_each_data_set_and_says_what_it_is_compared_with():
    lines = generality.table(generality.summary(LINES))
    assert lines[2] == "| a.mat | 0.500 | 0.600 | 0.600 | 0.720 | 0.750 ± 0.071 |"
    assert any(line.startswith("Against yardstick: 1 wins, 0 ties, 0 losses, mean gain +0.150") for line in lines)


def test_a_method_that_is_not_known_is_named(tmp_path: Path):
    with pytest.raises(ValueError, match="method 'dmin' is not known; known are dccs"):
        generality.measure([], lines=tmp_path / "lines.jsonl", methods=("dmim", "dmin"))


def test_what_was_measured_is_not_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    random = np.random.default_rng(0)
    labels = np.arange(60) % 2
    views = {f"X{v}": random.normal(size=(60, 5)) + 4 * labels[:, None] for v in (1, 2)}
    np.savez(tmp_path / "two.npz", allow_pickle=False, **views, Y=labels)
    (tmp_path / "notes.txt").write_text("no data set")
    asked = []

    def run(cell: generality.Cell) -> generality.Line:
        asked.append(cell)
        return cell.about | {"acc": 0.9, "cpu_s": 1.0}

    monkeypatch.setattr(generality, "run", run)
    about = {"lines": tmp_path / "lines" / "found.jsonl", "seeds": (0, 1), "methods": ("dmim",)}
    sets = tuple(generality.datasets(tmp_path))
    first = generality.measure(sets, **about)
    again = generality.measure(sets, **about)
    assert [cell.seed for cell in asked] == [0, 1]
    assert first["rows"] == again["rows"]
    assert first["rows"][0]["best view"] == 1


def test_a_line_that_was_cut_off_is_left_out(tmp_path: Path):
    file = tmp_path / "found.jsonl"
    file.write_text('{"dataset": "a"}\n{"datas')
    assert list(generality.read(file)) == [{"dataset": "a"}]


def test_data_sets_are_named_with_how_many_samples_are_drawn():
    assert generality.named("usps,mnist:1000,/d/a.mat") == (("usps", None), ("mnist", 1000), ("/d/a.mat", None))
    with pytest.raises(ValueError, match="NAME:N"):
        generality.named("mnist:few")


def test_a_sample_of_a_data_set_is_another_line_than_all_of_it():
    all_of_it = generality.Cell(dataset="/d/a.mat", method="dmim", preset="auto", seed=0)
    some = generality.Cell(dataset="/d/a.mat", method="dmim", preset="auto", seed=0, limit=50)
    assert some.about["dataset"] == "a.mat --limit 50"
    assert all_of_it.matches(all_of_it.about) and not all_of_it.matches(some.about)


def test_without_a_folder_the_catalogue_is_taken():
    assert ("digits-2view", None) in list(generality.datasets(None))
    assert catalogue.find("digits-2view") is not None


@pytest.mark.slow
def test_a_run_is_measured_in_a_process_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MMCLUST_HOME", str(tmp_path))
    line = generality.run(generality.Cell(dataset="digits-2view", method="dmid-uic", preset="auto", seed=0))
    assert line["acc"] > 0.7 and line["cpu_s"] > 1
    assert line["kept"] in ("method", "start") and line["verdict"]


def test_a_run_that_paused_is_no_result(monkeypatch: pytest.MonkeyPatch):
    told = json.dumps({"status": "paused", "run_id": "x", "epochs": 9, "metrics": {"acc": 0.8, "nmi": 0.8, "ari": 0.8}})
    done = subprocess.CompletedProcess([], 0, stdout=told, stderr="Less than 200 MiB of memory are left.")
    monkeypatch.setattr(generality.subprocess, "run", lambda *a, **more: done)
    line = generality.run(generality.Cell(dataset="digits", method="dccs", preset="auto", seed=0))
    assert line["acc"] is None and "memory" in line["error"]
